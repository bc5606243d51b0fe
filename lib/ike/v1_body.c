/* SPDX-License-Identifier: BSD-2-Clause
 *
 * v1_body.c - reads and writes the small payloads.
 */
#include "lib/ike/v1_body.h"

#include "lib/ike/attr.h"

/* --- notify --- */

static const struct {
	uint16_t type;
	const char *name;
} notify_names[] = {
	{ 1, "INVALID-PAYLOAD-TYPE" },
	{ 2, "DOI-NOT-SUPPORTED" },
	{ 3, "SITUATION-NOT-SUPPORTED" },
	{ 4, "INVALID-COOKIE" },
	{ 5, "INVALID-MAJOR-VERSION" },
	{ 6, "INVALID-MINOR-VERSION" },
	{ 7, "INVALID-EXCHANGE-TYPE" },
	{ 8, "INVALID-FLAGS" },
	{ 9, "INVALID-MESSAGE-ID" },
	{ 10, "INVALID-PROTOCOL-ID" },
	{ 11, "INVALID-SPI" },
	{ 12, "INVALID-TRANSFORM-ID" },
	{ 13, "ATTRIBUTES-NOT-SUPPORTED" },
	{ 14, "NO-PROPOSAL-CHOSEN" },
	{ 15, "BAD-PROPOSAL-SYNTAX" },
	{ 16, "PAYLOAD-MALFORMED" },
	{ 17, "INVALID-KEY-INFORMATION" },
	{ 18, "INVALID-ID-INFORMATION" },
	{ 19, "INVALID-CERT-ENCODING" },
	{ 20, "INVALID-CERTIFICATE" },
	{ 21, "CERT-TYPE-UNSUPPORTED" },
	{ 22, "INVALID-CERT-AUTHORITY" },
	{ 23, "INVALID-HASH-INFORMATION" },
	{ 24, "AUTHENTICATION-FAILED" },
	{ V1_N_INVALID_SIGNATURE, "INVALID-SIGNATURE" },
	{ 26, "ADDRESS-NOTIFICATION" },
	{ 27, "NOTIFY-SA-LIFETIME" },
	{ 28, "CERTIFICATE-UNAVAILABLE" },
	{ 29, "UNSUPPORTED-EXCHANGE-TYPE" },
	{ 30, "UNEQUAL-PAYLOAD-LENGTHS" },
	{ V1_N_CONNECTED, "CONNECTED" },
	{ V1_N_RESPONDER_LIFETIME, "RESPONDER-LIFETIME" },
	{ V1_N_REPLAY_STATUS, "REPLAY-STATUS" },
	{ V1_N_INITIAL_CONTACT, "INITIAL-CONTACT" },
	{ V1_N_R_U_THERE, "R-U-THERE" },
	{ V1_N_R_U_THERE_ACK, "R-U-THERE-ACK" },
};

const char *
v1_notify_name(uint16_t type)
{
	for (size_t i = 0; i < sizeof(notify_names) / sizeof(notify_names[0]); i++)
		if (notify_names[i].type == type)
			return notify_names[i].name;
	return NULL;
}

enum ike_reason
v1_notify_parse(const struct v1_payload *p, struct v1_notify *out)
{
	struct rd r = rd_init(p->p, p->n);
	struct v1_notify n = { .doi = rd_u32(&r), .protocol = rd_u8(&r) };
	n.spi_len = rd_u8(&r);
	n.type = rd_u16(&r);
	n.spi = rd_bytes(&r, n.spi_len);
	if (!rd_ok(&r))
		return IKE_PAYLOAD_FORM;
	if (n.doi != V1_DOI_IPSEC && n.doi != V1_DOI_GENERIC)
		return IKE_DOI;
	n.data_len = rd_left(&r);
	n.data = rd_bytes(&r, n.data_len);
	*out = n;
	return IKE_OK;
}

