/* SPDX-License-Identifier: BSD-2-Clause
 *
 * comment.c - annotations as lines that print and read back the same.
 *
 * Blanks around lines are dropped, an end mark inside is broken up, and what a reader would drop (a ## line, an
 * empty comment, the word OMITTED alone, a byte that is no character) is changed or left out. A line of a block that starts with '#' has one blank
 * before it, so that it is not taken for a # comment. Called by tree.c. Pure; any thread.
 */
#include "lib/junos/comment.h"

#include "lib/base/text.h"
#include "lib/junos/lex.h"

#include <stdbool.h>
#include <string.h>

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static void
line_clean(const char *s, const char *end, struct text *out)
{
	bool is_indented = s < end && is_blank(*s);
	while (s < end && is_blank(*s))
		s++;
	while (end > s && is_blank(end[-1]))
		end--;
	if (s < end && *s == '#' && (is_indented || (end - s > 1 && s[1] == '#')))
		text_putc(out, ' ');
	while (s < end) {
		if (*s == '*' && end - s > 1 && s[1] == '/') {
			text_putc(out, ' ');
			s++;
		} else {
			s = lex_comment_put(out, s, end);
		}
	}
}

/* Appends one run of lines that make a block comment, unless it says nothing. */
static void
block_put(struct text *block, struct text *out)
{
	if (block->len > 0 && strcmp(text_str(block), "OMITTED") != 0) {
		if (out->len > 0)
			text_putc(out, '\n');
		text_put(out, text_str(block));
	}
	text_reset(block);
}

void
comment_clean(const char *lines, struct text *out)
{
	struct text line = { 0 };
	struct text block = { 0 };
	bool in_block = false;
	for (const char *p = lines; p != NULL;) {
		size_t n = strcspn(p, "\n");
		text_reset(&line);
		line_clean(p, p + n, &line);
		p = p[n] != '\0' ? p + n + 1 : NULL;
		bool is_hash = text_str(&line)[0] == '#';
		if (is_hash)
			block_put(&block, out);
		else if (in_block)
			text_putc(&block, '\n');
		struct text *to = is_hash ? out : &block;
		if (is_hash && out->len > 0)
			text_putc(out, '\n');
		text_put(to, text_str(&line));
		in_block = !is_hash;
	}
	block_put(&block, out);
	text_done(&line);
	text_done(&block);
}
