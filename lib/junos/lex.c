/* SPDX-License-Identifier: BSD-2-Clause
 *
 * lex.c - configuration text as words and braces, each with its place.
 *
 * A word is anything up to a blank or one of ; { } [ ] " # or a block comment. A quoted string ends on its line.
 * Comments that start with ## are JUNOS's own remarks (SECRET-DATA, Last commit, inheritance) and
 * are dropped. Control characters and broken UTF-8 are refused here, so that nothing later has to think of them.
 */
#include "lib/junos/lex.h"

#include <stdint.h>
#include <string.h>

enum { BLANK = 1, SPECIAL = 2, CONTROL = 4, HIGH = 8, NEWLINE = 16 };

static unsigned char
class_of(char ch)
{
	unsigned char c = (unsigned char)ch;
	if (c == '\n')
		return NEWLINE;
	if (c == ' ' || c == '\t' || c == '\r')
		return BLANK;
	if (c < ' ' || c == 127)
		return CONTROL;
	if (c >= 128)
		return HIGH;
	return strchr(";{}[]\"#", c) != NULL ? SPECIAL : 0;
}

static unsigned char classes[256];

static void
classes_init(void)
{
	/* the same bytes every time, so it does not matter who writes them */
	if (classes['\n'] == 0)
		for (int i = 0; i < 256; i++)
			classes[i] = class_of((char)i);
}

void
lex_init(struct lex *x, const char *s, size_t len, bool by_line)
{
	*x = (struct lex){ .p = s, .end = s + len, .line_start = s, .line = 1, .by_line = by_line };
	x->end_line = 0;
	classes_init();
}

void
lex_done(struct lex *x)
{
	text_done(&x->word);
	text_done(&x->trail);
	text_done(&x->lead);
}

static unsigned
column(const struct lex *x, const char *p)
{
	return (unsigned)(p - x->line_start) + 1;
}

static void
newline(struct lex *x)
{
	x->p++;
	x->line++;
	x->line_start = x->p;
}

static enum lex_kind
fail(struct lex *x, const char *message)
{
	text_reset(&x->word);
	text_put(&x->word, message);
	x->s = text_str(&x->word);
	x->n = x->word.len;
	x->kind = LEX_ERROR;
	return x->kind;
}

/* Returns how many bytes the UTF-8 character at S has, 0 if it is none. */
static size_t
utf8_len(const char *s, const char *end)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t left = (size_t)(end - s);
	size_t n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	if (p[0] < 0xc2 || p[0] > 0xf4 || left < n)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	bool bad = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
		   (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f) ||
		   (p[0] == 0xef && p[1] == 0xbf && p[2] >= 0xbe);
	return bad ? 0 : n;
}

/* --- comments --- */

/* True if nothing but blanks and comments follows on the line of S. */
static bool
line_ends(const struct lex *x, const char *s)
{
	while (s < x->end && (classes[(unsigned char)*s] & BLANK) != 0)
		s++;
	return s == x->end || *s == '\n' || *s == '#' ||
	       (*s == '/' && x->end - s > 1 && s[1] == '*');
}

/* Where the comment that ends before END goes. One between two statements on a line is the second one's. */
static struct text *
comment_place(struct lex *x, unsigned line, const char *end)
{
	bool is_trail = line == x->end_line && line_ends(x, end);
	struct text *t = is_trail ? &x->trail : &x->lead;
	if (t->len > 0)
		text_putc(t, '\n');
	return t;
}

const char *
lex_comment_put(struct text *t, const char *s, const char *end)
{
	unsigned char class = classes[(unsigned char)*s];
	size_t n = (class & HIGH) != 0 ? utf8_len(s, end) : (class & CONTROL) == 0 && *s != '\r';
	text_putn(t, n > 0 ? s : ".", n > 0 ? n : 1);
	return s + (n > 0 ? n : 1);
}

static void
comment_put(struct text *t, const char *s, const char *end)
{
	while (s < end)
		s = lex_comment_put(t, s, end);
}

