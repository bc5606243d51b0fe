/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show_sa.c - SAs as rows of `show ... security-associations`, for every kind of tunnel.
 *
 * Values are lower case as in Juniper's XML; the display capitalises. Manual SAs have no lifetimes and
 * no replay window. While a dynamic tunnel is renewed it has several pairs, the oldest first. Keys are never part of a row.
 */
#include "daemon/picd/rows.h"

#include "daemon/picd/assoc.h"
#include "daemon/picd/picd.h"
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

static void
lifetime_leaf(struct arena *a, struct elem *e, const char *name, uint64_t at_ms, uint64_t now_ms)
{
	if (at_ms > now_ms)
		elem_leaff(
		    a, e, name, "expires in %u seconds", (unsigned)((at_ms - now_ms + 999) / 1000));
	else
		elem_leaf(a, e, name, "expired");
}

/* What only a dynamic SA has. D is NULL for a manual one. */
static void
dynamic_leaves(struct picd *p, struct arena *a, struct elem *e, const struct sa *sa,
    const struct dynamic_sa *d)
{
	uint64_t now = d != NULL ? p->now_ms() : 0;
	if (d != NULL && d->soft_ms != 0)
		lifetime_leaf(a, e, "sa-soft-lifetime", d->soft_ms, now);
	if (d != NULL)
		lifetime_leaf(a, e, "sa-hard-lifetime", d->hard_ms, now);
	const struct sa_params *q = sa_params(sa);
	bool has_icv = q->auth != AUTH_NONE || enc_is_aead(q->enc);
	if (d == NULL || d->window == 0 || !has_icv) {
		elem_leaf(a, e, "sa-anti-replay-service", "disabled");
		return;
	}
	elem_leaf(a, e, "sa-anti-replay-service", "enabled");
	elem_leaff(a, e, "sa-replay-window-size", "%u", d->window);
}

static void
sa_put(struct picd *p, struct arena *a, struct elem *parent, const struct sa *sa,
    const struct dynamic_sa *d, const struct row_job *j)
{
	const struct sa_params *q = sa_params(sa);
	struct elem *e = elem_add(a, parent, "security-associations");
	elem_leaf(a, e, "sa-direction", q->direction == SA_IN ? "inbound" : "outbound");
	spi_leaf(a, e, "sa-spi", q->spi, j->is_hex);
	spi_leaf(a, e, "sa-aux-spi", q->aux_spi, j->is_hex);
	elem_leaf(a, e, "sa-mode", q->mode == SA_TUNNEL ? "tunnel" : "transport");
	elem_leaf(a, e, "sa-type", d != NULL ? "dynamic" : "manual");
	if (j->level == LEVEL_BRIEF) {
		elem_leaf(a, e, "sa-protocol", protocol_text(q->protocol));
		return;
	}
	elem_leaf(a, e, "sa-state", "installed");
	elem_leaf(a, e, "sa-protocol", protocol_text(q->protocol));
	elem_leaf(a, e, "sa-authentication-algorithm", auth_info(q->auth)->name);
	elem_leaf(a, e, "sa-encryption-algorithm", enc_info(q->enc)->name);
	dynamic_leaves(p, a, e, sa, d);
	elem_leaf(a, e, "sa-copy-tos-from-inner-ip-header", "enabled");
	elem_leaf(a, e, "sa-tos-value", "0");
	elem_leaf(a, e, "sa-copy-ttl-from-inner-ip-header", "disabled");
	elem_leaff(a, e, "sa-ttl-value", "%u", q->ttl);
}

/* The first of D and what is younger that has this direction. */
static const struct dynamic_sa *
next_of(const struct dynamic_sa *d, enum sa_direction direction)
{
	while (d != NULL && sa_params(d->sa)->direction != direction)
		d = d->next;
	return d;
}

bool
show_has_sas(const struct assoc *as)
{
	return as->in.sa != NULL || as->out.sa != NULL || as->sas != NULL;
}

void
show_sas(struct picd *p, struct arena *a, struct elem *parent, const struct assoc *as,
    const struct row_job *j)
{
	if (as->in.sa != NULL)
		sa_put(p, a, parent, as->in.sa, NULL, j);
	if (as->out.sa != NULL)
		sa_put(p, a, parent, as->out.sa, NULL, j);
	const struct dynamic_sa *in = next_of(as->sas, SA_IN);
	const struct dynamic_sa *out = next_of(as->sas, SA_OUT);
	while (in != NULL || out != NULL) {
		if (in != NULL) {
			sa_put(p, a, parent, in->sa, in, j);
			in = next_of(in->next, SA_IN);
		}
		if (out != NULL) {
			sa_put(p, a, parent, out->sa, out, j);
			out = next_of(out->next, SA_OUT);
		}
	}
}
