/* SPDX-License-Identifier: BSD-2-Clause
 *
 * hdr.c - reads and writes the header of a message.
 */
#include "lib/ike/hdr.h"

enum { LEN_AT = 24 };

enum ike_reason
hdr_parse(struct rd *r, struct hdr *out)
{
	size_t datagram = rd_left(r);
	struct hdr h = {
		.cky_i = rd_u64(r),
		.cky_r = rd_u64(r),
		.next = rd_u8(r),
		.version = rd_u8(r),
		.exchange = rd_u8(r),
		.flags = rd_u8(r),
		.mid = rd_u32(r),
		.len = rd_u32(r),
	};
	if (!rd_ok(r))
		return IKE_SHORT;
	if (h.version >> 4 != HDR_V1 >> 4 && h.version >> 4 != HDR_V2 >> 4)
		return IKE_VERSION;
	if (h.len != datagram)
		return IKE_HDR_LENGTH;
	if (h.cky_i == 0)
		return IKE_COOKIE;
	*out = h;
	return IKE_OK;
}

void
hdr_build(struct wr *w, const struct hdr *h)
{
	wr_u64(w, h->cky_i);
	wr_u64(w, h->cky_r);
	wr_u8(w, h->next);
	wr_u8(w, h->version);
	wr_u8(w, h->exchange);
	wr_u8(w, h->flags);
	wr_u32(w, h->mid);
	wr_u32(w, h->len);
}

void
hdr_patch_len(struct wr *w, uint32_t len)
{
	wr_patch_u32(w, LEN_AT, len);
}
