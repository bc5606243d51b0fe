/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ike.c - the engine from outside: where datagrams come in, fragments are put together, and the version is told apart.
 *
 * What a message means is up to the version: v1_step.c.
 */
#include "lib/ike/v1_frag.h"
#include "lib/ike/v1_priv.h"

#include <stdlib.h>

struct ike *
ike_new(const struct ike_host *host)
{
	struct ike *ike = calloc(1, sizeof(*ike));
	uint64_t secret;
	if (ike == NULL)
		abort();
	ike->host = *host;
	host->random(host->ctx, &secret, sizeof(secret));
	table_init(&ike->table, secret);
	return ike;
}

void
ike_free(struct ike *ike)
{
	if (ike == NULL)
		return;
	for (size_t i = 0; i < ike->table.n; i++)
		v1_sa_free(ike, ike->table.heap[i]);
	table_done(&ike->table);
	free(ike);
}

void
ike_drop(struct ike *ike, struct ike_sa *sa)
{
	v1_sa_end(ike, sa, IKE_OK);
}

/* What is decided by counters stays as it is. */
void
ike_stats_clear(struct ike_sa *sa)
{
	sa->stats = (struct ike_stats){ .n_phase2 = sa->stats.n_phase2 };
}

size_t
ike_n_sas(const struct ike *ike)
{
	return ike->table.n;
}

size_t
ike_n_half_open(const struct ike *ike)
{
	return ike->table.half_open[TABLE_UNKNOWN].n + ike->table.half_open[TABLE_KNOWN].n +
	       ike->table.half_open[TABLE_RETURNED].n;
}

struct ike_sa *
ike_sa_at(const struct ike *ike, size_t i)
{
	return i < ike->table.n ? ike->table.heap[i] : NULL;
}

struct ike_sa *
ike_find(const struct ike *ike, uint64_t cky_i, uint64_t cky_r)
{
	return table_find(&ike->table, cky_i, cky_r);
}

/* --- messages --- */

/* Refuses a message that belongs to nothing, or not to what is due. */
static enum ike_reason
refuse(struct ike *ike, const struct ike_path *path, struct ike_sa *sa, enum ike_reason reason,
    const char *why)
{
	if (sa != NULL)
		v1_why_keep(sa, reason, why);
	ike->host.refused(ike->host.ctx, path, sa, reason, why);
	return reason;
}

/* Takes a fragment; *OUT is the whole message if this was the last that was missing. */
static enum ike_reason
fragment_input(struct v1_turn *t, struct rd *r, uint8_t **out, size_t *out_len)
{
	struct v1_msg m;
	struct v1_frag frag;
	t->sa = table_find(&t->ike->table, t->hdr->cky_i, t->hdr->cky_r);
	if (t->sa == NULL || t->hdr->cky_r == 0)
		return IKE_COOKIE;
	enum ike_reason reason = v1_msg_parse(r, t->hdr->next, V1_IN_CLEAR, &m);
	if (reason == IKE_OK && m.n != 1)
		reason = IKE_UNEXPECTED;
	if (reason == IKE_OK)
		reason = v1_frag_parse(&m.list[0], &frag);
	if (reason != IKE_OK)
		return reason;
	if (t->sa->frags == NULL) {
		if (t->ike->n_frags >= IKE_FRAGS_MAX ||
		    t->sa->source->n_frags >= IKE_FRAGS_SOURCE_MAX)
			return IKE_LIMIT;
		t->sa->frags = calloc(1, sizeof(*t->sa->frags));
		if (t->sa->frags == NULL)
			abort();
		t->sa->frags->due_ms = t->now_ms + IKE_FRAGS_MS;
		t->ike->n_frags++;
		t->sa->source->n_frags++;
		v1_due_update(t->ike, t->sa);
	}
	reason = v1_frags_put(t->sa->frags, &frag);
	*out = v1_frags_take(t->sa->frags, out_len);
	if (*out != NULL || t->sa->frags->n == 0)
		v1_frags_free(t->ike, t->sa);
	return reason;
}

/* Takes a whole message; H is its header. */
static enum ike_reason
message_input(struct v1_turn *t, uint8_t *msg, size_t len)
{
	if ((t->hdr->flags & ~(HDR_ENCRYPTED | HDR_COMMIT)) != 0)
		return IKE_FLAGS;
	switch (t->hdr->exchange) {
	case HDR_MAIN:
	case HDR_AGGRESSIVE:
		return v1_phase1_input(t, msg, len);
	case HDR_QUICK:
		return v1_quick_input(t, msg, len);
	case HDR_INFO:
		return v1_info_input(t, msg, len);
	default:
		return IKE_EXCHANGE;
	}
}

/* Takes what fragments were put together to: a message, but not again a fragment. */
static enum ike_reason
whole_input(struct v1_turn *t, uint8_t *msg, size_t len)
{
	struct rd r = rd_init(msg, len);
	struct hdr h;
	enum ike_reason reason = hdr_parse(&r, &h);
	if (reason != IKE_OK)
		return reason;
	if (h.version >> 4 != HDR_V1 >> 4)
		return IKE_VERSION;
	if (h.next == V1_FRAGMENT || h.cky_i != t->hdr->cky_i || h.cky_r != t->hdr->cky_r)
		return IKE_PAYLOAD_FORM;
	const struct hdr *outer = t->hdr;
	t->hdr = &h;
	reason = message_input(t, msg, len);
	t->hdr = outer;
	return reason;
}

enum ike_reason
ike_input(struct ike *ike, uint64_t now_ms, const struct ike_path *path, uint8_t *msg, size_t len)
{
	struct rd r = rd_init(msg, len);
	struct hdr h;
	struct text why = { 0 };
	uint8_t *whole = NULL;
	size_t whole_len = 0;
	enum ike_reason reason = hdr_parse(&r, &h);
	if (reason != IKE_OK)
		return refuse(ike, path, NULL, reason, "");
	struct v1_turn t = { .ike = ike, .now_ms = now_ms, .path = path, .hdr = &h, .why = &why };
	if (h.version >> 4 != HDR_V1 >> 4)
		reason = IKE_VERSION;
	else if (h.next == V1_FRAGMENT)
		reason = fragment_input(&t, &r, &whole, &whole_len);
	else
		reason = message_input(&t, msg, len);
	if (whole != NULL)
		reason = whole_input(&t, whole, whole_len);
	if (t.sa != NULL && (reason == IKE_OK || reason == IKE_REPEATED)) {
		t.sa->stats.in_packets++;
		t.sa->stats.in_octets += len;
	}
	if (reason != IKE_OK)
		refuse(ike, path, t.sa, reason, text_str(&why));
	free(whole);
	text_done(&why);
	return reason;
}

uint64_t
ike_due(const struct ike *ike)
{
	const struct ike_sa *sa = table_first_due(&ike->table);
	return sa != NULL ? sa->due_ms : UINT64_MAX;
}
