/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sight.c - reads the headers of a packet as far as they are there; see sight.h.
 *
 * A reader that fails gives zeroes, and the facts behind it are not claimed. RFC 791, RFC 8200, RFC 3948.
 */
#include "daemon/picd/sight.h"

#include "lib/base/bytes.h"

enum {
	PROTO_ICMP = 1,
	PROTO_TCP = 6,
	PROTO_UDP = 17,
	PROTO_IP6_FRAGMENT = 44,
	PROTO_ESP = 50,
	PROTO_AH = 51,
	PROTO_ICMP6 = 58,
	NATT_PORT = 4500,
	IP4_HEADER_LEN = 20,
	ICMP_ECHO_REPLY = 0,
	ICMP_ECHO = 8,
	ICMP6_ECHO = 128,
	ICMP6_ECHO_REPLY = 129,
};

static void
spi_read(struct rd *r, struct sight *s)
{
	uint32_t spi = rd_u32(r);
	uint32_t seq = rd_u32(r);
	if (!rd_ok(r))
		return;
	s->has_spi = true;
	s->spi = spi;
	s->seq = seq;
}

static void
icmp_read(struct rd *r, struct sight *s)
{
	s->icmp_type = rd_u8(r);
	s->icmp_code = rd_u8(r);
	(void)rd_u16(r); /* checksum */
	s->has_icmp = rd_ok(r);
	s->icmp_id = rd_u16(r);
	s->icmp_seq = rd_u16(r);
	bool is_echo = s->protocol == PROTO_ICMP
			   ? s->icmp_type == ICMP_ECHO || s->icmp_type == ICMP_ECHO_REPLY
			   : s->icmp_type == ICMP6_ECHO || s->icmp_type == ICMP6_ECHO_REPLY;
	s->has_icmp_id = rd_ok(r) && is_echo;
}

static void
udp_read(struct rd *r, struct sight *s)
{
	(void)rd_u32(r); /* length and checksum */
	if (s->sport != NATT_PORT && s->dport != NATT_PORT)
		return;
	struct rd after = *r;
	if (rd_u32(&after) != 0) /* that would be IKE */
		spi_read(r, s);
}

static void
tcp_read(struct rd *r, struct sight *s)
{
	(void)rd_u64(r); /* both numbers */
	(void)rd_u8(r);  /* length of the header */
	s->tcp_flags = rd_u8(r);
	s->has_tcp_flags = rd_ok(r);
}

static void
upper_read(struct rd *r, struct sight *s)
{
	switch (s->protocol) {
	case PROTO_TCP:
	case PROTO_UDP:
		s->sport = rd_u16(r);
		s->dport = rd_u16(r);
		s->has_ports = rd_ok(r);
		if (s->protocol == PROTO_TCP)
			tcp_read(r, s);
		else
			udp_read(r, s);
		break;
	case PROTO_ICMP:
	case PROTO_ICMP6:
		icmp_read(r, s);
		break;
	case PROTO_AH:
		(void)rd_u32(r); /* next header, length */
		spi_read(r, s);
		break;
	case PROTO_ESP:
		spi_read(r, s);
		break;
	}
}

static void
ip4_read(struct rd *r, struct sight *s)
{
	size_t header_len = (rd_u8(r) & 0xfU) * 4U;
	(void)rd_u8(r); /* type of service */
	s->total_len = rd_u16(r);
	(void)rd_u16(r); /* identification */
	uint16_t fragment = rd_u16(r);
	s->ttl = rd_u8(r);
	s->protocol = rd_u8(r);
	(void)rd_u16(r); /* checksum */
	const uint8_t *source = rd_bytes(r, 4);
	const uint8_t *destination = rd_bytes(r, 4);
	if (!rd_ok(r))
		return;
	s->source = addr_v4(source);
	s->destination = addr_v4(destination);
	s->has_df = (fragment & 0x4000) != 0;
	s->has_more = (fragment & 0x2000) != 0;
	s->frag_off = (fragment & 0x1fffU) * 8;
	if (header_len > IP4_HEADER_LEN)
		(void)rd_bytes(r, header_len - IP4_HEADER_LEN);
	if (s->frag_off == 0)
		upper_read(r, s);
}

static void
ip6_read(struct rd *r, struct sight *s)
{
	(void)rd_u32(r); /* version, class, flow */
	s->total_len = rd_u16(r) + 40U;
	s->protocol = rd_u8(r);
	s->ttl = rd_u8(r);
	const uint8_t *source = rd_bytes(r, 16);
	const uint8_t *destination = rd_bytes(r, 16);
	if (!rd_ok(r))
		return;
	s->source = addr_v6(source);
	s->destination = addr_v6(destination);
	if (s->protocol == PROTO_IP6_FRAGMENT) {
		uint8_t protocol = rd_u8(r);
		(void)rd_u8(r);
		uint16_t fragment = rd_u16(r);
		(void)rd_u32(r); /* identification */
		s->frag_off = fragment & 0xfff8U;
		s->has_more = (fragment & 1U) != 0;
		s->protocol = rd_ok(r) ? protocol : PROTO_IP6_FRAGMENT;
	}
	if (s->frag_off == 0)
		upper_read(r, s);
}

void
sight_read(const uint8_t *data, size_t len, struct sight *out)
{
	*out = (struct sight){ 0 };
	struct rd r = rd_init(data, len);
	unsigned version = len > 0 ? data[0] >> 4 : 0;
	if (version == 4)
		ip4_read(&r, out);
	else if (version == 6)
		ip6_read(&r, out);
}
