/* SPDX-License-Identifier: BSD-2-Clause
 *
 * cut_test.c - vnet headers, and superpackets against the slow way of cutting them.
 */
#include "lib/esp/cut.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/esp/ip.h"
#include "lib/esp/seg_model.h"
#include "lib/esp/test_util.h"

static struct esp_worker *w;
static struct pkt_pool *pool;
static uint8_t scratch[SEG_PACKET_MAX];

static struct seg_spec
spec_tcp(int family, uint32_t payload_len)
{
	return (struct seg_spec){ .family = family,
		.proto = 6,
		.host = 1,
		.sport = 4000,
		.dport = 80,
		.seq = 0xfffff000,
		.ack = 99,
		.flags = 0x10,
		.ttl = 63,
		.id = 0xfffe,
		.payload_len = payload_len,
		.seed = payload_len };
}

/* The packet as a superpacket: its checksum open, its lengths as they are. */
static struct pkt *
super_make(const struct seg_spec *s, uint16_t gso_size, uint8_t *vnet)
{
	struct pkt *p = seg_pkt(w, s);
	memset(vnet, 0, VNET_LEN_MAX);
	p->len = (uint32_t)seg_super(s, gso_size, pkt_data(p), vnet);
	return p;
}

static void
check_cut(const struct seg_spec *s, uint16_t gso_size)
{
	static uint8_t want[SEG_PACKET_MAX];
	uint8_t vnet[VNET_LEN_MAX];
	struct pkt *super = super_make(s, gso_size, vnet);
	struct cut c;
	struct pkt *pkts[16];
	unsigned n = 0;
	assert_int_equal(cut_read(super, vnet, s->seed % 2 ? VNET_LEN : VNET_LEN_MAX), DROP_NONE);
	super->tag = 7;
	super->user = w;
	cut_start(&c, super);
	unsigned expected = (s->payload_len + gso_size - 1) / gso_size;
	assert_int_equal(c.n, expected);
	for (;;) {
		size_t got = cut_pkts(&c, pool, pkts, 16);
		for (size_t i = 0; i < got; i++, n++) {
			size_t len = seg_cut(pkt_data(super), super->len, gso_size, n, want);
			assert_int_equal(pkts[i]->len, len);
			assert_memory_equal(pkt_data(pkts[i]), want, len);
			assert_true(seg_sums_ok(pkt_data(pkts[i]), len));
			assert_int_equal(pkts[i]->tag, 7);
			assert_ptr_equal(pkts[i]->user, w);
			uint8_t hdr[128];
			cut_headers(&c, n, hdr);
			assert_memory_equal(hdr, want, c.hdr_len);
			pkt_put(pool, pkts[i]);
		}
		if (got < 16)
			break;
	}
	assert_int_equal(n, expected);
	pkt_put(pool, super);
}

static void
segments_are_those_of_the_slow_way(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 1500; round++) {
		struct seg_spec s = spec_tcp(rand() % 2 ? 4 : 6, 1 + (uint32_t)rand() % 20000);
		if (round % 50 == 0)
			s.payload_len = 65535 - 60;
		s.proto = rand() % 3 ? 6 : 17;
		s.flags = (uint8_t)(0x10 | (rand() & 0xc9));
		s.stamp = rand() % 2 ? (uint32_t)rand() + 1U : 0;
		s.has_ext = rand() % 4 == 0;
		s.frag = rand() % 2 ? 0x4000 : 0;
		s.id = rand() % 2 ? (uint16_t)rand() : 0;
		s.tos = (uint8_t)rand();
		s.seed = (uint32_t)rand();
		uint16_t gso = (uint16_t)(1 + rand() % 3000);
		if (rand() % 3 == 0)
			gso = 1448;
		if (s.payload_len / gso > 3000)
			gso = 500;
		check_cut(&s, gso);
	}
}

static void
one_segment_is_the_packet(void **state)
{
	(void)state;
	struct seg_spec s = spec_tcp(4, 100);
	check_cut(&s, 100);
	check_cut(&s, 101);
	check_cut(&s, 65535);
	check_cut(&s, 1);
}

