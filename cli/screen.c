/* SPDX-License-Identifier: BSD-2-Clause
 *
 * screen.c - what is written to the terminal past the pager. Called by client.c, connect.c and typing.c.
 */
#include "cli/screen.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/tame.h"

void
screen_tame(struct tame *t, char *s, size_t n)
{
	static int is_terminal = -1;
	if (is_terminal < 0)
		is_terminal = isatty(STDOUT_FILENO);
	if (is_terminal)
		tame_put(t, s, n);
}

void
screen_put(const char *s, FILE *to)
{
	char *copy = strdup(s);
	if (copy == NULL)
		abort();
	if (isatty(fileno(to)))
		tame_str(copy);
	fputs(copy, to);
	free(copy);
}

void
screen_announce(const char *s)
{
	char *copy = strdup(s);
	char *to = copy;
	if (copy == NULL)
		abort();
	for (; *s != '\0'; s++) {
		bool is_newline = s[0] == '\\' && s[1] == 'n';
		*to++ = is_newline ? '\n' : *s;
		s += is_newline;
	}
	*to = '\0';
	screen_put(copy, stdout);
	putchar('\n');
	free(copy);
}
