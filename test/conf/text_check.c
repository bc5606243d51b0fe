/* SPDX-License-Identifier: BSD-2-Clause
 *
 * text_check.c - runs the reader and the printers over the configurations of this folder.
 *
 * usage: text_check good FILE...          canonical text: must come back byte for byte, by every way there is
 *        text_check messy FILE...         any text: must become FILE.canonical
 *        text_check bad FILE...           must be reported exactly as FILE.expected says
 *        text_check text|set|xml|json|report FILE     writes that to standard output
 */
#include "lib/base/report.h"
#include "lib/base/text.h"
#include "lib/junos/load.h"
#include "lib/junos/load_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool
file_read(const char *path, const char *suffix, struct text *out)
{
	char buf[4096];
	char name[4096];
	snprintf(name, sizeof(name), "%s%s", path, suffix);
	FILE *f = fopen(name, "rb");
	if (f == NULL) {
		perror(name);
		return false;
	}
	for (size_t n = fread(buf, 1, sizeof(buf), f); n > 0; n = fread(buf, 1, sizeof(buf), f))
		text_putn(out, buf, n);
	fclose(f);
	return true;
}

static bool
same(const char *path, const char *what, const struct text *want, const struct text *got)
{
	if (strcmp(text_str(want), text_str(got)) == 0)
		return true;
	fprintf(stderr, "%s: %s differs; wanted:\n%sgot:\n%s", path, what, text_str(want),
	    text_str(got));
	return false;
}

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

/* Loads FILE; *REPORT gets what was said. */
static struct tree *
load(const char *path, struct text *in, struct text *said, struct report *r)
{
	if (!file_read(path, "", in))
		exit(1);
	struct tree *t = tree_new(load_check_schema());
	load_any(t, LOAD_OVERRIDE, text_str(in), in->len, r);
	report_print(r, base_name(path), said);
	text_printf(said, "%zu errors\n", r->n_errors);
	return t;
}

static bool
file_check(const char *mode, const char *path)
{
	struct text in = { 0 };
	struct text said = { 0 };
	struct text want = { 0 };
	struct text got = { 0 };
	struct report r = { 0 };
	struct tree *t = load(path, &in, &said, &r);
	print_text(tree_root(t), 0, &got);
	bool ok = true;
	if (strcmp(mode, "bad") == 0) {
		ok = file_read(path, ".expected", &want) && same(path, "report", &want, &said) &&
		     (r.n_errors > 0 || r.n > 0);
	} else {
		bool is_good = strcmp(mode, "good") == 0;
		ok = (is_good || file_read(path, ".canonical", &want)) &&
		     same(path, "text", is_good ? &in : &want, &got);
		for (size_t i = 0; i < r.n; i++)
			if (r.lines[i].class == REPORT_SYNTAX || r.lines[i].class == REPORT_INVALID)
				ok = same(path, "report", &(struct text){ 0 }, &said);
	}
	const char *bad = load_check(t);
	if (bad != NULL)
		fprintf(stderr, "%s: %s\n", path, bad);
	tree_free(t);
	report_done(&r);
	text_done(&in);
	text_done(&said);
	text_done(&want);
	text_done(&got);
	return ok && bad == NULL;
}

static void
file_print(const char *mode, const char *path)
{
	struct text in = { 0 };
	struct text said = { 0 };
	struct text out = { 0 };
	struct report r = { 0 };
	struct tree *t = load(path, &in, &said, &r);
	if (strcmp(mode, "xml") == 0)
		print_xml(tree_root(t), 0, &out);
	else if (strcmp(mode, "json") == 0)
		print_json(tree_root(t), &out);
	else if (strcmp(mode, "set") == 0)
		print_set(tree_root(t), false, &out);
	else if (strcmp(mode, "text") == 0)
		print_text(tree_root(t), 0, &out);
	else
		text_put(&out, text_str(&said));
	fputs(text_str(&out), stdout);
	tree_free(t);
	report_done(&r);
	text_done(&in);
	text_done(&said);
	text_done(&out);
}

int
main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	const char *mode = argv[1];
	bool is_check =
	    strcmp(mode, "good") == 0 || strcmp(mode, "messy") == 0 || strcmp(mode, "bad") == 0;
	bool ok = true;
	for (int i = 2; i < argc; i++) {
		if (is_check)
			ok = file_check(mode, argv[i]) && ok;
		else
			file_print(mode, argv[i]);
	}
	return ok ? 0 : 1;
}
