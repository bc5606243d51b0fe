/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pipe.c - reads the pipes of a command line, and lists what may follow in one that is being typed.
 *
 * Regular expressions are POSIX extended and ignore case, as on JUNOS; a pattern with blanks or `|` is quoted.
 */
#include "cli/pipe.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/pattern.h"
#include "lib/base/text.h"

enum { PIPE_WORDS = 6 };

struct word {
	char *s;
	size_t at;
};

/* What a pipe is called and what it takes. */
enum pipe_arg { ARG_NONE, ARG_RE, ARG_NUMBER, ARG_OPT_NUMBER, ARG_FILE };

static const struct {
	const char *word;
	enum pipe_kind kind;
	enum pipe_arg arg;
	const char *help;
} table[] = {
	{ "append", PIPE_APPEND, ARG_FILE, "Append output text to file" },
	{ "count", PIPE_COUNT, ARG_NONE, "Count occurrences" },
	{ "except", PIPE_EXCEPT, ARG_RE, "Show only text that does not match a pattern" },
	{ "find", PIPE_FIND, ARG_RE, "Search for first occurrence of pattern" },
	{ "last", PIPE_LAST, ARG_OPT_NUMBER, "Display end of output only" },
	{ "match", PIPE_MATCH, ARG_RE, "Show only text that matches a pattern" },
	{ "save", PIPE_SAVE, ARG_FILE, "Save output text to file" },
	{ "tee", PIPE_TEE, ARG_FILE, "Write to standard output and file" },
	{ "trim", PIPE_TRIM, ARG_NUMBER, "Trim specified number of columns from start of line" },
};

static const struct pipe_choice other_words[] = {
	{ "compare", "Compare configuration changes with prior version" },
	{ "display", "Show additional kinds of information" },
	{ "hold", "Hold text without exiting the --More-- prompt" },
	{ "no-more", "Don't paginate output" },
	{ "refresh", "Refresh a continuous display of the command" },
	{ "request", "Make system-level requests" },
	{ "resolve", "Resolve IP addresses" },
};

/* What a pipe takes, for help. */
static const struct pipe_choice arguments[] = {
	[ARG_RE] = { "<pattern>", "Pattern to match against" },
	[ARG_NUMBER] = { "<number>", "Number of columns" },
	[ARG_OPT_NUMBER] = { "<lines>", "Number of lines from end of output to display" },
	[ARG_FILE] = { "<filename>", "Output file name" },
};

static const char *const formats[] = {
	[FORMAT_TEXT] = "text",
	[FORMAT_SET] = "set",
	[FORMAT_XML] = "xml",
	[FORMAT_JSON] = "json",
};

static const struct pipe_choice format_words[] = {
	{ "json", "Show output as JSON" },
	{ "set", "Show 'set' commands that create configuration" },
	{ "xml", "Show output as XML tags" },
};

/* What else `display FORMAT` takes. */
static const struct {
	enum pipe_format format;
	struct pipe_choice choice;
} format_options[] = {
	{ FORMAT_SET, { "relative", "Show set commands for this level only" } },
	{ FORMAT_XML, { "rpc", "Show the request as XML tags" } },
};

/* What `display` takes besides formats. There are no commit scripts: what they would get is what they would leave. */
enum display_word {
	DISPLAY_INHERITANCE,
	DISPLAY_CHANGED,
	DISPLAY_DETAIL,
	DISPLAY_OMIT,
	DISPLAY_SCRIPTS,
};

static const struct {
	struct pipe_choice choice;
	enum display_word what;
} display_words[] = {
	{ { "changed", "Tag changes with junos:changed attribute (XML only)" }, DISPLAY_CHANGED },
	{ { "commit-scripts", "Show data after commit scripts have been applied" },
	    DISPLAY_SCRIPTS },
	{ { "detail", "Show configuration data detail" }, DISPLAY_DETAIL },
	{ { "inheritance", "Show inherited configuration data and source group" },
	    DISPLAY_INHERITANCE },
	{ { "omit", "Emit configuration statements with the 'omit' option" }, DISPLAY_OMIT },
};

