/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pipe_run.c - lines of output through the pipes that pipe.c has read.
 *
 * Each line goes from stage to stage until one keeps it. Called by output.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/pipe.h"
#include "cli/resolve.h"
#include "lib/base/text.h"

void
pipes_done(struct pipes *p)
{
	for (size_t i = 0; i < PIPE_MAX; i++) {
		struct pipe_stage *st = &p->stages[i];
		if (st->has_re)
			regfree(&st->re);
		for (unsigned k = 0; st->ring != NULL && k < st->n; k++)
			text_done(&st->ring[k]);
		free(st->ring);
		text_done(&st->named);
		free(st->file);
		if (st->f != NULL)
			fclose(st->f);
	}
	free(p->compare_file);
	text_done(&p->partial);
	text_done(&p->out);
	*p = (struct pipes){ 0 };
}

static void
file_put(struct pipes *p, struct pipe_stage *st, const char *line)
{
	if (st->f == NULL && st->file != NULL) {
		st->f = fopen(st->file, st->kind == PIPE_APPEND ? "a" : "w");
		if (st->f == NULL) {
			fprintf(
			    stderr, "error: could not open '%s': %s\n", st->file, strerror(errno));
			free(st->file);
			st->file = NULL;
			p->has_failed = true;
		}
	}
	if (st->f != NULL && fprintf(st->f, "%s\n", line) < 0 && st->write_error == 0)
		st->write_error = errno;
}

/* Ends the file of a stage; what did not get into it is said, since the disk may be full. */
static void
file_end(struct pipes *p, struct pipe_stage *st)
{
	if (st->f == NULL)
		return;
	if (fclose(st->f) != 0 && st->write_error == 0)
		st->write_error = errno;
	st->f = NULL;
	if (st->write_error == 0)
		return;
	fprintf(stderr, "error: could not write '%s': %s\n", st->file, strerror(st->write_error));
	free(st->file);
	st->file = NULL;
	p->has_failed = true;
}

/* Hands one line (without its end) to stage I and those after it. */
static void
line_put(struct pipes *p, size_t i, const char *line)
{
	for (; i < p->n; i++) {
		struct pipe_stage *st = &p->stages[i];
		st->n_lines++;
		switch (st->kind) {
		case PIPE_MATCH:
			if (regexec(&st->re, line, 0, NULL, 0) != 0)
				return;
			break;
		case PIPE_EXCEPT:
			if (regexec(&st->re, line, 0, NULL, 0) == 0)
				return;
			break;
		case PIPE_FIND:
			st->found = st->found || regexec(&st->re, line, 0, NULL, 0) == 0;
			if (!st->found)
				return;
			break;
		case PIPE_COUNT:
			return;
		case PIPE_LAST:
			if (st->n > 0) {
				struct text *t = &st->ring[(st->n_lines - 1) % st->n];
				text_reset(t);
				text_put(t, line);
			}
			return;
		case PIPE_TRIM:
			line += strnlen(line, st->n);
			break;
		case PIPE_SAVE:
		case PIPE_APPEND:
			file_put(p, st, line);
			return;
		case PIPE_TEE:
			file_put(p, st, line);
			break;
		case PIPE_MESSAGE:
			text_printf(&st->named, "%s\n", line);
			return;
		case PIPE_RESOLVE:
			text_reset(&st->named);
			resolve_line(line, st->full_names, &st->named);
			line = text_str(&st->named);
			break;
		}
	}
	text_put(&p->out, line);
	text_putc(&p->out, '\n');
}

void
pipes_put(struct pipes *p, const char *s, size_t n)
{
	if (p->n == 0) {
		text_putn(&p->out, s, n);
		return;
	}
	const char *end = s + n;
	while (s < end) {
		const char *nl = memchr(s, '\n', (size_t)(end - s));
		if (nl == NULL) {
			text_putn(&p->partial, s, (size_t)(end - s));
			return;
		}
		text_putn(&p->partial, s, (size_t)(nl - s));
		line_put(p, 0, text_str(&p->partial));
		text_reset(&p->partial);
		s = nl + 1;
	}
}

void
pipes_flush(struct pipes *p)
{
	if (p->partial.len > 0) {
		line_put(p, 0, text_str(&p->partial));
		text_reset(&p->partial);
	}
	for (size_t i = 0; i < p->n; i++) {
		struct pipe_stage *st = &p->stages[i];
		char line[512];
		switch (st->kind) {
		case PIPE_COUNT:
			snprintf(line, sizeof(line), "Count: %u lines", st->n_lines);
			line_put(p, i + 1, line);
			break;
		case PIPE_LAST: {
			unsigned n = st->n_lines < st->n ? st->n_lines : st->n;
			for (unsigned k = st->n_lines - n; k < st->n_lines; k++)
				line_put(p, i + 1, text_str(&st->ring[k % st->n]));
			break;
		}
		case PIPE_TEE:
			file_end(p, st);
			break;
		case PIPE_SAVE:
		case PIPE_APPEND:
			file_end(p, st);
			if (st->file == NULL)
				break;
			snprintf(line, sizeof(line), "Wrote %u lines of %s to '%s'", st->n_lines,
			    st->is_configuration ? "configuration" : "output", st->file);
			line_put(p, i + 1, line);
			break;
		default:
			break;
		}
	}
}

/* Writes S, without the newline that it ends with, as one word of a command. */
static void
word_put(const char *s, struct text *out)
{
	text_putc(out, '"');
	for (; s[0] != '\0' && (s[0] != '\n' || s[1] != '\0'); s++) {
		if (*s == '\n')
			text_put(out, "\\n");
		else if (*s == '"' || *s == '\\')
			text_printf(out, "\\%c", *s);
		else
			text_putc(out, *s);
	}
	text_putc(out, '"');
}

bool
pipes_message(const struct pipes *p, struct text *out)
{
	const struct pipe_stage *st = p->stages;
	while (st < p->stages + p->n && st->kind != PIPE_MESSAGE)
		st++;
	if (st == p->stages + p->n || st->named.len == 0)
		return false;
	text_put(out, st->file != NULL ? "request message user " : "request message all");
	if (st->file != NULL)
		word_put(st->file, out);
	text_put(out, " message ");
	word_put(text_str(&st->named), out);
	return true;
}
