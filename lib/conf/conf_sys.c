/* SPDX-License-Identifier: BSD-2-Clause
 *
 * conf_sys.c - [edit system] and what belongs to the whole configuration.
 *
 * The number of the commit travels as a leaf `commit` of the root: mgd adds it before it hands
 * a configuration to the daemons. Called by conf_load() on its thread.
 */
#include "lib/conf/loader.h"

void
sys_load(struct loader *l)
{
	child_u32(l, l->root, "commit", 0, UINT32_MAX, &l->c->commit);
	const char *host = elem_value(elem_find(l->root, "system"), "host-name");
	if (host != NULL)
		l->c->host_name = arena_strdup(l->a, host);
}
