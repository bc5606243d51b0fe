/* SPDX-License-Identifier: BSD-2-Clause
 *
 * quick_test.c - the short way leaves what the long way leaves, packet for packet.
 *
 * Random bursts, of packets that are usual and of such that are not, go through two pairs of SAs that are the same but
 * that one pair may not take the short way. Everything must be equal: octets, verdicts, counters.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/esp/in.h"
#include "lib/esp/ip.h"
#include "lib/esp/out.h"
#include "lib/esp/sad.h"
#include "lib/esp/test_util.h"
#include "lib/esp/worker_priv.h"

enum { ROUNDS = 400, N = ESP_BURST_MAX };

struct way {
	struct esp_worker *w;
	struct sa *out[2];
	struct sa *in[2];
	struct sad *sad;
	struct pkt *pkts[N];
};

static uint32_t seed;
static bool is_source_free; /* inbound, as with a peer behind a NAT */

static uint32_t
rnd(uint32_t below)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % below;
}

static void
way_init(struct way *y, bool is_quick, const struct sa_params *params)
{
	y->w = test_worker(4 * N);
	y->w->ip4_id = 0xfff0;
	y->sad = sad_new(2);
	for (unsigned i = 0; i < 2; i++) {
		struct sa_params p = *params;
		p.spi += i;
		p.direction = SA_OUT;
		y->out[i] = test_sa(y->w, &p);
		p.direction = SA_IN;
		if (is_source_free)
			p.src = (struct addr){ 0 };
		y->in[i] = test_sa(y->w, &p);
		assert_true(y->out[i]->is_quick && y->in[i]->is_quick);
		y->out[i]->iv_next = 0x1122334455667788 * (i + 1);
		y->out[i]->is_quick = y->in[i]->is_quick = is_quick;
		assert_int_equal(sad_add(y->sad, y->in[i]), SAD_OK);
	}
}

static void
way_done(struct way *y)
{
	sad_free(y->sad);
	for (unsigned i = 0; i < 2; i++) {
		sa_free(y->out[i]);
		sa_free(y->in[i]);
	}
	esp_worker_free(y->w);
}

/* The same packet for both: mostly good, now and then broken, too long, without DF, of the other family. */
static void
packet_make(struct way *y, unsigned i, uint32_t at)
{
	seed = at;
	bool is_v6 = rnd(4) == 0;
	struct pkt *p = test_packet(y->w, is_v6 ? 6 : 4, 48 + rnd(rnd(8) == 0 ? 3000 : 1300));
	p->sa = y->out[rnd(5) == 0];
	if (!is_v6 && rnd(2) == 0)
		test_frag(p, IP4_DF);
	test_tos(p, (uint8_t)rnd(256));
	if (rnd(40) == 0)
		pkt_data(p)[10] ^= 1; /* checksum, or an address */
	if (rnd(40) == 0)
		p->len += 7; /* octets of a link layer */
	if (rnd(60) == 0)
		p->sa = NULL;
	if (rnd(60) == 0)
		p->sa = y->in[0];
	y->pkts[i] = p;
}

/* What may happen on the way. */
static void
packet_spoil(struct pkt *p, uint32_t at)
{
	seed = at;
	uint8_t *ip = pkt_data(p);
	switch (rnd(60)) {
	case 0:
		ip[20 + rnd(p->len - 20)] ^= (uint8_t)(1U << rnd(8));
		break;
	case 1:
		p->len -= rnd(p->len);
		break;
	case 2:
		test_frag(p, IP4_MF);
		break;
	case 3:
		ip[IP4_PROTO] = PROTO_AH;
		ip4_sum_set(ip, IP4_LEN);
		break;
	case 4:
		ip[IP4_SRC] ^= 1;
		ip4_sum_set(ip, IP4_LEN);
		break;
	case 5:
		put16(ip + IP4_TOTAL, p->len - rnd(90));
		ip4_sum_set(ip, IP4_LEN);
		break;
	case 6:
	case 7:
		test_tos(p, ip[IP4_TOS] | 3);
		break;
	default:
		break;
	}
}

static bool
is_replay_or_forgery(uint8_t verdict)
{
	return verdict == DROP_REPLAY_OLD || verdict == DROP_REPLAY_SEEN ||
	       verdict == DROP_ESP_AUTH;
}

/* A packet that is forged and too old may be called either: the long way looks at all numbers of a burst first. */
static void
verdicts_eq(uint8_t a, uint8_t b)
{
	if (!is_replay_or_forgery(a) || !is_replay_or_forgery(b))
		assert_int_equal(a, b);
}

