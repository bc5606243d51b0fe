/* SPDX-License-Identifier: BSD-2-Clause
 *
 * junos_bench.c - what reading, printing, copying and comparing large configurations costs.
 *
 * usage: junos_bench FILE...   Each file is loaded, printed, loaded again from that, copied, compared with one leaf
 * changed, written as set lines, turned into elements and expanded with its groups; processor times and memory go to standard output.
 */
#include "lib/base/arena.h"
#include "lib/base/clock.h"
#include "lib/base/report.h"
#include "lib/base/text.h"
#include "lib/junos/groups.h"
#include "lib/junos/load.h"

#include <stdio.h>
#include <stdlib.h>

static double
now_ms(void)
{
	return (double)clock_process_ns() / 1e6; /* one thread, on a machine that may be busy */
}

static double
lap(double *since)
{
	double t = now_ms();
	double d = t - *since;
	*since = t;
	return d;
}

static void
file_read(const char *path, struct text *out)
{
	char buf[65536];
	FILE *f = fopen(path, "r");
	if (f == NULL) {
		perror(path);
		exit(1);
	}
	for (size_t n = fread(buf, 1, sizeof(buf), f); n > 0; n = fread(buf, 1, sizeof(buf), f))
		text_putn(out, buf, n);
	fclose(f);
}

/* Changes one leaf far down: the last child of the last child and so on. */
static void
last_leaf_change(struct tree *t)
{
	struct node *n = tree_root(t);
	while (n->last != NULL)
		n = n->last;
	node_del(t, n);
}

static struct tree *
load(const struct schema *s, const struct text *in)
{
	struct report r = { 0 };
	struct tree *t = tree_new(s);
	if (!load_text(t, LOAD_OVERRIDE, text_str(in), in->len, &r)) {
		struct text out = { 0 };
		report_print(&r, "configuration", &out);
		fprintf(stderr, "%.2000s", text_str(&out));
		exit(1);
	}
	report_done(&r);
	return t;
}

static void
file_run(const struct schema *s, const char *path)
{
	struct text in = { 0 };
	struct text canonical = { 0 };
	struct text out = { 0 };
	file_read(path, &in);
	double at = now_ms();
	struct tree *t = load(s, &in);
	double load_ms = lap(&at);
	size_t memory = tree_memory(t);
	print_text(tree_root(t), 0, &canonical);
	double print_ms = lap(&at);
	struct tree *again = load(s, &canonical);
	double again_ms = lap(&at);
	struct tree *copy = tree_copy(again);
	double copy_ms = lap(&at);
	last_leaf_change(copy);
	lap(&at);
	print_compare(again, copy, &out);
	double compare_ms = lap(&at);
	text_reset(&out);
	print_set(tree_root(t), false, &out);
	double set_ms = lap(&at);
	struct report r = { 0 };
	struct tree *from_set = tree_new(s);
	lap(&at);
	load_set(from_set, tree_root(from_set), text_str(&out), out.len, &r);
	double load_set_ms = lap(&at);
	report_done(&r);
	struct arena *a = arena_new();
	lap(&at);
	tree_to_elem(t, a);
	double elem_ms = lap(&at);
	struct tree *whole = groups_expand(t, NULL);
	double expand_ms = lap(&at);
	size_t n_whole = tree_count(whole);
	tree_free(whole);
	printf("%-16s %8zu nodes %8.1f MB text %8.1f MB tree (%zu B/node) | load %7.1f  load $9$ "
	       "%7.1f  print %6.1f  "
	       "copy %6.1f  compare %6.1f  set %6.1f  load set %7.1f  elem %6.1f ms (%.1f MB)  "
	       "expand %6.1f ms (%zu nodes)\n",
	    path, tree_count(t), (double)in.len / 1e6, (double)memory / 1e6, memory / tree_count(t),
	    load_ms, again_ms, print_ms, copy_ms, compare_ms, set_ms, load_set_ms, elem_ms,
	    (double)arena_used(a) / 1e6, expand_ms, n_whole);
	arena_free(a);
	tree_free(from_set);
	tree_free(copy);
	tree_free(again);
	tree_free(t);
	text_done(&in);
	text_done(&canonical);
	text_done(&out);
}

int
main(int argc, char **argv)
{
	const char *error = NULL;
	struct schema *s = schema_load(&error);
	if (s == NULL) {
		fprintf(stderr, "%s\n", error);
		return 1;
	}
	for (int i = 1; i < argc; i++)
		file_run(s, argv[i]);
	schema_free(s);
	return 0;
}
