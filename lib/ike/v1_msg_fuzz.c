/* SPDX-License-Identifier: BSD-2-Clause
 *
 * v1_msg_fuzz.c - any bytes as a message: first octet even: a datagram; odd: what was decrypted, its second octet the type of
 * the first payload. Whatever is taken is written again and must be read as the same.
 */
#include "lib/ike/id.h"
#include "lib/ike/v1_body.h"
#include "lib/ike/v1_sa.h"
#include "lib/ike/vid.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
body_read(const struct v1_payload *p)
{
	static struct v1_sa sa;
	struct v1_notify notify;
	struct v1_delete del;
	struct v1_cert cert;
	struct v1_lifetime life;
	struct addr addr;
	struct id id;
	uint32_t sequence;
	switch (p->type) {
	case V1_SA:
		(void)!v1_sa_parse(p, V1_PHASE1, &sa);
		(void)!v1_sa_parse(p, V1_PHASE2, &sa);
		break;
	case V1_NOTIFY:
		if (v1_notify_parse(p, &notify) == IKE_OK) {
			(void)!v1_lifetime_parse(&notify, &life);
			(void)!v1_dpd_parse(&notify, 1, 2, &sequence);
		}
		break;
	case V1_DELETE:
		(void)!v1_delete_parse(p, &del);
		break;
	case V1_CERT:
	case V1_CR:
		(void)!v1_cert_parse(p, &cert);
		break;
	case V1_ID:
		(void)!id_parse(p, &id);
		break;
	case V1_NAT_OA:
	case V1_NAT_OA_DRAFT:
		(void)!v1_nat_oa_parse(p, &addr);
		break;
	default:
		break;
	}
}

static void
write_and_compare(const struct v1_msg *m)
{
	static uint8_t buf[IKE_MSG_MAX];
	struct v1_out o;
	struct v1_msg back;
	struct hdr h;
	v1_out_start(&o, buf, sizeof(buf), &(struct hdr){ .cky_i = 1, .version = HDR_V1 });
	for (unsigned i = 0; i < m->n; i++)
		v1_out_put(&o, m->list[i].type, m->list[i].p, m->list[i].n);
	size_t n = v1_out_end(&o);
	if (n == 0)
		return;
	struct rd r = rd_init(buf, n);
	if (hdr_parse(&r, &h) != IKE_OK || v1_msg_parse(&r, h.next, V1_IN_CLEAR, &back) != IKE_OK ||
	    back.n != m->n || back.has != m->has || back.repeated != m->repeated ||
	    back.len != m->len)
		abort();
	for (unsigned i = 0; i < m->n; i++)
		if (back.list[i].n != m->list[i].n ||
		    memcmp(back.list[i].p, m->list[i].p, m->list[i].n) != 0)
			abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd r = rd_init(data, size);
	bool is_decrypted = (rd_u8(&r) & 1) != 0;
	struct hdr h = { 0 };
	struct v1_msg m;
	if (is_decrypted)
		h.next = rd_u8(&r);
	else if (hdr_parse(&r, &h) != IKE_OK)
		return 0;
	if (v1_msg_parse(&r, h.next, is_decrypted ? V1_DECRYPTED : V1_IN_CLEAR, &m) != IKE_OK)
		return 0;
	for (unsigned i = 0; i < m.n; i++)
		body_read(&m.list[i]);
	(void)vid_all(&m);
	write_and_compare(&m);
	return 0;
}
