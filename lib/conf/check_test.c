/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_test.c - wrong configurations and the exact lines that the user gets.
 *
 * The cases stand in check_test.txt: `=== NAME`, the statements as an indented tree, `---`, the report.
 * With -u as second argument the file is written anew with what the loader says; read the
 * difference before you commit it.
 */
#include "lib/conf/conf.h"

#include "lib/base/report.h"
#include "lib/base/text.h"
#include "lib/conf/test_tree.h"
#include "lib/msg/elem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *
file_read(const char *path)
{
	FILE *f = fopen(path, "r");
	struct text t = { 0 };
	char buf[4096];
	size_t n;
	if (f == NULL) {
		perror(path);
		exit(1);
	}
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		text_putn(&t, buf, n);
	fclose(f);
	char *s = strdup(text_str(&t));
	text_done(&t);
	if (s == NULL)
		abort();
	return s;
}

/* The report of one tree. */
static void
tree_check(const char *tree, struct text *out)
{
	struct arena *a = arena_new();
	struct report r = { 0 };
	struct conf *c = conf_load(test_tree(a, tree), &r);
	if ((c == NULL) != (r.n_errors > 0)) {
		fprintf(stderr, "a configuration with errors was loaded, or one without was not\n");
		exit(1);
	}
	report_print(&r, NULL, out);
	conf_free(c);
	report_done(&r);
	arena_free(a);
}

/* Checks the case at S (after "=== "); returns the start of the next one, or NULL. */
static char *
case_run(char *s, struct text *now, unsigned *n_bad)
{
	char *next = strstr(s, "\n=== ");
	if (next != NULL) {
		next[1] = '\0';
		next += 5;
	}
	char *tree = strchr(s, '\n');
	char *want = tree ? strstr(tree, "\n---\n") : NULL;
	if (want == NULL) {
		fprintf(stderr, "%s: no ---\n", s);
		exit(1);
	}
	*tree++ = '\0';
	want[1] = '\0';
	want += 5;
	struct text got = { 0 };
	tree_check(tree, &got);
	if (strcmp(text_str(&got), want) != 0) {
		printf("--- %s: expected\n%s--- but got\n%s\n", s, want, text_str(&got));
		(*n_bad)++;
	}
	text_printf(now, "=== %s\n%s---\n%s", s, tree, text_str(&got));
	text_done(&got);
	return next;
}

int
main(int argc, char **argv)
{
	if (argc < 2)
		return 1;
	char *all = file_read(argv[1]);
	char *s = strncmp(all, "=== ", 4) == 0 ? all + 4 : NULL;
	struct text now = { 0 };
	unsigned n = 0;
	unsigned n_bad = 0;
	for (; s != NULL; n++)
		s = case_run(s, &now, &n_bad);
	printf("%u cases, %u wrong\n", n, n_bad);
	if (argc > 2 && strcmp(argv[2], "-u") == 0) {
		FILE *f = fopen(argv[1], "w");
		if (f == NULL || fputs(text_str(&now), f) < 0 || fclose(f) != 0)
			return 1;
		n_bad = 0;
	}
	text_done(&now);
	free(all);
	return n == 0 || n_bad > 0;
}
