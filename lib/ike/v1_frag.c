/* SPDX-License-Identifier: BSD-2-Clause
 *
 * v1_frag.c - takes messages apart and puts them together.
 */
#include "lib/ike/v1_frag.h"

#include <stdlib.h>
#include <string.h>

enum { FLAG_LAST = 1 };

enum ike_reason
v1_frag_parse(const struct v1_payload *p, struct v1_frag *out)
{
	struct rd r = rd_init(p->p, p->n);
	struct v1_frag f = { .id = rd_u16(&r), .number = rd_u8(&r) };
	f.is_last = (rd_u8(&r) & FLAG_LAST) != 0;
	f.n = rd_left(&r);
	f.p = rd_bytes(&r, f.n);
	if (!rd_ok(&r) || f.number == 0 || f.n == 0)
		return IKE_PAYLOAD_FORM;
	*out = f;
	return IKE_OK;
}

size_t
v1_frag_build(uint8_t *buf, const uint8_t *msg, size_t len, uint16_t id, uint8_t number)
{
	size_t at = (size_t)(number - 1) * V1_FRAG_SIZE;
	struct rd r = rd_init(msg, len);
	struct hdr h;
	if (at >= len || hdr_parse(&r, &h) != IKE_OK)
		return 0;
	size_t n = len - at < V1_FRAG_SIZE ? len - at : V1_FRAG_SIZE;
	struct v1_out o;
	h.flags = 0;
	h.mid = 0;
	v1_out_start(&o, buf, V1_FRAG_ROOM, &h);
	v1_out_open(&o, V1_FRAGMENT);
	wr_u16(&o.w, id);
	wr_u8(&o.w, number);
	wr_u8(&o.w, at + n == len ? FLAG_LAST : 0);
	wr_bytes(&o.w, msg + at, n);
	v1_out_close(&o);
	return v1_out_end(&o);
}

void
v1_frags_drop(struct v1_frags *f)
{
	for (unsigned i = 0; i < V1_FRAGS_MAX; i++)
		free(f->part[i].p);
	*f = (struct v1_frags){ .due_ms = f->due_ms };
}

enum ike_reason
v1_frags_put(struct v1_frags *f, const struct v1_frag *frag)
{
	if (f->n > 0 && f->id != frag->id)
		v1_frags_drop(f);
	if (frag->number > V1_FRAGS_MAX)
		return IKE_LIMIT;
	if (f->last != 0 && (frag->number > f->last || (frag->is_last && frag->number != f->last)))
		return IKE_PAYLOAD_FORM;
	unsigned at = frag->number - 1U;
	if (f->part[at].p != NULL)
		return IKE_OK; /* the first one counts */
	if (frag->n > V1_FRAG_TOTAL_MAX - f->total)
		return IKE_LIMIT;
	for (unsigned i = frag->number; frag->is_last && i < V1_FRAGS_MAX; i++)
		if (f->part[i].p != NULL)
			return IKE_PAYLOAD_FORM;
	f->part[at].p = malloc(frag->n);
	if (f->part[at].p == NULL)
		abort();
	memcpy(f->part[at].p, frag->p, frag->n);
	f->part[at].n = frag->n;
	f->id = frag->id;
	f->total += frag->n;
	f->n++;
	if (frag->is_last)
		f->last = frag->number;
	return IKE_OK;
}

uint8_t *
v1_frags_take(struct v1_frags *f, size_t *out_len)
{
	if (f->last == 0 || f->n != f->last)
		return NULL;
	uint8_t *msg = malloc(f->total);
	if (msg == NULL)
		abort();
	size_t at = 0;
	for (unsigned i = 0; i < f->last; i++) {
		memcpy(msg + at, f->part[i].p, f->part[i].n);
		at += f->part[i].n;
	}
	*out_len = at;
	v1_frags_drop(f);
	return msg;
}
