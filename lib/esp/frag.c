/* SPDX-License-Identifier: BSD-2-Clause
 *
 * frag.c - reassembly of IPv4 and IPv6 datagrams.
 *
 * A context per datagram, found by a short list (there are at most `limit` of them) and kept in
 * order of age, so that expiry looks at the oldest only. Data is copied to its place in the
 * context's own packet, behind room for the headers, which come from the fragment with offset 0. A
 * bitmap notes which 8-octet units are there: it tells repetition from overlap and when nothing is
 * missing. An overlap empties the context but keeps it until its time is up, so that later pieces
 * of the same datagram cannot start a new one. Worker's thread. RFC 791, RFC 5722, RFC 8200 s4.5.
 */
#include "lib/esp/frag.h"

#include <stdlib.h>

#include "lib/esp/ip.h"
#include "lib/esp/pkt.h"

enum {
	UNITS_MAX = 65536 / 8,
	DATA_AT = PKT_HEADROOM, /* where offset 0 lies in a buffer; headers go in front */
};

struct key {
	struct addr src;
	struct addr dst;
	uint32_t id;
	uint32_t tag;  /* the caller's: fragments from different places are never joined */
	uint8_t proto; /* IPv4 only (RFC 791); IPv6: 0 */
};

struct datagram {
	struct datagram *older;
	struct datagram *newer; /* in the free list: the next */
	struct key key;
	uint64_t born_ms;
	struct pkt *pkt;    /* NULL once an overlap was seen */
	uint32_t n_got;     /* octets of data copied */
	uint32_t data_len;  /* octets of data, 0 until the last fragment came */
	uint32_t data_seen; /* end of the data that lies furthest behind */
	uint32_t hdr_len;   /* octets of headers, 0 until the first fragment came */
	bool has_ce;        /* a fragment came with "congestion experienced" */
	uint64_t have[UNITS_MAX / 64];
};

/* One fragment, as its headers describe it. */
struct piece {
	struct key key;
	const uint8_t *hdr; /* headers that all fragments share */
	uint32_t hdr_len;
	const uint8_t *data;
	uint32_t len;
	uint32_t off;
	bool has_more;
	bool has_ce;
	uint8_t family;
	uint8_t next;   /* IPv6: what the fragment header names */
	uint32_t nh_at; /* IPv6: the octet that names the fragment header */
};

struct frag_table {
	struct pkt_pool *pool;
	struct datagram *all;
	struct datagram *free;
	struct datagram *oldest;
	struct datagram *newest;
	uint32_t timeout_ms;
};

struct frag_table *
frag_new(struct pkt_pool *pool, unsigned limit, uint32_t timeout_ms)
{
	struct frag_table *t = calloc(1, sizeof(*t));
	struct datagram *all = calloc(limit ? limit : 1, sizeof(*all));
	if (t == NULL || all == NULL) {
		free(t);
		free(all);
		return NULL;
	}
	*t = (struct frag_table){ .pool = pool, .all = all, .timeout_ms = timeout_ms };
	for (unsigned i = 0; i < limit; i++) {
		all[i].newer = t->free;
		t->free = &all[i];
	}
	return t;
}

void
frag_free(struct frag_table *t)
{
	if (t == NULL)
		return;
	for (struct datagram *d = t->oldest; d != NULL; d = d->newer)
		pkt_put(t->pool, d->pkt);
	free(t->all);
	free(t);
}

static bool
key_eq(const struct key *a, const struct key *b)
{
	return a->id == b->id && a->tag == b->tag && a->proto == b->proto &&
	       addr_eq(a->src, b->src) && addr_eq(a->dst, b->dst);
}

static struct datagram *
datagram_find(const struct frag_table *t, const struct key *key)
{
	struct datagram *d = t->newest;
	while (d != NULL && !key_eq(&d->key, key))
		d = d->older;
	return d;
}

static void
datagram_del(struct frag_table *t, struct datagram *d)
{
	pkt_put(t->pool, d->pkt);
	d->pkt = NULL;
	if (d->older != NULL)
		d->older->newer = d->newer;
	else
		t->oldest = d->newer;
	if (d->newer != NULL)
		d->newer->older = d->older;
	else
		t->newest = d->older;
	d->newer = t->free;
	t->free = d;
}

static struct datagram *
datagram_new(struct frag_table *t, const struct piece *f, const struct pkt *p, uint64_t now_ms,
    enum drop *out)
{
	struct datagram *d = t->free;
	if (d == NULL) {
		*out = DROP_FRAG_LIMIT;
		return NULL;
	}
	struct pkt *pkt = pkt_get(t->pool);
	if (pkt == NULL) {
		*out = DROP_NO_BUFFER;
		return NULL;
	}
	pkt->tag = p->tag;
	pkt->trace = p->trace;
	pkt->user = p->user;
	t->free = d->newer;
	*d = (struct datagram){
		.older = t->newest,
		.key = f->key,
		.born_ms = now_ms,
		.pkt = pkt,
	};
	if (t->newest != NULL)
		t->newest->newer = d;
	else
		t->oldest = d;
	t->newest = d;
	return d;
}

