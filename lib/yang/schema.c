/* SPDX-License-Identifier: BSD-2-Clause
 *
 * schema.c - loads the embedded modules and answers questions about the schema.
 *
 * Every module named sallyport-conf-* adds its top-level statements to the configuration, in the order of their
 * order statements; every module named sallyport-rpc-* adds its commands. Other modules are only imported.
 * schema_load() runs once at the start of a process; the rest is read-only and may run in any thread.
 */
#include "lib/yang/schema.h"

#include "lib/base/arena.h"
#include "lib/base/smap.h"
#include "lib/yang/embed.h"
#include "lib/yang/priv.h"

#include <stdlib.h>
#include <string.h>

enum {
	TOP_MAX = 64,
	COMMON_MAX = 8,
	RPC_MAX = 128,
};

/* What schema_load() returns is the first member. */
struct loaded {
	struct schema schema;
	struct ly_ctx *ctx;
	struct arena *arena;
};

/* The top-level statements while they are collected. */
struct tops {
	struct top {
		const struct snode *node;
		int order;
	} top[TOP_MAX];
	size_t n;
	const struct snode *common[COMMON_MAX];
	size_t n_common;
};

static LY_ERR
on_import(const char *name, const char *revision, const char *submodule, const char *sub_revision,
    void *user, LYS_INFORMAT *format, const char **data, ly_module_imp_data_free_clb *free_data)
{
	(void)revision;
	(void)submodule;
	(void)sub_revision;
	(void)user;
	for (const struct embed_module *m = embed_modules; m->name != NULL; m++) {
		if (strcmp(m->name, name) != 0)
			continue;
		*format = LYS_IN_YANG;
		*data = m->text;
		*free_data = NULL;
		return LY_SUCCESS;
	}
	return LY_ENOTFOUND;
}

static bool
name_begins(const char *name, const char *prefix)
{
	return strncmp(name, prefix, strlen(prefix)) == 0;
}

static bool
modules_parse(struct ly_ctx *ctx)
{
	ly_ctx_set_module_imp_clb(ctx, on_import, NULL);
	for (const struct embed_module *m = embed_modules; m->name != NULL; m++) {
		if (!name_begins(m->name, "sallyport-conf-") &&
		    !name_begins(m->name, "sallyport-rpc-"))
			continue;
		if (lys_parse_mem(ctx, m->text, LYS_IN_YANG, NULL) != LY_SUCCESS)
			return false;
	}
	return ly_ctx_compile(ctx) == LY_SUCCESS;
}

/* --- the configuration --- */

static int
top_cmp(const void *a, const void *b)
{
	const struct top *x = a;
	const struct top *y = b;

	return x->order < y->order ? -1 : x->order > y->order;
}

static bool
tops_add(struct tops *t, struct loaded *l, const struct lysc_node *node, struct snode *root)
{
	const char *order = compile_ext(node->exts, "order");

	if (order == NULL || t->n == TOP_MAX || t->n_common == COMMON_MAX)
		return false;
	struct snode *s = compile_node(l->arena, l->ctx, node, root);
	t->top[t->n++] = (struct top){ .node = s, .order = atoi(order) };
	if (compile_ext(node->exts, "common") != NULL)
		t->common[t->n_common++] = s;
	return true;
}

static bool
config_build(struct loaded *l)
{
	struct snode *root = arena_alloc(l->arena, sizeof(*root));
	struct tops t = { 0 };
	uint32_t i = 0;

	*root = (struct snode){ .name = "configuration", .help = "Configuration" };
	for (const struct lys_module *m; (m = ly_ctx_get_module_iter(l->ctx, &i)) != NULL;) {
		if (!name_begins(m->name, "sallyport-conf-") || m->compiled == NULL)
			continue;
		for (const struct lysc_node *n = m->compiled->data; n != NULL; n = n->next) {
			if (!tops_add(&t, l, n, root))
				return false;
		}
	}
	qsort(t.top, t.n, sizeof(t.top[0]), top_cmp);
	const struct snode **children = arena_array(l->arena, t.n, sizeof(*children));
	for (size_t k = 0; k < t.n; k++)
		children[k] = t.top[k].node;
	root->children = children;
	root->n_children = t.n;
	compile_words(l->arena, l->ctx, root);
	compile_common(l->arena, l->ctx, root, t.common, t.n_common);
	compile_groups(l->arena, l->ctx, root);
	l->schema.config = root;
	return true;
}

