/* SPDX-License-Identifier: BSD-2-Clause
 *
 * path_test.c - packets through out_burst() and in_burst(): sizes, DF, TOS, ECN, order, every drop.
 *
 * Whether the octets on the wire are right is judged by scapy (test/esp) and by published vectors
 * (burst_test.c); here both directions are ours and the decisions are checked.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/esp/frag.h"
#include "lib/esp/in.h"
#include "lib/esp/ip.h"
#include "lib/esp/out.h"
#include "lib/esp/sad.h"
#include "lib/esp/test_util.h"
#include "lib/esp/tunnel.h"

static struct esp_worker *w;
static struct pkt_pool *pool;
static bool reached[DROP_MAX];

/* An outbound and an inbound SA of the same parameters, the latter in a table of its own. */
struct pair {
	struct sa *out;
	struct sa *in;
	struct sad *sad;
};

static struct pair
pair_new(struct sa_params p)
{
	struct pair pair;
	p.direction = SA_OUT;
	pair.out = test_sa(w, &p);
	p.direction = SA_IN;
	pair.in = test_sa(w, &p);
	pair.sad = sad_new(4);
	assert_int_equal(sad_add(pair.sad, pair.in), SAD_OK);
	return pair;
}

static void
pair_free(struct pair *pair)
{
	sad_free(pair->sad);
	sa_free(pair->out);
	sa_free(pair->in);
}

static enum drop
seal(struct pkt *p, struct sa *sa)
{
	p->sa = sa;
	out_burst(w, &p, 1);
	reached[p->verdict] = true;
	return p->verdict;
}

static enum drop
open_packet(struct pkt *p, const struct sad *sad)
{
	in_burst(w, sad, &p, 1);
	reached[p->verdict] = true;
	return p->verdict;
}

/* Seals with one SA, lets CHANGE spoil the packet, opens with the table. */
static enum drop
spoiled(struct sa *out, const struct sad *sad, void (*change)(struct pkt *p))
{
	struct pkt *p = test_packet(w, 4, 100);
	assert_int_equal(seal(p, out), DROP_NONE);
	change(p);
	enum drop verdict = open_packet(p, sad);
	pkt_put(pool, p);
	return verdict;
}

static void
nothing(struct pkt *p)
{
	(void)p;
}

static void
cut_header(struct pkt *p)
{
	p->len = 19;
}

static void
cut_to(struct pkt *p, uint32_t len)
{
	p->len = len;
	put16(pkt_data(p) + IP4_TOTAL, len);
	ip4_sum_set(pkt_data(p), IP4_LEN);
}

static void
cut_iv(struct pkt *p)
{
	cut_to(p, 20 + 8 + 10);
}

static void
cut_octet(struct pkt *p)
{
	cut_to(p, p->len - 1);
}

static void
set_fragment(struct pkt *p)
{
	test_frag(p, IP4_MF);
}

static void
set_proto(struct pkt *p)
{
	pkt_data(p)[IP4_PROTO] = PROTO_TCP;
	ip4_sum_set(pkt_data(p), IP4_LEN);
}

static void
set_spi(struct pkt *p)
{
	pkt_data(p)[20] ^= 1;
}

static void
set_source(struct pkt *p)
{
	pkt_data(p)[IP4_SRC + 3] ^= 1;
	ip4_sum_set(pkt_data(p), IP4_LEN);
}

static void
set_icv(struct pkt *p)
{
	pkt_data(p)[p->len - 1] ^= 1;
}

static void
set_ah_len(struct pkt *p)
{
	pkt_data(p)[21]++;
}

static void
set_ce(struct pkt *p)
{
	test_tos(p, 3);
}

/* The last pad octet: in CBC the block before it flips the same bits of the last one. */
static void
set_pad(struct pkt *p)
{
	pkt_data(p)[p->len - 16 - 3] ^= 1;
}

static void
seq_zero(struct pkt *p)
{
	put32(pkt_data(p) + 24, 0);
}

