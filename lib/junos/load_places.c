/* SPDX-License-Identifier: BSD-2-Clause
 *
 * load_places.c - fragments as documents print them: "[edit services]" on a line, and below it what stands there.
 *
 * No configuration file begins like that, so only a text whose first line is such a place is read in this way. Each
 * fragment is read on its own, with as many empty lines before it as stand before it in the file, so that every error has its
 * line. Called by `sallyport check`; one thread at a time.
 */
#include "lib/junos/load.h"

#include "lib/base/report.h"
#include "lib/base/text.h"
#include "lib/junos/place.h"
#include "lib/yang/schema.h"

#include <string.h>

enum { WORDS_MAX = 64 };

/* A line of the text, without blanks at its ends. */
struct line {
	const char *s;
	size_t len;
	size_t end; /* of the whole line, behind its newline, in the text */
};

static struct line
line_at(const char *s, size_t len, size_t at)
{
	const char *newline = memchr(s + at, '\n', len - at);
	size_t stop = newline != NULL ? (size_t)(newline - s) : len;
	struct line l = { .s = s + at, .len = stop - at, .end = newline != NULL ? stop + 1 : len };
	while (l.len > 0 && strchr(" \t\r", l.s[l.len - 1]) != NULL && l.s[l.len - 1] != '\0')
		l.len--;
	while (l.len > 0 && (*l.s == ' ' || *l.s == '\t')) {
		l.s++;
		l.len--;
	}
	return l;
}

static bool
is_place(const struct line *l)
{
	return l->len >= 6 && strncmp(l->s, "[edit", 5) == 0 &&
	       (l->s[5] == ' ' || l->s[5] == ']') && memchr(l->s, ']', l->len) == l->s + l->len - 1;
}

bool
load_has_places(const char *s, size_t len)
{
	for (size_t at = 0; at < len;) {
		struct line l = line_at(s, len, at);
		if (l.len > 0)
			return is_place(&l);
		at = l.end;
	}
	return false;
}

static void
place_refuse(struct report *r, unsigned line, const struct line *l, const char *message)
{
	char text[200];
	size_t n = l->len < sizeof(text) - 1 ? l->len : sizeof(text) - 1;
	memcpy(text, l->s, n);
	text[n] = '\0';
	report_add(r, &(struct report_line){
			  .class = REPORT_SYNTAX,
			  .is_error = true,
			  .line = line,
			  .column = 1,
			  .edit = (char *)(uintptr_t) "",
			  .statement = text,
			  .message = (char *)(uintptr_t)message,
		      });
}

/* The words of a place, each with its NUL in BUF; more than WORDS_MAX are none. */
static size_t
words_of(const struct line *l, struct text *buf, const char *words[WORDS_MAX])
{
	char *save = NULL;
	size_t n = 0;
	if (l->len < sizeof("[edit x]") - 1)
		return 0;
	text_putn(buf, l->s + 6, l->len - 7);
	for (char *w = strtok_r(buf->s, " \t", &save); w != NULL;
	     w = strtok_r(NULL, " \t", &save)) {
		if (n == WORDS_MAX)
			return 0;
		words[n++] = w;
	}
	return n;
}

/* Makes the place that L names, and returns it; NULL if there is none, which has been said. */
static struct node *
place_make(struct tree *t, const struct line *l, unsigned line, struct report *r)
{
	const char *words[WORDS_MAX];
	struct text set = { 0 };
	struct text buf = { 0 };
	size_t errors = r->n_errors;
	size_t n = words_of(l, &buf, words);
	struct place found = { .kind = PLACE_NODE, .node = tree_root(t) };
	if (n > 0) {
		text_fill(&set, '\n', line - 1);
		text_put(&set, "set ");
		text_putn(&set, l->s + 6, l->len - 7);
		text_putc(&set, '\n');
		(void)load_set(t, tree_root(t), text_str(&set), set.len, r);
		found = place_find(tree_root(t), words, n);
	}
	bool is_place = found.kind == PLACE_NODE && found.node != NULL;
	if (is_place && n > 0)
		is_place = found.node->schema->kind == SNODE_CONTAINER ||
			   found.node->schema->kind == SNODE_LIST;
	if (!is_place && r->n_errors == errors)
		place_refuse(r, line, l, "there is no such place to edit");
	text_done(&set);
	text_done(&buf);
	return is_place && r->n_errors == errors ? found.node : NULL;
}

static void
fragment_load(
    struct tree *t, struct node *below, const char *s, size_t len, unsigned line, struct report *r)
{
	struct text text = { 0 };
	text_fill(&text, '\n', line - 1);
	text_putn(&text, s, len);
	(void)load_any_below(t, below, LOAD_MERGE, text_str(&text), text.len, r);
	text_done(&text);
}

bool
load_places(struct tree *t, const char *s, size_t len, struct report *r)
{
	size_t errors = r->n_errors;
	struct node *below = NULL;
	size_t begin = 0; /* of the fragment */
	unsigned first = 1;
	unsigned line = 1;
	for (size_t at = 0; at < len; line++) {
		struct line l = line_at(s, len, at);
		if (is_place(&l)) {
			if (below != NULL)
				fragment_load(t, below, s + begin, at - begin, first, r);
			below = place_make(t, &l, line, r);
			begin = l.end;
			first = line + 1;
		}
		at = l.end;
	}
	if (below != NULL)
		fragment_load(t, below, s + begin, len - begin, first, r);
	return r->n_errors == errors;
}