enum { DISPLAY_WORDS = sizeof(display_words) / sizeof(display_words[0]) };

static const struct pipe_choice inherit_words[] = {
	{ "brief", "Display brief output" },
	{ "no-comments", "Do not display inheritance comments" },
};
static const struct pipe_choice request_words[] = {
	{ "message", "Send output to the terminals of users" },
	{ "account", "Send message to all terminals of this user" },
	{ "all", "Send message to all users" },
	{ "<account>", "Name of the user" },
};
static const struct pipe_choice scripts_words[] = {
	{ "no-comments", "Do not display inheritance comments" },
	{ "view", "Show data that is presented to commit scripts" },
};
static const char *const inherits[] = {
	[INHERIT_NOTES] = "notes",
	[INHERIT_BRIEF] = "brief",
	[INHERIT_NO_COMMENTS] = "no-comments",
};

const char *
pipe_inherit_name(enum pipe_inherit i)
{
	return inherits[i];
}

const char *
pipe_format_name(enum pipe_format f)
{
	return formats[f];
}

/* Finds the first `|` outside double quotes; NULL if there is none. */
static char *
bar_find(char *s)
{
	bool quoted = false;
	for (; *s != '\0'; s++) {
		if (*s == '\\' && quoted && s[1] != '\0')
			s++;
		else if (*s == '"')
			quoted = !quoted;
		else if (*s == '|' && !quoted)
			return s;
	}
	return NULL;
}

/* Cuts one pipe into words in place; quotes are taken off. BASE is where S starts in the line. */
static size_t
words_cut(char *s, size_t base, struct word out[PIPE_WORDS])
{
	size_t n = 0;
	char *p = s;
	for (;;) {
		p += strspn(p, " \t");
		if (*p == '\0' || n == PIPE_WORDS)
			return n;
		out[n].at = base + (size_t)(p - s);
		char *to = p;
		out[n++].s = to;
		bool quoted = false;
		while (*p != '\0' && (quoted || (*p != ' ' && *p != '\t'))) {
			if (*p == '"')
				quoted = !quoted;
			else if (*p == '\\' && quoted && p[1] == '"')
				*to++ = *++p;
			else
				*to++ = *p;
			p++;
		}
		bool last = *p == '\0';
		*to = '\0';
		if (last)
			return n;
		p++;
	}
}

__attribute__((format(printf, 3, 4))) static bool
refuse(struct pipe_error *err, size_t at, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	err->at = at;
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	return false;
}

static bool
number_parse(const struct word *w, unsigned max, unsigned *out, struct pipe_error *err)
{
	char *end;
	errno = 0;
	unsigned long v = strtoul(w->s, &end, 10);
	if (errno != 0 || *end != '\0' || end == w->s || w->s[0] == '-' || v > max)
		return refuse(err, w->at, "syntax error.");
	*out = (unsigned)v;
	return true;
}

static bool
stage_add(struct pipes *p, size_t row, const struct word *w, size_t n_words, struct pipe_error *err)
{
	if (p->n == PIPE_MAX)
		return refuse(err, w[0].at, "too many pipes.");
	struct pipe_stage *st = &p->stages[p->n];
	*st = (struct pipe_stage){ .kind = table[row].kind, .n = PIPE_LAST_DEFAULT };
	size_t max_words = table[row].arg == ARG_NONE ? 1 : 2;
	if (n_words < max_words && table[row].arg != ARG_OPT_NUMBER)
		return refuse(err, w[0].at + strlen(w[0].s), "missing argument.");
	if (n_words > max_words)
		return refuse(err, w[max_words].at, "syntax error.");
	const char *why = NULL;
	switch (table[row].arg) {
	case ARG_RE:
		why = pattern_compile(&st->re, w[1].s);
		if (why != NULL)
			return refuse(err, w[1].at, "%s: %s", why, w[1].s);
		st->has_re = true;
		break;
	case ARG_NUMBER:
	case ARG_OPT_NUMBER:
		if (n_words > 1 && !number_parse(&w[1], PIPE_LAST_MAX, &st->n, err))
			return false;
		break;
	case ARG_FILE:
		st->file = strdup(w[1].s);
		break;
	case ARG_NONE:
		break;
	}
	if (st->kind == PIPE_LAST)
		st->ring = calloc(st->n > 0 ? st->n : 1, sizeof(st->ring[0]));
	p->n++;
	return true;
}

