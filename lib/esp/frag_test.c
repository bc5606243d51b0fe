/* SPDX-License-Identifier: BSD-2-Clause
 *
 * frag_test.c - fragments in any order, repeated, overlapping, too many, too late.
 *
 * Packets are cut by split.c, so the two halves check each other; expected packets are the uncut
 * ones.
 */
#include "lib/esp/frag.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/esp/ip.h"
#include "lib/esp/split.h"
#include "lib/esp/test_util.h"

static struct esp_worker *w;
static struct pkt_pool *pool;

static unsigned
expire(struct frag_table *t, uint64_t now_ms)
{
	unsigned n = 0;
	uint32_t tag;
	while (frag_expire(t, now_ms, &tag))
		n++;
	return n;
}

/* Cuts a packet and hands the pieces out one by one. Returns how many. */
static unsigned
cut(struct pkt *p, uint32_t mtu, struct pkt *out[], unsigned cap)
{
	assert_int_equal(split(pool, p, mtu, 0x77), DROP_NONE);
	unsigned n = 0;
	for (struct pkt *next; p != NULL; p = next) {
		next = p->next;
		p->next = NULL;
		assert_true(n < cap && p->len <= mtu);
		out[n++] = p;
	}
	return n;
}

static struct pkt *
copy(const struct pkt *p)
{
	return test_bytes(w, pkt_data(p), p->len);
}

static void
expect_same(struct pkt *got, int family, uint32_t len)
{
	struct pkt *want = test_packet(w, family, len);
	assert_non_null(got);
	assert_int_equal(got->len, len);
	assert_memory_equal(pkt_data(got), pkt_data(want), len);
	pkt_put(pool, want);
	pkt_put(pool, got);
}

static void
shuffle(struct pkt **p, unsigned n)
{
	for (unsigned i = n; i > 1; i--) {
		unsigned k = (unsigned)rand() % i;
		struct pkt *t = p[i - 1];
		p[i - 1] = p[k];
		p[k] = t;
	}
}

static void
any_order_any_size_with_repetitions(void **state)
{
	(void)state;
	static const uint32_t lens[] = { 100, 101, 1500, 1501, 4096, 9001, 65535 };
	struct frag_table *t = frag_new(pool, 8, 4000);
	srand(3);
	for (unsigned round = 0; round < 60; round++) {
		for (unsigned i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
			int family = round % 2 ? 4 : 6;
			struct pkt *parts[128];
			uint32_t mtu = lens[i] < 4000 ? 88 : 1400;
			unsigned n = cut(test_packet(w, family, lens[i]), mtu, parts, 128);
			shuffle(parts, n);
			enum drop verdict;
			struct pkt *whole = NULL;
			for (unsigned k = 0; k < n; k++) {
				if (k + 1 < n && round % 3 == 0) {
					assert_null(frag_in(t, copy(parts[k]), 0, &verdict));
					assert_int_equal(verdict, DROP_NONE);
				}
				assert_null(whole);
				whole = frag_in(t, parts[k], 0, &verdict);
				assert_int_equal(verdict, DROP_NONE);
			}
			expect_same(whole, family, lens[i]);
		}
	}
	frag_free(t);
}

static void
whole_packets_pass(void **state)
{
	(void)state;
	struct frag_table *t = frag_new(pool, 1, 4000);
	enum drop verdict;
	expect_same(frag_in(t, test_packet(w, 4, 60), 0, &verdict), 4, 60);
	expect_same(frag_in(t, test_packet(w, 6, 60), 0, &verdict), 6, 60);
	struct pkt *junk = test_bytes(w, "\xff", 1);
	assert_ptr_equal(frag_in(t, junk, 0, &verdict), junk);
	pkt_put(pool, junk);
	/* a fragment header that says "all of it" is taken out */
	struct pkt *p = test_packet(w, 6, 100);
	uint8_t *ip = pkt_data(p);
	memmove(ip + 48, ip + 40, 60);
	memcpy(ip + 40, "\x11\0\0\0\1\2\3\4", 8);
	ip[IP6_NEXT] = PROTO_FRAGMENT;
	p->len = 108;
	put16(ip + IP6_PAYLOAD, 68);
	expect_same(frag_in(t, p, 0, &verdict), 6, 100);
	frag_free(t);
}

/* A fragment of an IPv4 packet: LEN octets of data at OFF; the data depends on SALT. */
static struct pkt *
piece(uint32_t off, uint32_t len, bool has_more, uint8_t salt)
{
	struct pkt *p = test_packet(w, 4, 20 + len);
	memset(pkt_data(p) + 20, salt, len);
	test_frag(p, (uint16_t)(off / 8 | (has_more ? IP4_MF : 0)));
	return p;
}

struct overlap_row {
	const char *what;
	struct {
		uint32_t off;
		uint32_t len;
		bool has_more;
		uint8_t salt;
	} first, second;
	enum drop verdict;
};

