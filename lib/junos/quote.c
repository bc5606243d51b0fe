/* SPDX-License-Identifier: BSD-2-Clause
 *
 * quote.c - words of configuration text: when they need quotes, and tags.
 *
 * Inside quotes only \" \\ and \n mean something else than they are. A wildcard of a group, <*>, looks
 * special but is printed bare.
 */
#include "lib/junos/quote.h"

#include "lib/base/text.h"

#include <string.h>

static const struct {
	const char *word;
	enum quote_tag tag;
} tags[] = {
	{ "inactive:", TAG_INACTIVE },
	{ "active:", TAG_ACTIVE },
	{ "protect:", TAG_PROTECT },
	{ "unprotect:", TAG_UNPROTECT },
	{ "replace:", TAG_REPLACE },
	{ "delete:", TAG_DELETE },
};

enum quote_tag
quote_tag(const char *word)
{
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
		if (strcmp(word, tags[i].word) == 0)
			return tags[i].tag;
	return TAG_NONE;
}

static bool
needs_quotes(const char *word)
{
	size_t n = strcspn(word, " \t\n;{}[]\"#&<>\\");
	if (n == 0 && word[0] == '<' && strcspn(word, " \t\n;{}[]\"#&\\") == strlen(word) &&
	    strchr(word, '>') == word + strlen(word) - 1 && strchr(word + 1, '<') == NULL)
		return false;
	return word[0] == '\0' || word[n] != '\0' || strstr(word, "/*") != NULL ||
	       (word[strlen(word) - 1] == ':' && quote_tag(word) != TAG_NONE);
}

void
quote_put(struct text *out, const char *word, bool force)
{
	if (!force && !needs_quotes(word)) {
		text_put(out, word);
		return;
	}
	text_putc(out, '"');
	for (const char *p = word; *p != '\0';) {
		size_t n = strcspn(p, "\"\\\n");
		text_putn(out, p, n);
		p += n;
		if (*p == '\0')
			break;
		text_putc(out, '\\');
		text_putc(out, *p == '\n' ? 'n' : *p);
		p++;
	}
	text_putc(out, '"');
}
