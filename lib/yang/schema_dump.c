/* SPDX-License-Identifier: BSD-2-Clause
 *
 * schema_dump.c - prints the whole grammar as a tree, for people who review it.
 *
 * usage: schema_dump [-a]    One line for each statement: word, kind, type, and what is special about it.
 * The statements that may stand anywhere are left out unless -a is given.
 */
#include "lib/yang/schema.h"

#include <stdio.h>
#include <string.h>

static bool
is_common(const struct snode *n)
{
	return strncmp(n->name, "apply-", 6) == 0 && n->parent != NULL && n->parent->parent != NULL;
}

static void
flags_print(const struct snode *n)
{
	const struct {
		bool is_set;
		const char *word;
	} flags[] = {
		{ n->status == SNODE_IGNORED, "ignored" },
		{ n->status == SNODE_UNSUPPORTED, "unsupported" },
		{ n->is_strict, "strict" },
		{ n->is_any, "any" },
		{ n->is_joined, "joined" },
		{ n->is_nokeyword, "nokeyword" },
		{ n->is_key_keyword, "key-keyword" },
		{ n->is_grouped, "grouped" },
		{ n->is_oneliner, "oneliner" },
		{ n->is_oneliner_plus, "oneliner-plus" },
		{ n->is_presence, "presence" },
		{ n->is_secret, "secret" },
		{ n->is_ordered_by_user, "ordered" },
		{ n->is_mandatory, "mandatory" },
		{ n->is_hidden, "hidden" },
	};
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (flags[i].is_set)
			printf(" %s", flags[i].word);
	}
	if (n->max_entries > 0)
		printf(" max=%u", n->max_entries);
	if (n->choice > 0)
		printf(" choice=%u.%u", n->choice, n->branch);
	if (n->alias != NULL)
		printf(" alias=%s", n->alias);
	if (n->default_value != NULL)
		printf(" default=%s", n->default_value);
	if (n->ref != NULL)
		printf(" ref=[%s]", n->ref);
}

static void
type_print(const struct snode *n)
{
	printf(" : %s", n->type_name);
	if (n->enums == NULL) {
		printf(" %s", n->value_help);
		return;
	}
	for (const char *const *e = n->enums; *e != NULL; e++)
		printf("%s%s", e == n->enums ? " (" : " | ", *e);
	printf(")");
}

static void
node_print(const struct snode *n, int depth, bool all)
{
	static const char *const marks[] = {
		[SNODE_CONTAINER] = " {}",
		[SNODE_LIST] = " *{}",
		[SNODE_LEAF] = "",
		[SNODE_LEAFLIST] = " [..]",
	};
	if (!all && is_common(n))
		return;
	printf("%*s%s%s", 2 * depth, "", n->name, marks[n->kind]);
	if (n->type_name != NULL)
		type_print(n);
	flags_print(n);
	printf("\n");
	for (size_t i = 0; i < n->n_keys; i++)
		node_print(n->keys[i], depth + 1, all);
	/* below a group everything comes once more */
	for (size_t i = 0; i < n->n_children && n->role != SNODE_GROUPS; i++)
		node_print(n->children[i], depth + 1, all);
}

int
main(int argc, char **argv)
{
	bool all = argc > 1 && strcmp(argv[1], "-a") == 0;
	const char *error = NULL;
	struct schema *s = schema_load(&error);

	if (s == NULL) {
		fprintf(stderr, "schema_dump: %s\n", error);
		return 1;
	}
	node_print(s->config, 0, all);
	for (size_t i = 0; i < s->n_rpcs; i++) {
		const struct srpc *r = &s->rpcs[i];
		printf("\nrpc %s \"%s\" owner=%s permission=%s\n", r->name, r->command, r->owner,
		    r->permission);
		node_print(r->input, 1, true);
		if (r->output != NULL)
			node_print(r->output, 1, true);
	}
	schema_free(s);
	return 0;
}