static void
inbound_drops(void **state)
{
	(void)state;
	struct sa_params esp = test_params(SA_IN);
	struct pair e = pair_new(esp);
	assert_int_equal(spoiled(e.out, e.sad, nothing), DROP_NONE);
	assert_int_equal(spoiled(e.out, e.sad, cut_header), DROP_OUTER_HEADER);
	assert_int_equal(spoiled(e.out, e.sad, set_fragment), DROP_OUTER_FRAGMENT);
	assert_int_equal(spoiled(e.out, e.sad, set_proto), DROP_OUTER_PROTOCOL);
	assert_int_equal(spoiled(e.out, e.sad, cut_iv), DROP_TRUNCATED);
	assert_int_equal(spoiled(e.out, e.sad, cut_octet), DROP_BLOCK_LENGTH);
	assert_int_equal(spoiled(e.out, e.sad, set_spi), DROP_NO_SA);
	assert_int_equal(spoiled(e.out, e.sad, set_source), DROP_OUTER_SOURCE);
	assert_int_equal(spoiled(e.out, e.sad, set_icv), DROP_ESP_AUTH);
	assert_int_equal(spoiled(e.out, e.sad, seq_zero), DROP_SEQ_ZERO);
	assert_int_equal(spoiled(e.out, e.sad, set_ce), DROP_ECN);

	struct sad *others = sad_new(4);
	struct sad_key key;
	sad_key_init(&key, esp.spi, PROTO_ESP, esp.dst.family, esp.dst.b);
	assert_int_equal(sad_add_elsewhere(others, &key), SAD_OK);
	assert_int_equal(spoiled(e.out, others, nothing), DROP_ELSEWHERE);
	assert_int_equal(spoiled(e.out, others, set_spi), DROP_NO_SA);
	sad_key_init(&key, SAD_UNCLEAR, 0, esp.dst.family, esp.dst.b);
	assert_int_equal(sad_add_elsewhere(others, &key), SAD_OK);
	assert_int_equal(spoiled(e.out, others, set_spi), DROP_UNCLEAR);
	assert_int_equal(spoiled(e.out, others, nothing), DROP_ELSEWHERE);
	sad_key_init(&key, SAD_STRAYS, 0, esp.dst.family, esp.dst.b);
	assert_int_equal(sad_add_elsewhere(others, &key), SAD_OK);
	assert_int_equal(spoiled(e.out, others, set_spi), DROP_ELSEWHERE);
	sad_free(others);

	struct sa_params udp = test_params(SA_OUT); /* see udp_test.c */
	udp.src_port = udp.dst_port = 4500;
	struct sa *in_udp = test_sa(w, &udp);
	assert_int_equal(spoiled(in_udp, e.sad, nothing), DROP_ENCAPSULATION);
	sa_free(in_udp);

	struct sa_params ah = test_params(SA_IN);
	ah.protocol = SA_AH;
	struct pair a = pair_new(ah);
	assert_int_equal(spoiled(a.out, a.sad, set_ah_len), DROP_AH_LENGTH);
	assert_int_equal(spoiled(a.out, a.sad, set_icv), DROP_AH_AUTH);
	assert_int_equal(spoiled(a.out, e.sad, nothing), DROP_SA_PROTOCOL);

	struct sa_params bundle = test_params(SA_IN);
	bundle.protocol = SA_BUNDLE;
	struct pair b = pair_new(bundle);
	assert_int_equal(spoiled(b.out, b.sad, nothing), DROP_NONE);
	assert_int_equal(spoiled(a.out, b.sad, nothing), DROP_BUNDLE); /* AH around no ESP */

	struct sa_params bare = test_params(SA_IN); /* encryption alone */
	bare.auth = AUTH_NONE;
	bare.window = 0;
	struct pair n = pair_new(bare);
	assert_int_equal(spoiled(n.out, n.sad, set_pad), DROP_PAD);
	pair_free(&e);
	pair_free(&a);
	pair_free(&b);
	pair_free(&n);
}

/* ESP may carry anything in transport mode: so what a tunnel must not accept is made with it. */
static enum drop
tunnel_gets(struct pair *tunnel, struct sa *transport, uint8_t proto, const void *body, size_t n)
{
	struct pkt *p = test_packet(w, 4, (uint32_t)(IP4_LEN + n));
	uint8_t *ip = pkt_data(p);
	memcpy(ip + IP4_LEN, body, n);
	memcpy(ip + IP4_SRC, sa_params(tunnel->in)->src.b, 4);
	memcpy(ip + IP4_DST, sa_params(tunnel->in)->dst.b, 4);
	ip[IP4_PROTO] = proto;
	ip4_sum_set(ip, IP4_LEN);
	assert_int_equal(seal(p, transport), DROP_NONE);
	enum drop verdict = open_packet(p, tunnel->sad);
	pkt_put(pool, p);
	return verdict;
}

