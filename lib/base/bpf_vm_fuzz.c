/* SPDX-License-Identifier: BSD-2-Clause
 *
 * bpf_vm_fuzz.c - any program, in hexadecimal digits up to the first newline, on any packet behind it.
 */
#include "lib/base/bpf_vm.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bpf_op ops[BPF_OPS_MAX];
	const uint8_t *end = memchr(data, '\n', size);
	if (end == NULL)
		return 0;
	char *text = strndup((const char *)data, (size_t)(end - data));
	size_t captured = size - (size_t)(end + 1 - data);
	uint8_t *packet = malloc(captured + 1); /* of exactly its length, for the sanitizer */
	if (text == NULL || packet == NULL)
		abort();
	memcpy(packet, end + 1, captured);
	if (bpf_read(text, ops) > 0)
		(void)bpf_takes(ops, packet, (uint32_t)captured, (uint32_t)captured);
	free(packet);
	free(text);
	return 0;
}
