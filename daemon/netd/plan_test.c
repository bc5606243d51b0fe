/* SPDX-License-Identifier: BSD-2-Clause
 *
 * plan_test.c - what a configuration wants of the host, and its filters as nftables text.
 *
 * plan_test.txt holds cases: `=== NAME`, the configuration as an indented tree, `---`, the plan's keys and the nftables
 * text. With -u as second argument the file is written anew; read the difference before you commit it.
 */
#include "daemon/netd/nfttext.h"
#include "daemon/netd/number.h"
#include "daemon/netd/plan.h"
#include "lib/base/arena.h"
#include "lib/base/report.h"
#include "lib/conf/conf.h"
#include "lib/conf/test_tree.h"
#include "lib/msg/elem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct world {
	struct numbers sas;
	struct numbers sets;
	struct numbers members;
	struct nft_names *loaded;
};

/* All devices are there, except one. */
static unsigned
ifindex_of(const char *device, void *arg)
{
	(void)arg;
	return strcmp(device, "ge-9-9-9") != 0 ? 7 : 0;
}

/* What the kernel says that there is. */
static const char *const chains[] = { "out.ge-0-0-1", "out.ge-0-0-1.ip", "out.stale" };

static void
conf_print(struct world *w, const struct conf *c, struct text *out)
{
	static const struct plan_room room = { .n_cores = 2, .n_files = 4096, .is_fast = true };
	struct plan *p = plan_build(c,
	    &(struct plan_names){ .sas = &w->sas, .sets = &w->sets, .members = &w->members },
	    &room);
	struct nft_names *now = nft_names_new();
	struct nft_source s = {
		.c = c,
		.sas = &w->sas,
		.sets = &w->sets,
		.memo = "memo",
		.netdev_chains = chains,
		.n_netdev_chains = sizeof(chains) / sizeof(chains[0]),
		.ifindex = ifindex_of,
	};
	for (size_t i = 0; i < p->n; i++)
		text_printf(out, "%s\n", p->items[i]->key);
	nfttext_build(&s, w->loaded, now, out);
	nft_names_free(w->loaded);
	w->loaded = now;
	plan_free(p);
}

/* The configurations of one file are committed one after the other, so that the numbers and names of one matter to the next. */
static void
case_print(struct world *w, const char *tree, struct text *out)
{
	struct arena *a = arena_new();
	struct report r = { 0 };
	struct conf *c = conf_load(test_tree(a, tree), &r);
	if (c == NULL)
		report_print(&r, NULL, out);
	else
		conf_print(w, c, out);
	conf_free(c);
	report_done(&r);
	arena_free(a);
}

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

/* Runs the case at S (after "=== "); returns the start of the next one, or NULL. */
static char *
case_run(struct world *w, char *s, struct text *all, unsigned *n_bad)
{
	char *next = strstr(s, "\n=== ");
	if (next != NULL) {
		next[1] = '\0';
		next += 5;
	}
	char *tree = strchr(s, '\n');
	char *want = tree != NULL ? strstr(tree, "\n---\n") : NULL;
	if (want == NULL) {
		fprintf(stderr, "%s: no ---\n", s);
		exit(1);
	}
	*tree++ = '\0';
	want[1] = '\0';
	want += 5;
	struct text got = { 0 };
	case_print(w, tree, &got);
	if (strcmp(text_str(&got), want) != 0) {
		printf("--- %s: expected\n%s--- but got\n%s\n", s, want, text_str(&got));
		(*n_bad)++;
	}
	text_printf(all, "=== %s\n%s---\n%s", s, tree, text_str(&got));
	text_done(&got);
	return next;
}

int
main(int argc, char **argv)
{
	struct world w = { 0 };
	struct text all = { 0 };
	unsigned n = 0;
	unsigned n_bad = 0;
	if (argc < 2)
		return 1;
	char *file = file_read(argv[1]);
	numbers_init(&w.sas);
	numbers_init(&w.sets);
	numbers_init(&w.members);
	for (char *s = strncmp(file, "=== ", 4) == 0 ? file + 4 : NULL; s != NULL; n++)
		s = case_run(&w, s, &all, &n_bad);
	printf("%u cases, %u wrong\n", n, n_bad);
	if (argc > 2 && strcmp(argv[2], "-u") == 0) {
		FILE *f = fopen(argv[1], "w");
		if (f == NULL || fputs(text_str(&all), f) < 0 || fclose(f) != 0)
			return 1;
		n_bad = 0;
	}
	nft_names_free(w.loaded);
	numbers_done(&w.sas);
	numbers_done(&w.sets);
	numbers_done(&w.members);
	text_done(&all);
	free(file);
	return n == 0 || n_bad > 0;
}
