/* SPDX-License-Identifier: BSD-2-Clause
 *
 * load_json.c - JUNOS JSON into items.
 *
 * A reader of our own: it is one page, knows line and column of every value (errors name them, as they do for
 * text), keeps the order and the digits of what it reads, and makes items directly. A member whose
 * value is an array is as many items of its name. "@" members (RFC 7952) become marks of what they are about when their
 * object ends. Nesting is bounded, depth costs no stack. Called by load_any(), load_json(). One thread at a time.
 */
#include "lib/junos/item.h"

#include "lib/base/arena.h"
#include "lib/base/report.h"
#include "lib/base/text.h"

#include <stdint.h>
#include <string.h>

enum { DEPTH_MAX = 64 };

struct json {
	struct arena *a;
	const char *p;
	const char *end;
	const char *line_start;
	unsigned line;
	struct text word;             /* the string or number read last */
	struct item *open[DEPTH_MAX]; /* objects, and for an array the object it is in */
	const char *array[DEPTH_MAX]; /* the member's name where it is an array, else NULL */
	size_t depth;
	const char *refusal;
};

static bool
fail(struct json *j, const char *message)
{
	if (j->refusal == NULL)
		j->refusal = message;
	return false;
}

/* Steps over blanks; returns the next byte, 0 at the end. */
static char
look(struct json *j)
{
	while (j->p < j->end) {
		char c = *j->p;
		if (c == '\n') {
			j->line++;
			j->line_start = j->p + 1;
		} else if (c != ' ' && c != '\t' && c != '\r') {
			return c;
		}
		j->p++;
	}
	return 0;
}

static bool
take(struct json *j, char c)
{
	if (look(j) != c || c == 0)
		return false;
	j->p++;
	return true;
}

/* --- strings and numbers --- */

static bool
hex4(struct json *j, uint32_t *out)
{
	uint32_t v = 0;
	for (int i = 0; i < 4; i++, j->p++) {
		char c = j->p < j->end ? *j->p : 0;
		const char *digit =
		    c != 0 ? strchr("0123456789abcdef", c | ('A' <= c && c <= 'F' ? 0x20 : 0))
			   : NULL;
		if (digit == NULL)
			return fail(j, "JSON: four hexadecimal digits expected");
		v = v << 4 | (uint32_t)(digit - "0123456789abcdef");
	}
	*out = v;
	return true;
}

static void
utf8_put(struct text *t, uint32_t c)
{
	if (c < 0x80) {
		text_putc(t, (char)c);
		return;
	}
	int n = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
	text_putc(t, (char)((n == 1 ? 0xc0 : n == 2 ? 0xe0 : 0xf0) | c >> (6 * n)));
	while (n-- > 0)
		text_putc(t, (char)(0x80 | (c >> (6 * n) & 0x3f)));
}

static bool
unicode_escape(struct json *j)
{
	uint32_t c;
	uint32_t low;
	if (!hex4(j, &c))
		return false;
	if (c >= 0xd800 && c < 0xdc00) {
		if (j->end - j->p < 2 || j->p[0] != '\\' || j->p[1] != 'u')
			return fail(j, "JSON: half a surrogate pair");
		j->p += 2;
		if (!hex4(j, &low))
			return false;
		if (low < 0xdc00 || low > 0xdfff)
			return fail(j, "JSON: half a surrogate pair");
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
	} else if (c == 0 || (c >= 0xdc00 && c < 0xe000)) {
		return fail(j, "JSON: not a character");
	}
	utf8_put(&j->word, c);
	return true;
}

static bool
escape(struct json *j)
{
	static const char from[] = "\"\\/bfnrt";
	static const char to[] = "\"\\/\b\f\n\r\t";
	char c = j->p < j->end ? *j->p++ : 0;
	if (c == 'u')
		return unicode_escape(j);
	const char *p = c != 0 ? strchr(from, c) : NULL;
	if (p == NULL)
		return fail(j, "JSON: unknown escape");
	text_putc(&j->word, to[p - from]);
	return true;
}

/* Reads a string, whose quote is next, into j->word. */
static bool
string(struct json *j)
{
	text_reset(&j->word);
	for (j->p++; j->p < j->end && *j->p != '"';) {
		const char *s = j->p;
		while (
		    j->p < j->end && *j->p != '"' && *j->p != '\\' && (unsigned char)*j->p >= ' ')
			j->p++;
		text_putn(&j->word, s, (size_t)(j->p - s));
		if (j->p < j->end && (unsigned char)*j->p < ' ')
			return fail(j, "JSON: control character in a string");
		if (j->p < j->end && *j->p == '\\') {
			j->p++;
			if (!escape(j))
				return false;
		}
	}
	if (j->p == j->end)
		return fail(j, "JSON: unterminated string");
	j->p++;
	return true;
}

/* Reads true, false, null or a number into j->word; its digits stay as they are. */
static bool
bare(struct json *j, bool *is_null)
{
	const char *s = j->p;
	while (j->p < j->end && strchr("+-.0123456789Eabcdefghijklmnopqrstuvwxyz", *j->p) != NULL &&
	       *j->p != '\0')
		j->p++;
	text_reset(&j->word);
	text_putn(&j->word, s, (size_t)(j->p - s));
	const char *w = text_str(&j->word);
	*is_null = strcmp(w, "null") == 0;
	size_t digits = strspn(w + (w[0] == '-'), "0123456789");
	bool is_number = digits > 0 && strspn(w, "+-.0123456789Ee") == j->word.len;
	if (*is_null || strcmp(w, "true") == 0 || strcmp(w, "false") == 0 || is_number)
		return true;
	j->p = s;
	return fail(j, "JSON: value expected");
}

