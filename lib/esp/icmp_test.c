/* SPDX-License-Identifier: BSD-2-Clause
 *
 * icmp_test.c - ICMP errors are right, and are not sent where they must not be; flows are read
 * right.
 */
#include "lib/esp/icmp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "lib/esp/flow.h"
#include "lib/esp/ip.h"
#include "lib/esp/test_util.h"

static struct esp_worker *w;
static struct pkt_pool *pool;

static struct addr
our(int family)
{
	return test_addr(family == 4 ? "192.0.2.254" : "2001:db8::fe");
}

/* The checksum over an ICMPv6 packet and its pseudo header must come out as zero. */
static uint16_t
icmp6_sum(const struct pkt *p)
{
	uint8_t bytes[1400] = { 0 };
	uint32_t payload = p->len - IP6_LEN;
	memcpy(bytes, pkt_data(p) + IP6_SRC, 32);
	put32(bytes + 32, payload);
	bytes[39] = PROTO_ICMP6;
	memcpy(bytes + 40, pkt_data(p) + IP6_LEN, payload);
	return ip_sum(bytes, 40 + payload);
}

static void
too_big_tells_the_mtu_and_quotes_the_packet(void **state)
{
	(void)state;
	static const uint32_t lens[] = { 48, 100, 548, 549, 1500, 9000 };
	for (unsigned i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		struct pkt *cause = test_packet(w, 4, lens[i]);
		struct pkt *out = pkt_get(pool);
		assert_true(icmp_too_big(cause, our(4), 1438, out));
		struct flow f;
		assert_int_equal(flow_parse(pkt_data(out), out->len, &f), DROP_NONE);
		assert_true(addr_eq(f.src, our(4)) && addr_eq(f.dst, test_addr("10.1.0.1")));
		assert_int_equal(f.proto, PROTO_ICMP);
		uint32_t quote = lens[i] < 548 ? lens[i] : 548;
		assert_int_equal(out->len, 28 + quote);
		const uint8_t *icmp = pkt_data(out) + 20;
		assert_memory_equal(icmp, "\x03\x04", 2);
		assert_int_equal(get32(icmp + 4), 1438);
		assert_int_equal(ip_sum(icmp, out->len - 20), 0);
		assert_memory_equal(icmp + 8, pkt_data(cause), quote);
		pkt_put(pool, cause);
		pkt_put(pool, out);

		cause = test_packet(w, 6, lens[i]);
		out = pkt_get(pool);
		assert_true(icmp_too_big(cause, our(6), 1280, out));
		quote = lens[i] < 1232 ? lens[i] : 1232;
		assert_int_equal(out->len, 48 + quote);
		icmp = pkt_data(out) + 40;
		assert_memory_equal(icmp, "\x02\x00", 2);
		assert_int_equal(get32(icmp + 4), 1280);
		assert_int_equal(icmp6_sum(out), 0);
		assert_memory_equal(icmp + 8, pkt_data(cause), quote);
		pkt_put(pool, cause);
		pkt_put(pool, out);
	}
}

static void
time_exceeded(void **state)
{
	(void)state;
	for (int family = 4; family <= 6; family += 2) {
		struct pkt *cause = test_packet(w, family, 100);
		struct pkt *out = pkt_get(pool);
		assert_true(icmp_time_exceeded(cause, our(family), out));
		const uint8_t *icmp = pkt_data(out) + (family == 4 ? 20 : 40);
		assert_memory_equal(icmp, family == 4 ? "\x0b\x00" : "\x03\x00", 2);
		pkt_put(pool, cause);
		pkt_put(pool, out);
	}
}

struct quiet_row {
	const char *what;
	int family;
	unsigned at; /* octet to change; 0 = none */
	uint8_t value;
	uint8_t proto; /* 0 = leave */
	uint8_t type;  /* of ICMP */
};