bool
pipes_save(struct pipes *p, const char *file)
{
	if (p->n == PIPE_MAX)
		return false;
	memmove(p->stages + 1, p->stages, p->n * sizeof(p->stages[0]));
	p->stages[0] = (struct pipe_stage){
		.kind = PIPE_SAVE,
		.file = strdup(file),
		.is_configuration = true,
	};
	p->n++;
	return true;
}

/* `inheritance [brief|no-comments]` */
static bool
inherit_parse(struct pipes *p, const struct word *w, size_t n_words, struct pipe_error *err)
{
	p->inherit = INHERIT_NOTES;
	if (n_words == 2)
		return true;
	for (unsigned i = INHERIT_BRIEF; i <= INHERIT_NO_COMMENTS; i++)
		if (strncmp(inherits[i], w[2].s, strlen(w[2].s)) == 0)
			p->inherit = (enum pipe_inherit)i;
	if (p->inherit == INHERIT_NOTES || n_words > 3)
		return refuse(err, w[n_words - 1].at, "syntax error.");
	return true;
}

/* `commit-scripts [no-comments|view]` */
static bool
scripts_parse(struct pipes *p, const struct word *w, size_t n_words, struct pipe_error *err)
{
	p->is_final = true;
	p->inherit = INHERIT_NOTES;
	if (n_words == 2)
		return true;
	size_t n = strlen(w[2].s);
	bool is_view = strncmp(scripts_words[1].word, w[2].s, n) == 0;
	if (n_words > 3 || (!is_view && strncmp(scripts_words[0].word, w[2].s, n) != 0))
		return refuse(err, w[n_words - 1].at, "syntax error.");
	p->inherit = INHERIT_NO_COMMENTS;
	if (is_view)
		p->format = FORMAT_XML;
	return true;
}

/* Finds the format that WORD abbreviates; -1 if none. */
static int
format_find(const char *word)
{
	for (int f = FORMAT_SET; f <= FORMAT_JSON; f++)
		if (strncmp(formats[f], word, strlen(word)) == 0)
			return f;
	return -1;
}

static const char *
format_option(int format)
{
	for (size_t i = 0; i < sizeof(format_options) / sizeof(format_options[0]); i++)
		if ((int)format_options[i].format == format)
			return format_options[i].choice.word;
	return "";
}

static int
display_find(const char *word)
{
	for (int i = 0; i < DISPLAY_WORDS; i++)
		if (strncmp(display_words[i].choice.word, word, strlen(word)) == 0)
			return i;
	return -1;
}

static bool
display_parse(struct pipes *p, const struct word *w, size_t n_words, struct pipe_error *err)
{
	if (n_words < 2)
		return refuse(err, w[0].at + strlen(w[0].s), "missing argument.");
	int word = display_find(w[1].s);
	if (word >= 0 && display_words[word].what == DISPLAY_INHERITANCE)
		return inherit_parse(p, w, n_words, err);
	if (word >= 0 && display_words[word].what == DISPLAY_SCRIPTS)
		return scripts_parse(p, w, n_words, err);
	if (word >= 0) {
		p->shows_omitted |= display_words[word].what == DISPLAY_OMIT;
		p->is_detail |= display_words[word].what == DISPLAY_DETAIL;
		p->is_changed |= display_words[word].what == DISPLAY_CHANGED;
		return n_words == 2 || refuse(err, w[2].at, "syntax error.");
	}
	int format = format_find(w[1].s);
	if (format < 0)
		return refuse(err, w[1].at, "syntax error.");
	p->format = (enum pipe_format)format;
	if (n_words == 2)
		return true;
	if (w[2].s[0] == '\0' || strncmp(format_option(format), w[2].s, strlen(w[2].s)) != 0)
		return refuse(err, w[2].at, "syntax error.");
	if (n_words > 3)
		return refuse(err, w[3].at, "syntax error.");
	p->is_relative = format == FORMAT_SET;
	p->is_rpc = format == FORMAT_XML;
	return true;
}