/* ESP in UDP as a UDP socket gives it: without its headers, for every second one. */
static void
packet_bare(struct pkt *p, struct pkt_outer *outer, uint32_t at)
{
	const uint8_t *ip = pkt_data(p);
	if (at % 2 == 0 || p->len < IP4_LEN + UDP_LEN || ip[IP4_PROTO] != PROTO_UDP)
		return;
	*outer = (struct pkt_outer){
		.src = ip_src(ip, 4),
		.dst = ip_dst(ip, 4),
		.src_port = get16(ip + IP4_LEN),
		.dst_port = get16(ip + IP4_LEN + UDP_DPORT),
		.tos = ip[IP4_TOS],
	};
	p->outer = outer;
	p->off += IP4_LEN + UDP_LEN;
	p->len -= IP4_LEN + UDP_LEN;
}

/* Every third one lies elsewhere, as in a ring that the kernel fills. */
static void
packet_away(struct pkt *p, uint8_t *room, uint32_t at)
{
	if (at % 3 != 0)
		return;
	memcpy(room, pkt_data(p), p->len);
	memset(pkt_data(p), 0xee, p->len);
	p->away = room;
}

static void
packets_eq(const struct pkt *a, const struct pkt *b)
{
	for (; a != NULL && b != NULL; a = a->next, b = b->next) {
		verdicts_eq(a->verdict, b->verdict);
		assert_int_equal(a->family, b->family);
		assert_int_equal(a->lead, b->lead);
		assert_int_equal(a->mtu, b->mtu);
		assert_int_equal(a->off, b->off);
		assert_int_equal(a->len, b->len);
		if (a->verdict == DROP_NONE)
			assert_memory_equal(pkt_data(a), pkt_data(b), a->len);
	}
	assert_true(a == NULL && b == NULL);
}

static void
count_eq(const struct sa *a, const struct sa *b)
{
	struct sa_counts x;
	struct sa_counts y;
	sa_count(a, &x);
	sa_count(b, &y);
	assert_int_equal(x.packets, y.packets);
	assert_int_equal(x.bytes, y.bytes);
	assert_int_equal(x.errors, y.errors);
	assert_int_equal(x.auth_errors + x.replay_errors, y.auth_errors + y.replay_errors);
	assert_int_equal(x.decrypt_errors, y.decrypt_errors);
	assert_int_equal(x.seq, y.seq);
}

/* Seals a burst, lets it arrive in another order with some packets twice, and opens it. */
static void
burst_run_through(struct way *ways, uint32_t round, unsigned *n_good)
{
	unsigned n = 1 + round * 7 % N;
	for (unsigned y = 0; y < 2; y++) {
		for (unsigned i = 0; i < n; i++)
			packet_make(&ways[y], i, round * 100000 + i);
		out_burst(ways[y].w, ways[y].pkts, n);
	}
	struct pkt *back[2][N];
	static struct pkt_outer outers[N];
	static uint8_t rooms[2][N][4096];
	unsigned n_back = 0;
	for (unsigned i = 0; i < n; i++) {
		packets_eq(ways[0].pkts[i], ways[1].pkts[i]);
		seed = round * 131 + i;
		unsigned times = rnd(20) == 0 ? 2 : 1;
		const struct pkt *p = ways[0].pkts[i];
		for (; p->verdict == DROP_NONE && times > 0 && n_back < N; times--) {
			for (unsigned y = 0; y < 2; y++) {
				const struct pkt *sealed = ways[y].pkts[i];
				struct pkt *q =
				    test_bytes(ways[y].w, pkt_data(sealed), sealed->len);
				packet_spoil(q, round * 7777 + n_back);
				packet_bare(q, &outers[n_back], round / 8 + n_back / 8);
				packet_away(q, rooms[y][n_back], round + n_back);
				back[y][n_back] = q;
			}
			n_back++;
		}
	}
	for (unsigned i = 0; n_back > 0 && i < round % 3 * 10; i++) {
		unsigned a = rnd(n_back);
		unsigned b = rnd(n_back);
		for (unsigned y = 0; y < 2; y++) {
			struct pkt *t = back[y][a];
			back[y][a] = back[y][b];
			back[y][b] = t;
		}
	}
	for (unsigned y = 0; y < 2; y++) {
		in_burst(ways[y].w, ways[y].sad, back[y], n_back);
		for (unsigned i = 0; i < n; i++)
			pkt_put(ways[y].w->pool, ways[y].pkts[i]);
	}
	for (unsigned i = 0; i < n_back; i++) {
		const struct sa *sa = back[0][i]->sa;
		assert_null(back[0][i]->away);
		packets_eq(back[0][i], back[1][i]);
		assert_int_equal(sa == ways[0].in[0], back[1][i]->sa == ways[1].in[0]);
		assert_int_equal(sa == ways[0].in[1], back[1][i]->sa == ways[1].in[1]);
		*n_good += back[0][i]->verdict == DROP_NONE;
		pkt_put(ways[0].w->pool, back[0][i]);
		pkt_put(ways[1].w->pool, back[1][i]);
	}
	for (unsigned i = 0; i < 2; i++) {
		count_eq(ways[0].out[i], ways[1].out[i]);
		count_eq(ways[0].in[i], ways[1].in[i]);
	}
}

