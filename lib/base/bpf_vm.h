/* SPDX-License-Identifier: BSD-2-Clause
 *
 * bpf_vm.h - packet filters: programs of the classic Berkeley packet filter, checked and run.
 *
 * Who writes a filter expression has it compiled where nothing can go wrong with it, in his own process; what arrives here is a
 * list of instructions from a stranger. bpf_read() accepts only what certainly ends and touches nothing but the packet and
 * 16 words of memory. Pure; any thread.
 */
#ifndef BPF_VM_H
#define BPF_VM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text;

enum { BPF_OPS_MAX = 512 };

struct bpf_op {
	uint16_t code;
	uint8_t jt; /* instructions to skip if a comparison is true, or not */
	uint8_t jf;
	uint32_t k;
};

/* Writes N instructions as one line of hexadecimal digits. */
void bpf_put(struct text *out, const struct bpf_op *ops, size_t n);

/* Reads what bpf_put() wrote into OUT. Returns how many instructions there are; 0: TEXT is none, or they are not safe to run. */
__attribute__((warn_unused_result)) size_t bpf_read(
    const char *text, struct bpf_op out[BPF_OPS_MAX]);

/* Does the program OPS, of bpf_read(), take a packet of LEN octets, of which P holds the first CAPTURED? What reads
 * beyond those does not. */
bool bpf_takes(const struct bpf_op *ops, const uint8_t *p, uint32_t captured, uint32_t len);

#endif