static void
flags_go_where_they_belong(void **state)
{
	(void)state;
	struct seg_spec s = spec_tcp(4, 30);
	uint8_t vnet[VNET_LEN_MAX];
	uint8_t out[200];
	s.flags = 0x10 | 0x80 | 0x40 | 0x08 | 0x01; /* ACK CWR ECE PSH FIN */
	struct pkt *p = super_make(&s, 10, vnet);
	struct cut c;
	assert_int_equal(vnet[1], 0x81);
	assert_int_equal(cut_read(p, vnet, VNET_LEN), DROP_NONE);
	cut_start(&c, p);
	static const uint8_t want[] = { 0xd0, 0x50, 0x59 };
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(cut_next(&c, out), 50);
		assert_int_equal(out[20 + 13], want[i]);
		assert_int_equal(get32(out + 24), 0xfffff000 + i * 10);
		assert_int_equal(get16(out + 4), (uint16_t)(0xfffe + i));
	}
	assert_int_equal(cut_next(&c, out), 0);
	pkt_put(pool, p);
}

static void
empty_pool_stops_in_between(void **state)
{
	(void)state;
	struct esp_worker *small = test_worker(4);
	struct seg_spec s = spec_tcp(4, 1000);
	uint8_t vnet[VNET_LEN_MAX];
	struct pkt *p = super_make(&s, 100, vnet);
	struct pkt *pkts[16];
	struct cut c;
	assert_int_equal(cut_read(p, vnet, VNET_LEN), DROP_NONE);
	cut_start(&c, p);
	assert_int_equal(cut_pkts(&c, esp_worker_pool(small), pkts, 16), 4);
	for (unsigned i = 0; i < 4; i++)
		pkt_put(esp_worker_pool(small), pkts[i]);
	assert_int_equal(cut_pkts(&c, esp_worker_pool(small), pkts, 3), 3);
	assert_int_equal(c.next, 7);
	pkt_put(pool, p);
	esp_worker_free(small);
}

/* One wrong thing in a description that was right. */
struct fault {
	const char *what;
	void (*make)(struct pkt *p, uint8_t *vnet);
	enum drop verdict;
};

static void
set_word(uint8_t *p, uint16_t v)
{
	memcpy(p, &v, 2);
}

static void
type_unknown(struct pkt *p, uint8_t *vnet)
{
	(void)p;
	vnet[1] = 2;
}

static void
type_fragments(struct pkt *p, uint8_t *vnet)
{
	(void)p;
	vnet[1] = 3;
}

static void
type_only_ecn(struct pkt *p, uint8_t *vnet)
{
	(void)p;
	vnet[1] = 0x80;
}

static void
type_of_other_family(struct pkt *p, uint8_t *vnet)
{
	(void)p;
	vnet[1] = 4;
}

static void
type_of_other_protocol(struct pkt *p, uint8_t *vnet)
{
	(void)p;
	vnet[1] = 5;
}

static void
size_zero(struct pkt *p, uint8_t *vnet)
{
	(void)p;
	set_word(vnet + 4, 0);
}

static void
start_elsewhere(struct pkt *p, uint8_t *vnet)
{
	(void)p;
	set_word(vnet + 6, 24);
}

static void
offset_elsewhere(struct pkt *p, uint8_t *vnet)
{
	(void)p;
	set_word(vnet + 8, 6);
}

static void
header_overlong(struct pkt *p, uint8_t *vnet)
{
	(void)vnet;
	pkt_data(p)[20 + 12] = 0xf0;
	p->len = 40;
	put16(pkt_data(p) + 2, 40);
	ip4_sum_set(pkt_data(p), 20);
}

static void
header_short(struct pkt *p, uint8_t *vnet)
{
	(void)vnet;
	pkt_data(p)[20 + 12] = 0x40;
}

static void
no_payload(struct pkt *p, uint8_t *vnet)
{
	(void)vnet;
	p->len = 40;
	put16(pkt_data(p) + 2, 40);
	ip4_sum_set(pkt_data(p), 20);
}

static void
no_transport(struct pkt *p, uint8_t *vnet)
{
	(void)vnet;
	p->len = 30;
	put16(pkt_data(p) + 2, 30);
	ip4_sum_set(pkt_data(p), 20);
}

static void
fragment(struct pkt *p, uint8_t *vnet)
{
	(void)vnet;
	test_frag(p, 0x2000);
}

static void
ip_cut_short(struct pkt *p, uint8_t *vnet)
{
	(void)vnet;
	p->len--;
}

static void
ip_sum_wrong(struct pkt *p, uint8_t *vnet)
{
	(void)vnet;
	pkt_data(p)[8]--;
}

