/* SPDX-License-Identifier: BSD-2-Clause
 *
 * matching_test.c - filter expressions take the packets that they should, and errors say where.
 */
#include "cli/matching.h"
#include "lib/base/bpf_vm.h"
#include "lib/base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* TCP from 10.1.0.1 port 4000 to 10.2.0.1 port 80. */
static const uint8_t tcp[40] = { 0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 10, 1, 0, 1, 10, 2, 0, 1,
	0x0f, 0xa0, 0, 80, [33] = 0x12 };
static const uint8_t esp[40] = { 0x45, 0, 0, 40, 0, 0, 0, 0, 64, 50, 0, 0, 192, 0, 2, 1, 192, 0, 2,
	2 };

static void
expressions_take_packets(void **state)
{
	static const struct {
		const char *expression;
		bool takes_tcp;
		bool takes_esp;
	} cases[] = {
		{ "", true, true },
		{ "tcp port 80", true, false },
		{ "tcp port 81", false, false },
		{ "esp", false, true },
		{ "host 10.2.0.1 and not udp", true, false },
		{ "net 192.0.2.0/24 or (src net 10.1.0.0/16 and dst port 80)", true, true },
		{ "tcp[tcpflags] & (tcp-syn|tcp-ack) != 0", true, false },
		{ "ip[8] = 64 and len <= 40", true, true },
		{ "ip6", false, false },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bpf_op ops[BPF_OPS_MAX];
		struct text t = { 0 };
		if (!matching_compile(cases[i].expression, &t) || bpf_read(text_str(&t), ops) == 0)
			fail_msg("%s: %s", cases[i].expression, text_str(&t));
		text_done(&t);
		if (bpf_takes(ops, tcp, sizeof(tcp), sizeof(tcp)) != cases[i].takes_tcp ||
		    bpf_takes(ops, esp, sizeof(esp), sizeof(esp)) != cases[i].takes_esp)
			fail_msg("%s", cases[i].expression);
	}
}

static void
errors_name_the_place(void **state)
{
	static const struct {
		const char *expression;
		const char *error;
	} cases[] = {
		{ "tcp port 80 udp", "matching: syntax error at 'udp'" },
		{ "tcp and and port 80", "matching: syntax error at 'and port 80'" },
		{ "(tcp port 80", "matching: syntax error at the end, something is missing" },
		{ "tcp or", "matching: syntax error at the end, something is missing" },
		{ "host 10.0.0.1) or udp", "matching: syntax error at ') or udp'" },
		{ "tcp[2:2 = 80", "matching: syntax error at '= 80'" },
	};
	struct text t = { 0 };
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_false(matching_compile(cases[i].expression, &t));
		assert_string_equal(text_str(&t), cases[i].error);
		text_reset(&t);
	}
	/* other errors name what they are about themselves */
	assert_false(matching_compile("port nonsense-port", &t));
	assert_non_null(strstr(text_str(&t), "nonsense-port"));
	text_done(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(expressions_take_packets),
		cmocka_unit_test(errors_name_the_place),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
