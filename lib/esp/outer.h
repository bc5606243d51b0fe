/* SPDX-License-Identifier: BSD-2-Clause
 *
 * outer.h - the headers outside of protected packets, and whose packets they are. Private to lib/esp; worker's thread.
 *
 * RFC 4303 s3.4.2, RFC 4302 s3.4.2, RFC 3948 s2.
 */
#ifndef OUTER_H
#define OUTER_H

#include "lib/esp/drop.h"
#include "lib/esp/ip.h"
#include "lib/esp/sad.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pkt;

/* What the outer header says. */
struct outer {
	const uint8_t *src; /* its addresses, where they are */
	const uint8_t *dst;
	uint32_t around;   /* octets of it that are not in the buffer */
	uint32_t off;      /* of ESP or AH */
	uint16_t udp_port; /* where a UDP header ahead of ESP says that it goes; 0: there is none */
	uint32_t nh_at;    /* the octet that names it */
	uint32_t spi;
	uint8_t proto;
	uint8_t family;
	uint8_t tos;
};

/* Reads the headers ahead of ESP or AH and cuts P to the length that they say. What OUT points to is P's. */
enum drop outer_parse(struct pkt *p, struct outer *out);

/* Parses the outer headers of a burst and finds the SAs, which are being loaded afterwards. Sets sa and verdict of each packet. */
void outer_lookup(const struct sad *sad, struct pkt **pkts, struct outer *outers, size_t n);

/* Is it for the SA with this key? */
static inline bool
outer_has_key(const struct outer *o, const struct sad_key *key)
{
	struct ip_words dst = ip_words(o->dst, o->family);
	return key->spi == o->spi && key->proto == o->proto && key->family == o->family &&
	       key->dst[0] == dst.w[0] && key->dst[1] == dst.w[1];
}

#endif
