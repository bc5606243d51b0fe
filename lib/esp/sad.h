/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sad.h - finds inbound SAs by (SPI, protocol, destination address).
 *
 * A flat hash table with open addressing: a hit costs one slot of eight octets and the first line of the SA, however
 * many SAs there are. A bundle is entered under its AH SPI alone: ESP with its auxiliary SPI
 * arriving bare finds nothing. The table borrows the SAs. One writer; sad_add() and sad_retire() may run while other
 * threads look things up, who find an SA from then on or no more; everything else that changes the table may not.
 * RFC 4301 s4.1.
 */
#ifndef SAD_H
#define SAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sa;
struct sad;

/* What is looked up; each inbound SA holds its own. */
struct sad_key {
	uint64_t dst[2];   /* the address as two words; any destination: zero */
	uint32_t spi;      /* host order */
	uint8_t proto;     /* 50 or 51 */
	uint8_t family;    /* of the destination; 0 = any */
	bool is_elsewhere; /* false but inside the table */
	uint64_t hash;
};

/* Do A and B look for the same? */
static inline bool
sad_key_eq(const struct sad_key *a, const struct sad_key *b)
{
	return a->spi == b->spi && a->proto == b->proto && a->family == b->family &&
	       a->dst[0] == b->dst[0] && a->dst[1] == b->dst[1];
}

/* Makes a table for up to N SAs (it does not grow). NULL when out of memory. */
struct sad *sad_new(size_t n);
/* Frees the table, not the SAs. NULL is fine. */
void sad_free(struct sad *t);

enum { SAD_STRAYS = 0, SAD_UNCLEAR = 1 }; /* none of an SA (RFC 4303 s2.1) */

enum sad_result {
	SAD_OK,
	SAD_FULL,
	SAD_DUPLICATE, /* an SA with the same SPI, protocol and destination is there */
	SAD_OUTBOUND,  /* only inbound SAs belong here */
};

__attribute__((warn_unused_result)) enum sad_result sad_add(struct sad *t, struct sa *sa);
/* Notes that the SA of this key is somebody else's: sad_find() does not find it, sad_is_elsewhere() does. With SPI
 * SAD_STRAYS and protocol 0: packets to this destination that have no SA anywhere are somebody else's business. With
 * SAD_UNCLEAR and protocol 0: what has no SA here may have one elsewhere that this table has not heard of. */
__attribute__((warn_unused_result)) enum sad_result sad_add_elsewhere(
    struct sad *t, const struct sad_key *key);
/* Takes SA out; does nothing if it is not there. */
void sad_del(struct sad *t, const struct sa *sa);
/* The same while others read. The place stays lost to other keys until the table is built anew: sad_add() may say
 * SAD_FULL sooner. SA itself can be freed when no reader is left that began before. */
void sad_retire(struct sad *t, const struct sa *sa);
size_t sad_size(const struct sad *t);

/* Fills a key; DST points to 4 or 16 octets, or is unused for family 0. */
void sad_key_init(
    struct sad_key *key, uint32_t spi, uint8_t proto, uint8_t family, const uint8_t *dst);

/* Finds the SA. One for exactly this destination is preferred to one for any. NULL if there is
 * none. */
struct sa *sad_find(const struct sad *t, const struct sad_key *key);

/* True if sad_add_elsewhere() was told of an SA that a packet with this key belongs to. */
bool sad_is_elsewhere(const struct sad *t, const struct sad_key *key);

/* Does sad_find() for a burst of up to ESP_BURST_MAX keys; the memory that they need is loaded for all at once. A key of
 * zeroes finds nothing. */
void sad_find_burst(const struct sad *t, const struct sad_key *keys, struct sa **out, size_t n);

#endif
