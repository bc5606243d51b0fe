/* SPDX-License-Identifier: BSD-2-Clause
 *
 * render_fuzz.c - any row of any family in any format, and any line as pipes.
 *
 * The first byte picks root and format, the rest is read as an element (as it arrives from mgd) and as a line.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/pipe.h"
#include "cli/render.h"
#include "lib/base/arena.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const roots[] = { "services-security-associations-information",
	"ipsec-total-statistics-information", "security-associations-information",
	"interface-information", "firewall-information",
	"service-set-packet-drop-statistics-information", "services-ipsec-match-information",
	"software-information", "commit-information" };
static const char *const styles[] = { "", "brief", "detail", "extensive" };

static void
row_render(uint8_t pick, const uint8_t *data, size_t size)
{
	struct arena *a = arena_new();
	struct rd rd = rd_init(data, size);
	struct text out = { 0 };
	struct render r;
	render_init(&r, (enum pipe_format)(pick >> 3 & 3), "[edit]", &out);
	render_begin(&r, roots[pick & 7], styles[pick >> 5 & 3]);
	for (const struct elem *e = elem_decode(a, &rd); e != NULL; e = elem_decode(a, &rd))
		render_row(&r, e);
	render_end(&r);
	text_done(&out);
	arena_free(a);
}

static void
line_pipe(const uint8_t *data, size_t size)
{
	struct pipes p;
	struct pipe_error err;
	char *line = strndup((const char *)data, size);
	if (line == NULL)
		abort();
	if (pipes_parse(line, &p, &err)) {
		bool writes = false; /* what writes files is only read here */
		for (size_t i = 0; i < p.n; i++)
			writes = writes || p.stages[i].file != NULL;
		if (!writes) {
			pipes_put(&p, "one\ntwo\nthree", 13);
			pipes_flush(&p);
		}
		pipes_done(&p);
	}
	free(line);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	row_render(data[0], data + 1, size - 1);
	line_pipe(data + 1, size - 1);
	return 0;
}
