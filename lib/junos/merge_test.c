/* SPDX-License-Identifier: BSD-2-Clause
 *
 * merge_test.c - merges of private changes: by hand, and what must hold for any changes.
 */
#include "lib/junos/merge.h"

#include "lib/base/report.h"
#include "lib/base/text.h"
#include "lib/junos/load.h"
#include "lib/yang/schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SEEDS = 2000, LINES = 12 };

static const struct schema *schema;

static void
edit(struct tree *t, const char *lines)
{
	struct report r = { 0 };
	load_set(t, tree_root(t), lines, strlen(lines), &r);
	report_done(&r);
}

static char *
text_of(const struct tree *t)
{
	struct text out = { 0 };
	print_set(tree_root(t), false, &out);
	char *s = strdup(text_str(&out));
	text_done(&out);
	return s;
}

/* RULE r1 with terms t1, t2, t3, a host name and two routes. */
static const char base_lines[] =
    "set system host-name base\n"
    "set services ipsec-vpn rule r1 term t1 from source-address 10.1.0.0/16\n"
    "set services ipsec-vpn rule r1 term t2 from source-address 10.2.0.0/16\n"
    "set services ipsec-vpn rule r1 term t3 then no-anti-replay\n"
    "set routing-options static route 10.8.0.0/16 discard\n"
    "set routing-options static route 10.9.0.0/16 discard\n";

struct merge_case {
	const char *name;
	const char *theirs;
	const char *mine;
	size_t n_conflicts;
	const char *message; /* of the first conflict, as it is shown */
	const char *same_as; /* lines that lead from the base to the result */
	const char *if_mine; /* the same where mine wins; NULL: the same */
};