static void
what_a_tunnel_must_not_carry(void **state)
{
	(void)state;
	struct sa_params params = test_params(SA_IN);
	params.selector_src = test_prefix("10.1.0.0/16");
	params.selector_dst = test_prefix("10.2.0.0/16");
	struct pair t = pair_new(params);
	struct sa_params tp = test_params(SA_OUT);
	tp.mode = SA_TRANSPORT;
	struct sa *out = test_sa(w, &tp);
	struct pkt *good = test_packet(w, 4, 60);
	uint8_t inner[60];
	memcpy(inner, pkt_data(good), sizeof(inner));
	pkt_put(pool, good);

	assert_int_equal(tunnel_gets(&t, out, PROTO_IPIP, inner, 60), DROP_NONE);
	assert_int_equal(tunnel_gets(&t, out, PROTO_UDP, inner, 60), DROP_NEXT_HEADER);
	assert_int_equal(tunnel_gets(&t, out, PROTO_NONE, inner, 60), DROP_DUMMY);
	assert_int_equal(tunnel_gets(&t, out, PROTO_IPV6, inner, 60), DROP_INNER_HEADER);
	assert_int_equal(tunnel_gets(&t, out, PROTO_IPIP, inner, 59), DROP_INNER_HEADER);
	inner[IP4_TTL] ^= 1;
	assert_int_equal(tunnel_gets(&t, out, PROTO_IPIP, inner, 60), DROP_INNER_CHECKSUM);
	inner[IP4_TTL] ^= 1;
	inner[IP4_DST + 1] = 9;
	ip4_sum_set(inner, IP4_LEN);
	assert_int_equal(tunnel_gets(&t, out, PROTO_IPIP, inner, 60), DROP_SELECTOR);

	struct sa_counts c;
	sa_count(t.in, &c);
	assert_int_equal(c.packets, 2); /* the dummy counts as received */
	assert_int_equal(c.errors, 5);
	assert_int_equal(c.decrypt_errors, 1);
	sa_count_clear(t.in);
	sa_count(t.in, &c);
	assert_int_equal(c.packets + c.bytes + c.errors + c.decrypt_errors, 0);
	sa_free(out);
	pair_free(&t);
}

static void
replays_are_told_apart(void **state)
{
	(void)state;
	struct pair e = pair_new(test_params(SA_IN));
	struct pkt *p = test_packet(w, 4, 100);
	assert_int_equal(seal(p, e.out), DROP_NONE);
	struct pkt *again = test_bytes(w, pkt_data(p), p->len);
	struct pkt *later = test_bytes(w, pkt_data(p), p->len);
	struct pkt *burst[] = { p, again };
	in_burst(w, e.sad, burst, 2);
	assert_int_equal(p->verdict, DROP_NONE);
	assert_int_equal(again->verdict, DROP_REPLAY_SEEN);
	reached[again->verdict] = true;
	sa_set_seq(e.out, 5000);
	struct pkt *far = test_packet(w, 4, 100);
	assert_int_equal(seal(far, e.out), DROP_NONE);
	assert_int_equal(open_packet(far, e.sad), DROP_NONE);
	assert_int_equal(open_packet(later, e.sad), DROP_REPLAY_OLD);
	struct sa_counts c;
	sa_count(e.in, &c);
	assert_int_equal(c.replay_errors, 2);
	assert_int_equal(c.seq, 5001);
	pkt_put(pool, p);
	pkt_put(pool, again);
	pkt_put(pool, later);
	pkt_put(pool, far);
	pair_free(&e);
}

static enum drop
out_verdict(struct sa *sa, struct pkt *p)
{
	enum drop verdict = seal(p, sa);
	pkt_put(pool, p);
	return verdict;
}

