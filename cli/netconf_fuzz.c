/* SPDX-License-Identifier: BSD-2-Clause
 *
 * netconf_fuzz.c - any bytes as what a NETCONF client sends: frames, requests, filters.
 *
 * The first byte says how the rest arrives: its lowest bit chooses the framing, the others the size of the pieces. Whatever the
 * pieces, the messages must be the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/netconf_filter.h"
#include "cli/netconf_frame.h"
#include "cli/netconf_read.h"
#include "lib/base/arena.h"
#include "lib/base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
elem_print(const struct nc_elem *e, struct text *out)
{
	text_printf(out, "<%s", e->name);
	for (const struct nc_attr *a = e->attrs; a != NULL; a = a->next)
		text_printf(out, " %s=%s", a->name, a->value);
	text_printf(out, ">%s", e->value);
	for (const struct nc_elem *c = e->child; c != NULL; c = c->next)
		elem_print(c, out);
	text_put(out, "/");
}

static void
filters_try(const struct nc_elem *e, struct text *out)
{
	if (strcmp(e->name, "filter") == 0) {
		const char *error;
		struct netconf_filter f;
		bool is_read = netconf_filter_read(e, &f, &error);
		if (is_read && f.subtree != NULL)
			elem_print(f.subtree, out);
		if (is_read && f.xpath != NULL)
			text_put(out, f.xpath);
	}
	for (const struct nc_elem *c = e->child; c != NULL; c = c->next)
		filters_try(c, out);
}

static void
message_end(struct netconf_read *r, struct text *out)
{
	const char *error;
	const struct nc_elem *root;
	const struct nc_request *q = netconf_read_end(r, &error, &root);
	if ((q == NULL) != (error != NULL) || (q != NULL && q->root != root))
		abort();
	if (q != NULL) {
		elem_print(q->root, out);
		text_printf(out, "[%s]", text_str(&q->load));
		filters_try(q->root, out);
	} else {
		text_put(out, "!");
	}
	netconf_read_reset(r);
}

static void
stream_read(bool is_chunked, const char *s, size_t size, size_t step, struct text *out)
{
	struct netconf_frame f = { .is_chunked = is_chunked };
	struct netconf_read *r = netconf_read_new();
	bool is_bad = false;
	while (size > 0 && !is_bad) {
		const char *p = s;
		size_t n = size < step ? size : step;
		const char *data;
		size_t len;
		s += n;
		size -= n;
		enum netconf_frame_event e;
		while ((e = netconf_frame_next(&f, &p, &n, &data, &len)) != NETCONF_FRAME_MORE &&
		       !is_bad) {
			if (e == NETCONF_FRAME_DATA)
				netconf_read_put(r, data, len);
			else if (e == NETCONF_FRAME_END)
				message_end(r, out);
			else
				is_bad = true;
		}
	}
	netconf_read_free(r);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	struct text whole = { 0 };
	struct text pieces = { 0 };
	const char *s = (const char *)data + 1;
	stream_read(data[0] & 1, s, size - 1, size, &whole);
	stream_read(data[0] & 1, s, size - 1, 1u + (data[0] >> 1), &pieces);
	if (strcmp(text_str(&whole), text_str(&pieces)) != 0)
		abort();
	text_done(&whole);
	text_done(&pieces);
	return 0;
}
