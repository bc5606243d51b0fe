/* SPDX-License-Identifier: BSD-2-Clause
 *
 * refuse.c - ICMP errors of the tunnel hop, to the source of a clear packet.
 *
 * They appear on the unit from which the packet came, with the unit's own address as source or else the
 * local gateway, so that the kernel routes them where it routes everything from that unit. Their rate is
 * limited, each worker has its share; what the limit suppresses is counted.
 */
#include "daemon/picd/worker_priv.h"

#include "lib/esp/icmp.h"

enum { IP4_OFF_DST = 16, IP6_OFF_DST = 24 };

/* The host that is told about its own packet hears it from where the packet went: an address of its own as
 * source would be refused. */
static struct addr
icmp_source(const struct lane *l, const struct pkt *p)
{
	const uint8_t *b = pkt_data(p);
	bool is_v4 = b[0] >> 4 == 4;
	if (l->kind == LANE_TRANSPORT)
		return is_v4 ? addr_v4(b + IP4_OFF_DST) : addr_v6(b + IP6_OFF_DST);
	return is_v4 ? l->icmp_source4 : l->icmp_source6;
}

/* True if an error about P may be sent; FRESH and SRC are then what it needs. */
static bool
refuse_begin(struct worker *w, const struct lane *l, const struct pkt *p, struct addr *src,
    struct pkt **fresh)
{
	*src = icmp_source(l, p);
	if (l->icmp_ports == NULL || src->family == ADDR_NONE)
		return false;
	if (!limiter_take(&w->icmp, w->now_ms, worker_share(w, ICMP_PER_S))) {
		worker_drop(w, NULL, l, DROP_ICMP_LIMIT);
		return false;
	}
	*fresh = pkt_get(w->pool);
	return *fresh != NULL;
}

static void
refuse_end(struct worker *w, const struct lane *l, struct pkt *fresh, bool is_built)
{
	enum drop reason = is_built ? send_device(l->icmp_ports[w->p.index], fresh) : DROP_NONE;
	if (reason != DROP_NONE)
		worker_drop(w, NULL, l, reason);
	pkt_put(w->pool, fresh);
}

void
refuse_too_big(struct worker *w, const struct lane *lane, const struct pkt *p, uint32_t mtu)
{
	struct addr src;
	struct pkt *fresh;
	if (refuse_begin(w, lane, p, &src, &fresh))
		refuse_end(w, lane, fresh, icmp_too_big(p, src, mtu, fresh));
}

void
refuse_ttl(struct worker *w, const struct lane *lane, const struct pkt *p)
{
	struct addr src;
	struct pkt *fresh;
	if (refuse_begin(w, lane, p, &src, &fresh))
		refuse_end(w, lane, fresh, icmp_time_exceeded(p, src, fresh));
}