static bool
compare_parse(struct pipes *p, const struct word *w, size_t n_words, struct pipe_error *err)
{
	p->has_compare = true;
	if (n_words == 1)
		return true;
	size_t n = strlen(w[1].s);
	bool is_rollback = n > 0 && strncmp("rollback", w[1].s, n) == 0 && (n_words > 2 || n > 3);
	if (!is_rollback && n_words > 2)
		return refuse(err, w[2].at, "syntax error.");
	if (!is_rollback) {
		p->has_compare = false;
		free(p->compare_file);
		p->compare_file = strdup(w[1].s);
		return true;
	}
	if (n_words < 3)
		return refuse(err, w[1].at + strlen(w[1].s), "missing argument.");
	if (n_words > 3)
		return refuse(err, w[3].at, "syntax error.");
	return number_parse(&w[2], 49, &p->compare, err);
}

/* `refresh SECONDS` */
static bool
refresh_parse(struct pipes *p, const struct word *w, size_t n_words, struct pipe_error *err)
{
	if (n_words < 2)
		return refuse(err, w[0].at + strlen(w[0].s), "missing argument.");
	if (n_words > 2)
		return refuse(err, w[2].at, "syntax error.");
	if (!number_parse(&w[1], PIPE_REFRESH_MAX, &p->refresh, err))
		return false;
	return p->refresh > 0 || refuse(err, w[1].at, "syntax error.");
}

/* `request message (all | account NAME)` */
static bool
request_parse(struct pipes *p, const struct word *w, size_t n_words, struct pipe_error *err)
{
	if (p->n == PIPE_MAX)
		return refuse(err, w[0].at, "too many pipes.");
	if (n_words > 1 && strncmp("message", w[1].s, strlen(w[1].s)) != 0)
		return refuse(err, w[1].at, "syntax error.");
	size_t n = n_words > 2 ? strlen(w[2].s) : 0;
	bool is_all = n > 1 && strncmp("all", w[2].s, n) == 0;
	bool is_account = n > 1 && strncmp("account", w[2].s, n) == 0;
	size_t n_max = is_account ? 4 : 3;
	if (n_words > 2 && !is_all && !is_account)
		return refuse(err, w[2].at, "syntax error.");
	if (n_words < n_max)
		return refuse(
		    err, w[n_words - 1].at + strlen(w[n_words - 1].s), "missing argument.");
	if (n_words > n_max)
		return refuse(err, w[n_max].at, "syntax error.");
	struct pipe_stage *st = &p->stages[p->n++];
	*st = (struct pipe_stage){ .kind = PIPE_MESSAGE };
	st->file = is_account ? strdup(w[3].s) : NULL;
	return true;
}

/* `resolve [full-names]` */
static bool
resolve_parse(struct pipes *p, const struct word *w, size_t n_words, struct pipe_error *err)
{
	if (p->n == PIPE_MAX)
		return refuse(err, w[0].at, "too many pipes.");
	if (n_words > 1 && strncmp("full-names", w[1].s, strlen(w[1].s)) != 0)
		return refuse(err, w[1].at, "syntax error.");
	if (n_words > 2)
		return refuse(err, w[2].at, "syntax error.");
	p->stages[p->n++] = (struct pipe_stage){ .kind = PIPE_RESOLVE, .full_names = n_words > 1 };
	return true;
}

/* Finds the pipe that WORD means: a row of the table, or n_rows + an index of other_words. */
static bool
pipe_word(const struct word *w, size_t *out, struct pipe_error *err)
{
	size_t n_rows = sizeof(table) / sizeof(table[0]);
	size_t n_all = n_rows + sizeof(other_words) / sizeof(other_words[0]);
	size_t n_found = 0;
	for (size_t i = 0; i < n_all; i++) {
		const char *name = i < n_rows ? table[i].word : other_words[i - n_rows].word;
		if (strncmp(name, w->s, strlen(w->s)) != 0)
			continue;
		*out = i;
		n_found++;
		if (strcmp(name, w->s) == 0)
			return true;
	}
	if (n_found == 0)
		return refuse(err, w->at, "syntax error, expecting <pipe>.");
	if (n_found > 1)
		return refuse(err, w->at, "'%s' is ambiguous.", w->s);
	return true;
}

