/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check.c - `sallyport check FILE`: the readers and checks of commit, run over a file.
 *
 * Text to tree (lib/junos), tree to elements, elements to structs (lib/conf), as mgd does at commit. What the
 * reader refused is not in the tree any more, so the loader may miss it: such a second error about the same
 * statement is left out. Every statement (what ends with a semicolon, or is empty) is of
 * one class: running, accepted without effect, unsupported, or invalid.
 */
#include "cli/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/report.h"
#include "lib/base/text.h"
#include "lib/conf/conf.h"
#include "lib/junos/groups.h"
#include "lib/junos/load.h"
#include "lib/junos/tree.h"
#include "lib/msg/elem.h"

/* Places in the file, sorted: line in the upper half, column in the lower. */
struct places {
	uint64_t *at;
	size_t n;
};

struct check {
	const char *file;
	struct report load; /* what the reader said */
	struct report conf; /* what the loader said */
	struct report said; /* errors and warnings of both, in the order of the file */
	struct places wrong;
	size_t n_running;
	bool has_printed;
};

struct said {
	const struct report_line *line;
	size_t order;
};

/* --- places --- */

static uint64_t
place_of(unsigned line, unsigned column)
{
	return (uint64_t)line << 32 | column;
}

static int
place_compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a;
	uint64_t y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

static bool
is_error(const struct report_line *l)
{
	return l->is_error;
}

/* An error that is more than a statement that is not supported. */
static bool
is_invalid(const struct report_line *l)
{
	return l->is_error && l->class != REPORT_UNSUPPORTED;
}

static bool
is_unsupported(const struct report_line *l)
{
	return l->class == REPORT_UNSUPPORTED;
}

/* The distinct places of the lines of R that are WANTED. */
static struct places
places_make(const struct report *r, bool (*wanted)(const struct report_line *))
{
	struct places p = { .at = calloc(r->n + 1, sizeof(*p.at)) };
	if (p.at == NULL)
		abort();
	size_t n = 0;
	for (size_t i = 0; i < r->n; i++)
		if (wanted(&r->lines[i]))
			p.at[n++] = place_of(r->lines[i].line, r->lines[i].column);
	qsort(p.at, n, sizeof(*p.at), place_compare);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || p.at[i] != p.at[i - 1])
			p.at[p.n++] = p.at[i];
	return p;
}

static bool
places_have(const struct places *p, unsigned line, unsigned column)
{
	uint64_t at = place_of(line, column);
	return line != 0 && bsearch(&at, p->at, p->n, sizeof(at), place_compare) != NULL;
}

/* --- what is said --- */

