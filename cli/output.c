/* SPDX-License-Identifier: BSD-2-Clause
 *
 * output.c - what has been rendered of an answer goes through the pipes to the screen, the pager or a program.
 *
 * Called by answer.c and client.c, and by typing.c for the keys of a page of help.
 */
#include "cli/output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/line.h"
#include "cli/pager.h"
#include "cli/pipe.h"
#include "cli/screen.h"
#include "cli/wait.h"
#include "lib/base/arena.h"
#include "lib/msg/cli.h"
#include "lib/msg/elem.h"

struct elem *
output_problem(struct arena *a, const char *word, const char *text)
{
	struct elem *e = elem_new(a, "problem");
	text += strncmp(text, "error: ", 7) == 0 ? 7 : 0;
	size_t n = strlen(text);
	elem_leaf(a, e, "severity", "error");
	if (word != NULL)
		elem_leaff(a, e, "bad-element", "%.*s", (int)strcspn(word, " \t"), word);
	elem_leaff(a, e, "message", "%.*s", (int)(n - (n > 0 && text[n - 1] == '\n')), text);
	return e;
}

void
output_refuse(const struct client_sink *sink, const char *word, const char *text)
{
	struct arena *a = arena_new();
	sink->problem(sink->arg, output_problem(a, word, text));
	arena_free(a);
}

/* Shows why a line failed: under the word itself on a terminal, else with the line repeated. */
void
output_error(const struct client *c, const char *typed, const char *text, const char *caret)
{
	fflush(stdout);
	FILE *to = c->is_terminal ? stdout : stderr;
	unsigned long at = caret != NULL ? strtoul(caret, NULL, 10) : 0;
	if (at > CLI_LINE_MAX)
		at = 0;
	if (c->sink != NULL) {
		output_refuse(
		    c->sink, caret != NULL && at < strlen(typed) ? typed + at : NULL, text);
		return;
	}
	if (caret != NULL && c->is_terminal)
		client_caret(c, at);
	else if (caret != NULL)
		fprintf(to, "%s\n%*s^\n", typed, (int)at, "");
	size_t n = strlen(text);
	if (n == 0)
		return;
	screen_put(text, to);
	fputs(text[n - 1] == '\n' ? "" : "\n", to);
	fflush(to);
}

static void
pager_feed(struct line *l)
{
	struct text *t = &l->pipes->out;
	if (l->pager == NULL || t->len == 0)
		return;
	pager_put(l->pager, t->s, t->len);
	text_reset(t);
}

static void
sink_feed(struct line *l)
{
	const struct client_sink *sink = l->c->sink;
	struct text *t = &l->pipes->out;
	if (sink == NULL || t->len == 0)
		return;
	sink->text(sink->arg, t->s, t->len);
	text_reset(t);
}

/* What is in pipes->out FROM there on is new. */
static void
feed(struct line *l, size_t from)
{
	if (l->c->sink == NULL && l->pipes->out.len > from)
		screen_tame(&l->tame, l->pipes->out.s + from, l->pipes->out.len - from);
	pager_feed(l);
	sink_feed(l);
}

void
output_filter(struct line *l)
{
	if (l->out.len == 0)
		return;
	size_t from = l->pipes->out.len;
	pipes_put(l->pipes, l->out.s, l->out.len);
	text_reset(&l->out);
	feed(l, from);
}

int
output_write(struct line *l, size_t n)
{
	struct text *t = &l->pipes->out;
	size_t left = t->len - l->n_shown;
	ssize_t k = write(STDOUT_FILENO, t->s + l->n_shown, n < left ? n : left);
	if (k < 0 && errno != EINTR && errno != EAGAIN)
		return -errno;
	l->n_shown += k > 0 ? (size_t)k : 0;
	if (l->n_shown == t->len) {
		text_reset(t);
		l->n_shown = 0;
	}
	return 0;
}

/* Sends the end of what was rendered through the pipes, too. */
void
output_end(struct line *l, bool failed)
{
	output_filter(l);
	size_t from = l->pipes->out.len;
	if (!failed)
		pipes_flush(l->pipes);
	if (l->pipes->has_failed)
		l->status = 1;
	feed(l, from);
	if (l->pager != NULL)
		pager_end(l->pager);
}

void
output_page_key(const struct settings *s, struct pager *p)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	while (wait_poll(&in, 1, -1, client_is_interrupted) < 0 && errno == EINTR &&
	       !client_is_interrupted())
		;
	unsigned rows = setting_rows(s);
	if (rows > 0)
		pager_resize(p, rows, setting_columns(s));
	pager_on_key(p);
}

int
output_drain(struct line *l)
{
	int err = 0;
	while (l->pager != NULL && pager_state(l->pager) == PAGER_PROMPT) {
		pager_prompt(l->pager);
		output_page_key(&l->c->settings, l->pager);
	}
	while (err == 0 && l->pipes->out.len > 0)
		err = output_write(l, l->pipes->out.len);
	return err;
}
