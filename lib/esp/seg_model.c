/* SPDX-License-Identifier: BSD-2-Clause
 *
 * seg_model.c - see seg_model.h.
 */
#include "lib/esp/seg_model.h"

#include <stdlib.h>
#include <string.h>

#include "lib/esp/pkt.h"
#include "lib/esp/worker.h"

static unsigned
be16(const uint8_t *p)
{
	return (unsigned)(p[0] << 8 | p[1]);
}

static void
set16(uint8_t *p, size_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static uint32_t
be32(const uint8_t *p)
{
	return be16(p) << 16 | be16(p + 2);
}

static void
set32(uint8_t *p, uint32_t v)
{
	set16(p, v >> 16);
	set16(p + 2, v & 0xffff);
}

uint16_t
seg_sum(uint32_t acc, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		acc += i % 2 == 0 ? (uint32_t)p[i] << 8 : p[i];
		acc = (acc & 0xffff) + (acc >> 16);
	}
	acc = (acc & 0xffff) + (acc >> 16);
	return (uint16_t)~acc;
}

static bool
is_v4(const uint8_t *ip)
{
	return ip[0] >> 4 == 4;
}

size_t
seg_l4_at(const uint8_t *ip)
{
	if (is_v4(ip))
		return (ip[0] & 15U) * 4;
	return ip[6] == 60 ? 40 + (ip[41] + 1U) * 8 : 40;
}

static uint8_t
proto_of(const uint8_t *ip)
{
	if (is_v4(ip))
		return ip[9];
	return ip[6] == 60 ? ip[40] : ip[6];
}

size_t
seg_payload_at(const uint8_t *ip)
{
	size_t at = seg_l4_at(ip);
	return at + (proto_of(ip) == 6 ? (ip[at + 12] >> 4) * 4U : 8U);
}

/* The sum of the pseudo header, for a transport header and payload of LEN octets. */
static uint32_t
pseudo(const uint8_t *ip, size_t len)
{
	uint8_t flat[40] = { 0 };
	size_t n = is_v4(ip) ? 8 : 32;
	memcpy(flat, ip + (is_v4(ip) ? 12 : 8), n);
	set16(flat + n, len);
	flat[n + 3] = proto_of(ip);
	return (uint16_t)~seg_sum(0, flat, n + 4);
}

static size_t
sum_at(const uint8_t *ip)
{
	return seg_l4_at(ip) + (proto_of(ip) == 6 ? 16 : 6);
}

void
seg_sums_set(uint8_t *ip, size_t len)
{
	size_t at = seg_l4_at(ip);
	if (is_v4(ip)) {
		set16(ip + 10, 0);
		set16(ip + 10, seg_sum(0, ip, at));
	}
	set16(ip + sum_at(ip), 0);
	uint16_t sum = seg_sum(pseudo(ip, len - at), ip + at, len - at);
	if (sum == 0 && proto_of(ip) == 17)
		sum = 0xffff;
	set16(ip + sum_at(ip), sum);
}

bool
seg_sums_ok(const uint8_t *ip, size_t len)
{
	size_t at = seg_l4_at(ip);
	if (is_v4(ip) && seg_sum(0, ip, at) != 0)
		return false;
	return seg_sum(pseudo(ip, len - at), ip + at, len - at) == 0;
}

static size_t
ip_build(const struct seg_spec *s, size_t l4_len, uint8_t *out)
{
	if (s->family == 4) {
		size_t hdr_len = s->has_ext ? 24 : 20;
		memset(out, 0, hdr_len);
		out[0] = (uint8_t)(0x40 | hdr_len / 4);
		out[1] = s->tos;
		set16(out + 2, hdr_len + l4_len);
		set16(out + 4, s->id);
		set16(out + 6, s->frag);
		out[8] = s->ttl;
		out[9] = s->proto;
		memcpy(out + 12, (uint8_t[]){ 10, 1, 0, s->host, 10, 2, 0, s->host }, 8);
		memset(out + 20, 1, hdr_len - 20);
		return hdr_len;
	}
	size_t hdr_len = s->has_ext ? 48 : 40;
	memset(out, 0, hdr_len);
	out[0] = (uint8_t)(0x60 | s->tos >> 4);
	out[1] = (uint8_t)(s->tos << 4);
	set16(out + 4, hdr_len - 40 + l4_len);
	out[6] = s->has_ext ? 60 : s->proto;
	out[7] = s->ttl;
	memcpy(out + 8, (uint8_t[]){ 0x20, 1, 0xd, 0xb8, 0, 1 }, 6);
	memcpy(out + 24, (uint8_t[]){ 0x20, 1, 0xd, 0xb8, 0, 2 }, 6);
	out[23] = out[39] = s->host;
	if (s->has_ext)
		memcpy(out + 40, (uint8_t[]){ s->proto, 0, 1, 4, 0, 0, 0, 0 }, 8);
	return hdr_len;
}

