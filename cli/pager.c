/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pager.c - shows lines until the screen is full, then does what keys say.
 *
 * Lines are numbered as they come in; `next` is the first one that has not been shown. Moving back is showing lines
 * again from an earlier one. While the prompt is up the terminal gives single keys and no signals, so ^C is a key.
 */
#include "cli/pager.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "lib/base/pattern.h"
#include "lib/base/text.h"

enum { PATTERN_MAX = 200, ROWS_MIN = 2 };

struct pager {
	struct text all;
	size_t *starts; /* offset of each complete line */
	size_t n;       /* complete lines */
	size_t cap;
	size_t next; /* first line that has not been shown */
	unsigned rows;
	unsigned columns;
	unsigned left; /* rows that may be shown before the prompt */
	bool hold;
	bool has_ended;
	bool has_quit;
	bool to_end;     /* G before the end has come */
	size_t n_prompt; /* characters of the prompt that is up, 0: none */
	struct termios cooked;
	bool is_raw;
	regex_t filter; /* m, e */
	bool has_filter;
	bool is_except;
	char search[PATTERN_MAX]; /* pattern of n, "": none */
	bool is_backwards;
};

/* A screen, less the row of the prompt. */
static unsigned
page_of(const struct pager *p)
{
	return p->rows - 1;
}

struct pager *
pager_new(unsigned rows, unsigned columns, bool hold)
{
	struct pager *p = calloc(1, sizeof(*p));
	if (p == NULL)
		abort();
	pager_resize(p, rows, columns);
	p->hold = hold;
	p->left = page_of(p);
	return p;
}

void
pager_resize(struct pager *p, unsigned rows, unsigned columns)
{
	p->rows = rows < ROWS_MIN ? ROWS_MIN : rows;
	p->columns = columns > 0 ? columns : 80;
}

static void
cooked_back(struct pager *p)
{
	if (p->is_raw)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &p->cooked);
	p->is_raw = false;
}

static void
filter_clear(struct pager *p)
{
	if (p->has_filter)
		regfree(&p->filter);
	p->has_filter = false;
}

void
pager_free(struct pager *p)
{
	if (p == NULL)
		return;
	cooked_back(p);
	filter_clear(p);
	text_done(&p->all);
	free(p->starts);
	free(p);
}

static void
screen_put(const char *s, size_t n)
{
	while (n > 0) {
		ssize_t k = write(STDOUT_FILENO, s, n);
		if (k < 0 && errno != EINTR && errno != EAGAIN)
			return; /* the terminal is gone; so are we, soon */
		s += k > 0 ? k : 0;
		n -= k > 0 ? (size_t)k : 0;
	}
}

/* --- lines --- */

static void
line_add(struct pager *p, size_t start)
{
	if (p->n == p->cap) {
		p->cap = p->cap * 2 + 256;
		p->starts = realloc(p->starts, p->cap * sizeof(*p->starts));
		if (p->starts == NULL)
			abort();
	}
	p->starts[p->n++] = start;
}

static size_t
line_length(const struct pager *p, size_t i)
{
	const char *s = p->all.s + p->starts[i];
	const char *nl = memchr(s, '\n', p->all.len - p->starts[i]);
	return nl != NULL ? (size_t)(nl - s) : p->all.len - p->starts[i];
}

static bool
line_matches(const struct pager *p, size_t i, const regex_t *re)
{
	char *line = strndup(p->all.s + p->starts[i], line_length(p, i));
	if (line == NULL)
		abort();
	bool is = regexec(re, line, 0, NULL, 0) == 0;
	free(line);
	return is;
}

static bool
line_is_shown(const struct pager *p, size_t i)
{
	return !p->has_filter || line_matches(p, i, &p->filter) != p->is_except;
}

static void
line_show(struct pager *p, size_t i)
{
	size_t n = line_length(p, i);
	size_t n_rows = n == 0 ? 1 : (n + p->columns - 1) / p->columns;
	screen_put(p->all.s + p->starts[i], n);
	screen_put("\n", 1);
	p->left = n_rows < p->left ? p->left - (unsigned)n_rows : 0;
}

static void
show(struct pager *p)
{
	if (p->to_end && !p->has_ended)
		return;
	if (p->to_end) {
		size_t last = p->n > page_of(p) ? p->n - page_of(p) : 0;
		p->next = last > p->next ? last : p->next;
		p->left = UINT_MAX; /* long lines take several rows */
		p->to_end = false;
	}
	for (; p->left > 0 && p->next < p->n && !p->has_quit; p->next++)
		if (line_is_shown(p, p->next))
			line_show(p, p->next);
}