static const struct overlap_row overlaps[] = {
	{ "the same again", { 0, 64, true, 1 }, { 0, 64, true, 1 }, DROP_NONE },
	{ "the same with other data", { 0, 64, true, 1 }, { 0, 64, true, 2 }, DROP_FRAG_OVERLAP },
	{ "the end of the first", { 0, 64, true, 1 }, { 56, 64, true, 1 }, DROP_FRAG_OVERLAP },
	{ "around the first", { 64, 64, true, 1 }, { 0, 256, true, 1 }, DROP_FRAG_OVERLAP },
	{ "behind the last", { 64, 64, false, 1 }, { 128, 64, true, 1 }, DROP_FRAG_OVERLAP },
	{ "a second last", { 64, 64, false, 1 }, { 128, 64, false, 1 }, DROP_FRAG_OVERLAP },
	{ "a shorter last", { 64, 64, false, 1 }, { 64, 32, false, 1 }, DROP_FRAG_OVERLAP },
	{ "a last before data", { 128, 64, true, 1 }, { 64, 64, false, 1 }, DROP_FRAG_OVERLAP },
	{ "a last inside a unit", { 64, 12, false, 1 }, { 64, 14, false, 1 }, DROP_FRAG_OVERLAP },
	{ "the last that has more", { 64, 64, false, 1 }, { 64, 64, true, 1 }, DROP_FRAG_OVERLAP },
	{ "data as long as the last", { 64, 64, true, 1 }, { 64, 64, false, 1 }, DROP_NONE },
	{ "beyond 65,535", { 0, 64, true, 1 }, { 65528, 8, false, 1 }, DROP_FRAG_HEADER },
	{ "nothing", { 0, 64, true, 1 }, { 64, 0, true, 1 }, DROP_FRAG_HEADER },
	{ "uneven", { 0, 64, true, 1 }, { 64, 63, true, 1 }, DROP_FRAG_HEADER },
};

static void
overlaps_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(overlaps) / sizeof(overlaps[0]); i++) {
		const struct overlap_row *r = &overlaps[i];
		struct frag_table *t = frag_new(pool, 4, 4000);
		enum drop verdict;
		assert_null(
		    frag_in(t, piece(r->first.off, r->first.len, r->first.has_more, r->first.salt),
			0, &verdict));
		assert_int_equal(verdict, DROP_NONE);
		assert_null(frag_in(t,
		    piece(r->second.off, r->second.len, r->second.has_more, r->second.salt), 0,
		    &verdict));
		if (verdict != r->verdict)
			fail_msg("%s: %s", r->what, drop_info(verdict)->word);
		if (r->verdict == DROP_FRAG_OVERLAP) {
			/* the datagram is dead until its time is up */
			assert_null(frag_in(t, piece(256, 8, true, 1), 3999, &verdict));
			assert_int_equal(verdict, DROP_FRAG_OVERLAP);
			assert_int_equal(expire(t, 4000), 0); /* was counted as overlap */
			assert_null(frag_in(t, piece(256, 8, true, 1), 4000, &verdict));
			assert_int_equal(verdict, DROP_NONE);
		}
		frag_free(t);
	}
}

static void
what_expires_says_where_it_came_from(void **state)
{
	(void)state;
	struct frag_table *t = frag_new(pool, 4, FRAG_TIMEOUT_MS_DEFAULT);
	enum drop verdict;
	uint32_t tag = 0;
	for (uint32_t i = 0; i < 3; i++) {
		struct pkt *p = piece(0, 64, true, 1);
		p->tag = 70 + i;
		assert_null(frag_in(t, p, 10 * i, &verdict));
	}
	for (uint32_t i = 0; i < 3; i++) {
		assert_false(frag_expire(t, 4000 + 10 * i - 1, &tag));
		assert_true(frag_expire(t, 4000 + 10 * i, &tag));
		assert_int_equal(tag, 70 + i);
	}
	frag_free(t);
}

static void
time_and_number_are_bounded(void **state)
{
	(void)state;
	struct frag_table *t = frag_new(pool, FRAG_LIMIT_DEFAULT, FRAG_TIMEOUT_MS_DEFAULT);
	enum drop verdict;
	size_t left = pkt_pool_left(pool);
	for (uint32_t i = 0; i < FRAG_LIMIT_DEFAULT + 10; i++) {
		struct pkt *p = piece(0, 64, true, 1);
		put16(pkt_data(p) + IP4_ID, i);
		ip4_sum_set(pkt_data(p), IP4_LEN);
		assert_null(frag_in(t, p, i, &verdict));
		assert_int_equal(verdict, i < FRAG_LIMIT_DEFAULT ? DROP_NONE : DROP_FRAG_LIMIT);
	}
	assert_int_equal(pkt_pool_left(pool), left - FRAG_LIMIT_DEFAULT);
	assert_int_equal(expire(t, 3999), 0);
	assert_int_equal(expire(t, 4000), 1);
	assert_int_equal(expire(t, 4100), 100);
	assert_null(frag_in(t, piece(0, 64, true, 1), 4200, &verdict));
	assert_int_equal(expire(t, 4200), 100);
	assert_int_equal(expire(t, 100000), FRAG_LIMIT_DEFAULT - 201 + 1);
	assert_int_equal(pkt_pool_left(pool), left);
	frag_free(t);
}

