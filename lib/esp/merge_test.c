/* SPDX-License-Identifier: BSD-2-Clause
 *
 * merge_test.c - nothing is lost, changed or reordered by merging, and what can be merged is.
 *
 * Random bursts of flows with losses, reordering, flags, wrong checksums and odd headers. What comes
 * out is cut again and must be what went in. How packets are grouped is judged by a slow oracle: a packet may join
 * if the superpacket, cut by the slow way, gives the very same packets.
 */
#include "lib/esp/merge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/esp/cut.h"
#include "lib/esp/ip.h"
#include "lib/esp/seg_model.h"
#include "lib/esp/tcp.h"
#include "lib/esp/test_util.h"

enum {
	FLOWS = 6,
	COPY_LEN = 3000,
};

static struct esp_worker *w;
static struct pkt_pool *pool;
static struct merge *m;

/* A burst, and how it was before. */
struct burst_copy {
	struct pkt *pkts[MERGE_MAX];
	uint8_t octets[MERGE_MAX][COPY_LEN];
	size_t len[MERGE_MAX];
	unsigned n;
};

static struct burst_copy b;

static void
burst_add(struct pkt *p)
{
	assert_in_range(p->len, 1, COPY_LEN);
	b.pkts[b.n] = p;
	b.len[b.n] = p->len;
	memcpy(b.octets[b.n], pkt_data(p), p->len);
	b.n++;
}

static void
burst_drop(void)
{
	for (unsigned i = 0; i < b.n; i++)
		pkt_put(pool, b.pkts[i]);
	b.n = 0;
}

static unsigned
index_of(const struct pkt *p)
{
	for (unsigned i = 0; i < b.n; i++)
		if (b.pkts[i] == p)
			return i;
	fail_msg("a packet that was not given");
	return 0;
}

/* What is written, in one piece. */
static size_t
flatten(const struct merge_write *write, uint8_t *out)
{
	size_t len = 0;
	for (unsigned i = 0; i < write->n_iov; i++) {
		memcpy(out + len, write->iov[i].iov_base, write->iov[i].iov_len);
		len += write->iov[i].iov_len;
	}
	assert_int_equal(len, write->len);
	return len;
}

/* The write must be the packets it says, octet for octet. */
static void
check_write(const struct merge_write *write, size_t vnet_len)
{
	static uint8_t flat[SEG_PACKET_MAX + VNET_LEN_MAX];
	static const uint8_t zero[VNET_LEN_MAX];
	size_t len = flatten(write, flat) - vnet_len;
	if (write->n == 1) {
		unsigned i = index_of(write->pkts[0]);
		assert_memory_equal(flat, zero, vnet_len);
		assert_int_equal(len, b.len[i]);
		assert_memory_equal(flat + vnet_len, b.octets[i], len);
		return;
	}
	struct pkt *super = test_bytes(w, flat + vnet_len, len);
	struct cut c;
	struct pkt *pkts[MERGE_SEGS_MAX];
	assert_int_equal(cut_read(super, flat, vnet_len), DROP_NONE);
	cut_start(&c, super);
	assert_int_equal(c.n, write->n);
	assert_int_equal(cut_pkts(&c, pool, pkts, MERGE_SEGS_MAX), write->n);
	for (unsigned k = 0; k < write->n; k++) {
		unsigned i = index_of(write->pkts[k]);
		assert_int_equal(pkts[k]->len, b.len[i]);
		assert_memory_equal(pkt_data(pkts[k]), b.octets[i], b.len[i]);
		assert_true(seg_sums_ok(b.octets[i], b.len[i]));
		pkt_put(pool, pkts[k]);
	}
	pkt_put(pool, super);
}

static bool
is_same_hosts(unsigned i, unsigned j)
{
	const uint8_t *x = b.octets[i];
	const uint8_t *y = b.octets[j];
	if (x[0] >> 4 != y[0] >> 4)
		return false;
	return x[0] >> 4 == 4 ? memcmp(x + 12, y + 12, 8) == 0 : memcmp(x + 8, y + 8, 32) == 0;
}

static uint8_t
proto_of(unsigned i)
{
	return b.octets[i][0] >> 4 == 4 ? b.octets[i][9] : b.octets[i][6];
}

/* Whether the ports of the packet can be told. */
static bool
has_ports(unsigned i)
{
	if (proto_of(i) != 6 && proto_of(i) != 17)
		return false;
	return b.octets[i][0] >> 4 == 6 || (get16(b.octets[i] + 6) & 0x3fff) == 0;
}

