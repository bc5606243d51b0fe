/* SPDX-License-Identifier: BSD-2-Clause
 *
 * conf_sys.c - [edit system] and what belongs to the whole configuration, or to all tunnels.
 *
 * The number of the commit travels as a leaf `commit` of the root: mgd adds it before it hands
 * a configuration to the daemons. Called by conf_load() on its thread.
 */
#include "lib/conf/builder.h"

#include <string.h>

/* What [edit services ipsec-vpn] says of all tunnels. */
static void
vpn_load(struct builder *b, const struct elem *vpn)
{
	static const char *const whens[] = {
		[ESTABLISH_ON_TRAFFIC] = "on-traffic",
		[ESTABLISH_IMMEDIATELY] = "immediately",
		[ESTABLISH_RESPONDER_ONLY] = "responder-only",
	};
	const struct elem *leaf = elem_find(vpn, "establish-tunnels");
	size_t n = sizeof(whens) / sizeof(whens[0]);
	size_t i = 0;
	while (leaf != NULL && i < n && (leaf->value == NULL || strcmp(leaf->value, whens[i]) != 0))
		i++;
	if (i == n)
		builder_error(b, leaf, "invalid value '%s'", leaf->value ? leaf->value : "");
	else
		b->c->establish = (enum conf_establish)i;
	b->no_natt = elem_has(vpn, "disable-natt");
	b->c->clears_ike_on_pic_restart = elem_has(vpn, "clear-ike-sas-on-pic-restart");
	b->c->clears_ipsec_on_pic_restart = elem_has(vpn, "clear-ipsec-sas-on-pic-restart");
}

void
sys_load(struct builder *b)
{
	child_u32(b, b->root, "commit", 0, UINT32_MAX, &b->c->commit);
	const char *host = elem_value(elem_find(b->root, "system"), "host-name");
	if (host != NULL)
		b->c->host_name = arena_strdup(b->a, host);
	vpn_load(b, b->services.top);
}
