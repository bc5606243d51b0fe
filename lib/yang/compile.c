/* SPDX-License-Identifier: BSD-2-Clause
 *
 * compile.c - compiled YANG nodes into snodes.
 *
 * Walks the tree of libyang once and copies what the engines above need, so that they see no libyang at all.
 * Choices and cases disappear: their nodes stand among their siblings and carry the numbers of the choice and of the
 * branch. Called by schema.c while it loads; one thread.
 */
#include "lib/yang/priv.h"

#include "lib/base/arena.h"
#include "lib/base/smap.h"

#include <string.h>

/* A list of children that grows while a level is walked. */
struct level {
	const struct snode **nodes;
	size_t n;
	size_t cap;
	unsigned n_choices;
};

const char *
compile_ext(const struct lysc_ext_instance *exts, const char *name)
{
	LY_ARRAY_COUNT_TYPE i;

	LY_ARRAY_FOR(exts, i)
	{
		if (strcmp(exts[i].def->module->name, "sallyport-ext") != 0 ||
		    strcmp(exts[i].def->name, name) != 0)
			continue;
		return exts[i].argument != NULL ? exts[i].argument : "";
	}
	return NULL;
}

const struct lysc_type *
compile_type(const struct lysc_node *node)
{
	return node->nodetype == LYS_LEAF ? ((const struct lysc_node_leaf *)node)->type
					  : ((const struct lysc_node_leaflist *)node)->type;
}

static void
level_add(struct arena *a, struct level *l, const struct snode *s)
{
	if (l->n == l->cap) {
		size_t cap = l->cap ? 2 * l->cap : 8;
		const struct snode **grown = arena_array(a, cap, sizeof(*grown));
		if (l->n > 0)
			memcpy(grown, l->nodes, l->n * sizeof(*grown));
		l->nodes = grown;
		l->cap = cap;
	}
	l->nodes[l->n++] = s;
}

/* --- leaves --- */

static const char *
range_text(struct arena *a, const struct lysc_type *type, const char *units)
{
	uint64_t lo;
	uint64_t hi;

	if (!value_bounds(type, &lo, &hi))
		return NULL;
	return arena_printf(a, "(%llu..%llu%s%s)", (unsigned long long)lo, (unsigned long long)hi,
	    units != NULL ? " " : "", units != NULL ? units : "");
}

static void
leaf_enums(struct arena *a, const struct lysc_type *type, struct snode *s, struct snode_priv *p)
{
	const struct lysc_type_bitenum_item *items = ((const struct lysc_type_enum *)type)->enums;
	LY_ARRAY_COUNT_TYPE i;
	size_t n = LY_ARRAY_COUNT(items);
	const char **words = arena_array(a, n + 1, sizeof(*words));
	const char **help = arena_array(a, n + 1, sizeof(*help));
	struct enum_alias *aliases = arena_array(a, n + 1, sizeof(*aliases));
	size_t n_aliases = 0;

	LY_ARRAY_FOR(items, i)
	{
		words[i] = items[i].name;
		help[i] = items[i].dsc != NULL ? items[i].dsc : "";
		const char *alias = compile_ext(items[i].exts, "alias");
		if (alias != NULL)
			aliases[n_aliases++] = (struct enum_alias){
				.word = alias,
				.canonical = items[i].name,
			};
	}
	s->enums = words;
	s->enum_help = help;
	if (n_aliases > 0)
		p->aliases = aliases;
}

/* The placeholder for `?`: what the module says, else the range, else the name in angle brackets. */
static const char *
leaf_value_help(struct arena *a, const struct lysc_node *node, const struct snode *s)
{
	const char *said = compile_ext(node->exts, "value-help");
	if (said != NULL)
		return said;
	if (s->is_empty)
		return "";
	const char *units = node->nodetype == LYS_LEAF
				? ((const struct lysc_node_leaf *)node)->units
				: ((const struct lysc_node_leaflist *)node)->units;
	const char *range = range_text(a, compile_type(node), units);
	if (range != NULL)
		return range;
	const char *by_type = value_placeholder(s->type_name);
	return by_type != NULL ? by_type : arena_printf(a, "<%s>", node->name);
}