static void
both_ways(const struct sa_params *params)
{
	static struct way ways[2];
	unsigned n_good = 0;
	way_init(&ways[0], true, params);
	way_init(&ways[1], false, params);
	for (uint32_t round = 0; round < ROUNDS; round++)
		burst_run_through(ways, round, &n_good);
	assert_true(n_good > ROUNDS * N / 8);
	way_done(&ways[0]);
	way_done(&ways[1]);
}

static struct sa_params
gcm(enum enc_alg enc)
{
	struct sa_params p = test_params(SA_OUT);
	p.enc = enc;
	p.auth = AUTH_NONE;
	p.window = 32;
	return p;
}

static void
plain(void **state)
{
	(void)state;
	struct sa_params p = gcm(ENC_AES_128_GCM);
	both_ways(&p);
}

static void
in_udp_with_selectors(void **state)
{
	(void)state;
	struct sa_params p = gcm(ENC_AES_192_GCM);
	p.src_port = p.dst_port = 4500;
	p.selector_src = test_prefix("10.1.0.0/16");
	p.tos = 0x20;
	p.df = SA_DF_SET;
	both_ways(&p);
}

/* Peers behind a NAT have the short way, too. */
static void
from_anywhere_in_udp(void **state)
{
	(void)state;
	struct sa_params p = gcm(ENC_AES_128_GCM);
	p.src_port = p.dst_port = 4500;
	is_source_free = true;
	both_ways(&p);

	struct way y;
	struct pkt_outer outer;
	way_init(&y, true, &p);
	struct pkt *sealed = test_packet(y.w, 4, 100);
	sealed->sa = y.out[0];
	out_burst(y.w, &sealed, 1);
	packet_bare(sealed, &outer, 1);
	y.w->job.burst.items[0].pkt = NULL;
	in_burst(y.w, y.sad, &sealed, 1);
	assert_int_equal(sealed->verdict, DROP_NONE);
	assert_null(y.w->job.burst.items[0].pkt); /* the long way would have used it */
	pkt_put(y.w->pool, sealed);
	way_done(&y);
	is_source_free = false;
}

static void
df_cleared_without_window(void **state)
{
	(void)state;
	struct sa_params p = gcm(ENC_AES_256_GCM);
	p.df = SA_DF_CLEAR;
	p.window = 0;
	p.tunnel_mtu = 900;
	both_ways(&p);
}

static struct prefix
some_prefix(const char *address)
{
	struct prefix p = { 0 };
	if (rnd(8) == 0)
		return p; /* none */
	p.addr = test_addr(address);
	p.len = (uint8_t)rnd(33);
	p.addr.b[rnd(4)] ^= (uint8_t)(1U << rnd(8));
	return p;
}

static bool
is_within(const struct prefix *p, struct addr a)
{
	return p->addr.family == ADDR_NONE || prefix_has(*p, a);
}

/* Selectors of all lengths, near the addresses of the packet. */
static void
selectors_judge_as_prefixes_do(void **state)
{
	(void)state;
	struct esp_worker *w = test_worker(4);
	unsigned n_passed = 0;
	seed = 7;
	for (unsigned i = 0; i < 2000; i++) {
		struct sa_params params = gcm(ENC_AES_128_GCM);
		params.direction = SA_OUT;
		struct sa *out = test_sa(w, &params);
		params.direction = SA_IN;
		params.selector_src = some_prefix("10.1.0.1");
		params.selector_dst = some_prefix("10.2.0.2");
		struct sa *in = test_sa(w, &params);
		struct sad *sad = sad_new(1);
		assert_int_equal(sad_add(sad, in), SAD_OK);
		struct pkt *p = test_packet(w, 4, 60);
		p->sa = out;
		out_burst(w, &p, 1);
		in_burst(w, sad, &p, 1);
		bool fits = is_within(&params.selector_src, test_addr("10.1.0.1")) &&
			    is_within(&params.selector_dst, test_addr("10.2.0.2"));
		assert_int_equal(p->verdict, fits ? DROP_NONE : DROP_SELECTOR);
		n_passed += fits;
		pkt_put(esp_worker_pool(w), p);
		sad_free(sad);
		sa_free(out);
		sa_free(in);
	}
	assert_true(n_passed > 100 && n_passed < 1900);
	esp_worker_free(w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain),
		cmocka_unit_test(in_udp_with_selectors),
		cmocka_unit_test(from_anywhere_in_udp),
		cmocka_unit_test(df_cleared_without_window),
		cmocka_unit_test(selectors_judge_as_prefixes_do),
	};
	setenv("SALLYPORT_ENGINE", "ipsec-mb", 1); /* the one that has a short way */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
