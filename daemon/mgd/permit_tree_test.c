/* SPDX-License-Identifier: BSD-2-Clause
 *
 * permit_tree_test.c - login classes and whole configurations: what must hold for any class and any change.
 */
#include "daemon/mgd/permit_place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/mgd/command.h"
#include "daemon/mgd/path.h"
#include "daemon/mgd/permit_util_test.h"
#include "daemon/mgd/users.h"
#include "lib/base/arena.h"
#include "lib/base/report.h"
#include "lib/junos/load.h"
#include "lib/junos/place.h"
#include "lib/junos/tree.h"

/* One word of each hierarchy that stands nowhere else: it must not show to who may not see the hierarchy. */
static const char whole[] =
    "groups { g1 { system { login { message in-group-admin; } } interfaces { ge-0/0/9 { "
    "description "
    "in-group-interface; } } } }\n"
    "apply-groups g1;\n"
    "system { host-name in-system; /* in-comment */ root-authentication { encrypted-password "
    "\"$1$in$secret\"; }\n"
    "    login { message in-admin; class x { permissions view; } user in-user { class x; } }\n"
    "    radius-server { 10.0.0.1 secret in-secret; }\n"
    "    ntp { authentication-key 1 type md5 value \"$9$n-XY9u1REyvMXtuxdsYGUz3n\"; } }\n"
    "interfaces { inactive: ge-0/0/0 { description in-interface; unit 0 { family inet { address "
    "10.0.0.1/24; } } }\n"
    "    ge-0/0/1 { unit 0 { family inet; } } }\n"
    "snmp { location in-snmp; }\n"
    "routing-options { static { route 10.0.0.0/8 next-hop 10.0.0.2; } }\n"
    "firewall { family inet { filter in-firewall { term a { then accept; } term b { then discard; "
    "} } "
    "} }\n"
    "services { ipsec-vpn { ike { policy p1 { pre-shared-key ascii-text in-secret-too; } }\n"
    "    rule r1 { term t1 { then { remote-gateway 10.0.0.3; } } match-direction input; }\n"
    "    rule r2 { term t1 { from { destination-address { 10.9.9.0/24; } } } } } }\n";

static const struct {
	const char *word;
	const char *permission;
} signs[] = {
	{ "in-system", "system" },
	{ "in-admin", "admin" },
	{ "in-user", "admin" },
	{ "in-group-admin", "admin" },
	{ "in-group-interface", "interface" },
	{ "in-interface", "interface" },
	{ "in-snmp", "snmp" },
	{ "in-firewall", "firewall" },
	{ "10.0.0.2", "routing" },
	{ "remote-gateway", "interface" },
	{ "$1$in", "secret" },
	{ "$9$", "secret" },
};

static const char *const bit_list[] = { "access", "access-control", "admin", "admin-control",
	"configure", "control", "edit", "firewall", "firewall-control", "interface",
	"interface-control", "maintenance", "routing", "routing-control", "secret",
	"secret-control", "security", "snmp", "snmp-control", "system", "system-control", "trace",
	"view", "view-configuration" };

enum { BIT_LIST_N = sizeof(bit_list) / sizeof(bit_list[0]) };

static const char *const expressions[] = { "system login", "interfaces ge-0/0/0", "rule r1",
	"firewall", "groups", "^services ipsec-vpn ike", "term [ab]", "host-name$",
	"snmp|routing" };

enum { EXPRESSIONS_N = sizeof(expressions) / sizeof(expressions[0]) };

static unsigned
dice(unsigned sides)
{
	static uint64_t x = 88172645463325252u;
	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return (unsigned)(x % sides);
}

static struct permits *
any_class(const struct permit **out, struct text *class)
{
	text_reset(class);
	text_put(class, "permissions [ view");
	for (unsigned n = dice(4); n > 0; n--)
		text_printf(class, " %s", bit_list[dice(BIT_LIST_N)]);
	text_put(class, " ];");
	if (dice(3) == 0)
		text_printf(class, " deny-configuration \"%s\";", expressions[dice(EXPRESSIONS_N)]);
	if (dice(3) == 0)
		text_printf(
		    class, " allow-configuration \"%s\";", expressions[dice(EXPRESSIONS_N)]);
	return permits_with(text_str(class), out);
}

static void
print_all(const struct tree *t, struct text *out)
{
	const struct node *root = tree_root(t);
	struct tree *none = tree_new(permit_schema);
	print_text(root, 0, out);
	print_children(root, out);
	print_set(root, false, out);
	print_xml(root, 0, out);
	print_json(root, out);
	print_compare(none, t, out);
	print_compare(t, none, out);
	tree_free(none);
}

