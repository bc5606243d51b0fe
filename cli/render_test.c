/* SPDX-License-Identifier: BSD-2-Clause
 *
 * render_test.c - rows in, exact screens out. The cases are in render_test.txt:
 *
 *   = TITLE
 *   ROOT STYLE FORMAT [PIPES]     STYLE "-": none
 *   row                           one row: an element, its children indented by a tab each, a value after a blank
 *   --
 *   expected screen, byte for byte, up to the next case
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/pipe.h"
#include "cli/render.h"
#include "lib/base/arena.h"

enum { LINE_MAX_LEN = 512 };

struct test_case {
	char title[LINE_MAX_LEN];
	char root[LINE_MAX_LEN];
	char style[32];
	char format[8];
	char pipes[LINE_MAX_LEN];
	struct elem *rows;
	struct elem *open[ELEM_DEPTH_MAX]; /* the last element of each depth */
	struct text want;
};

/* A line of a row: tabs, a name, perhaps a value. A name that ends with ':' is a container. */
static void
row_line(struct arena *a, struct test_case *t, const char *line)
{
	size_t depth = strspn(line, "\t");
	char name[128] = "";
	char value[LINE_MAX_LEN] = "";
	int n = sscanf(line + depth, "%127s %511[^\n]", name, value);
	struct elem *parent = depth == 0 ? t->rows : t->open[depth - 1];
	size_t len = strlen(name);
	if (name[len - 1] == ':') {
		name[len - 1] = '\0';
		t->open[depth] = elem_add(a, parent, name);
	} else {
		t->open[depth] =
		    n == 2 ? elem_leaf(a, parent, name, value) : elem_flag(a, parent, name);
	}
}

static enum pipe_format
format_of(const char *name)
{
	return strcmp(name, "xml") == 0    ? FORMAT_XML
	       : strcmp(name, "json") == 0 ? FORMAT_JSON
					   : FORMAT_TEXT;
}

static bool
case_run(const struct test_case *t)
{
	char line[LINE_MAX_LEN + 8];
	struct pipes pipes;
	struct pipe_error err;
	struct render r;
	struct text out = { 0 };
	snprintf(line, sizeof(line), "x %s", t->pipes);
	if (!pipes_parse(line, &pipes, &err)) {
		printf("not ok: %s: %s\n", t->title, err.text);
		return false;
	}
	render_init(&r, format_of(t->format), "", &out);
	render_begin(&r, t->root, strcmp(t->style, "-") == 0 ? "" : t->style);
	for (const struct elem *row = t->rows->child; row != NULL; row = row->next) {
		render_row(&r, row);
		pipes_put(&pipes, text_str(&out), out.len);
		text_reset(&out);
	}
	render_end(&r);
	pipes_put(&pipes, text_str(&out), out.len);
	pipes_flush(&pipes);
	bool ok = strcmp(text_str(&pipes.out), text_str(&t->want)) == 0;
	if (!ok)
		printf("not ok: %s\n--- wanted\n%s--- got\n%s---\n", t->title, text_str(&t->want),
		    text_str(&pipes.out));
	text_done(&out);
	pipes_done(&pipes);
	return ok;
}

int
main(int argc, char **argv)
{
	FILE *f = argc > 1 ? fopen(argv[1], "r") : NULL;
	char line[LINE_MAX_LEN];
	struct arena *a = arena_new();
	struct test_case t = { 0 };
	unsigned n_run = 0;
	unsigned n_failed = 0;
	enum { HEAD, ROOT, ROWS, WANT } at = HEAD;
	if (f == NULL)
		return 1;
	for (;;) {
		bool more = fgets(line, sizeof(line), f) != NULL;
		if (!more || strncmp(line, "= ", 2) == 0) {
			if (at == WANT) {
				n_run++;
				n_failed += !case_run(&t);
			}
			text_done(&t.want);
			if (!more)
				break;
			t = (struct test_case){ .rows = elem_new(a, "rows") };
			snprintf(t.title, sizeof(t.title), "%.*s", (int)strcspn(line + 2, "\n"),
			    line + 2);
			at = ROOT;
		} else if (at == ROOT) {
			sscanf(
			    line, "%511s %31s %7s %511[^\n]", t.root, t.style, t.format, t.pipes);
			at = ROWS;
		} else if (at == ROWS && strcmp(line, "--\n") == 0) {
			at = WANT;
		} else if (at == ROWS) {
			row_line(a, &t, line);
		} else if (at == WANT) {
			text_put(&t.want, line);
		}
	}
	fclose(f);
	arena_free(a);
	printf("%u cases, %u failed\n", n_run, n_failed);
	return n_failed > 0 || n_run < 20;
}
