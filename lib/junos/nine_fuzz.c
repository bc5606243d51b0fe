/* SPDX-License-Identifier: BSD-2-Clause
 *
 * nine_fuzz.c - any bytes as a $9$ string; what it hides must survive being hidden again.
 */
#include "lib/junos/nine.h"

#include "lib/base/text.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text in = { 0 };
	struct text plain = { 0 };
	text_putn(&in, (const char *)data, size);
	if (nine_decode(text_str(&in), &plain)) {
		struct text hidden = { 0 };
		struct text again = { 0 };
		nine_encode(text_str(&plain), (uint32_t)size, &hidden);
		if (!nine_decode(text_str(&hidden), &again) ||
		    strcmp(text_str(&again), text_str(&plain)) != 0)
			abort();
		text_done(&hidden);
		text_done(&again);
	}
	text_done(&in);
	text_done(&plain);
	return 0;
}
