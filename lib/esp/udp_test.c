/* SPDX-License-Identifier: BSD-2-Clause
 *
 * udp_test.c - ESP in UDP (RFC 3948): headers, sizes, what is not ESP; and SAs that change while they work.
 *
 * Whether another implementation agrees with the octets is judged by scapy (test/esp).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "lib/esp/in.h"
#include "lib/esp/ip.h"
#include "lib/esp/out.h"
#include "lib/esp/sad.h"
#include "lib/esp/test_util.h"

static struct esp_worker *w;
static struct pkt_pool *pool;

struct ends {
	struct sa *out;
	struct sa *in;
	struct sad *sad;
};

static struct sa_params
params_udp(enum sa_direction direction, int family)
{
	struct sa_params p = test_params(direction);
	p.src = test_addr(family == 4 ? "192.0.2.1" : "2001:db8:ff::1");
	p.dst = test_addr(family == 4 ? "192.0.2.2" : "2001:db8:ff::2");
	p.src_port = 61000;
	p.dst_port = 4500;
	return p;
}

static struct ends
ends_new(int family)
{
	struct sa_params p = params_udp(SA_OUT, family);
	struct ends e = { .out = test_sa(w, &p), .sad = sad_new(4) };
	p = params_udp(SA_IN, family);
	e.in = test_sa(w, &p);
	assert_int_equal(sad_add(e.sad, e.in), SAD_OK);
	return e;
}

static void
ends_free(struct ends *e)
{
	sad_free(e->sad);
	sa_free(e->in);
	sa_free(e->out);
}

static struct pkt *
sealed(struct sa *sa, uint32_t len)
{
	struct pkt *p = test_packet(w, 4, len);
	p->sa = sa;
	out_burst(w, &p, 1);
	assert_int_equal(p->verdict, DROP_NONE);
	return p;
}

static enum drop
opened(const struct ends *e, struct pkt *p)
{
	in_burst(w, e->sad, &p, 1);
	enum drop verdict = (enum drop)p->verdict;
	pkt_put(pool, p);
	return verdict;
}

/* What a UDP socket gives is nobody else's; raw sockets give it to all. And only what is newer than all before tells where the peer
 * is. */
static void
a_bare_packet_is_judged_alone(void **state)
{
	(void)state;
	struct ends e = ends_new(4);
	struct sad *empty = sad_new(4);
	struct sad_key unclear;
	const struct pkt_outer outer = {
		.src = test_addr("192.0.2.1"),
		.dst = test_addr("192.0.2.2"),
		.src_port = 61000,
		.dst_port = 4500,
	};
	sad_key_init(&unclear, SAD_UNCLEAR, 0, outer.dst.family, outer.dst.b);
	assert_int_equal(sad_add_elsewhere(empty, &unclear), SAD_OK);
	struct pkt *pkts[3];
	for (unsigned i = 0; i < 3; i++)
		pkts[i] = sealed(e.out, 100);
	in_burst(w, empty, &pkts[2], 1);
	assert_int_equal(pkts[2]->verdict, DROP_UNCLEAR);
	for (unsigned i = 0; i < 3; i++) {
		pkts[i]->off += 28;
		pkts[i]->len -= 28;
		pkts[i]->outer = &outer;
	}
	in_burst(w, empty, &pkts[2], 1);
	assert_int_equal(pkts[2]->verdict, DROP_NO_SA);
	in_burst(w, e.sad, &pkts[1], 1);
	assert_int_equal(pkts[1]->verdict, DROP_NONE);
	assert_true(pkts[1]->is_newest);
	in_burst(w, e.sad, &pkts[0], 1);
	assert_int_equal(pkts[0]->verdict, DROP_NONE);
	assert_false(pkts[0]->is_newest);
	for (unsigned i = 0; i < 3; i++)
		pkt_put(pool, pkts[i]);
	sad_free(empty);
	ends_free(&e);
}