static bool
pipe_parse(struct pipes *p, char *s, size_t base, struct pipe_error *err)
{
	struct word w[PIPE_WORDS];
	size_t n_words = words_cut(s, base, w);
	if (n_words == 0)
		return refuse(err, base, "syntax error, expecting <pipe>.");
	size_t row = 0;
	if (!pipe_word(&w[0], &row, err))
		return false;
	size_t n_rows = sizeof(table) / sizeof(table[0]);
	if (row < n_rows)
		return stage_add(p, row, w, n_words, err);
	const char *name = other_words[row - n_rows].word;
	if (strcmp(name, "display") == 0)
		return display_parse(p, w, n_words, err);
	if (strcmp(name, "compare") == 0)
		return compare_parse(p, w, n_words, err);
	if (strcmp(name, "refresh") == 0)
		return refresh_parse(p, w, n_words, err);
	if (strcmp(name, "request") == 0)
		return request_parse(p, w, n_words, err);
	if (strcmp(name, "resolve") == 0)
		return resolve_parse(p, w, n_words, err);
	if (n_words > 1)
		return refuse(err, w[1].at, "syntax error.");
	if (strcmp(name, "no-more") == 0)
		p->no_more = true;
	else
		p->hold = true;
	return true;
}

bool
pipes_parse(char *line, struct pipes *out, struct pipe_error *err)
{
	*out = (struct pipes){ 0 };
	char *bar = bar_find(line);
	while (bar != NULL) {
		*bar = '\0';
		char *next = bar_find(bar + 1);
		if (next != NULL)
			*next = '\0';
		if (!pipe_parse(out, bar + 1, (size_t)(bar + 1 - line), err)) {
			pipes_done(out);
			return false;
		}
		bar = next;
	}
	return true;
}

/* --- a pipe that is being typed --- */

const char *
pipe_last(const char *line)
{
	const char *last = NULL;
	bool quoted = false;
	for (const char *s = line; *s != '\0'; s++) {
		if (*s == '\\' && quoted && s[1] != '\0')
			s++;
		else if (*s == '"')
			quoted = !quoted;
		else if (*s == '|' && !quoted)
			last = s;
	}
	return last;
}

static size_t
choice_add(struct pipe_choice *out, size_t n, const char *partial, struct pipe_choice c)
{
	if (n < PIPE_CHOICES_MAX &&
	    (c.word[0] == '<' || strncmp(c.word, partial, strlen(partial)) == 0))
		out[n++] = c;
	return n;
}

static int
choice_compare(const void *a, const void *b)
{
	return strcmp(((const struct pipe_choice *)a)->word, ((const struct pipe_choice *)b)->word);
}

static size_t
names_list(const char *partial, struct pipe_choice out[PIPE_CHOICES_MAX])
{
	size_t n = 0;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		n = choice_add(
		    out, n, partial, (struct pipe_choice){ table[i].word, table[i].help });
	for (size_t i = 0; i < sizeof(other_words) / sizeof(other_words[0]); i++)
		n = choice_add(out, n, partial, other_words[i]);
	qsort(out, n, sizeof(*out), choice_compare);
	return n;
}

