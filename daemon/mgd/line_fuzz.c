/* SPDX-License-Identifier: BSD-2-Clause
 *
 * line_fuzz.c - any bytes as a command line: words, command, arguments, configuration path, set line, range.
 *
 * A path that was walked must read back as the same path, unless quotes kept a name from being an abbreviation.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/mgd/command.h"
#include "daemon/mgd/path.h"
#include "daemon/mgd/range.h"
#include "lib/base/arena.h"
#include "lib/msg/elem.h"
#include "lib/yang/schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct schema *schema;
static struct command *commands;

static void
init(void)
{
	const char *error = NULL;
	schema = schema_load(&error);
	if (schema == NULL)
		abort();
	commands = calloc(schema->n_rpcs, sizeof(*commands));
	if (commands == NULL)
		abort();
	for (size_t i = 0; i < schema->n_rpcs; i++)
		commands[i] =
		    (struct command){ .words = schema->rpcs[i].command, .rpc = &schema->rpcs[i] };
}

static void
path_again(struct arena *a, const struct path *top, const struct path *p)
{
	struct text line = { 0 };
	struct refusal e = { 0 };
	struct words w;
	struct path again;
	path_print(p, 0, &line);
	if (!words_cut(a, text_str(&line), &w, &e) ||
	    !path_walk(a, schema->config, top, &w, true, &again, &e))
		abort();
	if (again.n != p->n || again.s != p->s || again.end != p->end)
		abort();
	for (size_t i = 0; i < p->n; i++)
		if (strcmp(again.words[i], p->words[i]) != 0)
			abort();
	text_done(&line);
	refusal_done(&e);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (schema == NULL)
		init();
	struct arena *a = arena_new();
	char *line = arena_strndup(a, (const char *)data, size);
	struct words w;
	struct refusal e = { 0 };
	if (words_cut(a, line, &w, &e)) {
		size_t used;
		const struct command *c = command_find(commands, schema->n_rpcs, &w, &used, &e);
		struct words rest = words_from(&w, used);
		struct elem *r = c != NULL ? command_request(a, c->rpc, &rest, &e) : NULL;
		if (r != NULL)
			command_style(c->rpc, r);
		struct path top = { .s = schema->config };
		struct path p;
		if (path_walk(a, schema->config, &top, &w, true, &p, &e) &&
		    strchr(line, '"') == NULL)
			path_again(a, &top, &p);
		path_walk(a, schema->config, &top, &w, false, &p, &e);
	}
	const char *const *lines;
	size_t n;
	range_expand(a, line, &lines, &n, &e);
	words_cut_patterns(a, line, 0, &w, &e);
	refusal_done(&e);
	arena_free(a);
	return 0;
}