static void
leaf_fill(struct arena *a, const struct ly_ctx *ctx, const struct lysc_node *node, struct snode *s,
    struct snode_priv *p)
{
	const struct lysc_type *type = compile_type(node);
	const struct lysp_node_leaf *parsed = node->priv;
	const char *colon = strchr(parsed->type.name, ':');

	s->type_name = colon != NULL ? colon + 1 : parsed->type.name;
	s->is_empty = type->basetype == LY_TYPE_EMPTY;
	s->is_secret = compile_ext(node->exts, "secret") != NULL;
	s->is_file = compile_ext(node->exts, "file") != NULL;
	s->ref = compile_ext(node->exts, "ref");
	s->ref_message = compile_ext(node->exts, "ref-message");
	if (type->basetype == LY_TYPE_ENUM)
		leaf_enums(a, type, s, p);
	s->value_help = leaf_value_help(a, node, s);
	p->check = value_check_find(type, s->type_name);
	if (node->nodetype != LYS_LEAF) {
		const struct lysc_node_leaflist *ll = (const struct lysc_node_leaflist *)node;
		s->max_entries = ll->max == UINT32_MAX ? 0 : ll->max;
		return;
	}
	const struct lysc_node_leaf *leaf = (const struct lysc_node_leaf *)node;
	if (leaf->dflt != NULL)
		s->default_value = arena_strdup(a, lyd_value_get_canonical(ctx, leaf->dflt));
}

/* --- containers and lists --- */

static void
level_fill(struct arena *a, const struct ly_ctx *ctx, const struct lysc_node *first,
    struct snode *parent, struct level *l, unsigned choice, unsigned branch)
{
	for (const struct lysc_node *node = first; node != NULL; node = node->next) {
		if (node->nodetype == LYS_CHOICE) {
			const struct lysc_node_case *c =
			    ((const struct lysc_node_choice *)node)->cases;
			unsigned number = ++l->n_choices;
			for (unsigned b = 1; c != NULL;
			     b++, c = (const struct lysc_node_case *)c->next)
				level_fill(a, ctx, c->child, parent, l, number, b);
			continue;
		}
		struct snode *s = compile_node(a, ctx, node, parent);
		s->choice = choice;
		s->branch = branch;
		level_add(a, l, s);
	}
}

static void
inner_fill(struct arena *a, const struct ly_ctx *ctx, const struct lysc_node *node, struct snode *s)
{
	struct level all = { 0 };

	level_fill(a, ctx, lysc_node_child(node), s, &all, 0, 0);
	/* libyang puts the keys first, in the order of the key statement */
	size_t n_keys = 0;
	while (n_keys < all.n && node->nodetype == LYS_LIST) {
		const struct snode_priv *p = all.nodes[n_keys]->priv;
		if ((p->lysc->flags & LYS_KEY) == 0)
			break;
		n_keys++;
	}
	if (all.n > 0) {
		s->keys = all.nodes;
		s->n_keys = n_keys;
		s->children = all.nodes + n_keys;
		s->n_children = all.n - n_keys;
	}
	if (node->nodetype == LYS_LIST) {
		uint32_t max = ((const struct lysc_node_list *)node)->max;
		s->max_entries = max == UINT32_MAX ? 0 : max;
	}
	/* the compiled flag says too much, so look at what was written */
	if (node->nodetype == LYS_CONTAINER && node->priv != NULL)
		s->is_presence = ((const struct lysp_node_container *)node->priv)->presence != NULL;
	compile_words(a, ctx, s);
}

static enum snode_status
node_status(const struct lysc_node *node, const struct snode *parent)
{
	const char *said = compile_ext(node->exts, "status");
	if (said == NULL)
		return parent != NULL ? parent->status : SNODE_RUNNING;
	if (strcmp(said, "ignored") == 0)
		return SNODE_IGNORED;
	return strcmp(said, "unsupported") == 0 ? SNODE_UNSUPPORTED : SNODE_RUNNING;
}

