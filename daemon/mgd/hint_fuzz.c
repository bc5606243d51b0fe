/* SPDX-License-Identifier: BSD-2-Clause
 *
 * hint_fuzz.c - any bytes as an unfinished line, in both modes and at two [edit] places.
 *
 * Whatever is offered as a keyword or a name must be accepted where it is offered: put behind the line it has no error
 * that is at its own place.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/mgd/command.h"
#include "daemon/mgd/hint.h"
#include "lib/base/arena.h"
#include "lib/base/report.h"
#include "lib/base/text.h"
#include "lib/junos/load.h"
#include "lib/junos/tree.h"
#include "lib/msg/elem.h"
#include "lib/yang/schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OFFERS_TRIED = 3 };

static const struct command editing[] = {
	{ .words = "annotate" },
	{ .words = "commit" },
	{ .words = "copy" },
	{ .words = "deactivate" },
	{ .words = "delete" },
	{ .words = "edit" },
	{ .words = "exit" },
	{ .words = "insert" },
	{ .words = "load" },
	{ .words = "rename" },
	{ .words = "replace pattern" },
	{ .words = "rollback" },
	{ .words = "run" },
	{ .words = "save" },
	{ .words = "set" },
	{ .words = "show" },
	{ .words = "top" },
	{ .words = "up" },
	{ .words = "wildcard delete" },
	{ .words = "wildcard range delete" },
	{ .words = "wildcard range set" },
};

static const char lines[] = "set services ipsec-vpn rule r1 term t1 then syslog\n"
			    "set firewall family inet filter \"f 2\" term t then accept\n"
			    "set services service-set ss ipsec-vpn-rules r1\n"
			    "set services ipsec-vpn ike policy p proposals a\n"
			    "set services ipsec-vpn ike proposal a description x\n"
			    "set interfaces sp-1/2/0 unit 1 family inet\n";

static struct hint_ask ask = { .store = -1 };
static struct tree *tree;

static void
init(void)
{
	const char *error = NULL;
	struct report r = { 0 };
	const struct schema *s = schema_load(&error);
	if (s == NULL)
		abort();
	struct command *oper = calloc(s->n_rpcs + 1, sizeof(*oper));
	if (oper == NULL)
		abort();
	for (size_t i = 0; i < s->n_rpcs; i++)
		oper[i] = (struct command){ .words = s->rpcs[i].command, .rpc = &s->rpcs[i] };
	oper[s->n_rpcs] = (struct command){ .words = "show configuration" };
	tree = tree_new(s);
	if (!load_set(tree, tree_root(tree), lines, strlen(lines), &r))
		abort();
	report_done(&r);
	ask.schema = s;
	ask.running = tree_copy(tree);
	ask.oper = oper;
	ask.n_oper = s->n_rpcs + 1;
	ask.editing = editing;
	ask.n_editing = sizeof(editing) / sizeof(editing[0]);
}

/* Takes an offer of REPLY and asks how the line is then. */
static void
offer_try(struct arena *a, const char *line, const struct elem *reply, const struct elem *item)
{
	const char *name = elem_value(item, "name");
	size_t from = strtoul(elem_value(reply, "from"), NULL, 10);
	if (strcmp(elem_value(item, "kind"), "placeholder") == 0 || from > strlen(line))
		return;
	const char *taken = arena_printf(a, "%.*s%s ", (int)from, line, name);
	const struct elem *next = hint_reply(&ask, a, taken, false);
	const char *caret = elem_value(next, "caret");
	if (elem_has(next, "text") && caret != NULL && strtoul(caret, NULL, 10) <= from)
		abort();
}

static void
ask_all(struct arena *a, const char *line)
{
	for (int judge = 0; judge < 2; judge++) {
		const struct elem *reply = hint_reply(&ask, a, line, judge != 0);
		size_t n = 0;
		if (!elem_has(reply, "from"))
			abort();
		elem_each (item, reply, "item")
			if (n++ < OFFERS_TRIED)
				offer_try(a, line, reply, item);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (tree == NULL)
		init();
	struct arena *a = arena_new();
	char *line = arena_strndup(a, (const char *)data, size);
	struct words w;
	struct refusal e = { 0 };
	struct path top = { .s = ask.schema->config };
	ask.candidate = NULL;
	ask_all(a, line);
	ask.candidate = tree;
	ask.edit = top;
	ask_all(a, line);
	if (!words_cut(a, "services ipsec-vpn", &w, &e) ||
	    !path_walk(a, ask.schema->config, &top, &w, true, &ask.edit, &e))
		abort();
	ask_all(a, line);
	refusal_done(&e);
	arena_free(a);
	return 0;
}
