/* SPDX-License-Identifier: BSD-2-Clause
 *
 * elem_fuzz.c - any bytes into the element decoder; what it accepts must encode to the same bytes.
 */
#include "lib/msg/elem.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new();
	struct rd r = rd_init(data, size);
	struct elem *e = elem_decode(a, &r);
	if (e != NULL) {
		size_t used = size - rd_left(&r);
		struct wr w = wr_grow();
		elem_encode(&w, e);
		if (!wr_ok(&w) || w.len != used || memcmp(w.buf, data, used) != 0)
			abort();
		wr_free(&w);
	}
	arena_free(a);
	return 0;
}