void
pager_put(struct pager *p, const char *s, size_t n)
{
	if (p->has_quit)
		return;
	size_t from = p->all.len;
	bool at_start = from == 0 || p->all.s[from - 1] == '\n';
	size_t start = from;
	while (!at_start && start > 0 && p->all.s[start - 1] != '\n')
		start--;
	text_putn(&p->all, s, n);
	for (size_t i = from; i < p->all.len; i++)
		if (p->all.s[i] == '\n') {
			line_add(p, start);
			start = i + 1;
		}
	show(p);
}

void
pager_end(struct pager *p)
{
	if (!p->has_ended && p->all.len > 0 && p->all.s[p->all.len - 1] != '\n')
		pager_put(p, "\n", 1);
	p->has_ended = true;
	show(p);
}

enum pager_state
pager_state(const struct pager *p)
{
	if (p->has_quit)
		return PAGER_DONE;
	if (p->next < p->n && !p->to_end)
		return PAGER_PROMPT;
	if (!p->has_ended)
		return PAGER_READING;
	return p->hold && p->n > 0 ? PAGER_PROMPT : PAGER_DONE;
}

bool
pager_has_quit(const struct pager *p)
{
	return p->has_quit;
}

/* --- the prompt --- */

static void
prompt_erase(struct pager *p)
{
	struct text t = { 0 };
	if (p->n_prompt == 0)
		return;
	text_putc(&t, '\r');
	text_fill(&t, ' ', p->n_prompt);
	text_putc(&t, '\r');
	screen_put(t.s, t.len);
	text_done(&t);
	p->n_prompt = 0;
}

void
pager_prompt(struct pager *p)
{
	char buf[32] = "---(more)---";
	if (p->n_prompt > 0)
		return;
	if (p->has_ended && p->n > 0)
		snprintf(buf, sizeof(buf), "---(more %zu%%)---", p->next * 100 / p->n);
	if (!p->is_raw && tcgetattr(STDIN_FILENO, &p->cooked) == 0) {
		struct termios raw = p->cooked;
		raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG | IEXTEN);
		raw.c_iflag &= ~(tcflag_t)(IXON | ICRNL | INLCR);
		raw.c_cc[VMIN] = 1;
		raw.c_cc[VTIME] = 0;
		p->is_raw = tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
	}
	p->n_prompt = strlen(buf);
	screen_put(buf, p->n_prompt);
}

/* The next byte of the terminal; -1: it is gone. */
static int
key_read(void)
{
	unsigned char c;
	ssize_t n;
	do
		n = read(STDIN_FILENO, &c, 1);
	while (n < 0 && errno == EINTR);
	return n == 1 ? c : -1;
}

/* Reads a line behind the prompt "NAME " into BUF; false if it was given up. */
static bool
string_read(struct pager *p, const char *name, char buf[PATTERN_MAX])
{
	size_t n = 0;
	prompt_erase(p);
	screen_put(name, strlen(name));
	for (;;) {
		int c = key_read();
		p->n_prompt = strlen(name) + n;
		if (c < 0 || c == 3 || c == 27)
			return false;
		if (c == '\r' || c == '\n') {
			buf[n] = '\0';
			return true;
		}
		if ((c == 8 || c == 127) && n > 0) {
			n--;
			screen_put("\b \b", 3);
		} else if (c >= ' ' && c != 127 && n + 1 < PATTERN_MAX) {
			buf[n++] = (char)c;
			screen_put(&buf[n - 1], 1);
		}
	}
}

/* --- what keys do --- */

static void
say(struct pager *p, const char *text)
{
	prompt_erase(p);
	screen_put(text, strlen(text));
}

/* Shows a page from BACK lines before the next one. */
static void
go_back(struct pager *p, size_t back)
{
	p->next = p->next > back ? p->next - back : 0;
	p->left = page_of(p);
}

/* Shows up to N_ROWS more; at the end, where it was held, there is nothing but to leave. */
static void
go_on(struct pager *p, unsigned n_rows)
{
	p->left = n_rows;
	if (p->has_ended && p->next == p->n)
		p->hold = false;
}

static void
search_again(struct pager *p)
{
	regex_t re;
	size_t page = page_of(p);
	size_t top = p->next > page ? p->next - page : 0;
	if (p->search[0] == '\0')
		return;
	if (pattern_compile(&re, p->search) != NULL) {
		say(p, "Invalid regular expression\n");
		return;
	}
	size_t found = p->n;
	if (p->is_backwards) {
		for (size_t i = top; i > 0 && found == p->n; i--)
			if (line_matches(p, i - 1, &re))
				found = i - 1;
	} else {
		for (size_t i = p->next; i < p->n && found == p->n; i++)
			if (line_matches(p, i, &re))
				found = i;
	}
	regfree(&re);
	if (found == p->n) {
		say(p, "Pattern not found\n");
		return;
	}
	p->next = found;
	p->left = page_of(p);
}

