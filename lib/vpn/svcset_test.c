/* SPDX-License-Identifier: BSD-2-Clause
 *
 * svcset_test.c - directions, units, mirror and identities of hand-made service sets.
 */
#include "lib/vpn/svcset.h"

#include "lib/base/arena.h"
#include "lib/conf/conf.h"
#include "lib/vpn/rule.h"
#include "lib/vpn/tunnel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct prefix
pfx(const char *text)
{
	struct prefix p;
	assert_true(prefix_parse(text, &p));
	return p;
}

static struct addr
ip(const char *text)
{
	struct addr a;
	assert_true(addr_parse(text, &a));
	return a;
}

/* "sp-1/2/0.7" is unit 7. */
static uint32_t
unit_number(const char *unit, void *arg)
{
	(void)arg;
	return (uint32_t)atoi(unit + 9);
}

static uint32_t
lookup(const struct svcset *s, bool is_input, uint32_t unit, const char *src, const char *dst)
{
	struct addr a = ip(src);
	struct addr b = ip(dst);
	return svcset_lookup(s, is_input, unit, &a, &b);
}

static void
rules_of_the_other_direction_are_not_considered(void **state)
{
	(void)state;
	struct conf_rule in = { .name = "in", .direction = MATCH_INPUT };
	struct conf_rule out = { .name = "out", .direction = MATCH_OUTPUT };
	struct conf_term terms[] = {
		{ .rule = &in,
		    .inside_unit = "sp-1/2/0.3",
		    .source = pfx("10.1.0.0/16"),
		    .destination = pfx("10.2.0.0/16") },
		{ .rule = &out, .source = pfx("10.1.0.0/16"), .destination = pfx("10.3.0.0/16") },
		{ .rule = &in, .source = pfx("2001:db8:1::/48"), .destination = pfx("::/0") },
	};
	struct conf_tunnel tunnels[] = { { &terms[0], 1, 0, 1500 }, { &terms[1], 2, 0, 1500 },
		{ &terms[2], 3, 0, 1500 } };
	struct conf_service_set set = { .name = "s", .tunnels = tunnels, .n_tunnels = 3 };
	struct arena *a = arena_new();
	struct svcset s = svcset_build(a, &set, unit_number, NULL);

	assert_int_equal(lookup(&s, true, 3, "10.1.0.1", "10.2.0.1"), 0);
	assert_int_equal(lookup(&s, true, 4, "10.1.0.1", "10.2.0.1"), SVCSET_NO_TUNNEL);
	assert_int_equal(lookup(&s, false, 3, "10.1.0.1", "10.2.0.1"), SVCSET_NO_TUNNEL);
	assert_int_equal(lookup(&s, false, RULE_UNIT_ANY, "10.1.0.1", "10.3.0.1"), 1);
	assert_int_equal(lookup(&s, true, 3, "10.1.0.1", "10.3.0.1"), SVCSET_NO_TUNNEL);
	assert_int_equal(lookup(&s, true, 9, "2001:db8:1::5", "2001:db8:2::5"), 2);

	struct addr remote = ip("10.3.9.9");
	struct addr local = ip("10.1.9.9");
	assert_true(svcset_wants_protection(&s, &remote, &local));
	assert_false(svcset_wants_protection(&s, &local, &remote));
	arena_free(a);
}

static void
selectors_are_the_mirror_of_from(void **state)
{
	(void)state;
	struct conf_term t = { .source = pfx("10.1.2.3/16"), .destination = pfx("10.2.0.0/16") };
	struct tunnel_selectors s = tunnel_selectors(&t);
	assert_true(tunnel_admits(&s, ip("10.2.0.1"), ip("10.1.0.1")));
	assert_false(tunnel_admits(&s, ip("10.1.0.1"), ip("10.2.0.1")));
	assert_false(tunnel_admits(&s, ip("10.2.0.1"), ip("10.3.0.1")));
	struct conf_term any = { 0 };
	s = tunnel_selectors(&any);
	assert_true(tunnel_admits(&s, ip("192.0.2.1"), ip("203.0.113.1")));
	assert_false(tunnel_admits(&s, ip("2001:db8::1"), ip("2001:db8::2")));
}

static void
identities_are_written_as_the_show_command_has_them(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{ "10.1.0.0/16", "ipv4_subnet(any:0,[0..7]=10.1.0.0/16)" },
		{ "0.0.0.0/0", "ipv4_subnet(any:0,[0..7]=0.0.0.0/0)" },
		{ "10.1.0.1/32", "ipv4(any:0,[0..3]=10.1.0.1)" },
		{ "2001:db8::/32", "ipv6_subnet(any:0,[0..31]=2001:db8::/32)" },
		{ "2001:db8::1/128", "ipv6(any:0,[0..15]=2001:db8::1)" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char buf[IDENTITY_STRLEN];
		assert_string_equal(tunnel_identity(pfx(cases[i][0]), buf), cases[i][1]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_of_the_other_direction_are_not_considered),
		cmocka_unit_test(selectors_are_the_mirror_of_from),
		cmocka_unit_test(identities_are_written_as_the_show_command_has_them),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
