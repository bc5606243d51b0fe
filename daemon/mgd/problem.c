/* SPDX-License-Identifier: BSD-2-Clause
 *
 * problem.c - errors in JUNOS's frame, line by line.
 *
 * Called by call.c when the answer to a program is complete.
 */
#include "daemon/mgd/problem.h"

#include <stddef.h>
#include <string.h>

#include "lib/base/text.h"

enum tagging { UNTAGGED, TAGGED_ERROR, TAGGED_WARNING };

struct splitter {
	bool failed;
	void (*fn)(void *arg, const struct problem *p);
	void *arg;
	struct text path;
	struct text element;
	struct text message;
	const char *rest;     /* of the text, behind the message */
	enum tagging tagging; /* of the message */
	bool is_framed;       /* the message stands below a path or an element */
	size_t n_said;
};

static const struct {
	const char *start; /* of a message */
	const char *tag;
} tags[] = {
	{ "permission denied", "access-denied" },
	{ "configuration database locked", "lock-denied" },
	{ "configuration database modified", "in-use" },
	{ "syntax error", "unknown-element" },
	{ "unknown command", "unknown-element" },
	{ "missing argument", "missing-element" },
	{ "invalid value", "invalid-value" },
	{ "Missing mandatory statement", "missing-element" },
	{ "statement already exists", "data-exists" },
	{ "statement not found", "data-missing" },
	{ "unknown operation", "bad-attribute" },
	{ "unsupported XPath", "bad-attribute" },
};

const char *
problem_tag(const char *message)
{
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
		if (strncmp(message, tags[i].start, strlen(tags[i].start)) == 0)
			return tags[i].tag;
	return NULL;
}

/* "picd" of "picd sp-1/2/0: configuration check-out failed" into OUT; "" if it is no daemon that is at fault. */
static void
daemon_of(const char *line, char out[8])
{
	static const char *const daemons[] = { "netd", "pkid", "kmd", "picd" };
	out[0] = '\0';
	for (size_t i = 0; i < sizeof(daemons) / sizeof(daemons[0]); i++) {
		size_t n = strlen(daemons[i]);
		if (strncmp(line, daemons[i], n) == 0 && (line[n] == ':' || line[n] == ' ')) {
			memcpy(out, daemons[i], n + 1);
			return;
		}
	}
}

/* Who said the message of S: a daemon's frames stand before the line that names it (commit.c). */
static void
source_find(const struct splitter *s, char out[8])
{
	static const char error[] = "error: ";
	const char *line = s->rest;
	if (s->tagging != UNTAGGED) {
		daemon_of(s->message.s, out);
		return;
	}
	while (strncmp(line, error, sizeof(error) - 1) != 0) {
		line += strcspn(line, "\n");
		if (*line == '\0')
			break;
		line++;
	}
	daemon_of(*line != '\0' ? line + sizeof(error) - 1 : "", out);
}

static const char *
or_null(const struct text *t)
{
	return t->len > 0 ? t->s : NULL;
}

/* Hands over the message gathered so far. The place stays for what may follow below the same [edit]. */
static void
say(struct splitter *s)
{
	struct text *m = &s->message;
	while (m->len > 0 && (m->s[m->len - 1] == '\n' || m->s[m->len - 1] == ' '))
		m->s[--m->len] = '\0';
	bool is_talk = !s->failed && s->tagging != TAGGED_WARNING;
	if (m->len > 0 && !is_talk) {
		struct problem p = {
			.is_warning = s->tagging == TAGGED_WARNING,
			.tag = problem_tag(m->s),
			.path = or_null(&s->path),
			.element = or_null(&s->element),
			.message = m->s,
		};
		source_find(s, p.source);
		s->fn(s->arg, &p);
		s->n_said++;
	}
	text_reset(m);
	text_reset(&s->element);
	s->tagging = UNTAGGED;
	s->is_framed = false;
}

static bool
starts(const char **line, size_t *len, const char *word)
{
	size_t n = strlen(word);
	if (*len < n || strncmp(*line, word, n) != 0)
		return false;
	*line += n;
	*len -= n;
	return true;
}

/* Begins or continues the message with LINE. */
static void
message_line(struct splitter *s, const char *line, size_t len, bool is_more)
{
	enum tagging t = starts(&line, &len, "warning: ") ? TAGGED_WARNING
			 : starts(&line, &len, "error: ") ? TAGGED_ERROR
							  : UNTAGGED;
	if (s->message.len > 0 && (t != UNTAGGED || !is_more))
		say(s);
	if (s->message.len > 0)
		text_putc(&s->message, '\n');
	else
		s->tagging = t;
	text_putn(&s->message, line, len);
}

static void
line_take(struct splitter *s, const char *line, size_t len)
{
	size_t n_blanks = strspn(line, " ");
	if (n_blanks > len)
		n_blanks = len;
	const char *word = line + n_blanks;
	size_t n = len - n_blanks;
	if (len > 5 && strncmp(line, "[edit", 5) == 0 && line[len - 1] == ']') {
		say(s);
		text_reset(&s->path);
		text_putn(&s->path, line, len);
		s->is_framed = true;
	} else if (n_blanks == 2 && n > 1 && word[0] == '\'' && word[n - 1] == '\'') {
		say(s);
		text_putn(&s->element, word + 1, n - 2);
		s->is_framed = true;
	} else if (n_blanks > 0 && (s->is_framed || s->message.len > 0 || s->path.len > 0)) {
		/* below its place, or the next line of a message */
		message_line(s, s->is_framed ? word : line, s->is_framed ? n : len, true);
	} else if (n > 0) {
		say(s);
		text_reset(&s->path);
		message_line(s, word, n, false);
	}
}

void
problem_split(
    const char *text, bool failed, void (*fn)(void *arg, const struct problem *p), void *arg)
{
	struct splitter s = { .failed = failed, .fn = fn, .arg = arg };
	while (*text != '\0') {
		size_t len = strcspn(text, "\n");
		s.rest = text;
		line_take(&s, text, len);
		text += len + (text[len] == '\n');
	}
	s.rest = text;
	say(&s);
	if (failed && s.n_said == 0) {
		struct problem p = { .message = "command failed" };
		fn(arg, &p);
	}
	text_done(&s.path);
	text_done(&s.element);
	text_done(&s.message);
}
