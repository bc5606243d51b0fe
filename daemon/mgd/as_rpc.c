/* SPDX-License-Identifier: BSD-2-Clause
 *
 * as_rpc.c - requests as XML. Called by oper.c, oper_system.c and edit.c.
 */
#include "daemon/mgd/as_rpc.h"

#include <string.h>

#include "daemon/mgd/mgd.h"
#include "lib/junos/load.h"
#include "lib/yang/schema.h"

static void
leaf_put(struct text *out, const char *name, const char *value)
{
	text_printf(out, "<%s>", name);
	print_xml_text(value, out);
	text_printf(out, "</%s>", name);
}

void
as_rpc_command(struct session *s, const struct srpc *rpc, const struct elem *request)
{
	struct text out = { 0 };
	text_printf(&out, "    <rpc>\n        <%s>\n", request->name);
	for (const struct elem *c = request->child; c != NULL; c = c->next) {
		const struct snode *leaf = snode_find(rpc->input, c->name, strlen(c->name));
		bool is_word = leaf != NULL && leaf->is_nokeyword && leaf->enums != NULL;
		text_put(&out, "            ");
		/* a word that stands for itself is an element of its own */
		if (c->value == NULL || is_word)
			text_printf(&out, "<%s/>", c->value != NULL ? c->value : c->name);
		else
			leaf_put(&out, c->name, c->value);
		text_putc(&out, '\n');
	}
	text_printf(&out, "        </%s>\n    </rpc>\n", request->name);
	session_text(s, text_str(&out));
	session_done(s);
	text_done(&out);
}

/* Writes the keys of an entry of LIST, as many as there are among the N WORDS. Returns how many that were. */
static size_t
keys_put(const struct snode *list, const char *const *words, size_t n, struct text *out)
{
	size_t i = 0;
	for (; i < list->n_keys && i < n; i++)
		leaf_put(out, list->keys[i]->name, words[i]);
	return i;
}

/* The statement that WORD begins below AT: by its name, or as a key of the list whose entries stand bare. */
static const struct snode *
statement_of(const struct snode *at, const char *word)
{
	const struct snode *c = snode_find(at, word, strlen(word));
	if (c != NULL && !c->is_nokeyword)
		return c;
	for (size_t i = 0; i < at->n_children; i++)
		if (at->children[i]->is_nokeyword && at->children[i]->kind == SNODE_LIST)
			return at->children[i];
	return NULL;
}

void
as_rpc_configuration(struct session *s, const struct path *p, const char *database)
{
	struct text out = { 0 };
	struct text end = { 0 };
	const struct snode *at = s->m->db.schema->config;
	text_printf(&out, "    <rpc>\n        <get-configuration database=\"%s\"><configuration>",
	    database);
	for (size_t i = 0; i < p->n;) {
		const struct snode *c = statement_of(at, p->words[i]);
		/* where a leaf has no word, or keys have, what is around it holds what was asked for */
		if (c == NULL || c->is_key_keyword)
			break;
		i += !c->is_nokeyword;
		bool is_end = i == p->n || c->kind == SNODE_LEAF || c->kind == SNODE_LEAFLIST;
		if (is_end) {
			text_printf(&out, "<%s/>", c->name);
			break;
		}
		struct text tags = { 0 };
		text_printf(&tags, "</%s>%s", c->name, text_str(&end));
		text_done(&end);
		end = tags;
		text_printf(&out, "<%s>", c->name);
		if (c->kind == SNODE_LIST)
			i += keys_put(c, p->words + i, p->n - i, &out);
		at = c;
	}
	text_printf(&out, "%s</configuration></get-configuration>\n    </rpc>\n", text_str(&end));
	session_text(s, text_str(&out));
	session_done(s);
	text_done(&end);
	text_done(&out);
}

void
as_rpc_named(struct session *s, const char *name, const char *leaf, const char *value)
{
	struct text out = { 0 };
	text_printf(&out, "    <rpc>\n        <%s>\n", name);
	if (leaf != NULL) {
		text_put(&out, "            ");
		leaf_put(&out, leaf, value);
		text_putc(&out, '\n');
	}
	text_printf(&out, "        </%s>\n    </rpc>\n", name);
	session_text(s, text_str(&out));
	session_done(s);
	text_done(&out);
}

void
as_rpc_none(struct session *s)
{
	session_text(s, "    <message>\n"
			"        xml rpc equivalent of this command is not available.\n"
			"    </message>\n");
	session_done(s);
}
