/* SPDX-License-Identifier: BSD-2-Clause
 *
 * edit_test.c - random edits against a model that knows nothing of trees.
 *
 * The model is a few arrays: rules with terms with addresses, in the order a user expects, and it prints its own
 * text. Each step is a line as the user types it (set, delete, rename, copy, insert, activate, deactivate), a replaced
 * pattern, a rollback, `load update` or `load patch` to an earlier state. After each step the tree must print exactly what
 * the model prints. The seeds are fixed.
 */
#include "lib/junos/load.h"

#include "lib/base/pattern.h"
#include "lib/base/report.h"
#include "lib/base/text.h"
#include "lib/junos/load_check.h"
#include "lib/junos/replace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { NAMES = 4, ADDRESSES = 3, KEPT = 6, SEEDS = 1500, STEPS = 40 };

struct m_term {
	int name;
	int n_addresses;
	int addresses[ADDRESSES];
	bool has_then; /* stays when it is empty: it means something */
	bool has_syslog;
	bool is_inactive;
};

struct m_rule {
	int name;
	int direction; /* 0: none */
	int n;
	struct m_term terms[NAMES];
	bool is_inactive;
};

struct model {
	int n;
	struct m_rule rules[NAMES];
};

static const char *const directions[] = { NULL, "input", "output" };

/* --- the model prints itself --- */

static void
term_print(const struct m_term *t, struct text *out)
{
	text_printf(out, "            %sterm t%d", t->is_inactive ? "inactive: " : "", t->name);
	if (t->n_addresses == 0 && !t->has_then) {
		text_put(out, ";\n");
		return;
	}
	text_put(out, " {\n");
	if (t->n_addresses > 0) {
		text_put(out, "                from {\n                    source-address {\n");
		for (int i = 0; i < t->n_addresses; i++)
			text_printf(
			    out, "                        10.%d.0.0/16;\n", t->addresses[i]);
		text_put(out, "                    }\n                }\n");
	}
	if (t->has_syslog)
		text_put(out,
		    "                then {\n                    syslog;\n                }\n");
	else if (t->has_then)
		text_put(out, "                then;\n");
	text_put(out, "            }\n");
}

static void
model_print(const struct model *m, struct text *out)
{
	if (m->n == 0)
		return;
	text_put(out, "services {\n    ipsec-vpn {\n");
	for (int i = 0; i < m->n; i++) {
		const struct m_rule *r = &m->rules[i];
		text_printf(out, "        %srule r%d", r->is_inactive ? "inactive: " : "", r->name);
		if (r->n == 0 && r->direction == 0) {
			text_put(out, ";\n");
			continue;
		}
		text_put(out, " {\n");
		for (int k = 0; k < r->n; k++)
			term_print(&r->terms[k], out);
		if (r->direction != 0)
			text_printf(
			    out, "            match-direction %s;\n", directions[r->direction]);
		text_put(out, "        }\n");
	}
	text_put(out, "    }\n}\n");
}

/* --- the model changes --- */

/* Rules and terms both begin with their name: what is done to their order is done to arrays of bytes. */
static int
find(const void *array, int n, size_t size, int name)
{
	for (int i = 0; i < n; i++) {
		int have;
		memcpy(&have, (const char *)array + (size_t)i * size, sizeof(have));
		if (have == name)
			return i;
	}
	return -1;
}

static void
take_out(void *array, int *n, size_t size, int at)
{
	char *p = (char *)array + (size_t)at * size;
	memmove(p, p + size, (size_t)(*n - at - 1) * size);
	--*n;
}

static void
put_in(void *array, int *n, size_t size, int at, const void *one)
{
	char *p = (char *)array + (size_t)at * size;
	memmove(p + size, p, (size_t)(*n - at) * size);
	memcpy(p, one, size);
	++*n;
}

/* Moves the one at FROM before or after the one called REF. */
static void
move(void *array, int *n, size_t size, int from, int ref, bool after)
{
	char one[sizeof(struct m_rule)];
	memcpy(one, (char *)array + (size_t)from * size, size);
	take_out(array, n, size, from);
	put_in(array, n, size, find(array, *n, size, ref) + after, one);
}

