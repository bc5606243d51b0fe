/* SPDX-License-Identifier: BSD-2-Clause
 *
 * v1_sa_fuzz.c - any bytes as the body of an SA payload, judged by policies of both phases. What is chosen is answered, and the
 * answer must be accepted by who would have offered it; what is not must come with a text.
 */
#include "lib/base/text.h"
#include "lib/ike/p1.h"
#include "lib/ike/p2.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct p1_proposal p1[] = {
	{ METHOD_PSK, ENC_AES_128_CBC, HASH_SHA1, DH_GROUP2, 3600 },
	{ METHOD_RSA, ENC_3DES_CBC, HASH_SHA_256, DH_GROUP14, 3600 },
};

static const struct p2_proposal p2[] = {
	{ P2_BUNDLE, AUTH_HMAC_SHA1_96, ENC_3DES_CBC, 28800 },
	{ P2_ESP, AUTH_HMAC_SHA1_96, ENC_AES_128_CBC, 28800 },
	{ P2_ESP, AUTH_NONE, ENC_AES_128_CBC, 28800 },
	{ P2_AH, AUTH_HMAC_MD5_96, ENC_NULL, 28800 },
};

static const struct p2_policy policy = {
	.proposals = p2,
	.n = 4,
	.takes_any_pfs = true,
	.encap = V1_ENCAP_TUNNEL,
};

static struct v1_sa sa;
static struct v1_sa again;
static uint8_t buf[IKE_MSG_MAX];

static bool
answer_read(struct v1_out *o, enum v1_phase phase)
{
	size_t n = v1_out_end(o);
	struct rd r = rd_init(buf, n);
	struct hdr h;
	struct v1_msg m;
	return n > 0 && hdr_parse(&r, &h) == IKE_OK &&
	       v1_msg_parse(&r, h.next, V1_IN_CLEAR, &m) == IKE_OK &&
	       v1_sa_parse(&m.list[0], phase, &again) == IKE_OK;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct v1_payload p = { .type = V1_SA, .p = data, .n = size };
	struct text why = { 0 };
	struct v1_out o;
	struct p1_choice c1;
	struct p2_choice c2;
	v1_out_start(&o, buf, sizeof(buf), &(struct hdr){ .cky_i = 1, .version = HDR_V1 });
	if (v1_sa_parse(&p, V1_PHASE1, &sa) == IKE_OK) {
		if (p1_choose(&sa, p1, 2, &c1, &why)) {
			p1_answer(&o, &sa, &c1);
			if (!answer_read(&o, V1_PHASE1) || !p1_accept(&again, p1, 2, &c1, NULL))
				abort();
		} else if (why.len == 0) {
			abort();
		}
	}
	text_reset(&why);
	v1_out_start(&o, buf, sizeof(buf), &(struct hdr){ .cky_i = 1, .version = HDR_V1 });
	if (v1_sa_parse(&p, V1_PHASE2, &sa) == IKE_OK) {
		if (p2_choose(&sa, &policy, &c2, &why)) {
			p2_answer(&o, &sa, &c2, (struct p2_spis){ 0x1000, 0x2000 });
			if (!answer_read(&o, V1_PHASE2) || !p2_accept(&again, &policy, &c2, NULL))
				abort();
		} else if (why.len == 0) {
			abort();
		}
	}
	text_done(&why);
	return 0;
}