/* What is no IP packet has no flow: nobody will take it. */
static bool
is_ip(unsigned i)
{
	const uint8_t *ip = b.octets[i];
	if (ip[0] >> 4 == 4)
		return b.len[i] >= 20 && seg_sum(0, ip, (ip[0] & 15U) * 4) == 0;
	return ip[0] >> 4 == 6 && get16(ip + 4) + 40U <= b.len[i];
}

static bool
is_other_protocol(unsigned i)
{
	return b.octets[i][0] >> 4 == 4 && proto_of(i) != 6 && proto_of(i) != 17;
}

/* Whether two packets must keep their order. */
static bool
is_same_flow(unsigned i, unsigned j)
{
	if (!is_ip(i) || !is_ip(j) || !is_same_hosts(i, j))
		return false;
	if (is_other_protocol(i) || is_other_protocol(j))
		return proto_of(i) == proto_of(j);
	if (!has_ports(i) || !has_ports(j))
		return true;
	return proto_of(i) == proto_of(j) && memcmp(b.octets[i] + seg_l4_at(b.octets[i]),
						 b.octets[j] + seg_l4_at(b.octets[j]), 4) == 0;
}

/* A packet that no superpacket may hold, whatever the octets say. */
static bool
is_loner(unsigned i, unsigned kinds)
{
	const uint8_t *ip = b.octets[i];
	bool is_v4 = ip[0] >> 4 == 4;
	if (!has_ports(i) || (is_v4 && ip[0] != 0x45))
		return true;
	size_t l4 = seg_l4_at(ip);
	size_t total = is_v4 ? get16(ip + 2) : get16(ip + 4) + 40U;
	if (total != b.len[i] || seg_payload_at(ip) >= total)
		return true;
	if (proto_of(i) == 17)
		return !(kinds & MERGE_UDP) || get16(ip + l4 + 6) == 0;
	if (!(kinds & (is_v4 ? MERGE_TCP4 : MERGE_TCP6)))
		return true;
	return (ip[l4 + 13] & 0x36) != 0x10; /* URG, SYN, RST, or no ACK */
}

/* Whether packets IDS[0..n) make a superpacket that gives them back. */
static bool
oracle_joins(const unsigned *ids, unsigned n)
{
	static uint8_t super[SEG_PACKET_MAX + COPY_LEN];
	static uint8_t out[SEG_PACKET_MAX];
	const uint8_t *pkts[MERGE_SEGS_MAX];
	size_t lens[MERGE_SEGS_MAX];
	size_t total = 0;
	if (n > MERGE_SEGS_MAX)
		return false;
	for (unsigned i = 0; i < n; i++) {
		pkts[i] = b.octets[ids[i]];
		lens[i] = b.len[ids[i]];
		total += lens[i] - (i > 0 ? seg_payload_at(pkts[i]) : 0);
		if (!seg_sums_ok(pkts[i], lens[i]))
			return false;
	}
	if (total > (pkts[0][0] >> 4 == 4 ? 65535U : 65575U))
		return false;
	size_t len = seg_join(pkts, lens, n, super);
	size_t size = lens[0] - seg_payload_at(pkts[0]);
	for (unsigned i = 0; i < n; i++) {
		size_t got = seg_cut(super, len, size, i, out);
		if (got != lens[i] || memcmp(out, pkts[i], got) != 0)
			return false;
	}
	return seg_cut(super, len, size, n, out) == 0;
}

/* Which packet leads the run that each packet is in. */
static void
oracle_group(unsigned kinds, unsigned *out_lead)
{
	for (unsigned i = 0; i < b.n; i++) {
		unsigned ids[MERGE_SEGS_MAX + 1];
		unsigned n = 0;
		unsigned j = i;
		out_lead[i] = i;
		while (j > 0 && !is_same_flow(j - 1, i))
			j--;
		if (j == 0 || is_loner(i, kinds) || is_loner(j - 1, kinds))
			continue; /* the last packet of the flow before this one is j - 1 */
		unsigned lead = out_lead[j - 1];
		for (unsigned k = lead; k < j; k++)
			if (out_lead[k] == lead)
				ids[n++] = k;
		ids[n++] = i;
		if (oracle_joins(ids, n))
			out_lead[i] = lead;
	}
}

