/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ping_text_fuzz.c - any text at all as what ping says; the first octet chooses rapid and the count.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/ping_text.h"
#include "lib/base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	struct ping_text p = { .is_rapid = (data[0] & 1) != 0, .count = data[0] };
	struct text out = { 0 };
	char *copy = malloc(size);
	if (copy == NULL)
		abort();
	memcpy(copy, data + 1, size - 1);
	copy[size - 1] = '\0';
	for (char *line = copy; line != NULL;) {
		char *end = strchr(line, '\n');
		if (end != NULL)
			*end++ = '\0';
		ping_text_line(&p, line, &out);
		line = end;
	}
	free(copy);
	text_done(&out);
	return 0;
}