static const struct merge_case cases[] = {
	{ "changes of different statements", "set system host-name theirs\n",
	    "set services ipsec-vpn rule r1 match-direction input\n", 0, NULL,
	    "set system host-name theirs\nset services ipsec-vpn rule r1 match-direction input\n",
	    NULL },
	{ "the same change", "set system host-name both\n", "set system host-name both\n", 0, NULL,
	    "set system host-name both\n", NULL },
	{ "two values", "set system host-name theirs\n", "set system host-name mine\n", 1,
	    "[edit system]\n  'host-name mine'\n"
	    "    statement does not match: another value was committed meanwhile\n",
	    "set system host-name theirs\n", "set system host-name mine\n" },
	{ "two values where there was none",
	    "set services ipsec-vpn rule r1 match-direction input\n",
	    "set services ipsec-vpn rule r1 match-direction output\n", 1,
	    "[edit services ipsec-vpn rule r1]\n  'match-direction output'\n"
	    "    statement does not match: another value was committed meanwhile\n",
	    "set services ipsec-vpn rule r1 match-direction input\n",
	    "set services ipsec-vpn rule r1 match-direction output\n" },
	{ "entries added by both", "set routing-options static route 10.10.0.0/16 discard\n",
	    "set routing-options static route 10.11.0.0/16 discard\n", 0, NULL,
	    "set routing-options static route 10.10.0.0/16 discard\n"
	    "set routing-options static route 10.11.0.0/16 discard\n",
	    NULL },
	{ "one deletes what the other leaves", "set system host-name theirs\n",
	    "delete services ipsec-vpn rule r1 term t2\n", 0, NULL,
	    "set system host-name theirs\ndelete services ipsec-vpn rule r1 term t2\n", NULL },
	{ "I delete what they changed",
	    "set services ipsec-vpn rule r1 term t2 then no-anti-replay\n",
	    "delete services ipsec-vpn rule r1 term t2\n", 1,
	    "[edit services ipsec-vpn rule r1]\n  'term t2'\n"
	    "    statement was changed meanwhile and cannot be deleted\n",
	    "set services ipsec-vpn rule r1 term t2 then no-anti-replay\n",
	    "delete services ipsec-vpn rule r1 term t2\n" },
	{ "I change what they deleted", "delete services ipsec-vpn rule r1 term t3\n",
	    "set services ipsec-vpn rule r1 term t3 then syslog\n", 1,
	    "[edit services ipsec-vpn rule r1]\n  'term t3'\n    statement was deleted meanwhile\n",
	    "delete services ipsec-vpn rule r1 term t3\n",
	    "set services ipsec-vpn rule r1 term t3 then syslog\n" },
	{ "both delete", "delete services ipsec-vpn rule r1 term t3\n",
	    "delete services ipsec-vpn rule r1\n", 1,
	    "[edit services ipsec-vpn]\n  'rule r1'\n"
	    "    statement was changed meanwhile and cannot be deleted\n",
	    "delete services ipsec-vpn rule r1 term t3\n", "delete services ipsec-vpn rule r1\n" },
	{ "an entry goes where its owner put it",
	    "set services ipsec-vpn rule r1 term t9 then syslog\n",
	    "set services ipsec-vpn rule r1 term t0 then syslog\n"
	    "insert services ipsec-vpn rule r1 term t0 before term t1\n",
	    0, NULL,
	    "set services ipsec-vpn rule r1 term t9 then syslog\n"
	    "set services ipsec-vpn rule r1 term t0 then syslog\n"
	    "insert services ipsec-vpn rule r1 term t0 before term t1\n",
	    NULL },
	{ "order of one, entry of the other",
	    "set services ipsec-vpn rule r1 term t9 then syslog\n",
	    "insert services ipsec-vpn rule r1 term t3 before term t1\n", 0, NULL,
	    "set services ipsec-vpn rule r1 term t9 then syslog\n"
	    "insert services ipsec-vpn rule r1 term t3 before term t1\n",
	    NULL },
	{ "two orders", "insert services ipsec-vpn rule r1 term t2 before term t1\n",
	    "insert services ipsec-vpn rule r1 term t3 before term t1\n", 1,
	    "[edit services ipsec-vpn rule r1]\n  'term t3'\n    the order was changed meanwhile\n",
	    "insert services ipsec-vpn rule r1 term t2 before term t1\n",
	    "insert services ipsec-vpn rule r1 term t3 before term t1\n" },
	{ "marks", "deactivate services ipsec-vpn rule r1 term t1\n",
	    "protect services ipsec-vpn rule r1 term t1\ndeactivate system\n", 0, NULL,
	    "deactivate services ipsec-vpn rule r1 term t1\n"
	    "protect services ipsec-vpn rule r1 term t1\ndeactivate system\n",
	    NULL },
	{ "an empty container is no deletion",
	    "set services ipsec-vpn rule r1 term t1 from destination-address 10.7.0.0/16\n",
	    "delete services ipsec-vpn rule r1 term t1 from source-address\n", 0, NULL,
	    "set services ipsec-vpn rule r1 term t1 from destination-address 10.7.0.0/16\n"
	    "delete services ipsec-vpn rule r1 term t1 from source-address\n",
	    NULL },
	{ "exclusive statements",
	    "delete routing-options static route 10.8.0.0/16 discard\n"
	    "set routing-options static route 10.8.0.0/16 reject\n",
	    "set services ipsec-vpn rule r1 match-direction input\n", 0, NULL,
	    "delete routing-options static route 10.8.0.0/16 discard\n"
	    "set routing-options static route 10.8.0.0/16 reject\n"
	    "set services ipsec-vpn rule r1 match-direction input\n",
	    NULL },
};

static struct tree *
from_base(const char *lines)
{
	struct tree *t = tree_new(schema);
	edit(t, base_lines);
	edit(t, lines);
	return t;
}

static void
case_check(const struct merge_case *c, bool mine_wins)
{
	struct tree *base = from_base("");
	struct tree *mine = from_base(c->mine);
	struct tree *t = from_base(c->theirs);
	struct tree *want = from_base(mine_wins && c->if_mine != NULL ? c->if_mine : c->same_as);
	struct report r = { 0 };
	struct text shown = { 0 };
	bool ok = tree_merge(t, base, mine, mine_wins, &r);
	report_print(&r, NULL, &shown);
	char *got = text_of(t);
	char *wanted = text_of(want);
	if (ok != (c->n_conflicts == 0) || r.n_errors != c->n_conflicts || strcmp(got, wanted) != 0)
		fail_msg("%s (%d): %zu conflicts\n%s--- got\n%s--- wanted\n%s", c->name, mine_wins,
		    r.n_errors, text_str(&shown), got, wanted);
	if (c->message != NULL)
		assert_string_equal(text_str(&shown), c->message);
	free(got);
	free(wanted);
	text_done(&shown);
	report_done(&r);
	tree_free(base);
	tree_free(mine);
	tree_free(t);
	tree_free(want);
}