static struct m_rule *
rule_get(struct model *m, int name)
{
	int at = find(m->rules, m->n, sizeof(m->rules[0]), name);
	if (at >= 0)
		return &m->rules[at];
	m->rules[m->n] = (struct m_rule){ .name = name };
	return &m->rules[m->n++];
}

static struct m_term *
term_get(struct m_rule *r, int name)
{
	int at = find(r->terms, r->n, sizeof(r->terms[0]), name);
	if (at >= 0)
		return &r->terms[at];
	r->terms[r->n] = (struct m_term){ .name = name };
	return &r->terms[r->n++];
}

/* --- steps: a line and what it does to the model --- */

struct run {
	uint32_t rnd;
	struct tree *t;
	struct model m;
	struct tree *kept[KEPT];
	struct model kept_m[KEPT];
	struct text line;
	bool is_done; /* the tree has been changed, too: the line is only for messages */
};

static int
pick(struct run *x, int n)
{
	x->rnd = x->rnd * 1664525u + 1013904223u;
	return (int)((x->rnd >> 8) % (uint32_t)n);
}

static void
step_set(struct run *x, int rule, int term)
{
	struct m_rule *r = rule_get(&x->m, rule);
	int what = pick(x, 5);
	text_printf(&x->line, "set services ipsec-vpn rule r%d", rule);
	if (what == 0)
		return;
	if (what == 1) {
		r->direction = 1 + pick(x, 2);
		text_printf(&x->line, " match-direction %s", directions[r->direction]);
		return;
	}
	struct m_term *t = term_get(r, term);
	text_printf(&x->line, " term t%d", term);
	if (what == 2) {
		t->has_then = t->has_syslog = true;
		text_put(&x->line, " then syslog");
	} else if (what == 3) {
		int a = pick(x, ADDRESSES);
		if (find(t->addresses, t->n_addresses, sizeof(int), a) < 0)
			t->addresses[t->n_addresses++] = a;
		text_printf(&x->line, " from source-address 10.%d.0.0/16", a);
	}
}

static void
step_delete(struct run *x, int rule, int term)
{
	struct model *m = &x->m;
	int at = find(m->rules, m->n, sizeof(m->rules[0]), rule);
	struct m_rule *r = at >= 0 ? &m->rules[at] : NULL;
	int at_term = r != NULL ? find(r->terms, r->n, sizeof(r->terms[0]), term) : -1;
	struct m_term *t = at_term >= 0 ? &r->terms[at_term] : NULL;
	int what = pick(x, 5);
	text_printf(&x->line, "delete services ipsec-vpn rule r%d", rule);
	if (what == 0) {
		if (r != NULL)
			take_out(m->rules, &m->n, sizeof(*r), at);
	} else if (what == 1) {
		text_put(&x->line, " match-direction");
		if (r != NULL)
			r->direction = 0;
	} else if (what == 2) {
		text_printf(&x->line, " term t%d", term);
		if (t != NULL)
			take_out(r->terms, &r->n, sizeof(*t), at_term);
	} else if (what == 3) {
		text_printf(&x->line, " term t%d then syslog", term);
		if (t != NULL)
			t->has_syslog = false;
	} else {
		text_printf(&x->line, " term t%d from source-address", term);
		if (t != NULL)
			t->n_addresses = 0;
	}
}

static void
step_mark(struct run *x, int rule, int term)
{
	struct model *m = &x->m;
	bool inactive = pick(x, 2) == 0;
	bool is_term = pick(x, 2) == 0;
	int at = find(m->rules, m->n, sizeof(m->rules[0]), rule);
	text_printf(
	    &x->line, "%s services ipsec-vpn rule r%d", inactive ? "deactivate" : "activate", rule);
	if (is_term)
		text_printf(&x->line, " term t%d", term);
	if (at < 0)
		return;
	struct m_rule *r = &m->rules[at];
	int at_term = find(r->terms, r->n, sizeof(r->terms[0]), term);
	if (!is_term)
		r->is_inactive = inactive;
	else if (at_term >= 0)
		r->terms[at_term].is_inactive = inactive;
}