static void
outbound_drops(void **state)
{
	(void)state;
	struct pair e = pair_new(test_params(SA_IN));
	struct sa_params tp = test_params(SA_OUT);
	tp.mode = SA_TRANSPORT;
	tp.tunnel_mtu = 65535;
	tp.src = test_addr("10.1.0.1");
	tp.dst = test_addr("10.2.0.2");
	struct sa *transport = test_sa(w, &tp);

	assert_int_equal(out_verdict(NULL, test_packet(w, 4, 100)), DROP_NO_SA);
	assert_int_equal(out_verdict(e.in, test_packet(w, 4, 100)), DROP_WRONG_DIRECTION);
	assert_int_equal(out_verdict(e.out, test_bytes(w, "", 0)), DROP_INNER_HEADER);
	assert_int_equal(out_verdict(e.out, test_packet(w, 6, 1500)), DROP_TOO_BIG);
	assert_int_equal(out_verdict(transport, test_packet(w, 6, 100)), DROP_FAMILY);
	assert_int_equal(out_verdict(transport, test_packet(w, 4, 65535)), DROP_TOO_LONG);
	struct pkt *p = test_packet(w, 4, 100);
	test_frag(p, 5);
	assert_int_equal(out_verdict(transport, p), DROP_TRANSPORT_FRAGMENT);

	tp.protocol = SA_AH;
	struct sa *ah = test_sa(w, &tp);
	p = test_packet(w, 4, 100);
	pkt_data(p)[0] = 0x46; /* four octets of options: a strict source route with one hop left */
	memcpy(pkt_data(p) + 20, "\x89\x04\x04\x00", 4);
	ip4_sum_set(pkt_data(p), 24);
	assert_int_equal(out_verdict(ah, p), DROP_OPTION);

	sa_set_seq(e.out, UINT32_MAX);
	assert_int_equal(out_verdict(e.out, test_packet(w, 4, 100)), DROP_SEQ_EXHAUSTED);
	sa_set_seq(e.out, 0);
	struct pkt *taken = NULL;
	struct pkt *big = test_packet(w, 4, 3000);
	for (struct pkt *t; (t = pkt_get(pool)) != NULL; taken = t)
		t->next = taken;
	assert_int_equal(seal(big, e.out), DROP_NO_BUFFER);
	pkt_put(pool, taken);
	pkt_put(pool, big);
	sa_free(ah);
	sa_free(transport);
	pair_free(&e);
}

static void
reassembly_drops(void **state)
{
	(void)state;
	struct frag_table *t = frag_new(pool, 1, 4000);
	enum drop verdict;
	struct pkt *p = test_packet(w, 4, 100);
	test_frag(p, IP4_MF); /* 80 octets at 0 */
	assert_null(frag_in(t, p, 0, &verdict));
	assert_int_equal(verdict, DROP_NONE);
	p = test_packet(w, 4, 101);
	test_frag(p, IP4_MF);
	assert_null(frag_in(t, p, 0, &verdict));
	reached[verdict] = true;
	assert_int_equal(verdict, DROP_FRAG_HEADER); /* not a multiple of 8 */
	p = test_packet(w, 4, 108);
	test_frag(p, IP4_MF);
	assert_null(frag_in(t, p, 0, &verdict));
	reached[verdict] = true;
	assert_int_equal(verdict, DROP_FRAG_OVERLAP);
	p = test_packet(w, 6, 100);
	pkt_data(p)[IP6_NEXT] = PROTO_FRAGMENT;
	memcpy(pkt_data(p) + 40, "\x11\0\0\1\1\2\3\4", 8);
	p->len = 96;
	put16(pkt_data(p) + IP6_PAYLOAD, 56);
	assert_null(frag_in(t, p, 0, &verdict));
	reached[verdict] = true;
	assert_int_equal(verdict, DROP_FRAG_LIMIT);
	frag_free(t);
	reached[DROP_FRAG_TIMEOUT] = true; /* counted by frag_expire(), see frag_test.c */
}

/* Runs last: all reasons that lib/esp gives were given, but the one that needs a broken engine. */
static void
every_reason_was_reached(void **state)
{
	(void)state;
	for (unsigned i = DROP_OUTER_HEADER; i < DROP_ENGINE; i++)
		if (!reached[i])
			fail_msg("%s was not reached", drop_info(i)->id);
}

struct size_row {
	const char *what;
	enum sa_df df;
	int family;
	bool inner_df;
	uint32_t len;
	uint16_t mtu;
	uint16_t path_mtu;
	enum drop verdict;
	unsigned n_frags;
	bool outer_df;
	uint32_t told_mtu;
};