/* The sum over pseudo header and datagram that a receiver computes: all ones when it is right. */
static uint16_t
sum_of(const uint8_t *ip6, uint32_t total_len)
{
	uint8_t pseudo[8] = { 0 };
	put32(pseudo, total_len - IP6_LEN);
	pseudo[7] = PROTO_UDP;
	uint64_t acc = ip_sum_add(0, ip6 + IP6_SRC, 32);
	acc = ip_sum_add(acc, pseudo, sizeof(pseudo));
	return ip_sum_fold(ip_sum_add(acc, ip6 + IP6_LEN, total_len - IP6_LEN));
}

static void
the_header_stands_between_ip_and_esp(void **state)
{
	(void)state;
	for (int family = 4; family <= 6; family += 2) {
		struct ends e = ends_new(family);
		uint32_t ip_len = family == 4 ? IP4_LEN : IP6_LEN;
		for (uint32_t len = 28; len < 120; len++) {
			struct pkt *p = sealed(e.out, len);
			const uint8_t *udp = pkt_data(p) + ip_len;
			assert_int_equal(
			    pkt_data(p)[family == 4 ? IP4_PROTO : IP6_NEXT], PROTO_UDP);
			assert_int_equal(get16(udp), 61000);
			assert_int_equal(get16(udp + UDP_DPORT), 4500);
			assert_int_equal(get16(udp + UDP_LENGTH), p->len - ip_len);
			assert_int_equal(get32(udp + UDP_LEN), 0x1001);
			if (family == 4)
				assert_int_equal(get16(udp + UDP_SUM), 0);
			else
				assert_int_equal(sum_of(pkt_data(p), p->len), 0);
			in_burst(w, e.sad, &p, 1);
			assert_int_equal(p->verdict, DROP_NONE);
			assert_int_equal(p->len, len);
			pkt_put(pool, p);
		}
		ends_free(&e);
	}
}

static void
eight_octets_less_fit(void **state)
{
	(void)state;
	struct sa_params p = params_udp(SA_OUT, 4);
	struct sa *with = test_sa(w, &p);
	p.src_port = p.dst_port = 0;
	p.tunnel_mtu = SA_TUNNEL_MTU_DEFAULT - UDP_LEN;
	struct sa *without = test_sa(w, &p);
	assert_int_equal(sa_inner_mtu(with), sa_inner_mtu(without));
	struct pkt *pkt = sealed(with, sa_inner_mtu(with));
	assert_true(pkt->len <= SA_TUNNEL_MTU_DEFAULT);
	pkt_put(pool, pkt);
	pkt = test_packet(w, 4, sa_inner_mtu(with) + 1U);
	test_frag(pkt, IP4_DF);
	pkt->sa = with;
	out_burst(w, &pkt, 1);
	assert_int_equal(pkt->verdict, DROP_TOO_BIG);
	assert_int_equal(pkt->mtu, sa_inner_mtu(with));
	pkt_put(pool, pkt);
	sa_free(with);
	sa_free(without);
}