static const char *
node_permission(const struct lysc_node *node, const struct snode *parent)
{
	const char *said = compile_ext(node->exts, "permission");
	return said == NULL && parent != NULL ? parent->permission : said;
}

static enum snode_role
node_role(const struct lysc_node *node)
{
	const char *said = compile_ext(node->exts, "role");
	if (said == NULL)
		return SNODE_PLAIN;
	if (strcmp(said, "groups") == 0)
		return SNODE_GROUPS;
	if (strcmp(said, "omit") == 0)
		return SNODE_OMIT;
	return strcmp(said, "apply") == 0 ? SNODE_APPLY : SNODE_APPLY_EXCEPT;
}

static enum snode_kind
node_kind(const struct lysc_node *node)
{
	switch (node->nodetype) {
	case LYS_LIST:
		return SNODE_LIST;
	case LYS_LEAF:
		return SNODE_LEAF;
	case LYS_LEAFLIST:
		return SNODE_LEAFLIST;
	default:
		return SNODE_CONTAINER;
	}
}

struct snode *
compile_node(
    struct arena *a, const struct ly_ctx *ctx, const struct lysc_node *node, struct snode *parent)
{
	struct snode *s = arena_alloc(a, sizeof(*s));
	struct snode_priv *p = arena_alloc(a, sizeof(*p));
	const char *strict = compile_ext(node->exts, "strict");

	*p = (struct snode_priv){ .ctx = ctx, .lysc = node };
	*s = (struct snode){
		.name = node->name,
		.alias = compile_ext(node->exts, "alias"),
		.help = node->dsc != NULL ? node->dsc : "",
		.kind = node_kind(node),
		.status = node_status(node, parent),
		.role = node_role(node),
		.permission = node_permission(node, parent),
		.asks_for = compile_ext(node->exts, "asks-for"),
		.parent = parent,
		.is_nokeyword = compile_ext(node->exts, "nokeyword") != NULL,
		.is_joined = compile_ext(node->exts, "joined") != NULL,
		.is_any = compile_ext(node->exts, "any") != NULL,
		.is_key_keyword = compile_ext(node->exts, "key-keyword") != NULL,
		.is_oneliner = compile_ext(node->exts, "oneliner") != NULL,
		.is_oneliner_plus = compile_ext(node->exts, "oneliner-plus") != NULL,
		.is_hidden = compile_ext(node->exts, "hidden") != NULL,
		.is_grouped = compile_ext(node->exts, "grouped") != NULL,
		.is_ordered_by_user =
		    (node->nodetype & (LYS_LIST | LYS_LEAFLIST)) && (node->flags & LYS_ORDBY_USER),
		.is_mandatory = node->nodetype == LYS_LEAF && (node->flags & LYS_MAND_TRUE) != 0,
		.is_strict = strict != NULL ? strcmp(strict, "true") == 0
					    : parent != NULL && parent->is_strict,
		.priv = p,
	};
	if (node->nodetype & (LYS_LEAF | LYS_LEAFLIST))
		leaf_fill(a, ctx, node, s, p);
	else
		inner_fill(a, ctx, node, s);
	return s;
}

/* --- the table of words of a level --- */

static void
words_add(struct snode_priv *p, const char *word, const struct snode *node)
{
	size_t len = strlen(word);
	size_t i = smap_hash(word, len) & p->words_mask;

	while (p->words[i].word != NULL)
		i = (i + 1) & p->words_mask;
	p->words[i] = (struct word_slot){ .word = word, .len = (uint32_t)len, .node = node };
}

void
compile_words(struct arena *a, const struct ly_ctx *ctx, struct snode *n)
{
	struct snode_priv *p = arena_alloc(a, sizeof(*p));
	const struct snode_priv *old = n->priv;
	size_t slots = 4;

	*p = (struct snode_priv){ .ctx = ctx, .lysc = old != NULL ? old->lysc : NULL };
	n->priv = p;
	if (n->n_children == 0)
		return;
	while (slots < 4 * n->n_children)
		slots *= 2;
	p->words = arena_array(a, slots, sizeof(*p->words));
	p->words_mask = slots - 1;
	for (size_t i = 0; i < n->n_children; i++) {
		words_add(p, n->children[i]->name, n->children[i]);
		if (n->children[i]->alias != NULL)
			words_add(p, n->children[i]->alias, n->children[i]);
	}
}