static bool
same(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* True if LINE says that a statement is missing which the reader saw and refused. */
static bool
is_missing_because_refused(const struct check *k, const struct report_line *line)
{
	static const char start[] = "Missing mandatory statement: '";
	if (strncmp(line->message, start, sizeof(start) - 1) != 0)
		return false;
	const char *word = line->message + sizeof(start) - 1;
	size_t n = strcspn(word, "'");
	struct text place = { 0 };
	text_printf(&place, "%s%s%s", line->edit, line->edit[0] ? " " : "", line->statement);
	bool found = false;
	for (size_t i = 0; i < k->load.n && !found; i++) {
		const struct report_line *l = &k->load.lines[i];
		found = l->is_error && same(l->edit, text_str(&place)) && l->statement != NULL &&
			strncmp(l->statement, word, n) == 0;
	}
	text_done(&place);
	return found;
}

static bool
is_repeated(const struct check *k, const struct places *refused, const struct report_line *line)
{
	return line->is_error && k->load.n_errors > 0 &&
	       (places_have(refused, line->line, line->column) ||
		   is_missing_because_refused(k, line));
}

/* Sorts by place; what has the same place keeps the order in which it was said. */
static int
line_compare(const void *a, const void *b)
{
	const struct report_line *x = ((const struct said *)a)->line;
	const struct report_line *y = ((const struct said *)b)->line;
	size_t i = ((const struct said *)a)->order;
	size_t k = ((const struct said *)b)->order;
	if (x->line != y->line)
		return (x->line > y->line) - (x->line < y->line);
	if (x->column != y->column)
		return (x->column > y->column) - (x->column < y->column);
	return (i > k) - (i < k);
}

/* Joins both reports, leaving out second errors and what only belongs in a list. */
static void
said_make(struct check *k)
{
	struct places refused = places_make(&k->load, is_error);
	size_t n = 0;
	struct said *said = calloc(k->load.n + k->conf.n + 1, sizeof(*said));
	if (said == NULL)
		abort();
	for (size_t i = 0; i < k->load.n; i++)
		if (k->load.lines[i].is_error || k->load.lines[i].class == REPORT_WARNING) {
			said[n] = (struct said){ &k->load.lines[i], n };
			n++;
		}
	for (size_t i = 0; i < k->conf.n; i++)
		if (!is_repeated(k, &refused, &k->conf.lines[i])) {
			said[n] = (struct said){ &k->conf.lines[i], n };
			n++;
		}
	qsort(said, n, sizeof(*said), line_compare);
	for (size_t i = 0; i < n; i++)
		report_add(&k->said, said[i].line);
	free(said);
	free(refused.at);
}

/* --- counting --- */

static bool
is_statement(const struct node *n)
{
	return n->child == NULL && n->parent != NULL;
}

/* The next node in the order of the text; NULL after the last. */
static const struct node *
node_after(const struct node *n)
{
	if (n->child != NULL && !n->is_inactive)
		return n->child;
	while (n != NULL && n->next == NULL)
		n = n->parent;
	return n ? n->next : NULL;
}

static void
running_count(struct check *k, const struct tree *t)
{
	for (const struct node *n = tree_root(t); n != NULL; n = node_after(n))
		if (is_statement(n) && !n->is_inactive && n->schema->status == SNODE_RUNNING &&
		    !places_have(&k->wrong, n->line, n->column))
			k->n_running++;
}

/* Prints the lines of CLASS, one each; returns their number. */
static size_t
list_print(struct check *k, enum report_class class, const char *title)
{
	size_t n = 0;
	struct places listed = places_make(&k->load, is_unsupported);
	const struct report *both[] = { &k->load, &k->conf };
	for (size_t i = 0; i < 2; i++)
		for (size_t at = 0; at < both[i]->n; at++) {
			const struct report_line *l = &both[i]->lines[at];
			if (l->class != class ||
			    (i == 1 && places_have(&listed, l->line, l->column)))
				continue;
			if (n++ == 0)
				printf("%s%s:\n", k->has_printed ? "\n" : "", title);
			k->has_printed = true;
			printf("  %s:%u: [edit%s%s] %s\n", k->file, l->line,
			    l->edit && l->edit[0] ? " " : "", l->edit ? l->edit : "",
			    l->statement ? l->statement : l->message);
		}
	free(listed.at);
	return n;
}

static void
count_print(const char *class, size_t n)
{
	printf("%-24s %8zu statement%s\n", class, n, n == 1 ? "" : "s");
}

/* Why the check failed, in the words of JUNOS. */
static const char *
verdict(const struct report *r)
{
	bool all_missing = true;
	for (size_t i = 0; i < r->n; i++) {
		if (!r->lines[i].is_error)
			continue;
		if (r->lines[i].class == REPORT_SYNTAX)
			return "syntax error";
		if (strncmp(r->lines[i].message, "Missing mandatory", 17) != 0)
			all_missing = false;
	}
	return all_missing ? "missing mandatory statements" : "statements constraint check failed";
}

static int
result_print(struct check *k)
{
	struct text out = { 0 };
	report_print(&k->said, k->file, &out);
	fputs(text_str(&out), stdout);
	k->has_printed = out.len > 0;
	text_done(&out);
	size_t n_ignored = list_print(k, REPORT_IGNORED, "accepted without effect");
	size_t n_unsupported = list_print(k, REPORT_UNSUPPORTED, "unsupported");
	if (k->has_printed)
		putchar('\n');
	count_print("running", k->n_running);
	count_print("accepted without effect", n_ignored);
	count_print("unsupported", n_unsupported);
	count_print("invalid", k->wrong.n);
	if (k->said.n_errors == 0)
		printf("configuration check succeeds\n");
	else
		printf("error: configuration check-out failed: (%s)\n", verdict(&k->said));
	return k->said.n_errors == 0 ? 0 : 1;
}

/* --- the file --- */

static bool
file_read(const char *file, struct text *out)
{
	FILE *f = fopen(file, "rb");
	char buf[65536];
	size_t n;
	if (f == NULL)
		return false;
	errno = 0;
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		text_putn(out, buf, n);
	bool ok = !ferror(f);
	int error = errno;
	fclose(f);
	errno = error;
	return ok;
}

static int
text_check(struct check *k, const struct schema *schema, const struct text *text)
{
	struct arena *a = arena_new_secret();
	struct tree *t = tree_new(schema);
	if (load_has_places(text_str(text), text->len))
		(void)load_places(t, text_str(text), text->len, &k->load);
	else
		(void)load_any(t, LOAD_OVERRIDE, text_str(text), text->len, &k->load);
	conf_free(conf_load(groups_to_elem(t, a, &k->conf), &k->conf));
	said_make(k);
	k->wrong = places_make(&k->said, is_invalid);
	running_count(k, t);
	int status = result_print(k);
	tree_free(t);
	arena_free(a);
	return status;
}

int
check_main(const char *file)
{
	struct check k = { .file = file };
	struct text text = { 0 };
	const char *error = NULL;
	if (!file_read(file, &text)) {
		fprintf(stderr, "error: cannot read %s: %s\n", file, strerror(errno));
		text_done(&text);
		return 1;
	}
	struct schema *schema = schema_load(&error);
	if (schema == NULL) {
		fprintf(stderr, "error: the schema is broken: %s\n", error);
		text_done(&text);
		return 1;
	}
	int status = text_check(&k, schema, &text);
	report_done(&k.load);
	report_done(&k.conf);
	report_done(&k.said);
	free(k.wrong.at);
	text_done(&text);
	schema_free(schema);
	return status;
}
