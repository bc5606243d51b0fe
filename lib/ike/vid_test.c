/* SPDX-License-Identifier: BSD-2-Clause
 *
 * vid_test.c - the vendor IDs are the MD5s that they claim to be; NAT detection sees a NAT where there is one.
 */
#include "lib/ike/vid.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "lib/crypto/hash.h"
#include "lib/ike/natt.h"

static void
vendor_ids_are_the_hashes_of_their_texts(void **state)
{
	static const struct {
		const char *text;
		unsigned vid;
	} rows[] = {
		{ "RFC 3947", VID_NATT_RFC },
		{ "draft-ietf-ipsec-nat-t-ike-02\n", VID_NATT_DRAFT_02 },
		{ "draft-ietf-ipsec-nat-t-ike-02", VID_NATT_DRAFT_02 },
		{ "draft-ietf-ipsec-nat-t-ike-03", VID_NATT_DRAFT_03 },
		{ "FRAGMENTATION", VID_FRAGMENTATION },
		{ "something else", 0 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t md5[20] = { 0 };
		hash_parts(HASH_MD5, &(struct part){ rows[i].text, strlen(rows[i].text) }, 1, md5);
		assert_int_equal(vid_find(md5, 16), rows[i].vid);
		assert_int_equal(vid_find(md5, 20), rows[i].vid); /* with flags behind it */
		assert_int_equal(vid_find(md5, 15), 0);
	}
	assert_int_equal(vid_find(NULL, 0), 0);
}

static void
what_is_written_is_found_again(void **state)
{
	(void)state;
	uint8_t buf[512];
	struct v1_out o;
	unsigned all = VID_NATT_RFC | VID_NATT_DRAFT_02 | VID_DPD | VID_FRAGMENTATION | VID_XAUTH;
	v1_out_start(&o, buf, sizeof(buf), &(struct hdr){ .cky_i = 1, .version = HDR_V1 });
	vid_build(&o, all);
	size_t n = v1_out_end(&o);
	struct rd r = rd_init(buf, n);
	struct hdr h;
	struct v1_msg m;
	assert_int_equal(hdr_parse(&r, &h), IKE_OK);
	assert_int_equal(v1_msg_parse(&r, h.next, V1_IN_CLEAR, &m), IKE_OK);
	assert_int_equal(m.n, 5);
	assert_int_equal(vid_all(&m), all);
}

/* --- NAT detection --- */

static const struct natt_end left = { { ADDR_V4, { 192, 0, 2, 1 } }, 500 };
static const struct natt_end right = { { ADDR_V4, { 198, 51, 100, 7 } }, 500 };
static const struct natt_end moved = { { ADDR_V4, { 203, 0, 113, 5 } }, 40500 };

/* What the right end sees of a message that the left end sent as FROM to TO. */
static struct natt_result
judge(const struct natt_end *from, const struct natt_end *to, const struct natt_end *seen_from,
    const struct natt_end *seen_to)
{
	uint8_t buf[512];
	struct v1_out o;
	struct v1_msg m;
	struct hdr h;
	struct natt_result result;
	v1_out_start(&o, buf, sizeof(buf), &(struct hdr){ .cky_i = 5, .version = HDR_V1 });
	natt_build(&o, V1_NAT_D_DRAFT, HASH_SHA1, 5, 6, from, to);
	struct rd r = rd_init(buf, v1_out_end(&o));
	assert_int_equal(hdr_parse(&r, &h), IKE_OK);
	assert_int_equal(v1_msg_parse(&r, h.next, V1_IN_CLEAR, &m), IKE_OK);
	assert_int_equal(natt_judge(&m, HASH_SHA1, 5, 6, seen_to, seen_from, &result), IKE_OK);
	return result;
}

static void
a_nat_is_seen_on_the_side_where_it_is(void **state)
{
	(void)state;
	struct natt_result r = judge(&left, &right, &left, &right);
	assert_false(r.is_local_behind || r.is_remote_behind);
	r = judge(&left, &right, &moved, &right);
	assert_false(r.is_local_behind);
	assert_true(r.is_remote_behind);
	r = judge(&left, &moved, &left, &right);
	assert_true(r.is_local_behind);
	assert_false(r.is_remote_behind);
	r = judge(&left, &right, &moved, &moved);
	assert_true(r.is_local_behind && r.is_remote_behind);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vendor_ids_are_the_hashes_of_their_texts),
		cmocka_unit_test(what_is_written_is_found_again),
		cmocka_unit_test(a_nat_is_seen_on_the_side_where_it_is),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
