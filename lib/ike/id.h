/* SPDX-License-Identifier: BSD-2-Clause
 *
 * id.h - identities: who a peer says it is (phase 1) and which networks a tunnel is for (phase 2).
 *
 * An identity is a type and octets, compared by type and exact length; only the letters of names are compared without
 * case. It borrows its octets. Text is that of JUNOS (`ipv4_subnet(any:0,[0..7]=10.1.0.0/16)`).
 * Pure; any thread. RFC 2407 s4.6.2.
 */
#ifndef ID_H
#define ID_H

#include "lib/base/addr.h"
#include "lib/ike/v1_msg.h"

struct text;

enum id_type {
	ID_IPV4 = 1,
	ID_FQDN = 2,
	ID_USER_FQDN = 3,
	ID_IPV4_SUBNET = 4,
	ID_IPV6 = 5,
	ID_IPV6_SUBNET = 6,
	ID_IPV4_RANGE = 7,
	ID_IPV6_RANGE = 8,
	ID_DN = 9,
	ID_GN = 10,
	ID_KEY = 11,
};

enum {
	ID_ADDR_MAX = 32, /* octets of two IPv6 addresses */
	ID_NAME_MAX = 1024,
	ID_BODY_MAX = 4096, /* octets of any: of a distinguished name */
};

struct id {
	enum id_type type;
	uint8_t proto; /* IP protocol; 0: any */
	uint16_t port; /* 0: any */
	const uint8_t *p;
	size_t n;
};

/* Reads the body of an ID payload. Refuses PAYLOAD_FORM: a type that is not known, a length or mask that the type cannot
 * have, a name with a NUL in it. */
__attribute__((warn_unused_result)) enum ike_reason id_parse(
    const struct v1_payload *p, struct id *out);

/* Writes an ID payload. */
void id_build(struct v1_out *o, const struct id *id);

/* Make an identity of an address or a network; BUF keeps its octets. A network of one address is an address. */
struct id id_of_addr(struct addr a, uint8_t buf[ID_ADDR_MAX]);
struct id id_of_prefix(struct prefix p, uint8_t buf[ID_ADDR_MAX]);

/* Makes one of the other types of text or octets, borrowed. */
struct id id_of_bytes(enum id_type type, const void *p, size_t n);

/* Type, octets, protocol and port are the same. */
bool id_eq(const struct id *a, const struct id *b);

/* Type and octets are the same; in phase 1 protocol and port say nothing about who it is. */
bool id_is_same_peer(const struct id *a, const struct id *b);

enum ike_match {
	IKE_MATCH_SAME, /* the same identity; an address that lies in a subnet of ours */
	IKE_MATCH_CONTAINER, /* a distinguished name that has these parts in this order, and maybe others */
	IKE_MATCH_WILDCARD, /* a distinguished name that has these parts in any order, and maybe others */
};

/* Does the identity that a peer has fit one that is allowed? */
bool id_fits(const struct id *peer, const struct id *allowed, enum ike_match match);

/* May this protocol and port stand in an identity of phase 1? Nothing, or UDP and a port of IKE. */
bool id_has_ike_port(const struct id *id);

/* Gives the network of an address, a subnet, or a range that is one. False for everything else. */
__attribute__((warn_unused_result)) bool id_prefix(const struct id *id, struct prefix *out);

void id_print(const struct id *id, struct text *out);

#endif