void
v1_notify_build(struct v1_out *o, const struct v1_notify *n)
{
	v1_out_open(o, V1_NOTIFY);
	wr_u32(&o->w, n->doi);
	wr_u8(&o->w, n->protocol);
	wr_u8(&o->w, (uint8_t)n->spi_len);
	wr_u16(&o->w, n->type);
	wr_bytes(&o->w, n->spi, n->spi_len);
	wr_bytes(&o->w, n->data, n->data_len);
	v1_out_close(o);
}

/* --- delete --- */

/* ISAKMP's SPI is both cookies, those of ESP and AH have four octets. */
static bool
spi_len_is_right(uint8_t protocol, uint8_t len)
{
	switch (protocol) {
	case V1_PROTO_ISAKMP:
		return len == V1_COOKIES_LEN;
	case V1_PROTO_AH:
	case V1_PROTO_ESP:
		return len == V1_SPI_LEN;
	default:
		return false;
	}
}

enum ike_reason
v1_delete_parse(const struct v1_payload *p, struct v1_delete *out)
{
	struct rd r = rd_init(p->p, p->n);
	uint32_t doi = rd_u32(&r);
	struct v1_delete d = { .protocol = rd_u8(&r), .spi_len = rd_u8(&r), .n_spis = rd_u16(&r) };
	if (!rd_ok(&r))
		return IKE_PAYLOAD_FORM;
	if (doi != V1_DOI_IPSEC && doi != V1_DOI_GENERIC)
		return IKE_DOI;
	if (!spi_len_is_right(d.protocol, d.spi_len))
		return IKE_SPI;
	if (d.n_spis == 0 || d.n_spis > V1_DELETE_SPIS_MAX)
		return IKE_PAYLOAD_FORM;
	d.spis = rd_bytes(&r, (size_t)d.n_spis * d.spi_len);
	if (!rd_end(&r))
		return IKE_PAYLOAD_FORM;
	*out = d;
	return IKE_OK;
}

void
v1_delete_build(struct v1_out *o, const struct v1_delete *d)
{
	v1_out_open(o, V1_DELETE);
	wr_u32(&o->w, V1_DOI_IPSEC);
	wr_u8(&o->w, d->protocol);
	wr_u8(&o->w, d->spi_len);
	wr_u16(&o->w, d->n_spis);
	wr_bytes(&o->w, d->spis, (size_t)d->n_spis * d->spi_len);
	v1_out_close(o);
}

/* --- certificates --- */

enum ike_reason
v1_cert_parse(const struct v1_payload *p, struct v1_cert *out)
{
	struct rd r = rd_init(p->p, p->n);
	struct v1_cert c = { .encoding = rd_u8(&r) };
	c.n = rd_left(&r);
	c.p = rd_bytes(&r, c.n);
	if (!rd_ok(&r) || (c.n == 0 && p->type == V1_CERT))
		return IKE_PAYLOAD_FORM;
	*out = c;
	return IKE_OK;
}

void
v1_cert_build(struct v1_out *o, enum v1_type type, const struct v1_cert *c)
{
	v1_out_open(o, type);
	wr_u8(&o->w, c->encoding);
	wr_bytes(&o->w, c->p, c->n);
	v1_out_close(o);
}

/* --- NAT original address --- */

enum { ID_IPV4_ADDR = 1, ID_IPV6_ADDR = 5 };

enum ike_reason
v1_nat_oa_parse(const struct v1_payload *p, struct addr *out)
{
	struct rd r = rd_init(p->p, p->n);
	uint8_t type = rd_u8(&r);
	(void)rd_bytes(&r, 3);
	uint8_t b[16] = { 0 };
	size_t n = type == ID_IPV4_ADDR ? 4 : 16;
	if (type != ID_IPV4_ADDR && type != ID_IPV6_ADDR)
		return IKE_PAYLOAD_FORM;
	rd_copy(&r, b, n);
	if (!rd_end(&r))
		return IKE_PAYLOAD_FORM;
	*out = n == 4 ? addr_v4(b) : addr_v6(b);
	return IKE_OK;
}