/* --- statements that may stand anywhere --- */

static bool
takes_common(const struct snode *n)
{
	if (n->kind != SNODE_CONTAINER && n->kind != SNODE_LIST)
		return false;
	return !n->is_any && !n->is_oneliner && !n->is_joined;
}

static void
common_prepend(struct arena *a, const struct ly_ctx *ctx, struct snode *n,
    const struct snode *const *common, size_t n_common)
{
	const struct snode **children = arena_array(a, n_common + n->n_children, sizeof(*children));

	for (size_t i = 0; i < n_common; i++) {
		struct snode *copy = arena_memdup(a, common[i], sizeof(*copy));
		copy->parent = n;
		copy->permission = n->permission;
		/* nothing runs below what does not */
		if (n->status != SNODE_RUNNING && copy->status == SNODE_RUNNING)
			copy->status = n->status;
		children[i] = copy;
	}
	if (n->n_children > 0)
		memcpy(children + n_common, n->children, n->n_children * sizeof(*children));
	n->children = children;
	n->n_children += n_common;
	compile_words(a, ctx, n);
}

void
compile_common(struct arena *a, const struct ly_ctx *ctx, struct snode *n,
    const struct snode *const *common, size_t n_common)
{
	for (size_t i = 0; i < n->n_children; i++) {
		/* the schema is still being built, so its constant nodes may be written here */
		struct snode *child = (struct snode *)(uintptr_t)n->children[i];
		if (child->kind != SNODE_CONTAINER && child->kind != SNODE_LIST)
			continue;
		compile_common(a, ctx, child, common, n_common);
		if (takes_common(child))
			common_prepend(a, ctx, child, common, n_common);
	}
}

/* --- statements below a group --- */

static const struct snode **twins_make(struct arena *a, const struct ly_ctx *ctx,
    const struct snode *const *plain, size_t n, struct snode *parent);

static struct snode *
twin_make(struct arena *a, const struct ly_ctx *ctx, struct snode *plain, struct snode *parent)
{
	struct snode *s = arena_memdup(a, plain, sizeof(*s));

	s->parent = parent;
	s->is_in_group = true;
	s->is_mandatory = false;
	s->twin = plain;
	plain->twin = s;
	if (s->kind == SNODE_LEAF || s->kind == SNODE_LEAFLIST)
		return s;
	s->keys = twins_make(a, ctx, plain->keys, plain->n_keys, s);
	s->children = twins_make(a, ctx, plain->children, plain->n_children, s);
	compile_words(a, ctx, s);
	return s;
}

static const struct snode **
twins_make(struct arena *a, const struct ly_ctx *ctx, const struct snode *const *plain, size_t n,
    struct snode *parent)
{
	if (n == 0)
		return NULL;
	const struct snode **twins = arena_array(a, n, sizeof(*twins));
	for (size_t i = 0; i < n; i++)
		/* the schema is still being built, as above */
		twins[i] = twin_make(a, ctx, (struct snode *)(uintptr_t)plain[i], parent);
	return twins;
}

void
compile_groups(struct arena *a, const struct ly_ctx *ctx, struct snode *root)
{
	const struct snode **plain = arena_array(a, root->n_children, sizeof(*plain));
	struct snode *groups = NULL;
	size_t n = 0;

	for (size_t i = 0; i < root->n_children; i++) {
		const struct snode *s = root->children[i];
		if (s->role == SNODE_GROUPS)
			groups = (struct snode *)(uintptr_t)s;
		else if (strcmp(s->name, "version") != 0)
			plain[n++] = s;
	}
	if (groups == NULL)
		return;
	groups->children = twins_make(a, ctx, plain, n, groups);
	groups->n_children = n;
	groups->twin = root;
	root->twin = groups;
	compile_words(a, ctx, groups);
}
