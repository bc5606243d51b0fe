/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ip.h - IPv4 and IPv6 headers inside lib/esp: reading, checksum, changing single fields.
 *
 * Private to lib/esp. Pure functions on bytes whose bounds were checked by ip_read() or
 * ip6_walk(). RFC 791, RFC 1071, RFC 1624, RFC 8200.
 */
#ifndef IP_H
#define IP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/addr.h"
#include "lib/esp/drop.h"

enum {
	IP4_LEN = 20,
	IP4_LEN_MAX = 60,
	IP6_LEN = 40,
	IP6_FRAG_LEN = 8,
	UDP_LEN = 8,
	IP_TOTAL_MAX = 65535,   /* IPv4 packet; IPv6 payload */
	IP_HDRS_MAX = 256 + 40, /* longest chain of headers that we walk */

	PROTO_HOPOPTS = 0,
	PROTO_ICMP = 1,
	PROTO_IPIP = 4,
	PROTO_TCP = 6,
	PROTO_UDP = 17,
	PROTO_DCCP = 33,
	PROTO_IPV6 = 41,
	PROTO_ROUTING = 43,
	PROTO_FRAGMENT = 44,
	PROTO_ESP = 50,
	PROTO_AH = 51,
	PROTO_ICMP6 = 58,
	PROTO_NONE = 59,
	PROTO_DSTOPTS = 60,
	PROTO_SCTP = 132,
	PROTO_UDPLITE = 136,

	IP4_DF = 0x4000,
	IP4_MF = 0x2000,
	IP4_OFF_MASK = 0x1fff,

	/* offsets of fields */
	IP4_TOS = 1,
	IP4_TOTAL = 2,
	IP4_ID = 4,
	IP4_FRAG = 6,
	IP4_TTL = 8,
	IP4_PROTO = 9,
	IP4_SUM = 10,
	IP4_SRC = 12,
	IP4_DST = 16,
	IP6_PAYLOAD = 4,
	IP6_NEXT = 6,
	IP6_HOPS = 7,
	IP6_SRC = 8,
	IP6_DST = 24,
	UDP_DPORT = 2,
	UDP_LENGTH = 4,
	UDP_SUM = 6,
};

static inline uint16_t
get16(const uint8_t *p)
{
	uint16_t v;
	memcpy(&v, p, sizeof(v));
	return __builtin_bswap16(v);
}

static inline uint32_t
get32(const uint8_t *p)
{
	uint32_t v;
	memcpy(&v, p, sizeof(v));
	return __builtin_bswap32(v);
}

static inline void
put16(uint8_t *p, uint32_t v)
{
	uint16_t be = __builtin_bswap16((uint16_t)v);
	memcpy(p, &be, sizeof(be));
}

static inline void
put32(uint8_t *p, uint32_t v)
{
	uint32_t be = __builtin_bswap32(v);
	memcpy(p, &be, sizeof(be));
}

/* An address as two words, for hashing and comparing; IPv4: the first holds its 4 octets. */
struct ip_words {
	uint64_t w[2];
};

static inline struct ip_words
ip_words(const uint8_t *addr, uint8_t family)
{
	struct ip_words a = { { 0, 0 } };
	if (family == ADDR_V4)
		memcpy(a.w, addr, 4);
	else
		memcpy(a.w, addr, 16);
	return a;
}

static inline bool
ip_words_eq(struct ip_words a, struct ip_words b)
{
	return ((a.w[0] ^ b.w[0]) | (a.w[1] ^ b.w[1])) == 0;
}

/* Copies LEN octets of headers; the usual lengths without a call (a copy of variable length costs
 * more than the rest of the header's work). */
static inline void
ip_hdr_copy(uint8_t *to, const uint8_t *from, size_t len)
{
	if (len == IP4_LEN)
		memcpy(to, from, IP4_LEN);
	else if (len == IP6_LEN)
		memcpy(to, from, IP6_LEN);
	else
		memcpy(to, from, len);
}

/* The fixed header of a packet. */
struct ip_hdr {
	uint8_t family;
	uint8_t tos;
	uint8_t ttl;
	uint8_t proto;      /* IPv4 protocol; IPv6: of the first next header */
	bool df;            /* IPv4 */
	bool is_fragment;   /* IPv4 */
	uint16_t frag;      /* IPv4: flags and offset as on the wire, host order */
	uint32_t hdr_len;   /* IPv4: with options; IPv6: 40 */
	uint32_t total_len; /* never more than the octets given */
};

