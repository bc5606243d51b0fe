/* SPDX-License-Identifier: BSD-2-Clause
 *
 * v1_msg.c - reads and writes chains of payloads.
 */
#include "lib/ike/v1_msg.h"

#include <stdlib.h>

/* How long the body of each type may be; a type without a name does not exist. */
static const struct {
	const char *name;
	uint16_t min;
	uint16_t max;
} types[256] = {
	[V1_SA] = { "SA", 8, 65531 },
	[V1_KE] = { "KE", 1, 2048 },
	[V1_ID] = { "ID", 4, 65531 },
	[V1_CERT] = { "CERT", 1, 65531 },
	[V1_CR] = { "CR", 1, 65531 },
	[V1_HASH] = { "HASH", 1, 64 },
	[V1_SIG] = { "SIG", 1, 2048 },
	[V1_NONCE] = { "NONCE", V1_NONCE_MIN, V1_NONCE_MAX },
	[V1_NOTIFY] = { "N", 8, 65531 },
	[V1_DELETE] = { "D", 8, 65531 },
	[V1_VID] = { "VID", 0, 65531 },
	[V1_NAT_D] = { "NAT-D", 1, 64 },
	[V1_NAT_OA] = { "NAT-OA", 8, 20 },
	[V1_NAT_D_DRAFT] = { "NAT-D", 1, 64 },
	[V1_NAT_OA_DRAFT] = { "NAT-OA", 8, 20 },
	[V1_FRAGMENT] = { "FRAG", 5, 65531 },
};

const char *
v1_type_name(uint8_t type)
{
	return types[type].name != NULL ? types[type].name : "?";
}

static enum ike_reason
payload_parse(struct rd *r, uint8_t type, uint8_t *out_next, struct v1_payload *out)
{
	if (types[type].name == NULL)
		return IKE_PAYLOAD_TYPE;
	uint8_t next = rd_u8(r);
	(void)rd_u8(r); /* reserved: some peers put something in it */
	uint16_t len = rd_u16(r);
	if (!rd_ok(r))
		return IKE_SHORT;
	if (len < V1_GENERIC_LEN)
		return IKE_PAYLOAD_FORM;
	size_t n = len - V1_GENERIC_LEN;
	if (n < types[type].min || n > types[type].max)
		return type == V1_NONCE ? IKE_NONCE : IKE_PAYLOAD_FORM;
	const uint8_t *p = rd_bytes(r, n);
	if (!rd_ok(r))
		return IKE_SHORT;
	*out = (struct v1_payload){ .type = type, .p = p, .n = n };
	*out_next = next;
	return IKE_OK;
}

enum ike_reason
v1_msg_parse(struct rd *r, uint8_t first, enum v1_where where, struct v1_msg *out)
{
	size_t total = rd_left(r);
	out->n = 0;
	out->has = 0;
	out->repeated = 0;
	for (uint8_t type = first; type != V1_NONE;) {
		struct v1_payload payload;
		if (out->n == V1_PAYLOADS_MAX)
			return IKE_PAYLOAD_COUNT;
		enum ike_reason reason = payload_parse(r, type, &type, &payload);
		if (reason != IKE_OK)
			return reason;
		uint32_t bit = V1_BIT(payload.type);
		out->repeated |= out->has & bit;
		out->has |= bit;
		out->list[out->n++] = payload;
	}
	out->len = total - rd_left(r);
	size_t max = where == V1_DECRYPTED ? V1_PADDING_MAX : total % 4 == 0 ? 3 : 0;
	return rd_left(r) <= max ? IKE_OK : IKE_TRAILING;
}

const struct v1_payload *
v1_msg_find(const struct v1_msg *m, enum v1_type type, unsigned n)
{
	uint32_t bit = V1_BIT(type);
	if ((m->has & bit) == 0)
		return NULL;
	for (unsigned i = 0; i < m->n; i++)
		if (V1_BIT(m->list[i].type) == bit && n-- == 0)
			return &m->list[i];
	return NULL;
}

/* --- writing --- */

enum { NEXT_AT = 16 };

void
v1_out_start(struct v1_out *o, void *buf, size_t cap, const struct hdr *h)
{
	*o = (struct v1_out){ .w = wr_init(buf, cap), .next_at = NEXT_AT };
	hdr_build(&o->w, h);
	wr_patch_bytes(&o->w, NEXT_AT, &(uint8_t){ V1_NONE }, 1);
}

void
v1_out_open(struct v1_out *o, enum v1_type type)
{
	if (o->open_at != 0)
		abort();
	wr_patch_bytes(&o->w, o->next_at, &(uint8_t){ (uint8_t)type }, 1);
	o->open_at = o->w.len;
	o->next_at = o->w.len;
	wr_u8(&o->w, V1_NONE);
	wr_u8(&o->w, 0);
	wr_u16(&o->w, 0);
}

void
v1_out_close(struct v1_out *o)
{
	size_t len = o->w.len - o->open_at;
	if (len > UINT16_MAX)
		o->w.failed = true;
	uint8_t b[2] = { (uint8_t)(len >> 8), (uint8_t)len };
	wr_patch_bytes(&o->w, o->open_at + 2, b, sizeof(b));
	o->open_at = 0;
}

void
v1_out_put(struct v1_out *o, enum v1_type type, const void *p, size_t n)
{
	v1_out_open(o, type);
	wr_bytes(&o->w, p, n);
	v1_out_close(o);
}

size_t
v1_out_end(struct v1_out *o)
{
	if (!wr_ok(&o->w))
		return 0;
	hdr_patch_len(&o->w, (uint32_t)o->w.len);
	return o->w.len;
}