/* What follows the N_WORDS complete words of a pipe whose first one is row ROW. */
static size_t
arguments_list(size_t row, const struct word *w, size_t n_words, const char *partial,
    struct pipe_choice out[PIPE_CHOICES_MAX], bool *can_end)
{
	size_t n_rows = sizeof(table) / sizeof(table[0]);
	size_t n = 0;
	if (row < n_rows) {
		enum pipe_arg arg = table[row].arg;
		*can_end = n_words > 1 || arg == ARG_NONE || arg == ARG_OPT_NUMBER;
		if (n_words == 1 && arg != ARG_NONE)
			n = choice_add(out, n, partial, arguments[arg]);
		return n;
	}
	const char *name = other_words[row - n_rows].word;
	*can_end = true;
	if (strcmp(name, "compare") == 0) {
		*can_end = n_words != 2;
		if (n_words == 1) {
			n = choice_add(out, n, partial,
			    (struct pipe_choice){ "<filename>", "Compare with a file" });
			n = choice_add(out, n, partial,
			    (struct pipe_choice){
				"rollback", "Compare with prior rollback configuration" });
		} else if (n_words == 2)
			n = choice_add(out, n, partial,
			    (struct pipe_choice){
				"<number>", "Number of the configuration (0..49)" });
	} else if (strcmp(name, "display") == 0 && n_words == 1) {
		*can_end = false;
		for (size_t i = 0; i < sizeof(format_words) / sizeof(format_words[0]); i++)
			n = choice_add(out, n, partial, format_words[i]);
		for (size_t i = 0; i < DISPLAY_WORDS; i++)
			n = choice_add(out, n, partial, display_words[i].choice);
		qsort(out, n, sizeof(*out), choice_compare);
	} else if (strcmp(name, "display") == 0 && n_words == 2 && display_find(w[1].s) >= 0) {
		enum display_word what = display_words[display_find(w[1].s)].what;
		const struct pipe_choice *more = what == DISPLAY_INHERITANCE ? inherit_words
						 : what == DISPLAY_SCRIPTS   ? scripts_words
									     : NULL;
		for (size_t i = 0; more != NULL && i < 2; i++)
			n = choice_add(out, n, partial, more[i]);
	} else if (strcmp(name, "refresh") == 0) {
		*can_end = n_words > 1;
		if (n_words == 1)
			n = choice_add(out, n, partial,
			    (struct pipe_choice){
				"<interval>", "Seconds between updates (1..604800)" });
	} else if (strcmp(name, "request") == 0) {
		*can_end = n_words > 3 || (n_words == 3 && strlen(w[2].s) > 1 &&
					      strncmp("all", w[2].s, strlen(w[2].s)) == 0);
		if (n_words == 1)
			n = choice_add(out, n, partial, request_words[0]);
		for (size_t i = 1; i <= 2 && n_words == 2; i++)
			n = choice_add(out, n, partial, request_words[i]);
		if (n_words == 3 && !*can_end)
			n = choice_add(out, n, partial, request_words[3]);
	} else if (strcmp(name, "resolve") == 0 && n_words == 1) {
		n = choice_add(out, n, partial,
		    (struct pipe_choice){
			"full-names", "Display full hostnames instead of short" });
	} else if (strcmp(name, "display") == 0 && n_words == 2) {
		int format = format_find(w[1].s);
		for (size_t i = 0; i < sizeof(format_options) / sizeof(format_options[0]); i++)
			if ((int)format_options[i].format == format)
				n = choice_add(out, n, partial, format_options[i].choice);
	}
	return n;
}

size_t
pipe_complete(
    const char *text, struct pipe_choice out[PIPE_CHOICES_MAX], size_t *out_from, bool *out_can_end)
{
	struct word w[PIPE_WORDS];
	struct pipe_error ignored;
	size_t len = strlen(text);
	char *copy = strdup(text);
	if (copy == NULL)
		abort();
	size_t n_words = words_cut(copy, 0, w);
	bool is_typing =
	    n_words > 0 && n_words < PIPE_WORDS && text[len - 1] != ' ' && text[len - 1] != '\t';
	const char *partial = is_typing ? w[--n_words].s : "";
	size_t row = 0;
	size_t n = 0;
	*out_from = is_typing ? w[n_words].at : len;
	*out_can_end = false;
	if (n_words == 0)
		n = names_list(partial, out);
	else if (pipe_word(&w[0], &row, &ignored))
		n = arguments_list(row, w, n_words, partial, out, out_can_end);
	free(copy);
	return n;
}