static void
what_is_not_esp_is_dropped(void **state)
{
	(void)state;
	struct ends e = ends_new(4);
	static const struct {
		const char *what;
		uint32_t at;
		uint16_t value;
		enum drop want;
	} rows[] = {
		{ "another port", IP4_LEN + UDP_DPORT, 4501, DROP_ENCAPSULATION },
		{ "port 0", IP4_LEN + UDP_DPORT, 0, DROP_OUTER_PROTOCOL },
		{ "the port it comes from", IP4_LEN, 1, DROP_NONE },
		{ "a checksum that is wrong", IP4_LEN + UDP_SUM, 0x1234, DROP_NONE },
		{ "longer than the packet", IP4_LEN + UDP_LENGTH, 0xffff, DROP_TRUNCATED },
		{ "shorter than an ESP header", IP4_LEN + UDP_LENGTH, 15, DROP_TRUNCATED },
		{ "length 0", IP4_LEN + UDP_LENGTH, 0, DROP_TRUNCATED },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pkt *p = sealed(e.out, 100);
		put16(pkt_data(p) + rows[i].at, rows[i].value);
		enum drop got = opened(&e, p);
		if (got != rows[i].want)
			fail_msg("%s: %s", rows[i].what, drop_info(got)->word);
	}
	struct pkt *p = sealed(e.out, 100);
	put32(pkt_data(p) + IP4_LEN + UDP_LEN, 0); /* the non-ESP marker */
	assert_int_equal(opened(&e, p), DROP_OUTER_PROTOCOL);
	p = sealed(e.out, 100); /* a keepalive */
	p->len = IP4_LEN + UDP_LEN + 1;
	put16(pkt_data(p) + IP4_TOTAL, p->len);
	put16(pkt_data(p) + IP4_LEN + UDP_LENGTH, UDP_LEN + 1);
	ip4_sum_set(pkt_data(p), IP4_LEN);
	assert_int_equal(opened(&e, p), DROP_TRUNCATED);
	p = sealed(e.out, 100); /* padding of a link behind it does not matter */
	uint32_t len = p->len;
	memset(pkt_data(p) + len, 0xaa, 6);
	p->len += 6;
	put16(pkt_data(p) + IP4_TOTAL, p->len);
	ip4_sum_set(pkt_data(p), IP4_LEN);
	assert_int_equal(opened(&e, p), DROP_NONE);
	ends_free(&e);
}

static void
bare_esp_is_not_taken_for_encapsulated(void **state)
{
	(void)state;
	struct ends e = ends_new(4);
	struct sa_params p = test_params(SA_OUT);
	struct sa *bare = test_sa(w, &p);
	assert_int_equal(opened(&e, sealed(bare, 100)), DROP_ENCAPSULATION);
	sa_free(bare);
	ends_free(&e);
}

static void
ports_are_for_esp_tunnels(void **state)
{
	(void)state;
	struct sa *sa;
	struct sa_params p = params_udp(SA_OUT, 4);
	p.src_port = 0;
	assert_int_equal(sa_new(w, &p, &sa), SA_BAD_PORT);
	p = params_udp(SA_OUT, 4);
	p.mode = SA_TRANSPORT;
	assert_int_equal(sa_new(w, &p, &sa), SA_BAD_PORT);
	p = params_udp(SA_IN, 4);
	p.protocol = SA_AH;
	assert_int_equal(sa_new(w, &p, &sa), SA_BAD_PORT);
}

/* A commit may change how large packets are treated under a negotiated SA. */
static void
the_fit_changes_under_way(void **state)
{
	(void)state;
	struct sa_params params = test_params(SA_OUT);
	struct sa *sa = test_sa(w, &params);
	struct pkt *p = test_packet(w, 4, 1000);
	test_frag(p, IP4_DF);
	sa_set_fit(sa, SA_DF_DEFAULT, 600);
	p->sa = sa;
	out_burst(w, &p, 1);
	assert_int_equal(p->verdict, DROP_TOO_BIG);
	sa_set_fit(sa, SA_DF_CLEAR, 600);
	assert_int_equal(sa_params(sa)->df, SA_DF_CLEAR);
	out_burst(w, &p, 1);
	assert_int_equal(p->verdict, DROP_NONE);
	assert_non_null(p->next);
	pkt_put(pool, p);
	sa_set_path_mtu(sa, 500);
	assert_int_equal(sa_path_mtu(sa), 500);
	assert_int_equal(sa_limit(sa), 500);
	sa_free(sa);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bare_packet_is_judged_alone),
		cmocka_unit_test(the_header_stands_between_ip_and_esp),
		cmocka_unit_test(eight_octets_less_fit),
		cmocka_unit_test(what_is_not_esp_is_dropped),
		cmocka_unit_test(bare_esp_is_not_taken_for_encapsulated),
		cmocka_unit_test(ports_are_for_esp_tunnels),
		cmocka_unit_test(the_fit_changes_under_way),
	};
	w = test_worker(64);
	pool = esp_worker_pool(w);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	esp_worker_free(w);
	return failed;
}
