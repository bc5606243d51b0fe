/* SPDX-License-Identifier: BSD-2-Clause
 *
 * peek.c - the SPI of a protected packet before anything else is known about it; see peek.h.
 */
#include "lib/esp/peek.h"

#include "lib/esp/ip.h"
#include "lib/esp/pkt.h"

enum { AH_SPI_AT = 4 };

bool
peek_spi(const struct pkt *p, uint32_t *out)
{
	const uint8_t *data = pkt_octets(p);
	uint32_t at = 0;
	if (p->outer == NULL) {
		struct ip_hdr h;
		if (ip_read(data, p->len, &h) != DROP_NONE)
			return false;
		at = h.hdr_len;
		uint8_t proto = h.proto;
		struct ip6_chain c;
		if (h.family == ADDR_V6) {
			if (ip6_walk(data, h.total_len, &c) != DROP_NONE)
				return false;
			at = c.off;
			proto = c.proto;
		}
		if (proto == PROTO_UDP)
			at += UDP_LEN;
		else if (proto == PROTO_AH)
			at += AH_SPI_AT;
		else if (proto != PROTO_ESP)
			return false;
	}
	if (p->len < at + sizeof(uint32_t))
		return false;
	*out = get32(data + at);
	return true;
}
