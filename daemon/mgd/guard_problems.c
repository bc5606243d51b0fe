/* SPDX-License-Identifier: BSD-2-Clause
 *
 * guard_problems.c - what a commit says is wrong, for the eyes of one user.
 *
 * A check looks at the whole configuration, also at parts that whoever commits may not see, and its messages quote them. The
 * text is taken frame by frame: "[edit PLACE]", below it "  'STATEMENT'" and messages. A frame about a hidden place
 * is left out and one line says so. Called by candidate.c.
 */
#include <string.h>

#include "daemon/mgd/guard.h"
#include "daemon/mgd/mgd.h"
#include "daemon/mgd/permit.h"
#include "lib/base/text.h"
#include "lib/yang/schema.h"

/* Walks the words of TEXT, LEN bytes, from START. */
static bool
place_walk(const struct session *s, struct arena *a, const struct path *start, const char *text,
    size_t len, struct path *out)
{
	struct refusal e = { 0 };
	struct words w;
	bool ok = words_cut(a, arena_strndup(a, text, len), &w, &e) &&
		  path_walk_part(a, s->m->db.schema->config, start, &w, false, out, &e);
	refusal_done(&e);
	return ok;
}

static bool
path_is_seen(const struct session *s, const struct path *p)
{
	struct refusal e = { 0 };
	bool may = permit_path(session_permit(s), p, PERMIT_READ, 0, &e);
	refusal_done(&e);
	return may;
}

/* May the user see STATEMENT (LEN bytes, perhaps none) of the place of the LINE "[edit ...]" (N bytes)? What cannot be
 * found is not for him. */
static bool
frame_is_seen(
    const struct session *s, const char *line, size_t n, const char *statement, size_t len)
{
	struct arena *a = arena_new();
	struct path top = { .s = s->m->db.schema->config };
	struct path at;
	struct path p;
	size_t head = strlen("[edit");
	bool may = place_walk(s, a, &top, line + head, n - head - 1, &at) &&
		   (at.n == 0 || path_is_seen(s, &at));
	if (may && len > 0 && at.end == PATH_NODE) {
		/* of an entry or a value at least the word */
		if (!place_walk(s, a, &at, statement, len, &p)) {
			size_t word = strcspn(statement, " ");
			may = place_walk(s, a, &at, statement, word < len ? word : len, &p);
		}
		may = may && path_is_seen(s, &p);
	}
	arena_free(a);
	return may;
}

static bool
is_place(const char *line, size_t n)
{
	return n > 5 && strncmp(line, "[edit", 5) == 0 && line[n - 1] == ']';
}

/* "  'STATEMENT'" */
static bool
is_statement(const char *line, size_t n)
{
	return n > 4 && strncmp(line, "  '", 3) == 0 && line[n - 1] == '\'';
}

void
guard_problems(const struct session *s, const char *text, struct text *out)
{
	if (permit_is_all(session_permit(s))) {
		text_put(out, text);
		return;
	}
	bool is_hidden = false;
	bool was_told = false;
	for (const char *p = text; *p != '\0';) {
		size_t n = strcspn(p, "\n");
		const char *next = p + n + (p[n] == '\n');
		if (is_place(p, n)) {
			size_t len = strcspn(next, "\n");
			bool has = is_statement(next, len);
			is_hidden = !frame_is_seen(s, p, n, has ? next + 3 : "", has ? len - 4 : 0);
			if (is_hidden && !was_told)
				text_put(out,
				    "warning: what is said of parts of the configuration that "
				    "you may not view is left out\n");
			was_told = was_told || is_hidden;
		} else if (p[0] != ' ') {
			is_hidden = false;
		}
		if (!is_hidden)
			text_putn(out, p, (size_t)(next - p));
		p = next;
	}
}
