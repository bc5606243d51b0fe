/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show_sa.c - one SA as a row of `show ... security-associations`, for every kind of tunnel.
 *
 * Values are lower case as in Juniper's XML; the display capitalises. Manual SAs have no lifetimes and
 * no replay window. Keys are never part of a row.
 */
#include "daemon/picd/rows.h"

#include "daemon/picd/assoc.h"
#include "lib/msg/elem.h"

static const char *
protocol_text(enum sa_protocol p)
{
	static const char *const texts[] = {
		[SA_ESP] = "ESP",
		[SA_AH] = "AH",
		[SA_BUNDLE] = "AH+ESP",
	};
	return texts[p];
}

static void
spi_leaf(struct arena *a, struct elem *e, const char *name, uint32_t spi, bool is_hex)
{
	elem_leaff(a, e, name, is_hex ? "0x%x" : "%u", spi);
}

void
show_sa(struct arena *a, struct elem *parent, const struct assoc_end *end, const char *direction,
    const struct row_job *j)
{
	if (end->sa == NULL)
		return;
	const struct sa_params *p = sa_params(end->sa);
	struct elem *e = elem_add(a, parent, "security-associations");
	elem_leaf(a, e, "sa-direction", direction);
	spi_leaf(a, e, "sa-spi", p->spi, j->is_hex);
	spi_leaf(a, e, "sa-aux-spi", p->aux_spi, j->is_hex);
	elem_leaf(a, e, "sa-mode", p->mode == SA_TUNNEL ? "tunnel" : "transport");
	elem_leaf(a, e, "sa-type", "manual");
	if (j->level == LEVEL_BRIEF) {
		elem_leaf(a, e, "sa-protocol", protocol_text(p->protocol));
		return;
	}
	elem_leaf(a, e, "sa-state", "installed");
	elem_leaf(a, e, "sa-protocol", protocol_text(p->protocol));
	elem_leaf(a, e, "sa-authentication-algorithm", auth_info(p->auth)->name);
	elem_leaf(a, e, "sa-encryption-algorithm", enc_info(p->enc)->name);
	elem_leaf(a, e, "sa-anti-replay-service", "disabled");
	elem_leaf(a, e, "sa-copy-tos-from-inner-ip-header", "enabled");
	elem_leaf(a, e, "sa-tos-value", "0");
	elem_leaf(a, e, "sa-copy-ttl-from-inner-ip-header", "disabled");
	elem_leaff(a, e, "sa-ttl-value", "%u", p->ttl);
}
