/* SPDX-License-Identifier: BSD-2-Clause
 *
 * matching_test.c - filter expressions take the packets that they should, and errors say where.
 */
#include "cli/matching.h"
#include "lib/base/bpf_vm.h"
#include "lib/base/text.h"

#include <dlfcn.h>
#include <netdb.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
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

/* --- names --- */

static unsigned n_asked;
static char asked[64];

/* In the place of libc's: libpcap asks for names of hosts here. Services, without a host, are left to the file. */
int
getaddrinfo(const char *restrict node, const char *restrict service,
    const struct addrinfo *restrict hints, struct addrinfo **restrict out)
{
	int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
	void *at = dlsym(RTLD_NEXT, "getaddrinfo");
	memcpy(&real, &at, sizeof(real));
	if (node == NULL || strchr(node, ':') != NULL) /* nobody is asked for an address */
		return real(node, service, hints, out);
	n_asked++;
	snprintf(asked, sizeof(asked), "%s", node);
	if (strcmp(node, "nobody.example") == 0)
		return EAI_NONAME;
	return real(strncmp(node, "six", 3) == 0 ? "2001:db8::7" : "10.2.0.1", service, hints, out);
}

static void
names_are_asked_for_once(void **state)
{
	static const struct {
		const char *expression;
		const char *error; /* NULL: none */
		unsigned n_asked;
	} cases[] = {
		{ "host one.example", NULL, 1 },
		{ "tcp port http and src host one.example", NULL, 1 },
		{ "host one.example or two.example", NULL, 2 },
		{ "host one.example and not (src two.example or dst port domain)", NULL, 2 },
		{ "ip6 host six.example and len <= 40", NULL, 1 },
		{ "tcp[tcpflags] & (tcp-syn|tcp-ack) != 0 and dst one", NULL, 1 },
		{ "port http or https", NULL, 0 },
		{ "ip6 proto \\tcp and ip6 src six", NULL, 1 },
		{ "host nobody.example", "matching: unknown host 'nobody.example'", 1 },
		{ "host one.example udp", "matching: syntax error at 'udp'", 0 },
		{ "host one.example and tcp port 80 udp or host two",
		    "matching: syntax error at 'udp or host two'", 0 },
		{ "(src one.example or dst two.example",
		    "matching: syntax error at the end, something is missing", 0 },
		{ "host one and two and and three", "matching: syntax error at 'and three'", 0 },
		{ "ip6 host six and and udp", "matching: syntax error at 'and udp'", 0 },
		{ "ip6 src six or dst six udp", "matching: syntax error at 'udp'", 0 },
		{ "host nobody.example and and udp", "matching: syntax error at 'and udp'", 0 },
		{ "port http https", "matching: syntax error at 'https'", 0 },
		{ "src one two", "matching: syntax error at 'two'", 0 },
	};
	struct text t = { 0 };
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		n_asked = 0;
		bool is_good = matching_compile(cases[i].expression, &t);
		if (is_good != (cases[i].error == NULL) || n_asked != cases[i].n_asked)
			fail_msg("%s: asked %u times, last for %s: %s", cases[i].expression,
			    n_asked, asked, text_str(&t));
		if (cases[i].error != NULL)
			assert_string_equal(text_str(&t), cases[i].error);
		text_reset(&t);
	}
	text_done(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(expressions_take_packets),
		cmocka_unit_test(errors_name_the_place),
		cmocka_unit_test(names_are_asked_for_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
