/* SPDX-License-Identifier: BSD-2-Clause
 *
 * permit_test.c - login classes: decisions about commands and places, from tables.
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

static void
a_class_is_told_bit_by_bit(void **state)
{
	(void)state;
	const struct permit *p;
	struct text out = { 0 };
	struct permits *ps = permits_with("permissions [ view interface-control ]; "
					  "allow-commands \"Clear .*\"; deny-configuration x;",
	    &p);
	permit_print(p, "u", &out);
	assert_string_equal(text_str(&out),
	    "Current user: 'u       ' login: 'u' class 'c'\n"
	    "Permissions:\n    interface   -- Can view interface configuration\n"
	    "    interface-control-- Can modify interface configuration\n"
	    "    view        -- Can view current values and statistics\n"
	    "Individual command authorization:\n    Allow regular expression: Clear .*\n"
	    "    Deny regular expression: none\n"
	    "    Allow configuration regular expression: none\n"
	    "    Deny configuration regular expression: x\n");
	text_done(&out);
	permits_free(ps);
}

/* --- who is who --- */

static void
identity_is_that_of_the_host(void **state)
{
	(void)state;
	struct tree *t =
	    tree_of("system { login { user a { class read-only; } user b { class gone; }"
		    " user root2 { class super-user; } } }");
	struct permits *ps = permits_new(t);
	static const struct {
		struct user u;
		const char *class;
	} cases[] = {
		{ { .uid = 0, .name = "root" }, "super-user" },
		{ { .uid = 0, .name = "a" }, "super-user" },
		{ { .uid = 5, .name = "a" }, "read-only" },
		{ { .uid = 5, .name = "a", .is_member = true }, "read-only" },
		{ { .uid = 6, .name = "b", .is_member = true }, "unauthorized" },
		{ { .uid = 7, .name = "c", .is_member = true }, "super-user" },
		{ { .uid = 7, .name = "c" }, NULL },
		{ { .uid = 8, .name = "root2" }, "super-user" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct permit *p = permits_of(ps, &cases[i].u);
		if (cases[i].class == NULL)
			assert_null(p);
		else
			assert_string_equal(permit_class(p), cases[i].class);
	}
	permits_free(ps);
	tree_free(t);
}

static void
what_is_inactive_is_not_there(void **state)
{
	(void)state;
	struct tree *t =
	    tree_of("system { login { class c { permissions all; inactive: deny-commands x; }"
		    " inactive: user a { class c; } user b { class c; } } }");
	struct permits *ps = permits_new(t);
	struct user a = { .uid = 5, .name = "a" };
	struct user b = { .uid = 6, .name = "b" };
	assert_null(permits_of(ps, &a));
	assert_true(permit_command(permits_of(ps, &b), "x", "all"));
	permits_free(ps);
	tree_free(t);
}

/* --- commands --- */

static void
commands_by_bit_and_expression(void **state)
{
	(void)state;
	static const struct {
		const char *class;
		const char *words;
		const char *bit;
		bool may;
	} cases[] = {
		{ "permissions view;", "show interfaces", "view", true },
		{ "permissions view;", "clear services", "clear", false },
		{ "permissions view;", "configure", NULL, false },
		{ "permissions configure;", "configure private", NULL, true },
		{ "permissions configure;", "show interfaces", "view", false },
		{ "permissions configure;", "show configuration", NULL, true },
		{ "permissions clear;", "clear services", "clear", true },
		{ "permissions network;", "ping 10.0.0.1", NULL, true },
		{ "permissions view;", "ping 10.0.0.1", NULL, false },
		{ "permissions view;", "frobnicate", NULL, false },
		{ "permissions maintenance;", "frobnicate", NULL, true },
		{ "permissions all;", "request system reboot", "maintenance", true },
		{ "", "quit", NULL, true },
		{ "", "set cli screen-length", NULL, true },
		{ "", "set system", NULL, false },
		{ "", "show version", "view", false },
		{ "allow-commands \"show version\";", "show version", "view", true },
		{ "allow-commands \"SHOW VERS\";", "show version", "view", true },
		{ "permissions all; deny-commands \"show version\";", "show version", "view",
		    false },
		{ "permissions all; deny-commands \"show interfaces$\";", "show interfaces", "view",
		    false },
		{ "permissions all; deny-commands \"show interfaces$\";", "show interfaces terse",
		    "view", true },
		{ "permissions all; deny-commands \"^interfaces\";", "show interfaces", "view",
		    true },
		{ "permissions all; deny-commands interfaces;", "show interfaces", "view", false },
		{ "permissions all; deny-commands \".*\"; allow-commands \"show version\";",
		    "show version", "view", true },
		{ "permissions all; deny-commands \".*\"; allow-commands \"show version\";",
		    "show interfaces", "view", false },
		{ "permissions all; deny-commands \".*\";", "quit", NULL, true },
		{ "permissions all; deny-commands \"(((\";", "show version", "view", false },
		{ "allow-commands \"(((\";", "show version", "view", false },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct permit *p;
		struct permits *ps = permits_with(cases[i].class, &p);
		if (permit_command(p, cases[i].words, cases[i].bit) != cases[i].may)
			fail_msg("%s: %s", cases[i].class, cases[i].words);
		permits_free(ps);
	}
}

static void
parts_of_allowed_commands_are_offered(void **state)
{
	(void)state;
	const struct permit *p;
	struct permits *ps = permits_with("allow-commands \"show interfaces terse\";", &p);
	assert_true(permit_command_part(p, "show interfaces", "view"));
	assert_false(permit_command(p, "show interfaces", "view"));
	assert_false(permit_command_part(p, "show version", "view"));
	permits_free(ps);
	ps = permits_with("permissions view; deny-commands \"show interfaces$\";", &p);
	assert_true(permit_command_part(p, "show interfaces", "view"));
	permits_free(ps);
}

/* Every command of the schema asks for a bit that exists. */
static void
every_rpc_has_a_permission(void **state)
{
	(void)state;
	for (size_t i = 0; i < permit_schema->n_rpcs; i++) {
		unsigned bit = permit_bit_find(permit_schema->rpcs[i].permission);
		const char *words = permit_schema->rpcs[i].command;
		assert_true(bit < BITS);
		if (strncmp(words, "show ", 5) == 0)
			assert_true(bit == BIT_VIEW || bit == BIT_VIEW_CONFIGURATION);
		if (strncmp(words, "clear ", 6) == 0 && strcmp(words, "clear system commit") != 0)
			assert_true(bit == BIT_CLEAR || bit == BIT_CONFIGURE);
	}
}

static void
each_statement(const struct snode *s, void (*fn)(const struct snode *s))
{
	for (size_t i = 0; i < s->n_children; i++) {
		fn(s->children[i]);
		each_statement(s->children[i], fn);
	}
}

static void
statement_check(const struct snode *s)
{
	if (s->permission == NULL || permit_bit_find(s->permission) == BITS)
		fail_msg("%s has no permission", s->name);
	if (!s->is_secret)
		return;
	struct text line = { 0 };
	struct text hidden = { 0 };
	text_printf(&line, "set: [a b %s] tiger", s->name);
	permit_hide_secrets(text_str(&line), &hidden);
	if (strstr(text_str(&hidden), "tiger") != NULL)
		fail_msg("the log would show %s", s->name);
	text_done(&line);
	text_done(&hidden);
}

static void
every_statement_has_a_permission_and_no_secret_a_name_of_its_own(void **state)
{
	(void)state;
	each_statement(permit_schema->config, statement_check);
}

/* --- places --- */

static void
places_by_bit_and_expression(void **state)
{
	(void)state;
	static const struct {
		const char *class;
		const char *path;
		bool may_read;
		bool may_write;
	} cases[] = {
		{ "permissions interface;", "interfaces ge-0/0/0", true, false },
		{ "permissions interface-control;", "interfaces ge-0/0/0", true, true },
		{ "permissions interface-control;", "system host-name", false, false },
		{ "permissions view-configuration;", "system login", true, false },
		{ "permissions view-configuration;", "event-options", false, false },
		{ "permissions maintenance;", "event-options", true, true },
		{ "permissions system-control;", "system host-name", true, true },
		{ "permissions system-control;", "system login", false, false },
		{ "permissions admin-control;", "system login user x", true, true },
		{ "permissions admin-control;", "system", true, true }, /* it leads there */
		{ "permissions admin-control;", "system host-name", false, false },
		{ "permissions control;", "system login user x", true, true },
		{ "permissions edit;", "firewall", true, true },
		{ "permissions trace-control;", "services ipsec-vpn traceoptions", true, true },
		{ "permissions trace-control;", "services ipsec-vpn rule r", false, false },
		{ "permissions interface-control;",
		    "services ipsec-vpn ike policy p pre-shared-key ascii-text", true, false },
		{ "permissions [ interface-control secret-control ];",
		    "services ipsec-vpn ike policy p pre-shared-key ascii-text", true, true },
		{ "permissions interface-control;", "groups g interfaces ge-0/0/0", true, true },
		{ "permissions interface-control;", "groups g system host-name", false, false },
		{ "permissions all; deny-configuration \"system login\";", "system login user x",
		    false, false },
		{ "permissions all; deny-configuration \"system login\";",
		    "groups g system login user x", false, false },
		{ "permissions all; deny-configuration \"^system login\";",
		    "groups g system login user x", false, false },
		{ "permissions all; deny-configuration \"system login\";", "system host-name", true,
		    true },
		{ "permissions all; deny-configuration \"interfaces ge-0/0/0$\";",
		    "interfaces ge-0/0/0", false, false },
		{ "allow-configuration \"system ntp\";", "system ntp", true, true },
		{ "allow-configuration \"system ntp\";", "system", true, true },
		{ "allow-configuration \"system ntp\";", "system host-name", false, false },
		{ "allow-configuration \"rule r1\"; deny-configuration services;",
		    "services ipsec-vpn rule r1", true, true },
		{ "allow-configuration \"rule r1\"; permissions all; deny-configuration services;",
		    "services ipsec-vpn rule r2", true,
		    true }, /* as a place that may lead to one */
		{ "allow-configuration \"rule r1\"; permissions all; deny-configuration services;",
		    "services ipsec-vpn rule r2 match-direction", false, false },
		{ "permissions all; deny-configuration \"(((\";", "system host-name", false,
		    false },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct permit *p;
		struct permits *ps = permits_with(cases[i].class, &p);
		struct arena *a = arena_new();
		struct refusal e = { 0 };
		struct words w;
		struct path path;
		struct path top = { .s = permit_schema->config };
		assert_true(words_cut(a, cases[i].path, &w, &e));
		assert_true(path_walk(a, permit_schema->config, &top, &w, false, &path, &e));
		if (permit_path(p, &path, PERMIT_READ, 0, &e) != cases[i].may_read ||
		    permit_path(p, &path, PERMIT_WRITE, 0, &e) != cases[i].may_write)
			fail_msg("%s: %s", cases[i].class, cases[i].path);
		refusal_done(&e);
		arena_free(a);
		permits_free(ps);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_class_is_told_bit_by_bit),
		cmocka_unit_test(identity_is_that_of_the_host),
		cmocka_unit_test(what_is_inactive_is_not_there),
		cmocka_unit_test(commands_by_bit_and_expression),
		cmocka_unit_test(parts_of_allowed_commands_are_offered),
		cmocka_unit_test(every_rpc_has_a_permission),
		cmocka_unit_test(every_statement_has_a_permission_and_no_secret_a_name_of_its_own),
		cmocka_unit_test(places_by_bit_and_expression),
	};
	permit_schema_open();
	int rc = cmocka_run_group_tests(tests, NULL, NULL);
	permit_schema_close();
	return rc;
}