static void
malformed_descriptions_are_refused(void **state)
{
	static const struct fault faults[] = {
		{ "type unknown", type_unknown, DROP_VNET_HEADER },
		{ "fragments", type_fragments, DROP_VNET_HEADER },
		{ "only ECN", type_only_ecn, DROP_VNET_HEADER },
		{ "other family", type_of_other_family, DROP_VNET_HEADER },
		{ "other protocol", type_of_other_protocol, DROP_VNET_HEADER },
		{ "size zero", size_zero, DROP_VNET_HEADER },
		{ "start elsewhere", start_elsewhere, DROP_VNET_HEADER },
		{ "offset elsewhere", offset_elsewhere, DROP_VNET_HEADER },
		{ "header overlong", header_overlong, DROP_VNET_HEADER },
		{ "header short", header_short, DROP_VNET_HEADER },
		{ "no payload", no_payload, DROP_VNET_HEADER },
		{ "no transport header", no_transport, DROP_VNET_HEADER },
		{ "fragment", fragment, DROP_VNET_HEADER },
		{ "IP cut short", ip_cut_short, DROP_INNER_HEADER },
		{ "IP checksum", ip_sum_wrong, DROP_INNER_CHECKSUM },
	};
	(void)state;
	for (unsigned i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		struct seg_spec s = spec_tcp(4, 1000);
		uint8_t vnet[VNET_LEN_MAX];
		struct pkt *p = super_make(&s, 100, vnet);
		faults[i].make(p, vnet);
		enum drop got = cut_read(p, vnet, VNET_LEN);
		if (got != faults[i].verdict)
			fail_msg("%s: %s", faults[i].what, drop_info(got)->id);
		assert_int_equal(p->gso, PKT_GSO_NONE);
		pkt_put(pool, p);
	}
	struct pkt *p = test_packet(w, 4, 100);
	assert_int_equal(cut_read(p, (const uint8_t[9]){ 0 }, 9), DROP_VNET_HEADER);
	pkt_put(pool, p);
}

static void
ordinary_packets_get_their_checksum(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 400; round++) {
		struct seg_spec s = spec_tcp(round % 2 ? 4 : 6, round * 3);
		uint8_t vnet[VNET_LEN_MAX];
		s.proto = round / 2 % 2 ? 6 : 17;
		struct pkt *p = super_make(&s, 1, vnet);
		vnet[1] = 0;
		set_word(vnet + 4, 0);
		assert_int_equal(cut_read(p, vnet, VNET_LEN), DROP_NONE);
		assert_int_equal(p->gso, PKT_GSO_NONE);
		size_t len = seg_build(&s, scratch);
		assert_int_equal(p->len, len);
		assert_memory_equal(pkt_data(p), scratch, len);
		vnet[0] = 0; /* complete already: nothing happens */
		pkt_data(p)[len - 1] ^= 1;
		scratch[len - 1] ^= 1;
		assert_int_equal(cut_read(p, vnet, VNET_LEN), DROP_NONE);
		assert_memory_equal(pkt_data(p), scratch, len);
		pkt_put(pool, p);
	}
}

static void
checksums_outside_the_packet_are_refused(void **state)
{
	static const struct {
		uint16_t start;
		uint16_t offset;
	} rows[] = { { 0, 16 }, { 19, 16 }, { 20, 79 }, { 99, 0 }, { 100, 0 }, { 65535, 65535 },
		{ 20, 65535 }, { 65535, 0 } };
	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t vnet[VNET_LEN] = { 1 };
		struct pkt *p = test_packet(w, 4, 100);
		memcpy(scratch, pkt_data(p), 100);
		set_word(vnet + 6, rows[i].start);
		set_word(vnet + 8, rows[i].offset);
		assert_int_equal(cut_read(p, vnet, VNET_LEN), DROP_VNET_HEADER);
		assert_memory_equal(scratch, pkt_data(p), 100);
		pkt_put(pool, p);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(segments_are_those_of_the_slow_way),
		cmocka_unit_test(one_segment_is_the_packet),
		cmocka_unit_test(flags_go_where_they_belong),
		cmocka_unit_test(empty_pool_stops_in_between),
		cmocka_unit_test(malformed_descriptions_are_refused),
		cmocka_unit_test(ordinary_packets_get_their_checksum),
		cmocka_unit_test(checksums_outside_the_packet_are_refused),
	};
	w = test_worker(64);
	pool = esp_worker_pool(w);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	esp_worker_free(w);
	return failed;
}