/* AES-CBC with HMAC-SHA1-96 in IPv4: 20 + 8 + 16 + 12 around blocks of 16, less 2. A limit of 1500
 * holds 1438 octets, 1300 holds 1230, 1400 holds 1342. */
static const struct size_row size_rows[] = {
	{ "fits exactly", SA_DF_DEFAULT, 4, false, 1438, 1500, 0, DROP_NONE, 1, false, 0 },
	{ "fits exactly, DF", SA_DF_DEFAULT, 4, true, 1438, 1500, 0, DROP_NONE, 1, true, 0 },
	{ "one too many", SA_DF_DEFAULT, 4, false, 1439, 1500, 0, DROP_NONE, 2, false, 0 },
	{ "one too many, DF", SA_DF_DEFAULT, 4, true, 1439, 1500, 0, DROP_TOO_BIG, 1, false, 1438 },
	{ "copied DF", SA_DF_COPY, 4, true, 1439, 1500, 0, DROP_TOO_BIG, 1, false, 1438 },
	{ "cleared DF", SA_DF_CLEAR, 4, true, 1439, 1500, 0, DROP_NONE, 2, false, 0 },
	{ "cleared DF, fits", SA_DF_CLEAR, 4, true, 1438, 1500, 0, DROP_NONE, 1, false, 0 },
	{ "set DF", SA_DF_SET, 4, false, 1438, 1500, 0, DROP_NONE, 1, true, 0 },
	{ "set DF, fragmented inside", SA_DF_SET, 4, false, 1439, 1500, 0, DROP_NONE, 2, true, 0 },
	{ "set DF on the inner one", SA_DF_SET, 4, true, 1439, 1500, 0, DROP_TOO_BIG, 1, false,
	    1438 },
	{ "a lower path", SA_DF_DEFAULT, 4, true, 1438, 1500, 1400, DROP_TOO_BIG, 1, false, 1342 },
	{ "a higher path", SA_DF_DEFAULT, 4, true, 1438, 1500, 9000, DROP_NONE, 1, true, 0 },
	{ "IPv6 fits", SA_DF_DEFAULT, 6, false, 1438, 1500, 0, DROP_NONE, 1, false, 0 },
	{ "IPv6 too big", SA_DF_CLEAR, 6, false, 1439, 1500, 0, DROP_TOO_BIG, 1, false, 1438 },
	{ "IPv6 never below 1280", SA_DF_DEFAULT, 6, false, 1281, 1300, 0, DROP_TOO_BIG, 1, false,
	    1280 },
	{ "IPv6 of 1280 goes in outer fragments", SA_DF_DEFAULT, 6, false, 1280, 1300, 0, DROP_NONE,
	    2, false, 0 },
	{ "the same with DF set", SA_DF_SET, 6, false, 1280, 1300, 0, DROP_NONE, 2, false, 0 },
};

static void
sizes_and_df(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(size_rows) / sizeof(size_rows[0]); i++) {
		const struct size_row *r = &size_rows[i];
		struct sa_params params = test_params(SA_OUT);
		params.df = r->df;
		params.tunnel_mtu = r->mtu;
		struct sa *sa = test_sa(w, &params);
		sa_set_path_mtu(sa, r->path_mtu);
		struct pkt *p = test_packet(w, r->family, r->len);
		if (r->inner_df)
			test_frag(p, IP4_DF);
		unsigned n = 0;
		if (seal(p, sa) != r->verdict)
			fail_msg("%s: %s", r->what, drop_info(p->verdict)->word);
		if (r->verdict == DROP_TOO_BIG && p->mtu != r->told_mtu)
			fail_msg("%s: tells %u", r->what, p->mtu);
		for (struct pkt *f = p; f != NULL; f = f->next, n++) {
			if (r->verdict != DROP_NONE)
				continue;
			assert_int_equal(f->verdict, DROP_NONE);
			assert_true(f->len <= sa_limit(sa));
			bool df = (get16(pkt_data(f) + IP4_FRAG) & IP4_DF) != 0;
			if (df != r->outer_df)
				fail_msg("%s: outer DF", r->what);
		}
		if (n != r->n_frags)
			fail_msg("%s: %u packets", r->what, n);
		pkt_put(pool, p);
		sa_free(sa);
	}
}