bool
frag_expire(struct frag_table *t, uint64_t now_ms, uint32_t *out_tag)
{
	while (t->oldest != NULL && now_ms - t->oldest->born_ms >= t->timeout_ms) {
		bool is_counted = t->oldest->pkt == NULL; /* as an overlap */
		*out_tag = t->oldest->key.tag;
		datagram_del(t, t->oldest);
		if (!is_counted)
			return true;
	}
	return false;
}

static struct piece
piece_read4(const uint8_t *data, const struct ip_hdr *h)
{
	return (struct piece){
		.key = { .src = ip_src(data, ADDR_V4),
		    .dst = ip_dst(data, ADDR_V4),
		    .id = get16(data + IP4_ID),
		    .proto = h->proto },
		.hdr = data,
		.hdr_len = h->hdr_len,
		.data = data + h->hdr_len,
		.len = h->total_len - h->hdr_len,
		.off = (h->frag & IP4_OFF_MASK) * 8U,
		.has_more = (h->frag & IP4_MF) != 0,
		.has_ce = (h->tos & 3) == 3,
		.family = ADDR_V4,
	};
}

static struct piece
piece_read6(const uint8_t *data, const struct ip_hdr *h, const struct ip6_chain *c)
{
	const uint8_t *fh = data + c->frag_at;
	uint32_t ahead = c->frag_at + IP6_FRAG_LEN;
	return (struct piece){
		.key = { .src = ip_src(data, ADDR_V6),
		    .dst = ip_dst(data, ADDR_V6),
		    .id = get32(fh + 4) },
		.hdr = data,
		.hdr_len = c->frag_at,
		.data = data + ahead,
		.len = h->total_len - ahead,
		.off = get16(fh + 2) & 0xfff8,
		.has_more = (fh[3] & 1) != 0,
		.has_ce = (h->tos & 3) == 3,
		.family = ADDR_V6,
		.next = fh[0],
		.nh_at = c->frag_nh_at,
	};
}

/* Form alone: all but the last fragment are whole units, and the datagram stays below 64 KiB. */
static enum drop
piece_check(const struct piece *f)
{
	if (f->len == 0 || (f->has_more && f->len % 8 != 0))
		return DROP_FRAG_HEADER;
	uint32_t fixed = f->family == ADDR_V4 ? f->hdr_len : f->hdr_len - IP6_LEN;
	if (f->off + f->len + fixed > IP_TOTAL_MAX)
		return DROP_FRAG_HEADER;
	return DROP_NONE;
}

static bool
unit_has(const struct datagram *d, uint32_t unit)
{
	return d->have[unit / 64] >> (unit % 64) & 1;
}

enum fit { FIT_NEW, FIT_REPEATED, FIT_OVERLAP };

/* Compares a fragment with what is there already. */
static enum fit
piece_fit(const struct datagram *d, const struct piece *f)
{
	uint32_t end = f->off + f->len;
	bool is_beyond =
	    d->data_len != 0 && (end > d->data_len || (!f->has_more && end != d->data_len));
	bool is_short = !f->has_more && d->data_seen > end;
	if (is_beyond || is_short)
		return FIT_OVERLAP;
	uint32_t first = f->off / 8;
	uint32_t last = (end - 1) / 8;
	uint32_t n_there = 0;
	for (uint32_t u = first; u <= last; u++)
		n_there += unit_has(d, u);
	if (n_there == 0)
		return FIT_NEW;
	if (n_there != last - first + 1)
		return FIT_OVERLAP;
	if (f->has_more && d->data_len != 0 && end == d->data_len)
		return FIT_OVERLAP;
	if (end > d->data_seen)
		return FIT_OVERLAP; /* more octets in the last unit than there were */
	return memcmp(d->pkt->buf + DATA_AT + f->off, f->data, f->len) == 0 ? FIT_REPEATED
									    : FIT_OVERLAP;
}

static void
piece_put(struct datagram *d, const struct piece *f)
{
	uint32_t end = f->off + f->len;
	memcpy(d->pkt->buf + DATA_AT + f->off, f->data, f->len);
	for (uint32_t u = f->off / 8; u <= (end - 1) / 8; u++)
		d->have[u / 64] |= 1ULL << (u % 64);
	d->n_got += f->len;
	d->has_ce |= f->has_ce;
	if (end > d->data_seen)
		d->data_seen = end;
	if (!f->has_more)
		d->data_len = end;
	if (f->off == 0) {
		uint8_t *hdr = d->pkt->buf + DATA_AT - f->hdr_len;
		memcpy(hdr, f->hdr, f->hdr_len);
		d->hdr_len = f->hdr_len;
		if (f->family == ADDR_V6)
			hdr[f->nh_at] = f->next;
	}
}

