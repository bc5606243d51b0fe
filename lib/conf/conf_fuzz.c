/* SPDX-License-Identifier: BSD-2-Clause
 *
 * conf_fuzz.c - any element tree into the loader; what it accepts can be cut, loaded again and freed.
 */
#include "lib/base/report.h"
#include "lib/conf/conf.h"
#include "lib/msg/elem.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A part of a configuration that loads must load. */
static void
part_check(const struct conf *c, const struct elem *root, enum conf_part part, const char *pic)
{
	struct arena *a = arena_new();
	struct report r = { 0 };
	struct elem *reduced = conf_reduce(c, root, part, pic, a);
	struct conf *again = conf_load(reduced, &r);
	if (again == NULL)
		abort();
	conf_free(again);
	report_done(&r);
	arena_free(a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new();
	struct report r = { 0 };
	struct rd rd = rd_init(data, size);
	struct elem *root = elem_decode(a, &rd);
	struct conf *c = root ? conf_load(root, &r) : NULL;
	if (root != NULL && (c == NULL) != (r.n_errors > 0))
		abort();
	if (c != NULL && c->part == CONF_ALL) {
		size_t n;
		const char *const *pics = conf_pics(c, a, &n);
		part_check(c, root, CONF_NETD, NULL);
		part_check(c, root, CONF_KMD, NULL);
		part_check(c, root, CONF_PKID, NULL);
		for (size_t i = 0; i < n; i++)
			part_check(c, root, CONF_PICD, pics[i]);
	}
	conf_free(c);
	report_done(&r);
	arena_free(a);
	return 0;
}