static void
inner_mtu_is_what_just_fits(void **state)
{
	(void)state;
	for (uint32_t mtu = 256; mtu < 3000; mtu += 7) {
		for (enum enc_alg enc = ENC_NULL; enc < ENC_MAX; enc++) {
			struct sa_params params = test_params(SA_OUT);
			params.tunnel_mtu = (uint16_t)mtu;
			params.enc = enc;
			if (enc_is_aead(enc))
				params.auth = AUTH_NONE;
			struct sa *sa = test_sa(w, &params);
			struct pkt *p = test_packet(w, 4, sa_inner_mtu(sa));
			struct pkt *q = test_packet(w, 4, sa_inner_mtu(sa) + 1U);
			test_frag(p, IP4_DF);
			test_frag(q, IP4_DF);
			assert_int_equal(seal(p, sa), DROP_NONE);
			assert_int_equal(seal(q, sa), DROP_TOO_BIG);
			pkt_put(pool, p);
			pkt_put(pool, q);
			sa_free(sa);
		}
	}
}

static void
ecn_as_in_rfc_6040(void **state)
{
	(void)state;
	enum { NOT, ECT1, ECT0, CE, DROPPED };
	static const uint8_t table[4][4] = {
		/* outer:   Not   ECT1  ECT0  CE */
		[NOT] = { NOT, NOT, NOT, DROPPED },
		[ECT1] = { ECT1, ECT1, ECT1, CE },
		[ECT0] = { ECT0, ECT1, ECT0, CE },
		[CE] = { CE, CE, CE, CE },
	};
	for (uint8_t inner = 0; inner < 4; inner++) {
		for (uint8_t outer = 0; outer < 4; outer++) {
			uint8_t got = 0xff;
			enum drop verdict =
			    tunnel_tos_in((uint8_t)(0x28 | outer), (uint8_t)(0xb8 | inner), &got);
			if (table[inner][outer] == DROPPED) {
				assert_int_equal(verdict, DROP_ECN);
				continue;
			}
			assert_int_equal(verdict, DROP_NONE);
			assert_int_equal(got, 0xb8 | table[inner][outer]);
		}
		assert_int_equal(
		    tunnel_tos_out(SA_TOS_COPY, (uint8_t)(0xb8 | inner)), 0xb8 | inner);
		assert_int_equal(tunnel_tos_out(0x2b, (uint8_t)(0xb8 | inner)), 0x28 | inner);
	}
}

static void
tos_and_ttl_of_the_outer_header(void **state)
{
	(void)state;
	for (int family = 4; family <= 6; family += 2) {
		struct sa_params params = test_params(SA_OUT);
		params.tos = 0x68;
		params.ttl = 17;
		if (family == 6) {
			params.src = test_addr("2001:db8::1");
			params.dst = test_addr("2001:db8::2");
		}
		struct sa *sa = test_sa(w, &params);
		struct pkt *p = test_packet(w, 4, 100);
		test_tos(p, 0xb9);
		assert_int_equal(seal(p, sa), DROP_NONE);
		struct ip_hdr h;
		assert_int_equal(ip_read(pkt_data(p), p->len, &h), DROP_NONE);
		assert_int_equal(h.family, family);
		assert_int_equal(h.tos, 0x69);
		assert_int_equal(h.ttl, 17);
		assert_int_equal(h.total_len, p->len);
		pkt_put(pool, p);
		sa_free(sa);
	}
}