/* rename, copy and insert, of rules or of the terms of one */
static void
step_order(struct run *x, int rule, int term)
{
	struct model *m = &x->m;
	bool is_term = pick(x, 2) == 0;
	int what = pick(x, 4);
	int ref = pick(x, NAMES);
	static const char *const verbs[] = { "rename", "copy", "insert", "insert" };
	static const char *const links[] = { "to", "to", "before", "after" };
	text_printf(&x->line, "%s services ipsec-vpn rule r%d", verbs[what], rule);
	if (is_term)
		text_printf(&x->line, " term t%d", term);
	text_printf(&x->line, " %s %s%d", links[what], is_term ? "term t" : "rule r", ref);
	int at = find(m->rules, m->n, sizeof(m->rules[0]), rule);
	if (at < 0)
		return;
	struct m_rule *r = &m->rules[at];
	void *array = is_term ? (void *)r->terms : (void *)m->rules;
	int *n = is_term ? &r->n : &m->n;
	size_t size = is_term ? sizeof(r->terms[0]) : sizeof(m->rules[0]);
	int from = find(array, *n, size, is_term ? term : rule);
	int to = find(array, *n, size, ref);
	if (from < 0)
		return;
	char *one = (char *)array + (size_t)from * size;
	if (what == 0 && to < 0) {
		memcpy(one, &ref, sizeof(ref));
	} else if (what == 1 && to < 0) {
		char copy[sizeof(struct m_rule)];
		memcpy(copy, one, size);
		memcpy(copy, &ref, sizeof(ref));
		put_in(array, n, size, *n, copy);
	} else if (what > 1 && to >= 0 && to != from) {
		move(array, n, size, from, ref, what == 3);
	}
}

/* Gives the one at I of an array of names the name TO if it has the name FROM and TO is free. */
static void
name_replace(void *array, int n, size_t size, int i, int from, int to, int *left)
{
	char *one = (char *)array + (size_t)i * size;
	int name;
	memcpy(&name, one, sizeof(name));
	if (*left == 0 || name != from || find(array, n, size, to) >= 0)
		return;
	memcpy(one, &to, sizeof(to));
	--*left;
}

/* replace pattern: of rules, terms, addresses or directions, all of them or the first few. */
static void
step_replace(struct run *x, int from, int to)
{
	static const char *const patterns[] = { "^r%d$", "^t%d$", "^(10[.])%d(.*)", "^in(put)" };
	static const char *const texts[] = { "r%d", "t%d", "\\1%d\\2", "out\\1" };
	int what = pick(x, 4);
	int limit = pick(x, 4);
	int left = limit > 0 ? limit : -1;
	char pattern[32];
	char with[32];
	from = what == 2 ? from % ADDRESSES : from;
	to = what == 2 ? to % ADDRESSES : to;
	if (from == to)
		return;
	/* the formats are those above, and are for this test alone */
	_Pragma("GCC diagnostic push");
	_Pragma("GCC diagnostic ignored \"-Wformat-nonliteral\"");
	_Pragma("GCC diagnostic ignored \"-Wformat-extra-args\"");
	snprintf(pattern, sizeof(pattern), patterns[what], from);
	snprintf(with, sizeof(with), texts[what], to);
	_Pragma("GCC diagnostic pop");
	for (int i = 0; i < x->m.n; i++) {
		struct m_rule *r = &x->m.rules[i];
		if (what == 0)
			name_replace(x->m.rules, x->m.n, sizeof(*r), i, from, to, &left);
		for (int k = 0; k < r->n; k++) {
			struct m_term *t = &r->terms[k];
			if (what == 1)
				name_replace(r->terms, r->n, sizeof(*t), k, from, to, &left);
			for (int j = 0; what == 2 && j < t->n_addresses; j++)
				name_replace(
				    t->addresses, t->n_addresses, sizeof(int), j, from, to, &left);
		}
		if (what == 3 && r->direction == 1 && left != 0) {
			r->direction = 2;
			left--;
		}
	}
	regex_t re;
	struct report report = { 0 };
	assert_null(pattern_compile_exact(&re, pattern));
	size_t n = replace_pattern(x->t, tree_root(x->t), NULL, &re, with, (size_t)limit, &report);
	assert_true(limit == 0 || n <= (size_t)limit);
	text_printf(&x->line, "replace pattern %s with %s upto %d\n", pattern, with, limit);
	x->is_done = true;
	report_done(&report);
	regfree(&re);
}

