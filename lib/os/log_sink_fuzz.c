/* SPDX-License-Identifier: BSD-2-Clause
 *
 * log_sink_fuzz.c - any text as a line and any tree as a place: nothing that controls a terminal gets through.
 */
#include "lib/os/log_sink.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/bytes.h"
#include "lib/msg/elem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
sink_try(const uint8_t *data, size_t size, const char *text)
{
	struct arena *a = arena_new();
	struct rd r = rd_init(data, size);
	const struct elem *e = elem_decode(a, &r);
	struct log_sink s;
	if (e != NULL && log_sink_init(&s, e)) {
		struct log_entry entry = { .facility = log_facility_of(text),
			.level = LOG_LEVEL_NOTICE,
			.host = "gw",
			.process = "mgd",
			.tag = "UI_COMMIT",
			.text = text };
		char line[200];
		size_t n = log_sink_print(&s, &entry, line, sizeof(line));
		if (n >= sizeof(line) || (n > 0 && line[n - 1] != '\n'))
			abort();
		(void)log_sink_wants(&s, &entry);
		(void)log_sink_traces(&s, "database", LOG_LEVEL_INFO);
		log_sink_done(&s);
	}
	arena_free(a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	if (text == NULL)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	sink_try(data, size, text);
	free(text);
	return 0;
}
