/* SPDX-License-Identifier: BSD-2-Clause
 *
 * v1_sa.c - reads and writes SA payloads.
 */
#include "lib/ike/v1_sa.h"

#include "lib/ike/attr.h"

enum { SIT_IDENTITY_ONLY = 1 };
enum { LIFE_SECONDS = 1, LIFE_KILOBYTES = 2 };

/* The numbers of the attributes on the wire; 0: does not exist in this phase. */
static const struct {
	uint16_t attr[V1_A_MAX];
	uint16_t life_type;
	uint16_t life_duration;
} numbers[] = {
	[V1_PHASE1] = {
		.attr = {
			[V1_A_ENC] = 1,
			[V1_A_HASH] = 2,
			[V1_A_METHOD] = 3,
			[V1_A_GROUP] = 4,
			[V1_A_KEYLEN] = 14,
		},
		.life_type = 11,
		.life_duration = 12,
	},
	[V1_PHASE2] = {
		.attr = {
			[V1_A_GROUP] = 3,
			[V1_A_ENCAP] = 4,
			[V1_A_AUTH] = 5,
			[V1_A_KEYLEN] = 6,
		},
		.life_type = 1,
		.life_duration = 2,
	},
};

/* --- reading --- */

/* Takes one attribute into the transform; false if it is not understood. */
static bool
attr_take(enum v1_phase phase, const struct attr *a, uint32_t *unit, struct v1_transform *t)
{
	if (!a->is_number)
		return false;
	if (a->type == numbers[phase].life_type) {
		/* one after the other would make a transform of any length, and what is chosen is answered as it came */
		bool is_next = *unit == 0;
		*unit = a->value;
		return is_next && (a->value == LIFE_SECONDS || a->value == LIFE_KILOBYTES);
	}
	if (a->type == numbers[phase].life_duration) {
		uint32_t *life = *unit == LIFE_SECONDS     ? &t->life.seconds
				 : *unit == LIFE_KILOBYTES ? &t->life.kilobytes
							   : NULL;
		*unit = 0;
		if (life == NULL || *life != 0)
			return false;
		*life = a->value;
		return true;
	}
	for (unsigned i = 0; i < V1_A_MAX; i++) {
		if (numbers[phase].attr[i] == 0 || numbers[phase].attr[i] != a->type)
			continue;
		if ((t->has & 1U << i) != 0)
			return false;
		t->has |= 1U << i;
		t->value[i] = a->value;
		return true;
	}
	return false;
}

static enum ike_reason
transform_parse(struct rd *r, enum v1_phase phase, bool is_last, struct v1_transform *out)
{
	uint8_t next = rd_u8(r);
	(void)rd_u8(r);
	uint16_t len = rd_u16(r);
	if (!rd_ok(r) || len < 8 || next != (is_last ? V1_NONE : V1_TRANSFORM))
		return IKE_PAYLOAD_FORM;
	struct rd body = rd_sub(r, len - 4U);
	*out = (struct v1_transform){ .number = rd_u8(&body), .id = rd_u8(&body) };
	(void)rd_u16(&body);
	out->attrs = body.p;
	out->attrs_len = rd_left(&body);
	struct attr a;
	uint32_t unit = 0;
	while (attr_next(&body, &a))
		if (!attr_take(phase, &a, &unit, out))
			out->is_strange = true;
	return rd_end(&body) ? IKE_OK : IKE_PAYLOAD_FORM;
}

static enum ike_reason
spi_judge(const struct v1_proposal *p, enum v1_phase phase)
{
	if (phase == V1_PHASE1)
		return p->spi_len <= V1_COOKIES_LEN ? IKE_OK : IKE_SPI;
	if (p->protocol != V1_PROTO_AH && p->protocol != V1_PROTO_ESP)
		return IKE_OK;
	return p->spi_len == V1_SPI_LEN && v1_sa_spi(p) >= V1_SA_SPI_MIN ? IKE_OK : IKE_SPI;
}