static void
no_view_shows_what_is_hidden(void **state)
{
	(void)state;
	struct tree *t = tree_of(whole);
	struct text class = { 0 };
	for (int round = 0; round < 2000; round++) {
		const struct permit *p;
		struct permits *ps = any_class(&p, &class);
		bool has_allow = strstr(text_str(&class), "allow-") != NULL;
		struct tree *v = permit_view(p, t, round % 2 == 0 ? PERMIT_MARK : PERMIT_DROP);
		struct text out = { 0 };
		assert_non_null(v);
		print_all(v, &out);
		for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
			bool is_secret = strcmp(signs[i].permission, "secret") == 0;
			bool may = is_secret ? permit_secret(p, PERMIT_READ)
					     : has_allow ||
						   permit_bits(p, signs[i].permission, PERMIT_READ);
			if (!may && strstr(text_str(&out), signs[i].word) != NULL)
				fail_msg("%s: %s is shown", text_str(&class), signs[i].word);
		}
		text_done(&out);
		tree_free(v);
		permits_free(ps);
	}
	text_done(&class);
	tree_free(t);
}

/* The node below PARENT, which is in another tree, that is what N is there. */
static const struct node *
same_find(const struct node *parent, const struct node *n)
{
	const char *keys[8] = { n->value };
	if (parent == NULL)
		return NULL;
	for (size_t i = 1; n->schema->kind == SNODE_LIST && i < n->schema->n_keys; i++)
		keys[i] = n->more_keys[i - 1];
	return n->schema->kind == SNODE_LIST       ? node_entry(parent, n->schema, keys)
	       : n->schema->kind == SNODE_LEAFLIST ? node_value(parent, n->schema, n->value)
						   : node_child(parent, n->schema);
}

static size_t
eye_compare(struct permit_eye *x, const struct node *n, const struct node *in_view)
{
	size_t n_seen = 0;
	for (const struct node *c = n->child; c != NULL; c = c->next) {
		const struct node *same = same_find(in_view, c);
		assert_int_equal(permit_eye_sees(x, c), same != NULL);
		n_seen += (same != NULL) + eye_compare(x, c, same);
	}
	return n_seen;
}

static void
an_eye_sees_what_is_in_the_view(void **state)
{
	(void)state;
	struct tree *t = tree_of(whole);
	struct text class = { 0 };
	size_t n_seen = 0;
	for (int round = 0; round < 1000; round++) {
		const struct permit *p;
		struct permits *ps = any_class(&p, &class);
		struct tree *v = permit_view(p, t, PERMIT_DROP);
		struct permit_eye *x = permit_eye_new(p);
		n_seen += eye_compare(x, tree_root(t), tree_root(v));
		permit_eye_free(x);
		tree_free(v);
		permits_free(ps);
	}
	assert_true(n_seen > 0 && n_seen < 1000 * tree_count(t));
	text_done(&class);
	tree_free(t);
}

static void
a_super_user_sees_the_tree_itself(void **state)
{
	(void)state;
	const struct permit *p;
	struct permits *ps = permits_with("permissions all;", &p);
	struct tree *t = tree_of(whole);
	assert_null(permit_view(p, t, PERMIT_MARK));
	tree_free(t);
	permits_free(ps);
}

static void
view_expect(const char *class, const char *expected)
{
	const struct permit *p;
	struct permits *ps = permits_with(class, &p);
	struct tree *t = tree_of(
	    "system { host-name a; login { message m; } root-authentication { "
	    "encrypted-password x; } }\n"
	    "interfaces { ge-0/0/0 { description d; } ge-0/0/1 { unit 0 { family inet { "
	    "address 10.0.0.1/24; } } } }\n"
	    "services { ipsec-vpn { ike { policy p { pre-shared-key ascii-text \"$9$LbHX-wg4Z\"; "
	    "} } } }");
	struct tree *v = permit_view(p, t, PERMIT_MARK);
	struct text out = { 0 };
	print_text(tree_root(v), 0, &out);
	assert_string_equal(text_str(&out), expected);
	text_done(&out);
	tree_free(v);
	tree_free(t);
	permits_free(ps);
}

