/* SPDX-License-Identifier: BSD-2-Clause
 *
 * bpf_vm.c - packet filters; see bpf_vm.h.
 *
 * Jumps go forward and stay inside, the last instruction returns, so a program of N instructions ends after N at most.
 */
#include "lib/base/bpf_vm.h"

#include "lib/base/hex.h"

#include <linux/filter.h>

enum { OP_LEN = 8, SHIFT_MAX = 31 };

void
bpf_put(struct text *out, const struct bpf_op *ops, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t k = ops[i].k;
		const uint8_t octets[OP_LEN] = { (uint8_t)(ops[i].code >> 8), (uint8_t)ops[i].code,
			ops[i].jt, ops[i].jf, (uint8_t)(k >> 24), (uint8_t)(k >> 16),
			(uint8_t)(k >> 8), (uint8_t)k };
		hex_put(out, octets, sizeof(octets));
	}
}

/* --- checking --- */

static bool
is_load(const struct bpf_op *o)
{
	bool is_x = BPF_CLASS(o->code) == BPF_LDX;
	switch (o->code & ~BPF_CLASS(o->code)) {
	case BPF_W | BPF_IMM:
	case BPF_W | BPF_LEN:
		return true;
	case BPF_W | BPF_MEM:
		return o->k < BPF_MEMWORDS;
	case BPF_B | BPF_MSH:
		return is_x;
	case BPF_W | BPF_ABS:
	case BPF_H | BPF_ABS:
	case BPF_B | BPF_ABS:
	case BPF_W | BPF_IND:
	case BPF_H | BPF_IND:
	case BPF_B | BPF_IND:
		return !is_x;
	default:
		return false;
	}
}

static bool
is_alu(const struct bpf_op *o)
{
	bool is_k = BPF_SRC(o->code) == BPF_K;
	switch (o->code & ~(BPF_ALU | BPF_X)) {
	case BPF_ADD:
	case BPF_SUB:
	case BPF_MUL:
	case BPF_AND:
	case BPF_OR:
	case BPF_XOR:
		return true;
	case BPF_DIV:
	case BPF_MOD:
		return !is_k || o->k != 0;
	case BPF_LSH:
	case BPF_RSH:
		return !is_k || o->k <= SHIFT_MAX;
	case BPF_NEG:
		return is_k;
	default:
		return false;
	}
}

/* LEFT: instructions behind this one. */
static bool
is_jump(const struct bpf_op *o, size_t left)
{
	if (o->code == (BPF_JMP | BPF_JA))
		return o->k < left;
	switch (o->code & ~(BPF_JMP | BPF_X)) {
	case BPF_JEQ:
	case BPF_JGT:
	case BPF_JGE:
	case BPF_JSET:
		return o->jt < left && o->jf < left;
	default:
		return false;
	}
}

static bool
is_safe(const struct bpf_op *o, size_t left)
{
	switch (BPF_CLASS(o->code)) {
	case BPF_LD:
	case BPF_LDX:
		return left > 0 && is_load(o);
	case BPF_ST:
	case BPF_STX:
		return left > 0 && o->code == BPF_CLASS(o->code) && o->k < BPF_MEMWORDS;
	case BPF_ALU:
		return left > 0 && is_alu(o);
	case BPF_JMP:
		return is_jump(o, left);
	case BPF_RET:
		return o->code == (BPF_RET | BPF_K) || o->code == (BPF_RET | BPF_A);
	default:
		return left > 0 &&
		       (o->code == (BPF_MISC | BPF_TAX) || o->code == (BPF_MISC | BPF_TXA));
	}
}

size_t
bpf_read(const char *text, struct bpf_op out[BPF_OPS_MAX])
{
	uint8_t octets[BPF_OPS_MAX * OP_LEN];
	size_t len;
	if (!hex_read(text, octets, sizeof(octets), &len) || len % OP_LEN != 0)
		return 0;
	size_t n = len / OP_LEN;
	for (size_t i = 0; i < n; i++) {
		const uint8_t *p = octets + i * OP_LEN;
		out[i] = (struct bpf_op){
			.code = (uint16_t)(p[0] << 8 | p[1]),
			.jt = p[2],
			.jf = p[3],
			.k = (uint32_t)p[4] << 24 | (uint32_t)p[5] << 16 | (uint32_t)p[6] << 8 |
			     p[7],
		};
		if (!is_safe(&out[i], n - 1 - i))
			return 0;
	}
	return n;
}