static void
search(struct pager *p, bool backwards)
{
	char buf[PATTERN_MAX];
	if (!string_read(p, backwards ? "?" : "/", buf))
		return;
	p->is_backwards = backwards;
	if (buf[0] != '\0')
		memcpy(p->search, buf, sizeof(buf));
	search_again(p);
}

/* Shows only some lines, from the first one of this page on. */
static void
filter(struct pager *p, bool except)
{
	char buf[PATTERN_MAX];
	if (!string_read(p, except ? "except " : "match ", buf))
		return;
	filter_clear(p);
	if (buf[0] == '\0')
		return;
	if (pattern_compile(&p->filter, buf) != NULL) {
		say(p, "Invalid regular expression\n");
		return;
	}
	p->has_filter = true;
	p->is_except = except;
	go_back(p, page_of(p));
}

static void
save(struct pager *p)
{
	char name[PATTERN_MAX];
	char said[PATTERN_MAX + 64];
	if (!string_read(p, "save ", name) || name[0] == '\0')
		return;
	FILE *f = fopen(name, "we");
	bool ok = f != NULL && fwrite(p->all.s, 1, p->all.len, f) == p->all.len;
	int err = errno;
	if (f != NULL && fclose(f) != 0)
		ok = false;
	if (ok)
		snprintf(said, sizeof(said), "Wrote %zu lines of output to '%s'\n", p->n, name);
	else
		snprintf(
		    said, sizeof(said), "error: could not write '%s': %s\n", name, strerror(err));
	say(p, said);
}

static void
help(struct pager *p)
{
	say(p, "---(Help for CLI automore)---\n"
	       "  space, f, ^F         one page on\n"
	       "  Enter, j, ^N         one line on\n"
	       "  d, Tab, ^D           half a page on\n"
	       "  b, ^B                one page back\n"
	       "  k, ^P                one line back\n"
	       "  u, ^U                half a page back\n"
	       "  g, ^A                to the top\n"
	       "  G, ^E                to the bottom\n"
	       "  /, ?                 search on, search back for a regular expression\n"
	       "  n                    search again\n"
	       "  m, e                 show only lines with, without a regular expression\n"
	       "  c                    show all lines again\n"
	       "  s                    save the output to a file\n"
	       "  H, N                 wait, do not wait at the end of the output\n"
	       "  ^L                   show the page again\n"
	       "  h                    this help\n"
	       "  q, ^C                no more output\n");
}

/* Cursor keys are sequences; they become the key that does the same. */
static int
key_plain(int c)
{
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
	if (c != 27)
		return c;
	if (poll(&p, 1, 50) <= 0 || ((c = key_read()) != '[' && c != 'O'))
		return 0;
	switch (key_read()) {
	case 'A':
		return 'k';
	case 'B':
		return 'j';
	case 'C':
		return ' ';
	case 'D':
		return 'b';
	case 'H':
		return 'g';
	case 'F':
		return 'G';
	}
	return 0;
}

enum { CTRL = 0x1f };

static void
key_do(struct pager *p, int c)
{
	size_t page = page_of(p);
	switch (c) {
	case ' ':
	case 'f':
	case 'F' & CTRL:
		go_on(p, page_of(p));
		break;
	case '\r':
	case '\n':
	case 'j':
	case 'N' & CTRL:
		go_on(p, 1);
		break;
	case 'd':
	case 'D' & CTRL:
	case '\t':
		go_on(p, page_of(p) / 2 + 1);
		break;
	case 'b':
	case 'B' & CTRL:
		go_back(p, 2 * page);
		break;
	case 'u':
	case 'U' & CTRL:
		go_back(p, page + page / 2);
		break;
	case 'k':
	case 'P' & CTRL:
		go_back(p, page + 1);
		break;
	case 'L' & CTRL:
		go_back(p, page);
		break;
	case 'g':
	case 'A' & CTRL:
		go_back(p, p->next);
		break;
	case 'G':
	case 'E' & CTRL:
		p->to_end = true;
		break;
	case '/':
	case '?':
		search(p, c == '?');
		break;
	case 'n':
		search_again(p);
		break;
	case 'm':
	case 'M':
	case 'e':
	case 'E':
		filter(p, c == 'e' || c == 'E');
		break;
	case 'c':
	case 'C':
		if (p->has_filter)
			go_back(p, page);
		filter_clear(p);
		break;
	case 's':
	case 'S':
		save(p);
		break;
	case 'H':
		p->hold = true;
		break;
	case 'N':
	case 'l':
		p->hold = false;
		break;
	case 'h':
		help(p);
		break;
	case 'q':
	case 'Q':
	case 'C' & CTRL:
	case 'K' & CTRL:
	case -1:
		p->has_quit = true;
		break;
	}
}

void
pager_on_key(struct pager *p)
{
	int c = key_plain(key_read());
	key_do(p, c);
	prompt_erase(p);
	cooked_back(p);
	show(p);
}
