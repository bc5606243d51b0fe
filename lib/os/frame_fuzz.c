/* SPDX-License-Identifier: BSD-2-Clause
 *
 * frame_fuzz.c - any bytes, in any portions, into the frame reader and the element decoder behind it.
 *
 * The first byte chooses the portions. Cutting the stream differently must give the same frames.
 */
#include "lib/base/arena.h"
#include "lib/msg/elem.h"
#include "lib/os/frame.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Returns a checksum over the frames read. */
static uint64_t
stream_run(const uint8_t *p, size_t n, size_t portion)
{
	struct frame_in in = { 0 };
	uint64_t sum = 0;
	bool is_bad = false;
	for (size_t off = 0; off < n && !is_bad; off += portion) {
		frame_in_bytes(&in, p + off, n - off < portion ? n - off : portion);
		for (;;) {
			struct frame f;
			const char *why = NULL;
			enum frame_result got = frame_in_next(&in, &f, &why);
			is_bad = got == FRAME_BAD;
			if (is_bad && why == NULL)
				abort();
			if (got != FRAME_GOT)
				break;
			struct arena *a = arena_new();
			sum = sum * 31 + f.type + f.seq + rd_left(&f.payload);
			elem_decode(a, &f.payload);
			arena_free(a);
		}
	}
	frame_in_done(&in);
	return sum * 2 + is_bad;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	uint64_t whole = stream_run(data + 1, size - 1, size);
	if (stream_run(data + 1, size - 1, (size_t)data[0] + 1) != whole)
		abort();
	return 0;
}