static void
keep(struct run *x, int at)
{
	tree_free(x->kept[at]);
	x->kept[at] = tree_copy(x->t);
	x->kept_m[at] = x->m;
}

/* Goes to a kept state by a rollback, `load update` or `load patch`. */
static void
step_back(struct run *x)
{
	struct report r = { 0 };
	int at = pick(x, KEPT);
	int what = pick(x, 3);
	struct text text = { 0 };
	if (x->kept[at] == NULL)
		return;
	if (what == 0) {
		tree_free(x->t);
		x->t = tree_copy(x->kept[at]);
	} else if (what == 1) {
		print_text(tree_root(x->kept[at]), 0, &text);
		assert_true(load_update(x->t, tree_root(x->t), text_str(&text), text.len, &r));
	} else {
		struct text again = { 0 };
		print_compare(x->t, x->kept[at], &text);
		bool ok = load_patch(x->t, tree_root(x->t), text_str(&text), text.len, &r);
		print_compare(x->t, x->kept[at], &again);
		if (!ok || again.len > 0) {
			report_print(&r, "patch", &again);
			fail_msg(
			    "seed %u:\n%sleft:\n%s", x->rnd, text_str(&text), text_str(&again));
		}
		/* the order of addresses means nothing and is not in a difference */
		tree_free(x->t);
		x->t = tree_copy(x->kept[at]);
		text_done(&again);
	}
	x->m = x->kept_m[at];
	text_done(&text);
	report_done(&r);
}

static void
step(struct run *x)
{
	int rule = pick(x, NAMES);
	int term = pick(x, NAMES);
	struct report r = { 0 };
	text_reset(&x->line);
	int what = pick(x, 14);
	x->is_done = false;
	if (what > 11)
		step_replace(x, rule, term);
	else if (what < 5)
		step_set(x, rule, term);
	else if (what < 6)
		step_delete(x, rule, term);
	else if (what < 7)
		step_mark(x, rule, term);
	else if (what < 10)
		step_order(x, rule, term);
	else if (what < 11)
		keep(x, pick(x, KEPT));
	else
		step_back(x);
	if (x->line.len > 0 && !x->is_done)
		load_set(x->t, tree_root(x->t), text_str(&x->line), x->line.len, &r);
	report_done(&r);
}

static void
edits_do_what_the_model_does(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed <= SEEDS; seed++) {
		struct run x = { .rnd = seed, .t = tree_new(load_check_schema()) };
		struct text want = { 0 };
		struct text got = { 0 };
		for (int i = 0; i < STEPS; i++) {
			step(&x);
			text_reset(&want);
			text_reset(&got);
			model_print(&x.m, &want);
			print_text(tree_root(x.t), 0, &got);
			if (strcmp(text_str(&want), text_str(&got)) != 0)
				fail_msg("seed %u step %d: %s\nwanted:\n%sgot:\n%s", seed, i,
				    text_str(&x.line), text_str(&want), text_str(&got));
		}
		if (seed % 16 == 0)
			assert_null(load_check(x.t));
		for (int i = 0; i < KEPT; i++)
			tree_free(x.kept[i]);
		tree_free(x.t);
		text_done(&x.line);
		text_done(&want);
		text_done(&got);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(edits_do_what_the_model_does),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
