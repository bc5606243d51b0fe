/* SPDX-License-Identifier: BSD-2-Clause
 *
 * v1_frag_fuzz.c - fragments of any form, and those of a real message in any order.
 *
 * First octet even: what follows are bodies of fragments, each behind two octets of length. What comes together is bounded and made
 * of what was put in. Odd: two octets of length, then a message of that length is taken apart and put together in the order that
 * the rest says, with repetitions; it must come out as it was.
 */
#include "lib/ike/v1_frag.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum ike_reason
put(struct v1_frags *f, const uint8_t *p, size_t n)
{
	const struct v1_payload payload = { .type = V1_FRAGMENT, .p = p, .n = n };
	struct v1_frag frag;
	enum ike_reason reason = v1_frag_parse(&payload, &frag);
	return reason == IKE_OK ? v1_frags_put(f, &frag) : reason;
}

static void
any(struct rd *r)
{
	struct v1_frags f = { 0 };
	while (rd_left(r) > 0) {
		size_t n = rd_u16(r);
		n = n < rd_left(r) ? n : rd_left(r);
		(void)put(&f, rd_bytes(r, n), n);
		if (f.n > V1_FRAGS_MAX || f.total > V1_FRAG_TOTAL_MAX)
			abort();
		size_t total = f.total;
		size_t len = 0;
		uint8_t *msg = v1_frags_take(&f, &len);
		if (msg != NULL && (len != total || f.n != 0))
			abort();
		free(msg);
	}
	v1_frags_drop(&f);
}

static void
real(struct rd *r)
{
	static uint8_t msg[V1_FRAG_TOTAL_MAX];
	uint8_t buf[V1_FRAG_ROOM];
	struct v1_frags f = { 0 };
	size_t len = HDR_LEN + rd_u16(r) % (sizeof(msg) - HDR_LEN);
	struct wr w = wr_init(msg, sizeof(msg));
	hdr_build(&w, &(struct hdr){ .cky_i = 1, .version = HDR_V1, .len = (uint32_t)len });
	for (size_t i = HDR_LEN; i < len; i++)
		msg[i] = (uint8_t)(i * 31);
	unsigned n_frags = (unsigned)((len + V1_FRAG_SIZE - 1) / V1_FRAG_SIZE);
	/* the order that the input says, then every one */
	for (unsigned i = 1, n_chosen = 0; i <= n_frags;) {
		bool is_chosen = rd_left(r) > 0 && n_chosen++ < 64;
		uint8_t number = (uint8_t)(is_chosen ? 1 + rd_u8(r) % n_frags : i++);
		size_t n = v1_frag_build(buf, msg, len, 7, number);
		size_t at = HDR_LEN + V1_GENERIC_LEN;
		if (n <= at || put(&f, buf + at, n - at) != IKE_OK)
			abort();
		size_t out_len = 0;
		uint8_t *out = v1_frags_take(&f, &out_len);
		if (out == NULL)
			continue;
		if (out_len != len || memcmp(out, msg, len) != 0)
			abort();
		free(out);
		v1_frags_drop(&f);
		return;
	}
	abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd r = rd_init(data, size);
	if ((rd_u8(&r) & 1) != 0)
		real(&r);
	else
		any(&r);
	return 0;
}
