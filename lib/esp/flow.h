/* SPDX-License-Identifier: BSD-2-Clause
 *
 * flow.h - what rules need to know about an IP packet: addresses, protocol, ports, fragment, sizes.
 *
 * Reads only headers that lie inside the packet and fails closed: what cannot be read is refused,
 * never guessed. Pure functions; any thread. RFC 791, RFC 8200.
 */
#ifndef FLOW_H
#define FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/addr.h"
#include "lib/esp/drop.h"

struct pkt;

struct flow {
	uint8_t family; /* 4 or 6 */
	uint8_t proto; /* upper protocol, behind all extension headers; of a later fragment: the one
			 * that its fragment header names */
	uint8_t tos;   /* TOS or traffic class octet */
	uint8_t ttl;   /* TTL or hop limit */
	bool df;       /* IPv4 DF; IPv6: true */
	bool is_fragment; /* any piece of a fragmented datagram */
	bool is_first;    /* not a fragment, or the one with offset 0 */
	bool has_ports; /* TCP, UDP, SCTP, DCCP, UDP-Lite, and is_first: sport and dport are read */
	bool has_options; /* IPv4 options, or IPv6 extension headers other than a fragment header */
	uint16_t sport;   /* host order; ICMP: 0 */
	uint16_t dport;
	uint32_t hdr_len;   /* octets up to the upper protocol header, extension headers included */
	uint32_t total_len; /* octets of the whole packet by its header; at most the octets given */
	uint32_t frag_off;  /* octets */
	uint32_t ip6_frag_at; /* IPv6: where the fragment header starts, 0 if there is none */
	struct addr src;
	struct addr dst;
};

/* Reads the packet DATA of LEN octets; octets behind total_len are allowed (padding of a link
 * layer). Returns DROP_NONE, DROP_INNER_HEADER, DROP_INNER_CHECKSUM or DROP_OPTION (a chain of
 * extension headers that does not end within 8 headers or 256 octets). OUT is untouched on
 * failure. */
__attribute__((warn_unused_result)) enum drop flow_parse(
    const uint8_t *data, size_t len, struct flow *out);

/* Lowers TTL or hop limit by one as a router does, IPv4 checksum included. Returns DROP_TTL, with
 * the packet unchanged, if it was 1 or 0. The packet must have passed flow_parse(). */
__attribute__((warn_unused_result)) enum drop flow_ttl_lower(struct pkt *p);

#endif