/* --- the commands --- */

static bool
rpc_build(struct loaded *l, const struct lysc_node_action *rpc, struct srpc *out)
{
	*out = (struct srpc){
		.name = rpc->name,
		.alias = compile_ext(rpc->exts, "alias"),
		.command = compile_ext(rpc->exts, "command"),
		.help = rpc->dsc != NULL ? rpc->dsc : "",
		.owner = compile_ext(rpc->exts, "owner"),
		.permission = compile_ext(rpc->exts, "permission"),
		.input = compile_node(l->arena, l->ctx, &rpc->input.node, NULL),
	};
	if (rpc->output.child != NULL)
		out->output = compile_node(l->arena, l->ctx, &rpc->output.node, NULL);
	return out->command != NULL && out->owner != NULL && out->permission != NULL;
}

static bool
rpcs_build(struct loaded *l)
{
	struct srpc *rpcs = arena_array(l->arena, RPC_MAX, sizeof(*rpcs));
	size_t n = 0;
	uint32_t i = 0;

	for (const struct lys_module *m; (m = ly_ctx_get_module_iter(l->ctx, &i)) != NULL;) {
		if (!name_begins(m->name, "sallyport-rpc-") || m->compiled == NULL)
			continue;
		for (const struct lysc_node_action *r = m->compiled->rpcs; r != NULL; r = r->next) {
			if (n == RPC_MAX || !rpc_build(l, r, &rpcs[n++]))
				return false;
		}
	}
	l->schema.rpcs = rpcs;
	l->schema.n_rpcs = n;
	return true;
}

/* --- public --- */

static const char *
load_error(const struct ly_ctx *ctx)
{
	const char *said = ctx != NULL ? ly_errmsg(ctx) : NULL;
	const char *kept = said != NULL ? strdup(said) : NULL; /* leaked once, by contract */

	return kept != NULL ? kept : "the embedded YANG modules are broken";
}

struct schema *
schema_load(const char **error)
{
	struct loaded *l = calloc(1, sizeof(*l));

	if (l == NULL)
		abort();
	/* libyang's own log would go to stderr; keep the last message instead */
	ly_log_options(LY_LOSTORE_LAST);
	l->arena = arena_new();
	uint16_t options = LY_CTX_NO_YANGLIBRARY | LY_CTX_DISABLE_SEARCHDIRS |
			   LY_CTX_SET_PRIV_PARSED | LY_CTX_EXPLICIT_COMPILE;
	if (ly_ctx_new(NULL, options, &l->ctx) != LY_SUCCESS || !modules_parse(l->ctx) ||
	    !config_build(l) || !rpcs_build(l)) {
		*error = load_error(l->ctx);
		schema_free(&l->schema);
		return NULL;
	}
	return &l->schema;
}

void
schema_free(struct schema *s)
{
	if (s == NULL)
		return;
	struct loaded *l = (struct loaded *)s;
	ly_ctx_destroy(l->ctx);
	arena_free(l->arena);
	free(l);
}

const struct snode *
snode_find(const struct snode *n, const char *word, size_t len)
{
	const struct snode_priv *p = n->priv;

	if (p == NULL || p->words == NULL)
		return NULL;
	for (size_t i = smap_hash(word, len) & p->words_mask; p->words[i].word != NULL;
	     i = (i + 1) & p->words_mask) {
		const struct word_slot *slot = &p->words[i];
		if (slot->len == len && memcmp(slot->word, word, len) == 0)
			return slot->node;
	}
	return NULL;
}

const struct srpc *
srpc_find(const struct schema *s, const char *name)
{
	for (size_t i = 0; i < s->n_rpcs; i++) {
		const struct srpc *r = &s->rpcs[i];
		if (strcmp(r->name, name) == 0 || (r->alias != NULL && strcmp(r->alias, name) == 0))
			return r;
	}
	return NULL;
}
