/* SPDX-License-Identifier: BSD-2-Clause
 *
 * bpf_vm_test.c - programs that are refused, and what programs make of packets.
 */
#include "lib/base/bpf_vm.h"
#include "lib/base/text.h"

#include <linux/filter.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define OP(c, y, n, v)                                                          \
	{                                                                       \
		.code = (uint16_t)(c), .jt = (y), .jf = (n), .k = (uint32_t)(v) \
	}

enum { TAKE = 0xffff };

static size_t
through_text(const struct bpf_op *ops, size_t n, struct bpf_op *out)
{
	struct text t = { 0 };
	bpf_put(&t, ops, n);
	size_t got = bpf_read(text_str(&t), out);
	text_done(&t);
	return got;
}

static void
unsafe_programs_are_refused(void **state)
{
	static const struct {
		const char *why;
		size_t n;
		struct bpf_op ops[3];
	} cases[] = {
		{ "no return", 1, { OP(BPF_LD | BPF_IMM, 0, 0, 1) } },
		{ "jump behind the end", 2,
		    { OP(BPF_JMP | BPF_JA, 0, 0, 1), OP(BPF_RET, 0, 0, 0) } },
		{ "true behind the end", 2,
		    { OP(BPF_JMP | BPF_JEQ, 1, 0, 1), OP(BPF_RET, 0, 0, 0) } },
		{ "false behind the end", 2,
		    { OP(BPF_JMP | BPF_JEQ, 0, 1, 1), OP(BPF_RET, 0, 0, 0) } },
		{ "jump backwards", 2,
		    { OP(BPF_JMP | BPF_JA, 0, 0, 0xffffffff), OP(BPF_RET, 0, 0, 0) } },
		{ "memory", 2, { OP(BPF_ST, 0, 0, 16), OP(BPF_RET, 0, 0, 0) } },
		{ "memory read", 2, { OP(BPF_LD | BPF_MEM, 0, 0, 16), OP(BPF_RET, 0, 0, 0) } },
		{ "division", 2, { OP(BPF_ALU | BPF_DIV, 0, 0, 0), OP(BPF_RET, 0, 0, 0) } },
		{ "shift", 2, { OP(BPF_ALU | BPF_LSH, 0, 0, 32), OP(BPF_RET, 0, 0, 0) } },
		{ "unknown", 2, { OP(0xffff, 0, 0, 0), OP(BPF_RET, 0, 0, 0) } },
		{ "unknown return", 1, { OP(BPF_RET | BPF_X, 0, 0, 0) } },
		{ "ends in a jump", 1, { OP(BPF_JMP | BPF_JA, 0, 0, 0) } },
	};
	struct bpf_op out[BPF_OPS_MAX];
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (through_text(cases[i].ops, cases[i].n, out) != 0)
			fail_msg("%s", cases[i].why);
	assert_int_equal(bpf_read("", out), 0);
	assert_int_equal(bpf_read("00060000", out), 0);
	assert_int_equal(bpf_read("xx06000000000001", out), 0);
	assert_int_equal(bpf_read("0006000000000001", out), 1);
}

/* What `ip and tcp port 80` of a packet without link layer compiles to, by hand. */
static void
tcp_port_is_found(void **state)
{
	static const struct bpf_op program[] = {
		OP(BPF_LD | BPF_B | BPF_ABS, 0, 0, 0),
		OP(BPF_ALU | BPF_RSH, 0, 0, 4),
		OP(BPF_JMP | BPF_JEQ, 0, 6, 4),
		OP(BPF_LD | BPF_B | BPF_ABS, 0, 0, 9),
		OP(BPF_JMP | BPF_JEQ, 0, 4, 6),
		OP(BPF_LDX | BPF_B | BPF_MSH, 0, 0, 0),
		OP(BPF_LD | BPF_H | BPF_IND, 0, 0, 2),
		OP(BPF_JMP | BPF_JEQ, 0, 1, 80),
		OP(BPF_RET, 0, 0, TAKE),
		OP(BPF_RET, 0, 0, 0),
	};
	struct bpf_op ops[BPF_OPS_MAX];
	uint8_t p[40] = { [0] = 0x45, [9] = 6, [23] = 80 };
	(void)state;
	assert_int_equal(through_text(program, 10, ops), 10);
	assert_true(bpf_takes(ops, p, sizeof(p), sizeof(p)));
	assert_false(bpf_takes(ops, p, 23, sizeof(p))); /* beyond what is there */
	p[9] = 17;
	assert_false(bpf_takes(ops, p, sizeof(p), sizeof(p)));
	p[9] = 6;
	p[0] = 0x46; /* options: the port is elsewhere */
	assert_false(bpf_takes(ops, p, sizeof(p), sizeof(p)));
	p[27] = 80;
	assert_true(bpf_takes(ops, p, sizeof(p), sizeof(p)));
}

/* A = LEN; each step must give what the last comparison wants. */
static void
arithmetic_is_right(void **state)
{
	static const struct {
		uint16_t op;
		uint32_t k;
		uint32_t len;
		uint32_t want;
	} cases[] = {
		{ BPF_ADD, 5, 100, 105 },
		{ BPF_SUB, 101, 100, 0xffffffff },
		{ BPF_MUL, 3, 100, 300 },
		{ BPF_DIV, 7, 100, 14 },
		{ BPF_MOD, 7, 100, 2 },
		{ BPF_AND, 0x60, 100, 0x60 },
		{ BPF_OR, 1, 100, 101 },
		{ BPF_XOR, 0xff, 100, 155 },
		{ BPF_LSH, 2, 100, 400 },
		{ BPF_RSH, 2, 100, 25 },
		{ BPF_NEG, 0, 100, 0xffffff9c },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct bpf_op program[] = {
			OP(BPF_LD | BPF_LEN, 0, 0, 0),
			OP(BPF_ALU | cases[i].op, 0, 0, cases[i].k),
			OP(BPF_ST, 0, 0, 3),
			OP(BPF_LDX | BPF_IMM, 0, 0, cases[i].want),
			OP(BPF_LD | BPF_MEM, 0, 0, 3),
			OP(BPF_JMP | BPF_JEQ | BPF_X, 0, 1, 0),
			OP(BPF_RET, 0, 0, 1),
			OP(BPF_RET, 0, 0, 0),
		};
		struct bpf_op ops[BPF_OPS_MAX];
		assert_int_equal(through_text(program, 8, ops), 8);
		if (!bpf_takes(ops, (const uint8_t *)"", 0, cases[i].len))
			fail_msg("operation %#x", cases[i].op);
	}
	/* what cannot be seen before */
	const struct bpf_op zero[] = { OP(BPF_ALU | BPF_DIV | BPF_X, 0, 0, 0),
		OP(BPF_RET, 0, 0, 1) };
	struct bpf_op ops[BPF_OPS_MAX];
	assert_int_equal(through_text(zero, 2, ops), 2);
	assert_false(bpf_takes(ops, (const uint8_t *)"", 0, 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unsafe_programs_are_refused),
		cmocka_unit_test(tcp_port_is_found),
		cmocka_unit_test(arithmetic_is_right),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