static void
changes_of_both_are_merged_and_conflicts_are_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		case_check(&cases[i], false);
		case_check(&cases[i], true);
	}
}

/* --- any changes --- */

static unsigned seed;

static unsigned
below(unsigned n)
{
	seed = seed * 1103515245U + 12345U;
	return (seed >> 16) % n;
}

static void
random_edits(struct tree *t)
{
	char line[256];
	for (unsigned i = 0; i < LINES; i++) {
		unsigned rule = below(3);
		unsigned term = below(4);
		char place[128];
		snprintf(place, sizeof(place), "services ipsec-vpn rule r%u term t%u", rule, term);
		switch (below(9)) {
		case 0:
			snprintf(line, sizeof(line), "delete %s\n", place);
			break;
		case 1:
			snprintf(line, sizeof(line), "deactivate %s\n", place);
			break;
		case 2:
			snprintf(
			    line, sizeof(line), "insert %s before term t%u\n", place, below(4));
			break;
		case 3:
			snprintf(line, sizeof(line), "set %s then syslog\n", place);
			break;
		case 4:
			snprintf(line, sizeof(line), "delete services ipsec-vpn rule r%u\n", rule);
			break;
		case 5:
			snprintf(line, sizeof(line), "annotate %s \"note %u\"\n", place, below(3));
			break;
		case 6:
			snprintf(line, sizeof(line), "delete %s from source-address 10.%u.0.0/16\n",
			    place, below(3));
			break;
		case 7:
			snprintf(line, sizeof(line), "set system host-name h%u\n", below(3));
			break;
		default:
			snprintf(line, sizeof(line), "set %s from source-address 10.%u.0.0/16\n",
			    place, below(3));
		}
		edit(t, line);
	}
}

/* Checks that T says the same as WANT, whatever the order of lists that have none. */
static void
says_the_same(struct tree *t, const struct tree *want)
{
	struct text diff = { 0 };
	print_compare(want, t, &diff);
	if (diff.len > 0)
		fail_msg("seed %u: %s", seed, text_str(&diff));
	text_done(&diff);
}

static void
merge(
    struct tree *t, const struct tree *base, const struct tree *mine, bool wins, bool may_conflict)
{
	struct report r = { 0 };
	bool ok = tree_merge(t, base, mine, wins, &r);
	assert_true(ok == (r.n_errors == 0));
	if (!may_conflict && !ok) {
		struct text shown = { 0 };
		report_print(&r, NULL, &shown);
		fail_msg("seed %u: %s", seed, text_str(&shown));
	}
	report_done(&r);
}

static void
who_is_alone_gets_what_he_wants(void **state)
{
	(void)state;
	for (unsigned i = 0; i < SEEDS; i++) {
		seed = i;
		struct tree *base = tree_new(schema);
		random_edits(base);
		struct tree *mine = tree_copy(base);
		random_edits(mine);
		struct tree *t = tree_copy(base);
		merge(t, base, mine, false, false);
		says_the_same(t, mine);
		/* once more changes nothing, and is no conflict */
		merge(t, base, mine, false, false);
		says_the_same(t, mine);
		/* who changed nothing leaves theirs alone */
		merge(t, base, base, false, false);
		says_the_same(t, mine);
		/* whatever the other did: no crash, and a second merge of the same side conflicts in nothing */
		struct tree *theirs = tree_copy(base);
		random_edits(theirs);
		merge(theirs, base, mine, true, true);
		struct tree *kept = tree_copy(theirs);
		merge(kept, theirs, theirs, false, false);
		says_the_same(kept, theirs);
		tree_free(kept);
		tree_free(theirs);
		tree_free(base);
		tree_free(mine);
		tree_free(t);
	}
}

int
main(void)
{
	const char *error = NULL;
	schema = schema_load(&error);
	if (schema == NULL)
		return 1;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changes_of_both_are_merged_and_conflicts_are_told),
		cmocka_unit_test(who_is_alone_gets_what_he_wants),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
