/* SPDX-License-Identifier: BSD-2-Clause
 *
 * tool_test.c - how ping and traceroute are called, and what is made of ping's words.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "cli/ping_text.h"
#include "cli/tool.h"
#include "lib/base/arena.h"
#include "lib/base/text.h"
#include "lib/msg/elem.h"

/* "ping host=192.0.2.1 rapid" as a request. */
static const struct elem *
request_of(struct arena *a, const char *text)
{
	char *copy = arena_strdup(a, text);
	char *save = NULL;
	struct elem *e = elem_new(a, strtok_r(copy, " ", &save));
	for (char *w = strtok_r(NULL, " ", &save); w != NULL; w = strtok_r(NULL, " ", &save)) {
		char *equals = strchr(w, '=');
		if (equals == NULL) {
			elem_flag(a, e, w);
			continue;
		}
		*equals = '\0';
		elem_leaf(a, e, w, equals + 1);
	}
	return e;
}

static void
options_become_those_of_the_program(void **state)
{
	static const char *const cases[][3] = {
		{ "ping host=192.0.2.1", "facts", "ping 192.0.2.1" },
		{ "ping host=gw.example.net count=3 size=1400 do-not-fragment no-resolve", "facts",
		    "ping -c 3 -M do -n -s 1400 gw.example.net" },
		{ "ping host=192.0.2.1 rapid", "facts", "ping -A -c 5 -W 1 192.0.2.1" },
		{ "ping host=192.0.2.1 rapid count=9 wait=2", "facts",
		    "ping -c 9 -A -W 2 192.0.2.1" },
		{ "ping host=fe80::1 interface=ge-0/0/0.0 inet6 source=fe80::2",
		    "facts device=eth0", "ping -6 -I fe80::2 -I eth0 fe80::1" },
		{ "ping host=192.0.2.1 routing-instance=red", "facts vrf=red",
		    "ping -I red 192.0.2.1" },
		{ "ping host=192.0.2.1 interface=ge-0/0/0.0 routing-instance=red",
		    "facts device=eth0 vrf=red", "ping -I eth0 192.0.2.1" },
		{ "ping host=192.0.2.1 pattern=00ff ttl=3 tos=16 interval=2 record-route verbose "
		  "bypass-routing inet",
		    "facts", "ping -r -4 -i 2 -p 00ff -R -Q 16 -t 3 -v 192.0.2.1" },
		{ "traceroute host=192.0.2.1 source=192.0.2.9 ttl=9 wait=2 gateway=192.0.2.8 "
		  "no-resolve tos=8",
		    "facts", "traceroute -g 192.0.2.8 -n -s 192.0.2.9 -t 8 -m 9 -w 2 192.0.2.1" },
		{ "traceroute host=192.0.2.1 interface=sp-1/2/0.1", "facts device=sp-1-2-0.1",
		    "traceroute -i sp-1-2-0.1 192.0.2.1" },
		/* refused */
		{ "ping", "facts", "error: invalid host\n" },
		{ "ping host=-f", "facts", "error: invalid host\n" },
		{ "ping host=a;b", "facts", "error: invalid host\n" },
		{ "ping host=a count=-1", "facts", "error: invalid value of count\n" },
		{ "ping host=a source=eth0", "facts", "error: invalid value of source\n" },
		{ "ping host=a", "facts device=-f", "error: invalid value of interface\n" },
		{ "ping host=a", "facts device=0123456789abcdef",
		    "error: invalid value of interface\n" },
		{ "traceroute host=a as-number-lookup", "facts",
		    "error: option as-number-lookup is not supported\n" },
		{ "sh host=a", "facts", "error: no program for sh\n" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arena *a = arena_new();
		struct text got = { 0 };
		const char *argv[TOOL_ARGS_MAX];
		if (tool_arguments(
			request_of(a, cases[i][0]), request_of(a, cases[i][1]), a, argv, &got))
			for (size_t k = 0; argv[k] != NULL; k++)
				text_printf(&got, "%s%s", k > 0 ? " " : "", argv[k]);
		assert_string_equal(text_str(&got), cases[i][2]);
		text_done(&got);
		arena_free(a);
	}
}

static void
lines_check(struct ping_text *p, const char *const *lines, const char *want)
{
	struct text got = { 0 };
	for (; *lines != NULL; lines++)
		ping_text_line(p, *lines, &got);
	assert_string_equal(text_str(&got), want);
	text_done(&got);
}

static void
words_of_ping_are_those_of_junos(void **state)
{
	static const char *const lines[] = { "PING gw (192.0.2.2) 56(84) bytes of data.",
		"64 bytes from 192.0.2.2: icmp_seq=1 ttl=64 time=0.042 ms",
		"no answer yet for icmp_seq=2",
		"From 192.0.2.1 icmp_seq=3 Destination Host Unreachable", "",
		"--- gw ping statistics ---",
		"3 packets transmitted, 1 received, +1 errors, 66% packet loss, time 2003ms",
		"rtt min/avg/max/mdev = 0.042/0.042/0.042/0.000 ms, pipe 2", "", NULL };
	struct ping_text p = { 0 };
	(void)state;
	lines_check(&p, lines,
	    "PING gw (192.0.2.2): 56 data bytes\n"
	    "64 bytes from 192.0.2.2: icmp_seq=0 ttl=64 time=0.042 ms\n"
	    "36 bytes from 192.0.2.1: Destination Host Unreachable\n"
	    "\n"
	    "--- gw ping statistics ---\n"
	    "3 packets transmitted, 1 packets received, 66% packet loss\n"
	    "round-trip min/avg/max/stddev = 0.042/0.042/0.042/0.000 ms\n");
}

static void
rapid_ping_is_a_row_of_marks(void **state)
{
	static const char *const lines[] = { "PING ::1(::1) from ::1 : 1000 data bytes",
		"1008 bytes from ::1: icmp_seq=1 ttl=64 time=0.042 ms",
		"From ::1 icmp_seq=2 Destination unreachable: No route",
		"1008 bytes from ::1: icmp_seq=4 ttl=64 time=0.042 ms", "",
		"--- ::1 ping statistics ---",
		"5 packets transmitted, 2 received, +1 errors, 60% packet loss, time 3ms", NULL };
	struct ping_text p = { .is_rapid = true, .count = 5 };
	(void)state;
	lines_check(&p, lines,
	    "PING ::1 (::1): 1000 data bytes\n"
	    "!..!.\n"
	    "--- ::1 ping statistics ---\n"
	    "5 packets transmitted, 2 packets received, 60% packet loss\n");
}

static void
unknown_words_stay(void **state)
{
	static const char *const lines[] = { "ping: nosuch: Name or service not known",
		"ping: local error: message too long, mtu=1500", "RR: \t192.0.2.1",
		"64 bytes from x: icmp_seq=", "PING (", "packets transmitted", NULL };
	struct ping_text p = { 0 };
	(void)state;
	lines_check(&p, lines,
	    "ping: cannot resolve nosuch: Unknown host\nping: sendto: Message too long\n"
	    "RR: \t192.0.2.1\n64 bytes from x: icmp_seq=\nPING (\npackets transmitted\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_become_those_of_the_program),
		cmocka_unit_test(words_of_ping_are_those_of_junos),
		cmocka_unit_test(rapid_ping_is_a_row_of_marks),
		cmocka_unit_test(unknown_words_stay),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