void
v1_nat_oa_build(struct v1_out *o, enum v1_type type, struct addr a)
{
	v1_out_open(o, type);
	wr_u8(&o->w, a.family == ADDR_V4 ? ID_IPV4_ADDR : ID_IPV6_ADDR);
	wr_bytes(&o->w, "\0\0\0", 3);
	wr_bytes(&o->w, a.b, addr_len(a));
	v1_out_close(o);
}

/* --- dead peer detection --- */

void
v1_dpd_build(struct v1_out *o, uint16_t type, uint64_t cky_i, uint64_t cky_r, uint32_t sequence)
{
	uint8_t b[V1_COOKIES_LEN + 4];
	struct wr w = wr_init(b, sizeof(b));
	wr_u64(&w, cky_i);
	wr_u64(&w, cky_r);
	wr_u32(&w, sequence);
	struct v1_notify n = {
		.doi = V1_DOI_IPSEC,
		.protocol = V1_PROTO_ISAKMP,
		.type = type,
		.spi = b,
		.spi_len = V1_COOKIES_LEN,
		.data = b + V1_COOKIES_LEN,
		.data_len = 4,
	};
	v1_notify_build(o, &n);
}

enum ike_reason
v1_dpd_parse(const struct v1_notify *n, uint64_t cky_i, uint64_t cky_r, uint32_t *out_sequence)
{
	struct rd spi = rd_init(n->spi, n->spi_len);
	uint64_t i = rd_u64(&spi);
	uint64_t r = rd_u64(&spi);
	if (n->protocol != V1_PROTO_ISAKMP || !rd_end(&spi) || i != cky_i || r != cky_r)
		return IKE_SPI;
	struct rd data = rd_init(n->data, n->data_len);
	uint32_t sequence = rd_u32(&data);
	if (!rd_end(&data))
		return IKE_PAYLOAD_FORM;
	*out_sequence = sequence;
	return IKE_OK;
}

/* --- lifetimes --- */

enum { LIFE_TYPE = 1, LIFE_DURATION = 2, LIFE_SECONDS = 1, LIFE_KILOBYTES = 2 };

enum ike_reason
v1_lifetime_parse(const struct v1_notify *n, struct v1_lifetime *out)
{
	struct rd r = rd_init(n->data, n->data_len);
	struct v1_lifetime l = { 0 };
	uint32_t unit = 0;
	struct attr a;
	while (attr_next(&r, &a)) {
		if (a.type == LIFE_TYPE) {
			unit = a.value;
			continue;
		}
		if (a.type != LIFE_DURATION || !a.is_number ||
		    (unit != LIFE_SECONDS && unit != LIFE_KILOBYTES))
			return IKE_PAYLOAD_FORM;
		*(unit == LIFE_SECONDS ? &l.seconds : &l.kilobytes) = a.value;
		unit = 0;
	}
	if (!rd_end(&r))
		return IKE_PAYLOAD_FORM;
	*out = l;
	return IKE_OK;
}

void
v1_lifetime_build(struct wr *w, const struct v1_lifetime *l)
{
	if (l->seconds != 0) {
		attr_put(w, LIFE_TYPE, LIFE_SECONDS);
		attr_put(w, LIFE_DURATION, l->seconds);
	}
	if (l->kilobytes != 0) {
		attr_put(w, LIFE_TYPE, LIFE_KILOBYTES);
		attr_put(w, LIFE_DURATION, l->kilobytes);
	}
}

uint32_t
v1_lifetime_agree(uint32_t ours_s, uint32_t peers_s)
{
	if (peers_s != 0 && peers_s < V1_LIFETIME_MIN_S)
		peers_s = V1_LIFETIME_MIN_S;
	return peers_s != 0 && peers_s < ours_s ? peers_s : ours_s;
}