static void
congestion_on_any_fragment_is_kept(void **state)
{
	(void)state;
	struct frag_table *t = frag_new(pool, 4, 4000);
	for (int family = 4; family <= 6; family += 2) {
		for (uint8_t ecn = 0; ecn < 4; ecn++) {
			struct pkt *parts[8] = { NULL };
			struct pkt *p = test_packet(w, family, 300);
			test_tos(p, ecn);
			unsigned n = cut(p, 168, parts, 8);
			struct pkt *whole = NULL;
			assert_true(n > 1);
			test_tos(parts[1], 3);
			for (unsigned i = 0; i < n; i++) {
				enum drop verdict;
				whole = frag_in(t, parts[i], 0, &verdict);
			}
			struct ip_hdr h;
			assert_int_equal(ip_read(pkt_data(whole), whole->len, &h), DROP_NONE);
			assert_int_equal(h.tos, ecn == 0 ? 0 : 3);
			pkt_put(pool, whole);
		}
	}
	frag_free(t);
}

static void
fragments_of_different_tags_stay_apart(void **state)
{
	(void)state;
	struct frag_table *t = frag_new(pool, 4, 4000);
	struct pkt *parts[8];
	struct pkt *others[8];
	enum drop verdict;
	assert_int_equal(cut(test_packet(w, 4, 300), 168, parts, 8), 2);
	assert_int_equal(cut(test_packet(w, 4, 300), 168, others, 8), 2);
	others[0]->tag = others[1]->tag = 7;
	assert_null(frag_in(t, parts[0], 0, &verdict));
	assert_null(frag_in(t, others[1], 0, &verdict));
	assert_int_equal(verdict, DROP_NONE);
	struct pkt *whole = frag_in(t, others[0], 0, &verdict);
	assert_int_equal(whole->tag, 7);
	expect_same(whole, 4, 300);
	whole = frag_in(t, parts[1], 0, &verdict);
	assert_int_equal(whole->tag, 0);
	expect_same(whole, 4, 300);
	frag_free(t);
}

static void
a_forged_first_fragment_cannot_make_a_giant(void **state)
{
	(void)state;
	struct frag_table *t = frag_new(pool, 4, 4000);
	enum drop verdict;
	/* data up to 65,515 octets behind a header of 20 is the most; with a header of 60 it is
	 * too much */
	struct pkt *parts[64];
	unsigned n = cut(test_packet(w, 4, 65535), 1500, parts, 64);
	for (unsigned i = 1; i < n; i++)
		assert_null(frag_in(t, parts[i], 0, &verdict));
	uint8_t first[1600] = { 0x4f };
	memcpy(first, pkt_data(parts[0]), 20);
	first[0] = 0x4f;
	memset(first + 20, 1, 40); /* options: NOP */
	memcpy(first + 60, pkt_data(parts[0]) + 20, parts[0]->len - 20);
	put16(first + IP4_TOTAL, parts[0]->len + 40);
	ip4_sum_set(first, 60);
	assert_null(frag_in(t, test_bytes(w, first, parts[0]->len + 40), 0, &verdict));
	assert_int_equal(verdict, DROP_FRAG_HEADER);
	pkt_put(pool, parts[0]);
	frag_free(t);
}

/* The end of an illegal datagram must not turn into its beginning. */
static void
a_fragment_beyond_the_largest_offset_is_not_cut(void **state)
{
	(void)state;
	struct pkt *p = test_packet(w, 4, 3000);
	test_frag(p, IP4_OFF_MASK);
	assert_int_equal(split(pool, p, 1400, 0), DROP_OUTER_HEADER);
	assert_null(p->next);
	pkt_put(pool, p);
}

int
main(void)
{
	w = test_worker(600);
	pool = esp_worker_pool(w);
	size_t left = pkt_pool_left(pool);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_order_any_size_with_repetitions),
		cmocka_unit_test(whole_packets_pass),
		cmocka_unit_test(overlaps_are_refused),
		cmocka_unit_test(what_expires_says_where_it_came_from),
		cmocka_unit_test(time_and_number_are_bounded),
		cmocka_unit_test(congestion_on_any_fragment_is_kept),
		cmocka_unit_test(fragments_of_different_tags_stay_apart),
		cmocka_unit_test(a_forged_first_fragment_cannot_make_a_giant),
		cmocka_unit_test(a_fragment_beyond_the_largest_offset_is_not_cut),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	if (pkt_pool_left(pool) != left)
		abort();
	esp_worker_free(w);
	return failed;
}