static unsigned
check_burst(unsigned kinds, size_t vnet_len)
{
	const struct merge_write *writes;
	unsigned lead[MERGE_MAX];
	unsigned place[MERGE_MAX];
	bool seen[MERGE_MAX] = { false };
	unsigned order = 0;
	unsigned n_merged = 0;
	size_t n = merge_burst(m, b.pkts, b.n, kinds, vnet_len, &writes);
	oracle_group(vnet_len > 0 ? kinds : 0, lead);
	for (size_t i = 0; i < n; i++) {
		check_write(&writes[i], vnet_len);
		n_merged += writes[i].n - 1;
		for (unsigned k = 0; k < writes[i].n; k++) {
			unsigned at = index_of(writes[i].pkts[k]);
			assert_false(seen[at]);
			seen[at] = true;
			place[at] = order++;
			assert_int_equal(lead[at], index_of(writes[i].pkts[0]));
		}
	}
	assert_int_equal(order, b.n);
	for (unsigned i = 0; i < b.n; i++)
		for (unsigned j = i + 1; j < b.n; j++)
			if (is_same_flow(i, j))
				assert_true(place[i] < place[j]);
	return n_merged;
}

static struct seg_spec
flow_spec(unsigned i)
{
	return (struct seg_spec){
		.family = i % 3 == 2 ? 6 : 4,
		.proto = i % 2 ? 17 : 6,
		.host = (uint8_t)(1 + i % 3),
		.sport = (uint16_t)(1000 + i),
		.dport = 80,
		.seq = (uint32_t)rand(),
		.ack = 5,
		.flags = 0x10,
		.ttl = 62,
		.id = (uint16_t)rand(),
		.frag = 0x4000,
		.stamp = i % 4 == 0 ? 1000 : 0,
		.payload_len = 1 + (uint32_t)rand() % 1400,
	};
}

/* Spoils a packet in a random way after its checksums were made, or makes it odd before. */
static void
packet_vary(struct seg_spec *s, unsigned kind)
{
	switch (kind) {
	case 0:
		s->ttl--;
		break;
	case 1:
		s->tos ^= 1;
		break;
	case 2:
		s->flags |= (uint8_t)(1 << rand() % 8);
		break;
	case 3:
		s->ack++;
		break;
	case 4:
		s->stamp += s->stamp != 0;
		break;
	case 5:
		s->id = (uint16_t)rand();
		break;
	case 6:
		s->has_ext = true;
		break;
	case 7:
		s->frag = rand() % 2 ? 0 : 0x2000;
		break;
	case 8:
		s->payload_len = (uint32_t)rand() % 3 * s->payload_len / 2;
		break;
	case 9:
		s->proto = 132;
		break;
	default:
		break;
	}
}

static void
packet_spoil(struct pkt *p, unsigned kind)
{
	uint8_t *data = pkt_data(p);
	switch (kind) {
	case 10:
		data[rand() % (int)p->len] ^= (uint8_t)(1 << rand() % 8);
		break;
	case 11:
		p->len += 3; /* padding of a frame */
		break;
	case 12:
		if (proto_of(b.n) == 17)
			memset(data + seg_l4_at(data) + 6, 0, 2);
		break;
	default:
		break;
	}
}

static void
random_burst(unsigned n, unsigned trouble)
{
	struct seg_spec flows[FLOWS];
	unsigned n_flows = 1 + (unsigned)rand() % FLOWS;
	for (unsigned i = 0; i < n_flows; i++) {
		flows[i] = flow_spec((unsigned)rand() % FLOWS);
		if (rand() % 4 == 0)
			flows[i].id = 0;
		if (rand() % 4 == 0)
			flows[i].frag = 0;
	}
	for (unsigned i = 0; i < n; i++) {
		struct seg_spec *f = &flows[(unsigned)rand() % n_flows];
		bool is_odd = (unsigned)rand() % 100 < trouble;
		unsigned kind = is_odd ? (unsigned)rand() % 14 : 13;
		struct seg_spec s = *f;
		s.seed = (uint32_t)rand();
		packet_vary(&s, kind);
		if (s.proto == 132)
			s.proto = 17;
		struct pkt *p = seg_pkt(w, &s);
		memcpy(b.octets[b.n], pkt_data(p), p->len); /* for proto_of() */
		if (kind == 9 && s.family == 4) {
			pkt_data(p)[9] = 132;
			ip4_sum_set(pkt_data(p), 20);
		}
		packet_spoil(p, kind);
		f->seq += s.payload_len;
		if (f->id != 0 || f->frag == 0)
			f->id++;
		if (is_odd && rand() % 4 == 0)
			pkt_put(pool, p); /* lost */
		else
			burst_add(p);
		if (is_odd && rand() % 4 == 0 && b.n > 1) { /* swapped with the one before */
			struct pkt *last = b.pkts[b.n - 1];
			struct pkt *other = b.pkts[b.n - 2];
			b.n -= 2;
			burst_add(last);
			burst_add(other);
		}
	}
}

