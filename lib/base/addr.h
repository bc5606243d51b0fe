/* SPDX-License-Identifier: BSD-2-Clause
 *
 * addr.h - IPv4 and IPv6 addresses and prefixes as plain values.
 *
 * Values are copied, never allocated; every function is pure and may be called from any thread.
 * Text forms are those of inet_pton(3) and inet_ntop(3).
 */
#ifndef ADDR_H
#define ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
	ADDR_NONE = 0,
	ADDR_V4 = 4,
	ADDR_V6 = 6,
	ADDR_STRLEN = 48,   /* longest text of an address, with its NUL */
	PREFIX_STRLEN = 52, /* longest text of a prefix, with its NUL */
};

struct addr {
	uint8_t family; /* ADDR_NONE, ADDR_V4 or ADDR_V6 */
	uint8_t b[16];  /* network order; an IPv4 address uses the first 4, the rest is zero */
};

struct prefix {
	struct addr addr; /* host bits are kept as written */
	uint8_t len;      /* 0..32 or 0..128 */
};

/* Reads "192.0.2.1" or "2001:db8::1". Returns false and leaves OUT alone for anything else. */
__attribute__((warn_unused_result)) bool addr_parse(const char *text, struct addr *out);

/* Reads "10.0.0.0/8"; a missing length means a host prefix (/32 or /128). */
__attribute__((warn_unused_result)) bool prefix_parse(const char *text, struct prefix *out);

/* Writes the text form with its NUL and returns BUF. ADDR_NONE prints as "". */
const char *addr_print(struct addr a, char buf[ADDR_STRLEN]);
const char *prefix_print(struct prefix p, char buf[PREFIX_STRLEN]);

/* Builds an address from wire bytes (4 or 16, network order). Here, with addr_eq(), since every packet has some. */
static inline struct addr
addr_v4(const uint8_t b[4])
{
	struct addr a = { .family = ADDR_V4 };
	memcpy(a.b, b, 4);
	return a;
}

static inline struct addr
addr_v6(const uint8_t b[16])
{
	struct addr a = { .family = ADDR_V6 };
	memcpy(a.b, b, 16);
	return a;
}

/* Returns the length of the address in octets: 0, 4 or 16. */
size_t addr_len(struct addr a);

static inline bool
addr_eq(struct addr a, struct addr b)
{
	return a.family == b.family && memcmp(a.b, b.b, sizeof(a.b)) == 0;
}

bool addr_is_any(struct addr a);       /* all zero, or ADDR_NONE */
bool addr_is_multicast(struct addr a); /* 224/4 or ff00::/8 */

/* True if A lies in P. Families differ: false. */
bool prefix_has(struct prefix p, struct addr a);

/* The same prefix with its host bits cleared. */
struct prefix prefix_network(struct prefix p);

/* True if family, length and network bits are the same. */
bool prefix_eq(struct prefix a, struct prefix b);

#endif