static void
a_mixed_burst_keeps_its_order(void **state)
{
	(void)state;
	struct pair pairs[ENC_MAX * AUTH_MAX];
	struct sad *sad = sad_new(64);
	unsigned n = 0;
	for (enum enc_alg enc = ENC_NULL; enc < ENC_MAX; enc++) {
		for (enum auth_alg auth = AUTH_NONE; auth < AUTH_MAX; auth++) {
			struct sa_params p = test_params(SA_IN);
			p.spi = 0x3000 + n;
			p.enc = enc;
			p.auth = auth;
			p.protocol = n % 3 == 2 ? SA_BUNDLE : SA_ESP;
			if (enc == ENC_NULL || auth == AUTH_NONE)
				p.protocol = auth == AUTH_NONE ? SA_ESP : SA_AH;
			if (enc == ENC_NULL && auth == AUTH_NONE)
				continue;
			if (enc_is_aead(enc)) {
				p.protocol = SA_ESP;
				p.auth = AUTH_NONE;
			}
			pairs[n] = pair_new(p);
			assert_int_equal(sad_add(sad, pairs[n].in), SAD_OK);
			n++;
		}
	}
	struct pkt *pkts[ESP_BURST_MAX];
	for (unsigned i = 0; i < ESP_BURST_MAX; i++) {
		pkts[i] = test_packet(w, i % 2 ? 4 : 6, 60 + 13 * i);
		pkts[i]->sa = pairs[i % n].out;
		pkts[i]->tag = i;
	}
	out_burst(w, pkts, ESP_BURST_MAX);
	in_burst(w, sad, pkts, ESP_BURST_MAX);
	for (unsigned i = 0; i < ESP_BURST_MAX; i++) {
		assert_int_equal(pkts[i]->verdict, DROP_NONE);
		assert_ptr_equal(pkts[i]->sa, pairs[i % n].in);
		assert_int_equal(pkts[i]->tag, i);
		assert_int_equal(pkts[i]->len, 60 + 13 * i);
		struct pkt *want = test_packet(w, i % 2 ? 4 : 6, 60 + 13 * i);
		assert_memory_equal(pkt_data(pkts[i]), pkt_data(want), want->len);
		pkt_put(pool, want);
		pkt_put(pool, pkts[i]);
	}
	for (unsigned i = 0; i < n; i++)
		pair_free(&pairs[i]);
	sad_free(sad);
}

static void
a_burst_of_fragmented_packets(void **state)
{
	(void)state;
	struct pair e = pair_new(test_params(SA_IN));
	struct frag_table *t = frag_new(pool, 100, 4000);
	struct pkt *pkts[ESP_BURST_MAX];
	for (unsigned i = 0; i < ESP_BURST_MAX; i++) {
		pkts[i] = test_packet(w, 4, 4000 + i);
		put16(pkt_data(pkts[i]) + IP4_ID, i);
		ip4_sum_set(pkt_data(pkts[i]), IP4_LEN);
		pkts[i]->sa = e.out;
	}
	out_burst(w, pkts, ESP_BURST_MAX);
	for (unsigned i = 0; i < ESP_BURST_MAX; i++) {
		struct pkt *whole = NULL;
		struct pkt *next = NULL;
		for (struct pkt *f = pkts[i]; f != NULL; f = next) {
			enum drop verdict;
			next = f->next;
			f->next = NULL;
			assert_int_equal(open_packet(f, e.sad), DROP_NONE);
			assert_null(whole);
			whole = frag_in(t, f, 0, &verdict);
			assert_int_equal(verdict, DROP_NONE);
		}
		assert_non_null(whole);
		struct pkt *want = test_packet(w, 4, 4000 + i);
		assert_int_equal(whole->len, want->len);
		assert_memory_equal(pkt_data(whole) + 20, pkt_data(want) + 20, want->len - 20);
		pkt_put(pool, want);
		pkt_put(pool, whole);
	}
	frag_free(t);
	pair_free(&e);
}

static void
sequence_numbers_cycle_only_on_request(void **state)
{
	(void)state;
	struct sa_params params = test_params(SA_OUT);
	params.seq_cycles = true;
	struct sa *sa = test_sa(w, &params);
	sa_set_seq(sa, UINT32_MAX - 1);
	static const uint32_t want[] = { UINT32_MAX, 1, 2 };
	for (unsigned i = 0; i < 3; i++) {
		struct pkt *p = test_packet(w, 4, 60);
		assert_int_equal(seal(p, sa), DROP_NONE);
		assert_int_equal(get32(pkt_data(p) + 24), want[i]);
		pkt_put(pool, p);
	}
	sa_free(sa);
}