size_t
seg_build(const struct seg_spec *s, uint8_t *out)
{
	size_t l4_len = s->proto == 17 ? 8 : s->stamp != 0 ? 32 : 20;
	size_t at = ip_build(s, l4_len + s->payload_len, out);
	size_t len = at + l4_len + s->payload_len;
	uint8_t *l4 = out + at;
	if (len > SEG_PACKET_MAX)
		abort();
	memset(l4, 0, l4_len);
	set16(l4, s->sport);
	set16(l4 + 2, s->dport);
	if (s->proto == 17) {
		set16(l4 + 4, 8 + s->payload_len);
	} else {
		set32(l4 + 4, s->seq);
		set32(l4 + 8, s->ack);
		l4[12] = (uint8_t)(l4_len / 4 << 4);
		l4[13] = s->flags;
		set16(l4 + 14, 502);
		if (s->stamp != 0) {
			memcpy(l4 + 20, (uint8_t[]){ 1, 1, 8, 10 }, 4);
			set32(l4 + 24, s->stamp);
			set32(l4 + 28, 77);
		}
	}
	uint32_t x = s->seed * 2654435761U + 1;
	for (size_t i = at + l4_len; i < len; i++) {
		x = x * 1664525U + 1013904223U;
		out[i] = (uint8_t)(x >> 24);
	}
	seg_sums_set(out, len);
	return len;
}

struct pkt *
seg_pkt(struct esp_worker *w, const struct seg_spec *s)
{
	struct pkt *p = pkt_get(esp_worker_pool(w));
	if (p == NULL)
		abort();
	p->len = (uint32_t)seg_build(s, pkt_data(p));
	return p;
}

/* Makes the headers at IP those of a packet of LEN octets. */
static void
lengths_set(uint8_t *ip, size_t len)
{
	if (is_v4(ip))
		set16(ip + 2, len);
	else
		set16(ip + 4, len - 40);
	if (proto_of(ip) == 17)
		set16(ip + seg_l4_at(ip) + 4, len - seg_l4_at(ip));
}

size_t
seg_join(const uint8_t *const *pkts, const size_t *lens, unsigned n, uint8_t *out)
{
	size_t len = lens[0];
	memcpy(out, pkts[0], len);
	for (unsigned i = 1; i < n; i++) {
		size_t skip = seg_payload_at(pkts[i]);
		if (len + lens[i] - skip > SEG_PACKET_MAX)
			abort();
		memcpy(out + len, pkts[i] + skip, lens[i] - skip);
		len += lens[i] - skip;
	}
	size_t at = seg_l4_at(out);
	lengths_set(out, len);
	if (proto_of(out) == 6)
		out[at + 13] |= pkts[n - 1][seg_l4_at(pkts[n - 1]) + 13] & 9;
	seg_sums_set(out, len);
	set16(out + sum_at(out), pseudo(out, len - at));
	return len;
}

void
seg_vnet(const uint8_t *super, uint16_t gso_size, uint8_t *out)
{
	bool is_tcp = proto_of(super) == 6;
	uint16_t at = (uint16_t)seg_l4_at(super);
	uint16_t hdr_len = (uint16_t)seg_payload_at(super);
	uint16_t sum = is_tcp ? 16 : 6;
	out[0] = 1;
	out[1] = !is_tcp ? 5 : is_v4(super) ? 1 : 4;
	if (is_tcp && super[at + 13] & 0x80)
		out[1] |= 0x80;
	memcpy(out + 2, &hdr_len, 2);
	memcpy(out + 4, &gso_size, 2);
	memcpy(out + 6, &at, 2);
	memcpy(out + 8, &sum, 2);
}

size_t
seg_super(const struct seg_spec *s, uint16_t gso_size, uint8_t *out, uint8_t *vnet)
{
	uint8_t plain[SEG_PACKET_MAX];
	const uint8_t *octets = plain;
	size_t len = seg_build(s, plain);
	len = seg_join(&octets, &len, 1, out);
	seg_vnet(out, gso_size, vnet);
	return len;
}

size_t
seg_cut(const uint8_t *super, size_t len, size_t gso_size, unsigned i, uint8_t *out)
{
	size_t at = seg_payload_at(super);
	size_t l4 = seg_l4_at(super);
	size_t from = at + i * gso_size;
	if (from >= len)
		return 0;
	bool is_last = len - from <= gso_size;
	size_t n = is_last ? len - from : gso_size;
	memcpy(out, super, at);
	memcpy(out + at, super + from, n);
	lengths_set(out, at + n);
	bool is_atomic = (out[6] & 0x40) != 0 && be16(out + 4) == 0;
	if (is_v4(out) && !is_atomic)
		set16(out + 4, be16(super + 4) + i);
	if (proto_of(out) == 6) {
		set32(out + l4 + 4, be32(super + l4 + 4) + (uint32_t)(i * gso_size));
		if (!is_last)
			out[l4 + 13] &= 0xf6;
		if (i > 0)
			out[l4 + 13] &= 0x7f;
	}
	seg_sums_set(out, at + n);
	return at + n;
}
