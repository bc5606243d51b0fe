/* SPDX-License-Identifier: BSD-2-Clause
 *
 * nfttext_priv.h - what the files that write nftables text share: nfttext.c (packet filters) and nftcapture.c.
 */
#ifndef NFTTEXT_PRIV_H
#define NFTTEXT_PRIV_H

#include "daemon/netd/nfttext.h"
#include "lib/base/smap.h"

#include <stddef.h>
#include <stdint.h>

struct conf_filter;
struct conf_filter_term;
struct conf_service_set;
struct conf_unit;
struct text;

/* One text being written. */
struct builder {
	const struct nft_source *s;
	struct nft_names *now;
	struct text *out;
	struct smap chains; /* filters compiled so far: chain names */
};

/* --- nfttext.c --- */

/* Adds a chain of a table family ("inet", "netdev"); HOOK is " { type ... }" or "". */
void nfttext_chain(struct builder *b, const char *family, const char *name, const char *hook);
/* Begins a rule; the caller ends the line. */
void nfttext_rule(struct builder *b, const char *family, const char *chain);
/* Adds the counter of `then count COUNTER` if it is not there yet; returns its name. */
const char *nfttext_count(struct builder *b, const struct conf_filter *f, const char *counter);

/* Which packets of a term one rule is for. Only the start of a packet has ports and SPIs. */
enum part {
	PART_WHOLE, /* of a term without SPIs */
	PART_ESP,
	PART_AH,
	PART_LATER, /* fragments after the first, of a term with ports or SPIs */
};

/* The rules that M needs, into OUT; returns how many. A term that protects takes the fragments after the first whatever
 * their ports may have been, or they would leave in clear; in other terms they match no port, as on a router. */
size_t nfttext_parts(const struct conf_filter_term *m, enum part out[2]);
/* Writes what a packet of that part must be to match the term. */
void nfttext_matches(
    struct text *t, const struct conf_filter *f, const struct conf_filter_term *m, enum part part);
void nfttext_log(struct text *t, const struct conf_filter *f, const struct conf_filter_term *m);

/* --- nftcapture.c --- */

/* The mark of what comes out of S. Sets that share a unit share it: nothing else tells their packets apart. */
uint32_t nftcapture_mark(struct builder *b, const struct conf_service_set *s);
/* Writes the captures of a unit that service sets are applied to. */
void nftcapture_put(struct builder *b, const struct conf_unit *u);

#endif