static void
hash_comment(struct lex *x)
{
	const char *s = x->p;
	while (x->p < x->end && *x->p != '\n')
		x->p++;
	const char *end = x->p;
	while (end > s && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
		end--;
	if (!x->by_line && !(end - s >= 2 && s[1] == '#'))
		comment_put(comment_place(x, x->line, x->p), s, end);
}

/* Adds one line of a block comment without the blanks around it. */
static void
block_line(struct text *t, const char *s, const char *end)
{
	while (s < end && (*s == ' ' || *s == '\t' || *s == '\r'))
		s++;
	while (end > s && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
		end--;
	if (s < end && *s == '#')
		text_putc(t, ' ');
	comment_put(t, s, end);
}

/* Reads a block comment; false if it never ends (then all is read). */
static bool
block_comment(struct lex *x)
{
	unsigned line = x->line;
	const char *s = x->p + 2;
	const char *close = memmem(s, (size_t)(x->end - s), "*/", 2);
	if (close == NULL) {
		x->p = x->end;
		return false;
	}
	struct text *t = NULL;
	const char *first = s;
	while (first < close && (*first == ' ' || *first == '\t' || *first == '\r'))
		first++;
	const char *last = close;
	while (last > first && (last[-1] == ' ' || last[-1] == '\t' || last[-1] == '\r'))
		last--;
	bool is_omitted = last - first == 7 && memcmp(first, "OMITTED", 7) == 0;
	x->has_omitted |= is_omitted;
	bool is_kept = !x->by_line && first < close && !is_omitted;
	if (is_kept)
		t = comment_place(x, line, close + 2);
	for (x->p = s; x->p < close;) {
		const char *nl = memchr(x->p, '\n', (size_t)(close - x->p));
		if (is_kept)
			block_line(t, x->p, nl ? nl : close);
		if (nl == NULL)
			break;
		if (is_kept)
			text_putc(t, '\n');
		x->p = nl;
		newline(x);
	}
	x->p = close + 2;
	return true;
}

/* --- words --- */

/* Skips a run of bytes that no text has and says so once. */
static enum lex_kind
bad_bytes(struct lex *x)
{
	x->at_line = x->end_line = x->line;
	x->at_column = column(x, x->p);
	unsigned char c = (unsigned char)*x->p;
	do
		x->p++;
	while (x->p < x->end &&
	       ((classes[(unsigned char)*x->p] & CONTROL) != 0 ||
		   ((classes[(unsigned char)*x->p] & HIGH) != 0 && utf8_len(x->p, x->end) == 0)));
	fail(x, c < 128 ? "control character in the text, code " : "not UTF-8, byte ");
	text_printf(&x->word, "0x%02x", c);
	x->s = text_str(&x->word);
	x->n = x->word.len;
	return x->kind;
}

static enum lex_kind
quoted(struct lex *x)
{
	text_reset(&x->word);
	x->is_quoted = true;
	x->kind = LEX_WORD;
	bool is_bad = false;
	for (x->p++; x->p < x->end && *x->p != '"' && *x->p != '\n'; x->p++) {
		if (*x->p == '\\' && x->end - x->p > 1 && strchr("\"\\n", x->p[1]) != NULL) {
			x->p++;
			text_putc(&x->word, *x->p == 'n' ? '\n' : *x->p);
			continue;
		}
		unsigned char class = classes[(unsigned char)*x->p];
		size_t n = (class & HIGH) != 0 ? utf8_len(x->p, x->end) : 1;
		is_bad |= n == 0 || (class & CONTROL) != 0 || *x->p == '\r';
		text_putn(&x->word, x->p, n);
		x->p += n > 1 ? n - 1 : 0;
	}
	if (x->p == x->end || *x->p == '\n') {
		x->ends_statement = true;
		return fail(x, "unterminated string");
	}
	x->p++;
	x->s = text_str(&x->word);
	x->n = x->word.len;
	return is_bad ? fail(x, "character that cannot stand in a string") : x->kind;
}

static enum lex_kind
bare(struct lex *x)
{
	const char *s = x->p;
	for (; x->p < x->end; x->p++) {
		unsigned char class = classes[(unsigned char)*x->p];
		if (class == 0 && !(*x->p == '/' && x->end - x->p > 1 && x->p[1] == '*'))
			continue;
		size_t n = class == HIGH ? utf8_len(x->p, x->end) : 0;
		if (n == 0)
			break;
		x->p += n - 1;
	}
	if (x->p == s)
		return bad_bytes(x);
	x->s = s;
	x->n = (size_t)(x->p - s);
	x->kind = LEX_WORD;
	return x->kind;
}

/* Reads a wildcard of a group, <...> or <"...">, inside which brackets and comment marks are characters like others.
 * False: it is none. */
static bool
wildcard(struct lex *x)
{
	const char *s = x->p + 1;
	bool has_quotes = s < x->end && *s == '"';
	s += has_quotes;
	const char *p = s;
	while (p<x->end && * p> ' ' && *p < 127 && strchr(";{}\"#<>\\", *p) == NULL)
		p++;
	const char *close = p;
	if (p == s || (size_t)(x->end - p) < 1u + has_quotes)
		return false;
	p += has_quotes;
	if ((has_quotes && *close != '"') || *p++ != '>')
		return false;
	if (p < x->end && strchr(" \t\r\n;{}]", *p) == NULL)
		return false;
	text_reset(&x->word);
	text_putc(&x->word, '<');
	text_putn(&x->word, s, (size_t)(close - s));
	text_putc(&x->word, '>');
	x->s = text_str(&x->word);
	x->n = x->word.len;
	x->p = p;
	x->kind = LEX_WORD;
	return true;
}

static enum lex_kind
token(struct lex *x)
{
	static const struct {
		char c;
		enum lex_kind kind;
	} marks[] = { { ';', LEX_END }, { '{', LEX_OPEN }, { '}', LEX_CLOSE }, { '[', LEX_LIST },
		{ ']', LEX_LIST_END } };
	x->at_line = x->line;
	x->at_column = column(x, x->p);
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (*x->p == marks[i].c) {
			x->p++;
			x->kind = marks[i].kind;
			return x->kind;
		}
	if (*x->p == '<' && wildcard(x))
		return x->kind;
	return *x->p == '"' ? quoted(x) : bare(x);
}

enum lex_kind
lex_next(struct lex *x)
{
	x->is_quoted = x->ends_statement = false;
	while (x->p < x->end) {
		char c = *x->p;
		if (c == '\n' && x->by_line) {
			x->at_line = x->line;
			x->at_column = column(x, x->p);
			newline(x);
			x->kind = LEX_NEWLINE;
			return x->kind;
		}
		if (c == '\n') {
			newline(x);
		} else if ((classes[(unsigned char)c] & BLANK) != 0) {
			x->p++;
		} else if (c == '#') {
			hash_comment(x);
		} else if (c == '/' && x->end - x->p > 1 && x->p[1] == '*') {
			x->at_line = x->line;
			x->at_column = column(x, x->p);
			if (!block_comment(x))
				return fail(x, "unterminated comment");
		} else {
			token(x);
			x->end_line = x->line;
			return x->kind;
		}
	}
	x->at_line = x->line;
	x->at_column = column(x, x->p);
	x->kind = LEX_EOF;
	return x->kind;
}

bool
lex_is_clean(const char *s)
{
	const char *end = s + strlen(s);
	classes_init();
	while (s < end) {
		unsigned char class = classes[(unsigned char)*s];
		size_t n = (class & HIGH) != 0 ? utf8_len(s, end) : 1;
		if (n == 0 || (class & CONTROL) != 0 || *s == '\r')
			return false;
		s += n;
	}
	return true;
}