/* --- running --- */

struct run {
	uint32_t a;
	uint32_t x;
	uint32_t memory[BPF_MEMWORDS];
	const uint8_t *p;
	uint32_t captured;
	uint32_t len;
};

/* Reads a number of N octets. */
static bool
octets_get(const struct run *r, uint64_t at, unsigned n, uint32_t *out)
{
	uint32_t v = 0;
	if (at + n > r->captured)
		return false;
	for (unsigned i = 0; i < n; i++)
		v = v << 8 | r->p[at + i];
	*out = v;
	return true;
}

/* False: there is no such octet. */
static bool
load(struct run *r, const struct bpf_op *o)
{
	uint32_t *to = BPF_CLASS(o->code) == BPF_LD ? &r->a : &r->x;
	unsigned n = BPF_SIZE(o->code) == BPF_W ? 4 : BPF_SIZE(o->code) == BPF_H ? 2 : 1;
	switch (BPF_MODE(o->code)) {
	case BPF_IMM:
		*to = o->k;
		return true;
	case BPF_LEN:
		*to = r->len;
		return true;
	case BPF_MEM:
		*to = r->memory[o->k];
		return true;
	case BPF_ABS:
		return octets_get(r, o->k, n, to);
	case BPF_IND:
		return octets_get(r, (uint64_t)r->x + o->k, n, to);
	default: /* BPF_MSH */
		if (!octets_get(r, o->k, 1, to))
			return false;
		*to = (*to & 0xf) * 4;
		return true;
	}
}

/* False: division by zero. */
static bool
compute(struct run *r, const struct bpf_op *o)
{
	uint32_t v = BPF_SRC(o->code) == BPF_X ? r->x : o->k;
	switch (BPF_OP(o->code)) {
	case BPF_ADD:
		r->a += v;
		return true;
	case BPF_SUB:
		r->a -= v;
		return true;
	case BPF_MUL:
		r->a *= v;
		return true;
	case BPF_AND:
		r->a &= v;
		return true;
	case BPF_OR:
		r->a |= v;
		return true;
	case BPF_XOR:
		r->a ^= v;
		return true;
	case BPF_LSH:
		r->a = v <= SHIFT_MAX ? r->a << v : 0;
		return true;
	case BPF_RSH:
		r->a = v <= SHIFT_MAX ? r->a >> v : 0;
		return true;
	case BPF_NEG:
		r->a = -r->a;
		return true;
	default: /* BPF_DIV, BPF_MOD */
		if (v == 0)
			return false;
		r->a = BPF_OP(o->code) == BPF_DIV ? r->a / v : r->a % v;
		return true;
	}
}

/* How many instructions are skipped. */
static uint32_t
jump(const struct run *r, const struct bpf_op *o)
{
	uint32_t v = BPF_SRC(o->code) == BPF_X ? r->x : o->k;
	switch (BPF_OP(o->code)) {
	case BPF_JA:
		return o->k;
	case BPF_JEQ:
		return r->a == v ? o->jt : o->jf;
	case BPF_JGT:
		return r->a > v ? o->jt : o->jf;
	case BPF_JGE:
		return r->a >= v ? o->jt : o->jf;
	default: /* BPF_JSET */
		return (r->a & v) != 0 ? o->jt : o->jf;
	}
}

bool
bpf_takes(const struct bpf_op *ops, const uint8_t *p, uint32_t captured, uint32_t len)
{
	struct run r = { .p = p, .captured = captured, .len = len };
	for (const struct bpf_op *o = ops;; o++) {
		switch (BPF_CLASS(o->code)) {
		case BPF_LD:
		case BPF_LDX:
			if (!load(&r, o))
				return false;
			break;
		case BPF_ST:
			r.memory[o->k] = r.a;
			break;
		case BPF_STX:
			r.memory[o->k] = r.x;
			break;
		case BPF_ALU:
			if (!compute(&r, o))
				return false;
			break;
		case BPF_JMP:
			o += jump(&r, o);
			break;
		case BPF_RET:
			return (BPF_RVAL(o->code) == BPF_A ? r.a : o->k) != 0;
		default: /* BPF_MISC */
			if (BPF_MISCOP(o->code) == BPF_TAX)
				r.x = r.a;
			else
				r.a = r.x;
		}
	}
}