static const struct quiet_row quiet[] = {
	{ "an ICMP error", 4, 0, 0, PROTO_ICMP, 3 },
	{ "a redirect", 4, 0, 0, PROTO_ICMP, 5 },
	{ "time exceeded", 4, 0, 0, PROTO_ICMP, 11 },
	{ "parameter problem", 4, 0, 0, PROTO_ICMP, 12 },
	{ "an ICMPv6 error", 6, 0, 0, PROTO_ICMP6, 1 },
	{ "an unknown ICMPv6 error", 6, 0, 0, PROTO_ICMP6, 100 },
	{ "an ICMPv6 redirect", 6, 0, 0, PROTO_ICMP6, 137 },
	{ "a later fragment", 4, 7, 5, 0, 0 },
	{ "a multicast destination", 4, 16, 224, 0, 0 },
	{ "a broadcast destination", 4, 16, 255, 0, 0 },
	{ "a multicast source", 4, 12, 224, 0, 0 },
	{ "a loopback source", 4, 12, 127, 0, 0 },
	{ "a source in net 0", 4, 12, 0, 0, 0 },
	{ "a multicast IPv6 source", 6, 8, 0xff, 0, 0 },
	{ "not an IP packet", 4, 0, 0, 0, 0 },
};

static struct pkt *
quiet_packet(const struct quiet_row *r)
{
	struct pkt *p = test_packet(w, r->family, 100);
	uint8_t *ip = pkt_data(p);
	unsigned hdr_len = r->family == 4 ? 20 : 40;
	if (r->at != 0)
		ip[r->at] = r->value;
	if (r->proto != 0) {
		ip[r->family == 4 ? IP4_PROTO : IP6_NEXT] = r->proto;
		ip[hdr_len] = r->type;
	}
	if (r->at == 0 && r->proto == 0)
		ip[0] = 0;
	if (r->family == 4)
		ip4_sum_set(ip, 20);
	return p;
}

static void
silence_where_an_error_would_harm(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(quiet) / sizeof(quiet[0]); i++) {
		struct pkt *p = quiet_packet(&quiet[i]);
		struct pkt *out = pkt_get(pool);
		if (icmp_too_big(p, our(quiet[i].family), 1400, out))
			fail_msg("%s: too big", quiet[i].what);
		if (icmp_time_exceeded(p, our(quiet[i].family), out))
			fail_msg("%s: time exceeded", quiet[i].what);
		assert_int_equal(out->len, 0);
		pkt_put(pool, p);
		pkt_put(pool, out);
	}
	/* an echo is answered; so is a first fragment; IPv6 multicast only with "too big" */
	struct quiet_row echo = { "echo", 4, 0, 0, PROTO_ICMP, 8 };
	struct quiet_row first = { "first", 4, 6, 0x20, 0, 0 };
	struct quiet_row multi = { "multicast", 6, 24, 0xff, 0, 0 };
	struct pkt *ps[] = { quiet_packet(&echo), quiet_packet(&first), quiet_packet(&multi) };
	struct pkt *out = pkt_get(pool);
	assert_true(icmp_time_exceeded(ps[0], our(4), out));
	assert_true(icmp_too_big(ps[1], our(4), 1400, out));
	assert_true(icmp_too_big(ps[2], our(6), 1400, out));
	out->len = 0;
	assert_false(icmp_time_exceeded(ps[2], our(6), out));
	assert_false(icmp_too_big(ps[0], our(6), 1400, out)); /* not our family */
	assert_false(icmp_too_big(ps[0], (struct addr){ 0 }, 1400, out));
	for (unsigned i = 0; i < 3; i++)
		pkt_put(pool, ps[i]);
	pkt_put(pool, out);
}

