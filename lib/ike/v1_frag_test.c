/* SPDX-License-Identifier: BSD-2-Clause
 *
 * v1_frag_test.c - any order and repetition of fragments gives the message; what does not fit together is refused.
 */
#include "lib/ike/v1_frag.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { LEN = 4 * V1_FRAG_SIZE + 77, N = 5 };

static uint8_t message[LEN];
static uint8_t wire[N][V1_FRAG_ROOM];

/* Makes the message and its fragments. */
static void
setup(struct v1_frag frags[N])
{
	struct wr w = wr_init(message, LEN);
	hdr_build(&w, &(struct hdr){ .cky_i = 7, .cky_r = 8, .version = HDR_V1, .len = LEN });
	for (size_t i = HDR_LEN; i < LEN; i++)
		message[i] = (uint8_t)(i * 31);
	for (uint8_t i = 0; i < N; i++) {
		size_t n = v1_frag_build(wire[i], message, LEN, 77, (uint8_t)(i + 1));
		struct rd r = rd_init(wire[i], n);
		struct hdr h;
		struct v1_msg m;
		assert_int_equal(hdr_parse(&r, &h), IKE_OK);
		assert_int_equal(h.cky_r, 8);
		assert_int_equal(v1_msg_parse(&r, h.next, V1_IN_CLEAR, &m), IKE_OK);
		assert_int_equal(v1_frag_parse(&m.list[0], &frags[i]), IKE_OK);
		assert_int_equal(frags[i].is_last, i + 1 == N);
	}
	assert_int_equal(v1_frag_build(wire[0], message, LEN, 77, N + 1), 0);
	(void)v1_frag_build(wire[0], message, LEN, 77, 1);
}

static void
any_order_gives_the_message(void **state)
{
	(void)state;
	struct v1_frag frags[N];
	setup(frags);
	for (unsigned order = 0; order < 3125; order++) {
		struct v1_frags f = { 0 };
		uint8_t *got = NULL;
		size_t len = 0;
		unsigned seen = 0;
		/* five numbers of five, with repetitions; the missing ones follow */
		for (unsigned i = 0, o = order; i < 2 * N && got == NULL; i++, o /= 5) {
			unsigned k = i < N ? o % 5 : i - N;
			assert_int_equal(v1_frags_put(&f, &frags[k]), IKE_OK);
			seen |= 1U << k;
			got = v1_frags_take(&f, &len);
			assert_int_equal(got != NULL, seen == 31);
		}
		assert_int_equal(len, LEN);
		assert_memory_equal(got, message, LEN);
		assert_int_equal(f.n, 0);
		free(got);
	}
}

static void
another_message_throws_the_old_one_away(void **state)
{
	(void)state;
	struct v1_frag frags[N];
	struct v1_frags f = { 0 };
	size_t len;
	setup(frags);
	assert_int_equal(v1_frags_put(&f, &frags[0]), IKE_OK);
	struct v1_frag other = { .id = 78, .number = 1, .is_last = true, .p = message, .n = 10 };
	assert_int_equal(v1_frags_put(&f, &other), IKE_OK);
	uint8_t *got = v1_frags_take(&f, &len);
	assert_non_null(got);
	assert_int_equal(len, 10);
	free(got);
}

static void
what_does_not_fit_is_refused(void **state)
{
	(void)state;
	struct v1_frags f = { 0 };
	struct v1_frag frag = { .id = 1, .number = 3, .is_last = true, .p = message, .n = 10 };
	assert_int_equal(v1_frags_put(&f, &frag), IKE_OK);
	frag.number = 2; /* a second last one */
	assert_int_equal(v1_frags_put(&f, &frag), IKE_PAYLOAD_FORM);
	frag.is_last = false;
	frag.number = 4; /* one after the last */
	assert_int_equal(v1_frags_put(&f, &frag), IKE_PAYLOAD_FORM);
	v1_frags_drop(&f);
	assert_int_equal(v1_frags_put(&f, &frag), IKE_OK);
	frag.number = 2;
	frag.is_last = true; /* a last one before one that is there */
	assert_int_equal(v1_frags_put(&f, &frag), IKE_PAYLOAD_FORM);
	frag.is_last = false;
	frag.number = V1_FRAGS_MAX + 1;
	assert_int_equal(v1_frags_put(&f, &frag), IKE_LIMIT);
	v1_frags_drop(&f);
	static uint8_t big[V1_FRAG_TOTAL_MAX];
	frag = (struct v1_frag){ .id = 1, .number = 1, .p = big, .n = sizeof(big) };
	assert_int_equal(v1_frags_put(&f, &frag), IKE_OK);
	frag.number = 2;
	frag.n = 1;
	assert_int_equal(v1_frags_put(&f, &frag), IKE_LIMIT);
	v1_frags_drop(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_order_gives_the_message),
		cmocka_unit_test(another_message_throws_the_old_one_away),
		cmocka_unit_test(what_does_not_fit_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