static void
random_bursts_survive(void **state)
{
	unsigned n_merged = 0;
	(void)state;
	for (unsigned round = 0; round < 1500; round++) {
		random_burst((unsigned)rand() % (round % 10 == 0 ? MERGE_MAX : 40) + 1, round % 60);
		unsigned kinds = round % 5 == 0 ? (unsigned)rand() % 8 : MERGE_ALL;
		size_t vnet_len = round % 31 == 0 ? 0 : round % 2 ? VNET_LEN : VNET_LEN_MAX;
		n_merged += check_burst(kinds, vnet_len);
		burst_drop();
	}
	assert_in_range(n_merged, 5000, 1000000);
}

/* N packets of one flow, as they come when nothing is wrong. */
static void
plain_burst(int family, uint8_t proto, unsigned n, uint32_t len)
{
	struct seg_spec s = flow_spec(0);
	s.family = family;
	s.proto = proto;
	s.payload_len = len;
	for (unsigned i = 0; i < n; i++) {
		burst_add(seg_pkt(w, &s));
		s.seq += len;
		s.id++;
	}
}

static size_t
writes_of(unsigned kinds)
{
	const struct merge_write *writes;
	size_t n = merge_burst(m, b.pkts, b.n, kinds, VNET_LEN, &writes);
	burst_drop();
	return n;
}

static void
whole_flows_become_one_write(void **state)
{
	(void)state;
	plain_burst(4, 6, 46, 1400);
	assert_int_equal(check_burst(MERGE_ALL, VNET_LEN), 45);
	burst_drop();
	plain_burst(6, 17, 46, 1400);
	assert_int_equal(check_burst(MERGE_ALL, VNET_LEN), 45);
	burst_drop();
	plain_burst(4, 6, 65, 100); /* 64 segments at most */
	assert_int_equal(writes_of(MERGE_ALL), 2);
	plain_burst(4, 6, 60, 1400); /* 64 KB at most */
	assert_int_equal(writes_of(MERGE_ALL), 2);
	plain_burst(6, 6, 60, 1400);
	assert_int_equal(writes_of(MERGE_TCP4 | MERGE_UDP), 60);
}

/* Two flows in turn become two writes. */
static void
flows_do_not_disturb_each_other(void **state)
{
	(void)state;
	struct seg_spec s[2] = { flow_spec(0), flow_spec(1) };
	for (unsigned i = 0; i < 20; i++) {
		struct seg_spec *f = &s[i % 2];
		f->payload_len = 500;
		burst_add(seg_pkt(w, f));
		f->seq += 500;
		f->id++;
	}
	assert_int_equal(check_burst(MERGE_ALL, VNET_LEN), 18);
	burst_drop();
}

static void
wrong_checksum_is_delivered_alone(void **state)
{
	(void)state;
	for (unsigned bad = 0; bad < 3; bad++) {
		const struct merge_write *writes;
		plain_burst(4, 6, 3, 1000);
		pkt_data(b.pkts[bad])[900] ^= 4;
		b.octets[bad][900] ^= 4;
		size_t n = merge_burst(m, b.pkts, b.n, MERGE_ALL, VNET_LEN, &writes);
		assert_int_equal(n, bad == 1 ? 3 : 2);
		for (size_t i = 0; i < n; i++)
			check_write(&writes[i], VNET_LEN);
		burst_drop();
	}
}

/* Views, as a socket's receive merging makes them. */
static void
views_merge_too(void **state)
{
	(void)state;
	struct seg_spec s = flow_spec(0);
	s.payload_len = 1000;
	struct pkt *parent = pkt_get(pool);
	uint32_t at = parent->off;
	for (unsigned i = 0; i < 40; i++) {
		uint32_t len = (uint32_t)seg_build(&s, parent->buf + at);
		burst_add(pkt_view(pool, parent, at, len));
		at += len;
		s.seq += 1000;
		s.id++;
	}
	pkt_put(pool, parent);
	assert_int_equal(check_burst(MERGE_ALL, VNET_LEN), 39);
	burst_drop();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_bursts_survive),
		cmocka_unit_test(whole_flows_become_one_write),
		cmocka_unit_test(flows_do_not_disturb_each_other),
		cmocka_unit_test(wrong_checksum_is_delivered_alone),
		cmocka_unit_test(views_merge_too),
	};
	w = test_worker(MERGE_MAX + MERGE_SEGS_MAX + 8);
	pool = esp_worker_pool(w);
	m = merge_new();
	size_t left = pkt_pool_left(pool);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	if (pkt_pool_left(pool) != left)
		failed++;
	merge_free(m);
	esp_worker_free(w);
	return failed;
}