static void
bad_parameters_are_refused(void **state)
{
	(void)state;
	struct sa *sa = NULL;
	struct sa_params p = test_params(SA_OUT);
	p.spi = 255;
	assert_int_equal(sa_new(w, &p, &sa), SA_BAD_SPI);
	p = test_params(SA_OUT);
	p.auth = AUTH_NONE;
	p.enc = ENC_NULL;
	assert_int_equal(sa_new(w, &p, &sa), SA_BAD_ALGORITHM);
	p.protocol = SA_AH;
	assert_int_equal(sa_new(w, &p, &sa), SA_BAD_ALGORITHM);
	p = test_params(SA_OUT);
	p.protocol = SA_BUNDLE;
	p.enc = ENC_NULL;
	assert_int_equal(sa_new(w, &p, &sa), SA_BAD_ALGORITHM);
	p = test_params(SA_OUT);
	p.src = test_addr("2001:db8::1");
	assert_int_equal(sa_new(w, &p, &sa), SA_BAD_ADDRESS);
	p.src = (struct addr){ 0 };
	assert_int_equal(sa_new(w, &p, &sa), SA_BAD_ADDRESS);
	p = test_params(SA_IN);
	p.window = 4097;
	assert_int_equal(sa_new(w, &p, &sa), SA_BAD_WINDOW);
	p.window = UINT16_MAX; /* rounded up it would be none */
	assert_int_equal(sa_new(w, &p, &sa), SA_BAD_WINDOW);
	p = test_params(SA_OUT);
	p.tunnel_mtu = 255;
	assert_int_equal(sa_new(w, &p, &sa), SA_BAD_MTU);
	assert_null(sa);
}

/* Without an ICV anybody could move the window past all honest numbers. */
static void
no_replay_window_without_integrity(void **state)
{
	(void)state;
	struct sa_params params = test_params(SA_IN);
	params.auth = AUTH_NONE;
	struct pair e = pair_new(params);
	assert_int_equal(sa_params(e.in)->window, 0);
	sa_set_seq(e.out, 0xfffffff0);
	for (uint32_t i = 0; i < 2; i++) {
		struct pkt *p = test_packet(w, 4, 60);
		assert_int_equal(seal(p, e.out), DROP_NONE);
		assert_int_equal(open_packet(p, e.sad), DROP_NONE);
		pkt_put(pool, p);
		sa_set_seq(e.out, 0);
	}
	pair_free(&e);
}

/* Raw sockets put a number of the kernel's in place of 0: under the ICV of an AH, or another in each
 * fragment. */
static void
no_outer_packet_has_identification_zero(void **state)
{
	(void)state;
	struct sa_params params = test_params(SA_OUT);
	params.seq_cycles = true;
	struct sa *sa = test_sa(w, &params);
	unsigned n_zero = 0;
	unsigned n_same = 0;
	uint16_t last = 0;
	for (unsigned i = 0; i < 65536 + 2; i++) {
		struct pkt *p = test_packet(w, 4, 40);
		assert_int_equal(seal(p, sa), DROP_NONE);
		uint16_t id = get16(pkt_data(p) + IP4_ID);
		n_zero += id == 0;
		n_same += i > 0 && id == last;
		last = id;
		pkt_put(pool, p);
	}
	assert_int_equal(n_zero, 0);
	assert_int_equal(n_same, 0);
	sa_free(sa);
}

int
main(void)
{
	w = test_worker(600);
	pool = esp_worker_pool(w);
	size_t left = pkt_pool_left(pool);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inbound_drops),
		cmocka_unit_test(what_a_tunnel_must_not_carry),
		cmocka_unit_test(replays_are_told_apart),
		cmocka_unit_test(outbound_drops),
		cmocka_unit_test(reassembly_drops),
		cmocka_unit_test(every_reason_was_reached),
		cmocka_unit_test(sizes_and_df),
		cmocka_unit_test(inner_mtu_is_what_just_fits),
		cmocka_unit_test(ecn_as_in_rfc_6040),
		cmocka_unit_test(tos_and_ttl_of_the_outer_header),
		cmocka_unit_test(a_mixed_burst_keeps_its_order),
		cmocka_unit_test(a_burst_of_fragmented_packets),
		cmocka_unit_test(sequence_numbers_cycle_only_on_request),
		cmocka_unit_test(bad_parameters_are_refused),
		cmocka_unit_test(no_replay_window_without_integrity),
		cmocka_unit_test(no_outer_packet_has_identification_zero),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	if (pkt_pool_left(pool) != left)
		abort(); /* a packet was lost on the way */
	esp_worker_free(w);
	return failed;
}
