/* SPDX-License-Identifier: BSD-2-Clause
 *
 * v1_msg_test.c - chains of payloads: what is written is read, every cut and every changed length is refused or harmless.
 */
#include "lib/ike/v1_msg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "lib/ike/v1_body.h"

static const struct hdr header = {
	.cky_i = 0x1122334455667788ULL,
	.cky_r = 0x99aabbccddeeff00ULL,
	.version = HDR_V1,
	.exchange = HDR_INFO,
	.flags = 0,
	.mid = 0xdeadbeef,
};

static enum ike_reason
parse(const uint8_t *p, size_t n, enum v1_where where, struct v1_msg *m)
{
	struct rd r = rd_init(p, n);
	struct hdr h;
	enum ike_reason reason = hdr_parse(&r, &h);
	return reason == IKE_OK ? v1_msg_parse(&r, h.next, where, m) : reason;
}

/* A message with one of everything that is small. */
static size_t
sample(uint8_t *buf, size_t cap)
{
	struct v1_out o;
	v1_out_start(&o, buf, cap, &header);
	v1_out_put(&o, V1_HASH, "0123456789abcdef", 16);
	v1_dpd_build(&o, V1_N_R_U_THERE, header.cky_i, header.cky_r, 77);
	v1_delete_build(&o, &(struct v1_delete){ .protocol = V1_PROTO_ESP,
				.spi_len = 4,
				.n_spis = 2,
				.spis = (const uint8_t *)"\1\2\3\4\5\6\7\10" });
	v1_cert_build(&o, V1_CR, &(struct v1_cert){ .encoding = V1_CERT_X509_SIGN });
	v1_nat_oa_build(&o, V1_NAT_OA, (struct addr){ ADDR_V4, { 192, 0, 2, 1 } });
	v1_out_put(&o, V1_VID, NULL, 0);
	v1_out_put(&o, V1_VID, "x", 1);
	return v1_out_end(&o);
}

static void
what_is_written_is_read(void **state)
{
	(void)state;
	uint8_t buf[512];
	size_t n = sample(buf, sizeof(buf));
	struct v1_msg m;
	assert_int_equal(parse(buf, n, V1_IN_CLEAR, &m), IKE_OK);
	assert_int_equal(m.n, 7);
	assert_int_equal(m.len, n - HDR_LEN);
	assert_int_equal(m.repeated, V1_BIT(V1_VID));
	assert_true((m.has & V1_BIT(V1_HASH)) != 0);
	assert_null(v1_msg_find(&m, V1_KE, 0));
	assert_int_equal(v1_msg_find(&m, V1_VID, 1)->n, 1);
	assert_null(v1_msg_find(&m, V1_VID, 2));
	assert_string_equal(v1_type_name((uint8_t)m.list[1].type), "N");

	struct v1_notify notify;
	uint32_t sequence;
	assert_int_equal(v1_notify_parse(v1_msg_find(&m, V1_NOTIFY, 0), &notify), IKE_OK);
	assert_string_equal(v1_notify_name(notify.type), "R-U-THERE");
	assert_int_equal(v1_dpd_parse(&notify, header.cky_i, header.cky_r, &sequence), IKE_OK);
	assert_int_equal(sequence, 77);
	assert_int_equal(v1_dpd_parse(&notify, header.cky_r, header.cky_i, &sequence), IKE_SPI);

	struct v1_delete d;
	assert_int_equal(v1_delete_parse(v1_msg_find(&m, V1_DELETE, 0), &d), IKE_OK);
	assert_int_equal(d.n_spis, 2);
	struct v1_cert c;
	assert_int_equal(v1_cert_parse(v1_msg_find(&m, V1_CR, 0), &c), IKE_OK);
	assert_int_equal(c.n, 0);
	struct addr a;
	assert_int_equal(v1_nat_oa_parse(v1_msg_find(&m, V1_NAT_OA, 0), &a), IKE_OK);
	assert_int_equal(a.b[3], 1);
}

static void
every_cut_is_refused(void **state)
{
	(void)state;
	uint8_t buf[512];
	size_t n = sample(buf, sizeof(buf));
	for (size_t cut = 0; cut < n; cut++) {
		uint8_t copy[512];
		struct v1_msg m;
		memcpy(copy, buf, cut);
		assert_int_not_equal(parse(copy, cut, V1_IN_CLEAR, &m), IKE_OK);
		if (cut < HDR_LEN)
			continue;
		copy[27] = (uint8_t)cut; /* with a header that agrees */
		assert_int_not_equal(parse(copy, cut, V1_IN_CLEAR, &m), IKE_OK);
		assert_int_not_equal(parse(copy, cut, V1_DECRYPTED, &m), IKE_OK);
	}
}

static void
padding_follows_only_what_was_encrypted(void **state)
{
	(void)state;
	uint8_t buf[512] = { 0 };
	size_t n = sample(buf, sizeof(buf));
	struct v1_msg m;
	buf[27] = (uint8_t)(n + 7);
	assert_int_equal(parse(buf, n + 7, V1_IN_CLEAR, &m), IKE_TRAILING);
	assert_int_equal(parse(buf, n + 7, V1_DECRYPTED, &m), IKE_OK);
	assert_int_equal(m.len, n - HDR_LEN);
}