static void
flows_are_read(void **state)
{
	(void)state;
	struct flow f;
	struct pkt *p = test_packet(w, 4, 60);
	put16(pkt_data(p) + 20, 1234);
	put16(pkt_data(p) + 22, 53);
	assert_int_equal(flow_parse(pkt_data(p), p->len, &f), DROP_NONE);
	assert_true(f.has_ports && f.sport == 1234 && f.dport == 53);
	assert_true(f.is_first && !f.is_fragment && !f.has_options && !f.df);
	assert_int_equal(f.hdr_len, 20);
	assert_int_equal(f.ttl, 63);
	assert_true(addr_eq(f.dst, test_addr("10.2.0.2")));
	assert_int_equal(flow_parse(pkt_data(p), p->len - 1, &f), DROP_INNER_HEADER);
	pkt_data(p)[IP4_TTL]++;
	assert_int_equal(flow_parse(pkt_data(p), p->len, &f), DROP_INNER_CHECKSUM);
	pkt_put(pool, p);

	p = test_packet(w, 4, 23); /* ports cut in two */
	assert_int_equal(flow_parse(pkt_data(p), p->len, &f), DROP_INNER_HEADER);
	test_frag(p, 8); /* but of a later fragment they are not wanted */
	assert_int_equal(flow_parse(pkt_data(p), p->len, &f), DROP_NONE);
	assert_true(!f.has_ports && f.is_fragment && !f.is_first && f.frag_off == 64);
	pkt_put(pool, p);

	/* IPv6: hop-by-hop, fragment header, destination options, UDP */
	p = test_packet(w, 6, 80);
	uint8_t *ip = pkt_data(p);
	ip[IP6_NEXT] = PROTO_HOPOPTS;
	memcpy(ip + 40, "\x2c\0\1\4\0\0\0\0", 8);
	memcpy(ip + 48, "\x3c\0\0\1\0\0\0\7", 8);
	memcpy(ip + 56, "\x11\0\1\4\0\0\0\0", 8);
	put16(ip + 64, 7);
	put16(ip + 66, 9);
	assert_int_equal(flow_parse(ip, p->len, &f), DROP_NONE);
	assert_true(f.proto == PROTO_UDP && f.sport == 7 && f.dport == 9 && f.hdr_len == 64);
	assert_true(f.is_fragment && f.is_first && f.ip6_frag_at == 48 && f.has_options);
	ip[51] = 9; /* offset 8: what follows is data */
	assert_int_equal(flow_parse(ip, p->len, &f), DROP_NONE);
	assert_true(f.proto == PROTO_DSTOPTS && !f.is_first && !f.has_ports && f.hdr_len == 56);
	ip[51] = 1;
	ip[57] = 200; /* options longer than the packet */
	assert_int_equal(flow_parse(ip, p->len, &f), DROP_INNER_HEADER);
	ip[57] = 0;
	ip[56] = PROTO_HOPOPTS; /* hop-by-hop may only come first */
	assert_int_equal(flow_parse(ip, p->len, &f), DROP_INNER_HEADER);
	pkt_put(pool, p);
}

static void
ttl_goes_down_with_its_checksum(void **state)
{
	(void)state;
	for (int family = 4; family <= 6; family += 2) {
		struct pkt *p = test_packet(w, family, 60);
		struct flow f;
		for (unsigned ttl = 63; ttl > 1; ttl--) {
			assert_int_equal(flow_ttl_lower(p), DROP_NONE);
			assert_int_equal(flow_parse(pkt_data(p), p->len, &f), DROP_NONE);
			assert_int_equal(f.ttl, ttl - 1);
		}
		assert_int_equal(flow_ttl_lower(p), DROP_TTL);
		assert_int_equal(flow_parse(pkt_data(p), p->len, &f), DROP_NONE);
		assert_int_equal(f.ttl, 1);
		pkt_put(pool, p);
	}
}

int
main(void)
{
	w = test_worker(16);
	pool = esp_worker_pool(w);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(too_big_tells_the_mtu_and_quotes_the_packet),
		cmocka_unit_test(time_exceeded),
		cmocka_unit_test(silence_where_an_error_would_harm),
		cmocka_unit_test(flows_are_read),
		cmocka_unit_test(ttl_goes_down_with_its_checksum),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	esp_worker_free(w);
	return failed;
}
