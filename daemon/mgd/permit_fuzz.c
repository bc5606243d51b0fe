/* SPDX-License-Identifier: BSD-2-Clause
 *
 * permit_fuzz.c - any expression in a login class against any command, and any text that hides secrets.
 *
 * The first line is the expression, the second a command, the third a hierarchy; all of it is also text to hide secrets in.
 * What matches both allow- and deny- must be allowed, whatever the expression is.
 */
#include "daemon/mgd/permit_priv.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/mgd/users.h"
#include "lib/base/text.h"
#include "lib/junos/tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct schema *schema;

static void
leaf_set(struct tree *t, struct node *class, const char *name, const char *value)
{
	const struct snode *leaf = snode_find(class->schema, name, strlen(name));
	if (leaf == NULL)
		abort();
	node_set_leaf(t, class, leaf, value);
}

static struct node *
class_make(struct tree *t, const char *user)
{
	static const char *const words[] = { "system", "login" };
	struct node *n = tree_root(t);
	for (size_t i = 0; i < 2; i++)
		n = node_add(t, n, snode_find(n->schema, words[i], strlen(words[i])));
	struct node *class = node_add_entry(t, n, snode_find(n->schema, "class", 5), &user);
	struct node *u = node_add_entry(t, n, snode_find(n->schema, "user", 4), &user);
	leaf_set(t, u, "class", user);
	return class;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *error;
	if (schema == NULL && (schema = schema_load(&error)) == NULL)
		abort();
	char *text = strndup((const char *)data, size);
	struct text hidden = { 0 };
	permit_hide_secrets(text, &hidden);
	text_done(&hidden);
	char *rest = text;
	const char *expression = strsep(&rest, "\n");
	const char *command = rest != NULL ? strsep(&rest, "\n") : "";
	const char *place = rest != NULL ? strsep(&rest, "\n") : "";
	struct tree *t = tree_new(schema);
	struct node *class = class_make(t, "u");
	leaf_set(t, class, "allow-commands", expression);
	leaf_set(t, class, "deny-commands", expression);
	leaf_set(t, class, "allow-configuration", expression);
	leaf_set(t, class, "deny-configuration", expression);
	struct permits *ps = permits_new(t);
	struct user u = { .uid = 1000, .name = "u" };
	const struct permit *p = permits_of(ps, &u);
	if (p == NULL)
		abort();
	if (permit_command(p, command, "view") && !permit_command_part(p, command, "view"))
		abort();
	if (permit_pattern_matches(&p->deny_conf, place, false) &&
	    !permit_text(p, false, place, NULL))
		abort();
	permits_free(ps);
	tree_free(t);
	free(text);
	return 0;
}