/* --- "@" members --- */

static void
marks_take(struct json *j, struct item *to, const struct item *from)
{
	for (const struct item *m = from->child; m != NULL; m = m->next)
		item_mark(j->a, to, m->name, m->value != NULL ? m->value : "");
}

/* The members of O that start with '@' go away; those they are about take their marks. */
static void
marks_resolve(struct json *j, struct item *o)
{
	struct item *first = o->child;
	bool has = false;
	for (const struct item *c = first; c != NULL; c = c->next)
		has = has || c->name[0] == '@';
	if (!has)
		return;
	const char *name = "";
	struct item *about = NULL; /* the one that the next of this name is about */
	for (struct item *m = first; m != NULL; m = m->next) {
		if (m->name[0] != '@')
			continue;
		if (m->name[1] == '\0') {
			marks_take(j, o, m);
			continue;
		}
		if (strcmp(m->name, name) != 0) {
			name = m->name;
			about = first;
		}
		while (about != NULL && strcmp(about->name, name + 1) != 0)
			about = about->next;
		if (about == NULL)
			continue;
		marks_take(j, about, m);
		about = about->next;
	}
	o->child = o->last = NULL;
	for (struct item *c = first, *next; c != NULL; c = next) {
		next = c->next;
		c->next = NULL;
		if (c->name[0] == '@')
			continue;
		if (o->last != NULL)
			o->last->next = c;
		else
			o->child = c;
		o->last = c;
	}
}

/* --- values --- */

/* Reads the value of the member NAME of object IN. Objects and arrays are only opened. */
static bool
value(struct json *j, struct item *in, const char *name)
{
	char c = look(j);
	bool is_null = false;
	unsigned line = j->line;
	unsigned column = (unsigned)(j->p - j->line_start) + 1;
	if ((c == '{' || c == '[') && j->depth == DEPTH_MAX)
		return fail(j, "JSON: nested too deeply");
	if (c == '[') {
		if (j->depth == 0 || j->array[j->depth - 1] != NULL)
			return fail(j, "JSON: an array cannot stand here");
		j->p++;
		j->open[j->depth] = in;
		j->array[j->depth++] = name;
		return true;
	}
	if (c == '"' ? !string(j) : c != '{' && !bare(j, &is_null))
		return false;
	struct item *i = item_new(j->a, in, name, strlen(name));
	i->line = line;
	i->column = column;
	if (c == '{') {
		j->p++;
		j->open[j->depth] = i;
		j->array[j->depth++] = NULL;
	} else if (strlen(text_str(&j->word)) != j->word.len) {
		return fail(j, "JSON: not a character");
	} else if (!is_null) {
		i->value = arena_strndup(j->a, text_str(&j->word), j->word.len);
	}
	return true;
}

static bool
member(struct json *j, struct item *in)
{
	if (look(j) != '"')
		return fail(j, "JSON: name of a member expected");
	if (!string(j))
		return false;
	const char *name = arena_strndup(j->a, text_str(&j->word), j->word.len);
	return take(j, ':') ? value(j, in, name) : fail(j, "JSON: ':' expected");
}

/* Reads what stands in the innermost object or array up to the next thing that opens or its end. */
static bool
level(struct json *j)
{
	struct item *in = j->open[j->depth - 1];
	const char *array = j->array[j->depth - 1];
	bool is_first = j->p[-1] == (array ? '[' : '{');
	if (take(j, array ? ']' : '}')) {
		if (array == NULL)
			marks_resolve(j, in);
		j->depth--;
		return true;
	}
	if (!is_first && !take(j, ','))
		return fail(j, array ? "JSON: ',' or ']' expected" : "JSON: ',' or '}' expected");
	return array ? value(j, in, array) : member(j, in);
}

static struct item *
json_read(struct json *j, struct report *r)
{
	struct item *root = item_new(j->a, NULL, "", 0);
	root->line = root->column = 1;
	bool ok = look(j) == '{' || fail(j, "JSON: '{' expected");
	if (ok) {
		j->p++;
		j->open[j->depth++] = root;
	}
	while (ok && j->depth > 0)
		ok = level(j);
	if (ok && look(j) != 0)
		ok = fail(j, "JSON: something follows the end");
	if (!ok)
		item_refuse(r, j->line, (unsigned)(j->p - j->line_start) + 1, j->refusal);
	return ok ? root : NULL;
}

bool
load_json(struct tree *t, struct node *below, enum load_action action, const char *s, size_t len,
    struct report *r)
{
	struct json j = { .p = s, .end = s + len, .line_start = s, .line = 1 };
	j.a = arena_new_secret();
	const struct item *root = json_read(&j, r);
	bool ok = root != NULL;
	if (ok) {
		const struct item *c = item_configuration(root);
		ok = c != NULL ? load_items(t, below, action, c, r)
			       : item_refuse(r, 1, 1, "syntax error, expecting \"configuration\"");
	}
	text_done(&j.word);
	arena_free(j.a);
	return ok;
}