/* ip_read() for every header. */
enum drop ip_read_any(const uint8_t *data, size_t len, struct ip_hdr *out);

/* Reads and checks the fixed header, IPv4 checksum included. OUT is undefined on failure. Every packet passes here, up to
 * three times: the IPv4 header without options is read by three loads, without a call. */
static inline enum drop
ip_read(const uint8_t *data, size_t len, struct ip_hdr *out)
{
	uint64_t a;
	uint64_t b;
	uint32_t c;
	if (len < IP4_LEN || data[0] != 0x45) {
		struct ip_hdr any; /* its own, so that OUT can stay in registers */
		enum drop verdict = ip_read_any(data, len, &any);
		*out = any;
		return verdict;
	}
	memcpy(&a, data, sizeof(a));
	memcpy(&b, data + 8, sizeof(b));
	memcpy(&c, data + 16, sizeof(c));
	uint32_t total_len = __builtin_bswap16((uint16_t)(a >> 16));
	uint16_t frag = __builtin_bswap16((uint16_t)(a >> 48));
	if (total_len < IP4_LEN || total_len > len)
		return DROP_INNER_HEADER;
	/* the one's complement sum of all 16-bit words is zero: they add up to a multiple of 65535 */
	if (((a & UINT32_MAX) + (a >> 32) + (b & UINT32_MAX) + (b >> 32) + c) % 0xffff != 0)
		return DROP_INNER_CHECKSUM;
	*out = (struct ip_hdr){
		.family = ADDR_V4,
		.tos = (uint8_t)(a >> 8),
		.ttl = (uint8_t)b,
		.proto = (uint8_t)(b >> 8),
		.df = (frag & IP4_DF) != 0,
		.is_fragment = (frag & (IP4_MF | IP4_OFF_MASK)) != 0,
		.frag = frag,
		.hdr_len = IP4_LEN,
		.total_len = total_len,
	};
	return DROP_NONE;
}

/* A chain of IPv6 extension headers. Offsets are from the IPv6 header. */
struct ip6_chain {
	uint8_t proto;    /* what the chain ends in */
	uint32_t off;     /* where that starts; at most total_len */
	uint32_t nh_at;   /* the octet that names it */
	uint32_t frag_at; /* fragment header, 0 = none; the walk goes on behind that of offset 0 */
	uint32_t frag_nh_at; /* the octet that names the fragment header */
	uint32_t
	    ipsec_off; /* where a transport mode header goes: behind hop-by-hop, routing and the
			     * destination options ahead of a routing header (or without one) */
	uint32_t ipsec_nh_at;
	bool has_ext;          /* any but a fragment header */
	bool is_source_routed; /* a routing header with segments left */
};

/* Walks the chain of the packet of TOTAL_LEN octets at DATA, whose fixed header was read. Returns
 * DROP_INNER_HEADER for a cut or misplaced header, DROP_OPTION for a chain that is too long. */
enum drop ip6_walk(const uint8_t *data, uint32_t total_len, struct ip6_chain *out);

/* The Internet checksum of N octets, ready to be stored with put16(). */
uint16_t ip_sum(const uint8_t *p, size_t n);
/* One's complement sum (not folded, not inverted) of N octets added to ACC. */
uint64_t ip_sum_add(uint64_t acc, const uint8_t *p, size_t n);
uint16_t ip_sum_fold(uint64_t acc);

/* Computes and stores the checksum of an IPv4 header. */
void ip4_sum_set(uint8_t *hdr, size_t hdr_len);

/* Changes TOS or traffic class, keeping an IPv4 checksum right (RFC 1624). */
void ip_tos_set(uint8_t *hdr, uint8_t family, uint8_t tos);
/* Changes flags and fragment offset of an IPv4 header, keeping the checksum right. */
void ip4_frag_set(uint8_t *hdr, uint16_t frag);

struct addr ip_src(const uint8_t *hdr, uint8_t family);
struct addr ip_dst(const uint8_t *hdr, uint8_t family);

#endif