/* All is there: hands the packet over with its header made whole. */
static struct pkt *
datagram_finish(struct frag_table *t, struct datagram *d, uint8_t family, enum drop *out)
{
	struct pkt *p = d->pkt;
	uint32_t len = d->hdr_len + d->data_len;
	uint8_t *hdr = p->buf + DATA_AT - d->hdr_len;
	uint32_t limit = IP_TOTAL_MAX + (family == ADDR_V6 ? (uint32_t)IP6_LEN : 0);
	if (len > limit) { /* the first fragment has longer headers than the others */
		datagram_del(t, d);
		*out = DROP_FRAG_HEADER;
		return NULL;
	}
	d->pkt = NULL;
	p->off = DATA_AT - d->hdr_len;
	p->len = len;
	unsigned tos = family == ADDR_V4 ? hdr[IP4_TOS]
					 : ((unsigned)hdr[0] << 4 | (unsigned)hdr[1] >> 4) & 0xffU;
	if (d->has_ce && (tos & 3) != 0) /* RFC 3168 s5.3 */
		ip_tos_set(hdr, family, (uint8_t)(tos | 3));
	if (family == ADDR_V4) {
		put16(hdr + IP4_TOTAL, len);
		put16(hdr + IP4_FRAG, 0);
		ip4_sum_set(hdr, d->hdr_len);
	} else {
		put16(hdr + IP6_PAYLOAD, len - IP6_LEN);
		p->is_joined6 = true;
		p->frag_id = d->key.id;
	}
	datagram_del(t, d);
	return p;
}

static struct pkt *
piece_add(struct frag_table *t, const struct piece *f, const struct pkt *p, uint64_t now_ms,
    enum drop *out)
{
	struct datagram *d = datagram_find(t, &f->key);
	if (d == NULL)
		d = datagram_new(t, f, p, now_ms, out);
	if (d == NULL)
		return NULL;
	if (d->pkt == NULL) {
		*out = DROP_FRAG_OVERLAP;
		return NULL;
	}
	switch (piece_fit(d, f)) {
	case FIT_REPEATED:
		return NULL;
	case FIT_OVERLAP:
		pkt_put(t->pool, d->pkt);
		d->pkt = NULL;
		*out = DROP_FRAG_OVERLAP;
		return NULL;
	case FIT_NEW:
		break;
	}
	piece_put(d, f);
	if (d->data_len == 0 || d->n_got != d->data_len || d->hdr_len == 0)
		return NULL;
	return datagram_finish(t, d, f->family, out);
}

/* An IPv6 packet whose fragment header says that it is whole (RFC 6946): the header goes away. */
static void
atomic_strip(struct pkt *p, const struct piece *f)
{
	uint8_t *data = pkt_data(p);
	memmove(data + IP6_FRAG_LEN, data, f->hdr_len);
	p->off += IP6_FRAG_LEN;
	p->len -= IP6_FRAG_LEN;
	data = pkt_data(p);
	data[f->nh_at] = f->next;
	put16(data + IP6_PAYLOAD, p->len - IP6_LEN);
}

/* Reads P; false if it is no fragment (or not even a packet: flow_parse() will say so). */
static bool
piece_read(struct pkt *p, struct piece *out)
{
	const uint8_t *data = pkt_data(p);
	struct ip_hdr h;
	if (ip_read(data, p->len, &h) != DROP_NONE)
		return false;
	if (h.family == ADDR_V4) {
		if (!h.is_fragment)
			return false;
		*out = piece_read4(data, &h);
		out->key.tag = p->tag;
		return true;
	}
	struct ip6_chain c;
	if (ip6_walk(data, h.total_len, &c) != DROP_NONE || c.frag_at == 0)
		return false;
	p->len = h.total_len;
	*out = piece_read6(data, &h, &c);
	out->key.tag = p->tag;
	return true;
}

struct pkt *
frag_in(struct frag_table *t, struct pkt *p, uint64_t now_ms, enum drop *out)
{
	struct piece f;
	*out = DROP_NONE;
	if (!piece_read(p, &f))
		return p;
	if (f.family == ADDR_V6 && f.off == 0 && !f.has_more) {
		atomic_strip(p, &f);
		return p;
	}
	struct pkt *whole = NULL;
	*out = piece_check(&f);
	if (*out == DROP_NONE)
		whole = piece_add(t, &f, p, now_ms, out);
	pkt_put(t->pool, p);
	return whole;
}