static void
hidden_parts_leave_marks(void **state)
{
	(void)state;
	view_expect("permissions view;", "system { /* ACCESS-DENIED */ };\n"
					 "interfaces { /* ACCESS-DENIED */ };\n"
					 "services { /* ACCESS-DENIED */ };\n");
	view_expect("permissions system;", "system {\n"
					   "    host-name a;\n"
					   "    root-authentication { /* ACCESS-DENIED */ };\n"
					   "    login { /* ACCESS-DENIED */ };\n"
					   "}\n"
					   "interfaces { /* ACCESS-DENIED */ };\n"
					   "services { /* ACCESS-DENIED */ };\n");
	view_expect(
	    "permissions [ admin interface ]; deny-configuration \"ge-0/0/1 unit 0 family\";",
	    "system {\n"
	    "    host-name /* ACCESS-DENIED */;\n"
	    "    root-authentication {\n"
	    "        encrypted-password /* SECRET-DATA */; ## SECRET-DATA\n"
	    "    }\n"
	    "    login {\n"
	    "        message m;\n"
	    "    }\n"
	    "}\n"
	    "interfaces {\n"
	    "    ge-0/0/0 {\n"
	    "        description d;\n"
	    "    }\n"
	    "    ge-0/0/1 {\n"
	    "        unit 0;\n"
	    "    }\n"
	    "}\n"
	    "services {\n"
	    "    ipsec-vpn {\n"
	    "        ike {\n"
	    "            policy p {\n"
	    "                pre-shared-key ascii-text /* SECRET-DATA */; ## SECRET-DATA\n"
	    "            }\n"
	    "        }\n"
	    "    }\n"
	    "}\n");
}

/* --- changes --- */

static struct node *
any_node(struct tree *t)
{
	struct node *n = tree_root(t);
	for (;;) {
		size_t n_children = 0;
		for (struct node *c = n->child; c != NULL; c = c->next)
			n_children++;
		if (n_children == 0 || (n->parent != NULL && dice(4) == 0))
			return n;
		n = n->child;
		for (unsigned k = dice((unsigned)n_children); k > 0; k--)
			n = n->next;
	}
}

/* What a user might do, by whatever command. */
static void
any_change(struct tree *t)
{
	struct node *n = any_node(t);
	struct report r = { 0 };
	if (n->parent == NULL)
		return;
	switch (dice(7)) {
	case 0:
		node_del(t, n);
		break;
	case 1:
		n->is_inactive = !n->is_inactive;
		break;
	case 2:
		node_set_comment(t, n, "changed");
		break;
	case 3:
		if (n->schema->kind == SNODE_LEAF && n->value != NULL)
			node_set_leaf(t, n->parent, n->schema, "9");
		break;
	case 4:
		if (n->schema->is_ordered_by_user && n->next != NULL &&
		    n->next->schema == n->schema)
			node_move(t, n, n->next, true);
		break;
	case 5: {
		static const char more[] =
		    "system { services { ssh; } login { user added { class read-only; } } }\n"
		    "interfaces { ge-0/0/7 { description added; } }\n"
		    "services { ipsec-vpn { ike { policy added { pre-shared-key ascii-text zz; } } "
		    "} }\n"
		    "firewall { family inet { filter added { term a { then accept; } } } }";
		load_text(t, LOAD_MERGE, more, strlen(more), &r);
		break;
	}
	case 6:
		load_text(t, LOAD_OVERRIDE, "snmp { location added; }", 24, &r);
		break;
	}
	report_done(&r);
}

/* Fails if a statement of OLD that may not be changed is not in NOW as it was; and the other way round. */
static void
closed_compare(struct place_walk *w, const struct node *old, const struct node *now,
    const char *class, bool back)
{
	for (const struct node *c = old->child; c != NULL; c = c->next) {
		struct place_mark mark = place_enter(w, c);
		const struct node *partner = now != NULL ? place_partner(now, c) : NULL;
		bool is_leaf = c->schema->kind == SNODE_LEAF || c->schema->kind == SNODE_LEAFLIST;
		bool may = place_allows(w, c->schema, PERMIT_WRITE);
		if (!may && (is_leaf || c->child == NULL) && partner == NULL)
			fail_msg("%s: %s %s", class, w->text.s, back ? "was added" : "is gone");
		if (!may && is_leaf && c->value != NULL && strcmp(c->value, partner->value) != 0)
			fail_msg("%s: %s was changed", class, c->schema->name);
		if (!may && partner != NULL &&
		    (c->is_inactive != partner->is_inactive ||
			(c->comment == NULL) != (partner->comment == NULL)))
			fail_msg("%s: %s was marked", class, c->schema->name);
		closed_compare(w, c, partner, class, back);
		place_leave(w, &mark);
	}
}