/* libreswan fills its messages in the clear up to a multiple of four octets. */
static void
what_is_in_the_clear_may_be_filled_up(void **state)
{
	(void)state;
	uint8_t buf[512] = { 0 };
	struct v1_msg m;
	size_t n = sample(buf, sizeof(buf));
	for (size_t more = 1; more < 9; more++) {
		buf[27] = (uint8_t)(n + more);
		bool fits = more < 4 && (n + more) % 4 == 0;
		assert_int_equal(
		    parse(buf, n + more, V1_IN_CLEAR, &m), fits ? IKE_OK : IKE_TRAILING);
		assert_int_equal(m.len, n - HDR_LEN);
	}
}

static void
too_many_and_unknown_payloads_are_refused(void **state)
{
	(void)state;
	uint8_t buf[1024];
	struct v1_out o;
	struct v1_msg m;
	v1_out_start(&o, buf, sizeof(buf), &header);
	for (unsigned i = 0; i < V1_PAYLOADS_MAX; i++)
		v1_out_put(&o, V1_VID, "v", 1);
	assert_int_equal(parse(buf, v1_out_end(&o), V1_IN_CLEAR, &m), IKE_OK);
	v1_out_put(&o, V1_VID, "v", 1);
	assert_int_equal(parse(buf, v1_out_end(&o), V1_IN_CLEAR, &m), IKE_PAYLOAD_COUNT);
	for (unsigned type = 1; type < 256; type++) {
		v1_out_start(&o, buf, sizeof(buf), &header);
		v1_out_put(&o, (enum v1_type)type, "12345678", 8);
		bool is_known = strcmp(v1_type_name((uint8_t)type), "?") != 0;
		assert_int_equal(parse(buf, v1_out_end(&o), V1_IN_CLEAR, &m),
		    is_known ? IKE_OK : IKE_PAYLOAD_TYPE);
	}
	v1_out_start(&o, buf, sizeof(buf), &header);
	v1_out_put(&o, V1_NONCE, "1234567", 7);
	assert_int_equal(parse(buf, v1_out_end(&o), V1_IN_CLEAR, &m), IKE_NONCE);
}

static void
a_bad_header_is_refused(void **state)
{
	(void)state;
	uint8_t buf[512];
	size_t n = sample(buf, sizeof(buf));
	struct v1_msg m;
	buf[17] = 0x30;
	assert_int_equal(parse(buf, n, V1_IN_CLEAR, &m), IKE_VERSION);
	buf[17] = HDR_V1;
	assert_int_equal(parse(buf, n - 1, V1_IN_CLEAR, &m), IKE_HDR_LENGTH);
	memset(buf, 0, 8);
	assert_int_equal(parse(buf, n, V1_IN_CLEAR, &m), IKE_COOKIE);
}

static void
a_full_buffer_gives_no_message(void **state)
{
	(void)state;
	uint8_t big[512];
	size_t n = sample(big, sizeof(big));
	for (size_t cap = HDR_LEN; cap < n; cap++) {
		uint8_t buf[512];
		assert_int_equal(sample(buf, cap), 0);
	}
}

static void
deletes_with_wrong_spis_are_refused(void **state)
{
	static const struct {
		const char *body;
		size_t n;
		enum ike_reason reason;
	} cases[] = {
		{ "\0\0\0\1\3\4\0\1abcd", 12, IKE_OK },
		{ "\0\0\0\1\1\20\0\1abcdabcdabcdabcd", 24, IKE_OK },
		{ "\0\0\0\1\3\4\0\2abcd", 12, IKE_PAYLOAD_FORM },
		{ "\0\0\0\1\3\4\0\0", 8, IKE_PAYLOAD_FORM },
		{ "\0\0\0\1\3\4\377\377abcd", 12, IKE_PAYLOAD_FORM },
		{ "\0\0\0\1\3\10\0\1abcdabcd", 16, IKE_SPI },
		{ "\0\0\0\1\1\4\0\1abcd", 12, IKE_SPI },
		{ "\0\0\0\1\11\4\0\1abcd", 12, IKE_SPI },
		{ "\0\0\0\7\3\4\0\1abcd", 12, IKE_DOI },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct v1_delete d;
		const struct v1_payload p = {
			.type = V1_DELETE, .p = (const uint8_t *)cases[i].body, .n = cases[i].n
		};
		assert_int_equal(v1_delete_parse(&p, &d), cases[i].reason);
	}
}

static void
lifetimes_are_read_as_written(void **state)
{
	static const struct v1_lifetime lives[] = { { 3600, 0 }, { 86400, 0 }, { 180, 1000000 },
		{ 0, 5 } };
	(void)state;
	for (size_t i = 0; i < sizeof(lives) / sizeof(lives[0]); i++) {
		uint8_t buf[64];
		struct wr w = wr_init(buf, sizeof(buf));
		struct v1_lifetime back;
		v1_lifetime_build(&w, &lives[i]);
		struct v1_notify n = { .data = buf, .data_len = w.len };
		assert_int_equal(v1_lifetime_parse(&n, &back), IKE_OK);
		assert_int_equal(back.seconds, lives[i].seconds);
		assert_int_equal(back.kilobytes, lives[i].kilobytes);
		n.data_len--;
		assert_int_equal(v1_lifetime_parse(&n, &back), IKE_PAYLOAD_FORM);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(every_cut_is_refused),
		cmocka_unit_test(padding_follows_only_what_was_encrypted),
		cmocka_unit_test(what_is_in_the_clear_may_be_filled_up),
		cmocka_unit_test(too_many_and_unknown_payloads_are_refused),
		cmocka_unit_test(a_bad_header_is_refused),
		cmocka_unit_test(a_full_buffer_gives_no_message),
		cmocka_unit_test(deletes_with_wrong_spis_are_refused),
		cmocka_unit_test(lifetimes_are_read_as_written),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
