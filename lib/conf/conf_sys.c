/* SPDX-License-Identifier: BSD-2-Clause
 *
 * conf_sys.c - [edit system] and what belongs to the whole configuration.
 *
 * The number of the commit travels as a leaf `commit` of the root: mgd adds it before it hands
 * a configuration to the daemons. Called by conf_load() on its thread.
 */
#include "lib/conf/builder.h"

void
sys_load(struct builder *b)
{
	child_u32(b, b->root, "commit", 0, UINT32_MAX, &b->c->commit);
	const char *host = elem_value(elem_find(b->root, "system"), "host-name");
	if (host != NULL)
		b->c->host_name = arena_strdup(b->a, host);
}