static void
no_change_gets_into_what_is_closed(void **state)
{
	(void)state;
	struct tree *t = tree_of(whole);
	struct text class = { 0 };
	for (int round = 0; round < 3000; round++) {
		const struct permit *p;
		struct permits *ps = any_class(&p, &class);
		struct tree *after = tree_copy(t);
		struct report r = { 0 };
		struct place_walk w = { .p = p };
		for (unsigned n = 1 + dice(5); n > 0; n--)
			any_change(after);
		permit_settle(p, t, after, &r);
		closed_compare(&w, tree_root(t), tree_root(after), text_str(&class), false);
		closed_compare(&w, tree_root(after), tree_root(t), text_str(&class), true);
		struct tree *again = tree_copy(after);
		assert_true(permit_settle(p, t, again, &r));
		struct text diff = { 0 };
		print_compare(after, again, &diff);
		assert_string_equal(text_str(&diff), "");
		text_done(&diff);
		place_done(&w);
		report_done(&r);
		tree_free(again);
		tree_free(after);
		permits_free(ps);
	}
	text_done(&class);
	tree_free(t);
}

/* The whole configuration, changed by the set lines LINES, is what EXPECTED says of it afterwards. */
static void
settle_expect(const char *class, const char *before, const char *lines, const char *expected)
{
	const struct permit *p;
	struct permits *ps = permits_with(class, &p);
	struct tree *t = tree_of(before);
	struct tree *after = tree_copy(t);
	struct report r = { 0 };
	struct text diff = { 0 };
	assert_true(load_set(after, tree_root(after), lines, strlen(lines), &r));
	if (permit_settle(p, t, after, &r) != (strcmp(expected, "all") == 0))
		fail_msg("%s: %s", class, lines);
	print_compare(t, after, &diff);
	if (strcmp(expected, "all") != 0)
		assert_string_equal(text_str(&diff), expected);
	else
		assert_true(diff.len > 0);
	text_done(&diff);
	report_done(&r);
	tree_free(after);
	tree_free(t);
	permits_free(ps);
}

static void
nothing_closed_is_switched_off_from_outside(void **state)
{
	(void)state;
	static const char login[] = "system { host-name a; login { user x { class read-only; } } }";
	static const char plain[] = "system { host-name a; }";
	static const char group[] =
	    "groups { g { system { login { user x { class read-only; } } } } } apply-groups g;"
	    " system { host-name a; } interfaces { ge-0/0/0 { description d; } }";
	static const char system[] = "permissions system-control;";
	settle_expect(system, login, "deactivate system\n", "");
	settle_expect(system, plain, "deactivate system\n", "all");
	settle_expect(
	    "permissions [ system-control admin-control ];", login, "deactivate system\n", "all");
	settle_expect(system, group, "delete apply-groups\n", "");
	settle_expect(system, group, "deactivate apply-groups\n", "");
	settle_expect(system, group, "deactivate groups g\n", "");
	settle_expect(system, group, "set system apply-groups-except g\n", "");
	settle_expect(
	    "permissions interface-control;", group, "set interfaces apply-groups g\n", "all");
	settle_expect("permissions all; deny-configuration \"system login\";", group,
	    "delete apply-groups g\n", "");
	settle_expect("permissions edit;", group, "delete apply-groups g\n", "all");
}

/* --- hiding --- */

static void
secrets_are_hidden_in_text(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *hidden;
	} cases[] = {
		{ "secret foo;", "secret /* SECRET-DATA */;" },
		{ "secret \"foo bar\";\nport 1;", "secret /* SECRET-DATA */;\nport 1;" },
		{ "set: [a pre-shared-key ascii-text] foo", "set: [a pre-shared-key ascii-text] "
							    "/* SECRET-DATA */" },
		{ "password \"a\\\"b c\" x", "password /* SECRET-DATA */ /* SECRET-DATA */" },
		{ "x \"$9$abc\"; y $1$b$c;", "x /* SECRET-DATA */; y /* SECRET-DATA */;" },
		{ "description plain;", "description plain;" },
		{ "secret \"unclosed", "secret /* SECRET-DATA */" },
		{ "", "" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct text out = { 0 };
		permit_hide_secrets(cases[i].text, &out);
		assert_string_equal(text_str(&out), cases[i].hidden);
		text_done(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_view_shows_what_is_hidden),
		cmocka_unit_test(an_eye_sees_what_is_in_the_view),
		cmocka_unit_test(a_super_user_sees_the_tree_itself),
		cmocka_unit_test(hidden_parts_leave_marks),
		cmocka_unit_test(no_change_gets_into_what_is_closed),
		cmocka_unit_test(nothing_closed_is_switched_off_from_outside),
		cmocka_unit_test(secrets_are_hidden_in_text),
	};
	permit_schema_open();
	int rc = cmocka_run_group_tests(tests, NULL, NULL);
	permit_schema_close();
	return rc;
}