/* Reads one proposal; OUT_MORE says whether another follows. */
static enum ike_reason
proposal_parse(struct rd *r, enum v1_phase phase, struct v1_sa *sa, bool *out_more)
{
	uint8_t next = rd_u8(r);
	(void)rd_u8(r);
	uint16_t len = rd_u16(r);
	if (!rd_ok(r) || len < 8 || (next != V1_NONE && next != V1_PROPOSAL))
		return IKE_PAYLOAD_FORM;
	struct rd body = rd_sub(r, len - 4U);
	struct v1_proposal p = {
		.number = rd_u8(&body),
		.protocol = rd_u8(&body),
		.spi_len = rd_u8(&body),
		.first = sa->n_transforms,
	};
	p.n = rd_u8(&body);
	p.spi = rd_bytes(&body, p.spi_len);
	if (!rd_ok(&body) || p.n == 0)
		return IKE_PAYLOAD_FORM;
	if (sa->n_proposals == V1_SA_PROPOSALS_MAX || p.n > V1_SA_TRANSFORMS_MAX - p.first)
		return IKE_PAYLOAD_COUNT;
	enum ike_reason reason = spi_judge(&p, phase);
	for (unsigned i = 0; i < p.n && reason == IKE_OK; i++)
		reason = transform_parse(
		    &body, phase, i + 1 == p.n, &sa->transforms[sa->n_transforms++]);
	if (reason != IKE_OK)
		return reason;
	if (!rd_end(&body))
		return IKE_PAYLOAD_FORM;
	sa->proposals[sa->n_proposals++] = p;
	*out_more = next == V1_PROPOSAL;
	return IKE_OK;
}

enum ike_reason
v1_sa_parse(const struct v1_payload *p, enum v1_phase phase, struct v1_sa *out)
{
	struct rd r = rd_init(p->p, p->n);
	uint32_t doi = rd_u32(&r);
	uint32_t situation = rd_u32(&r);
	if (!rd_ok(&r))
		return IKE_PAYLOAD_FORM;
	if (doi != V1_DOI_IPSEC)
		return IKE_DOI;
	if (situation != SIT_IDENTITY_ONLY)
		return IKE_SITUATION;
	out->n_proposals = 0;
	out->n_transforms = 0;
	for (bool more = true; more;) {
		enum ike_reason reason = proposal_parse(&r, phase, out, &more);
		if (reason != IKE_OK)
			return reason;
	}
	return rd_end(&r) ? IKE_OK : IKE_PAYLOAD_FORM;
}

uint32_t
v1_sa_spi(const struct v1_proposal *p)
{
	struct rd r = rd_init(p->spi, p->spi_len);
	return rd_u32(&r);
}

/* --- writing --- */

void
v1_sa_open(struct v1_out *o)
{
	v1_out_open(o, V1_SA);
	wr_u32(&o->w, V1_DOI_IPSEC);
	wr_u32(&o->w, SIT_IDENTITY_ONLY);
}

struct v1_sa_mark
v1_sa_proposal_open(struct v1_out *o, bool is_last, uint8_t number, enum v1_protocol protocol,
    const void *spi, size_t spi_len, uint8_t n_transforms)
{
	struct v1_sa_mark mark = { o->w.len };
	wr_u8(&o->w, is_last ? V1_NONE : V1_PROPOSAL);
	wr_u8(&o->w, 0);
	wr_u16(&o->w, 0);
	wr_u8(&o->w, number);
	wr_u8(&o->w, (uint8_t)protocol);
	wr_u8(&o->w, (uint8_t)spi_len);
	wr_u8(&o->w, n_transforms);
	wr_bytes(&o->w, spi, spi_len);
	return mark;
}

struct v1_sa_mark
v1_sa_transform_open(struct v1_out *o, bool is_last, uint8_t number, uint8_t id)
{
	struct v1_sa_mark mark = { o->w.len };
	wr_u8(&o->w, is_last ? V1_NONE : V1_TRANSFORM);
	wr_u8(&o->w, 0);
	wr_u16(&o->w, 0);
	wr_u8(&o->w, number);
	wr_u8(&o->w, id);
	wr_u16(&o->w, 0);
	return mark;
}

void
v1_sa_attr(struct v1_out *o, enum v1_phase phase, enum v1_attr attr, uint32_t value)
{
	attr_put(&o->w, numbers[phase].attr[attr], value);
}

void
v1_sa_life(struct v1_out *o, enum v1_phase phase, const struct v1_lifetime *life)
{
	if (life->seconds != 0) {
		attr_put(&o->w, numbers[phase].life_type, LIFE_SECONDS);
		attr_put(&o->w, numbers[phase].life_duration, life->seconds);
	}
	if (life->kilobytes != 0) {
		attr_put(&o->w, numbers[phase].life_type, LIFE_KILOBYTES);
		attr_put(&o->w, numbers[phase].life_duration, life->kilobytes);
	}
}

void
v1_sa_close(struct v1_out *o, struct v1_sa_mark mark)
{
	size_t len = o->w.len - mark.at;
	uint8_t b[2] = { (uint8_t)(len >> 8), (uint8_t)len };
	wr_patch_bytes(&o->w, mark.at + 2, b, sizeof(b));
}
