/* SPDX-License-Identifier: BSD-2-Clause
 *
 * nfttext.h - the packet filters and captures of a configuration as nftables text.
 *
 * Pure: configuration in, text and names out. nft.c gives the text to the kernel. Two tables called "sallyport":
 *
 * family inet    one chain for each firewall filter and direction that is used; base chains that jump to them:
 *   in           prerouting: input filters by input device; marks what comes out of a service set
 *   local        input: the filter on lo0 for what is addressed to this host
 *   host         output, type route: `then ipsec-sa` of output filters, and lo0's output filter
 *   out          forward: output filters by output device
 *   host-out     output: the same for what the host sends
 *   gap-in       prerouting, and gap-out in postrouting: a device that shall be captured and is not yet passes nothing
 *   shut         forward: drops all while a configuration is not in force yet, or its routes and devices are gone;
 *                shut-host in output: the same for what `then ipsec-sa` has marked
 *   quiet        output: what the kernel says of itself on every IPv6 link is kept off the units
 *   One named counter for each `count`, c.FILTER.COUNTER: it survives every commit that keeps it.
 * family netdev  ingress and egress of each media device with `family inet service`: captures to the set's devices; the
 *   counters of service filters, which survive as well. What replaces the chains counts on in the same objects, so that
 *   no packet is forgotten.
 */
#ifndef NFTTEXT_H
#define NFTTEXT_H

#include "lib/base/smap.h"
#include "lib/base/text.h"

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct conf;
struct conf_filter;
struct numbers;

struct nft_counter {
	const char *family; /* "inet", or "netdev" for service filters */
	const char *name;
};

/* Objects of one loaded text that the next one has to know about. */
struct nft_names {
	struct arena *arena;
	struct text chains;   /* `delete chain ...` lines */
	struct smap netdev;   /* chains of the netdev table: name -> struct nft_hook */
	struct smap counters; /* names */
	struct nft_counter *counter_list;
	size_t n_counters;
	size_t cap;
};

struct nft_hook {
	unsigned
	    ifindex; /* of the device that the chain was hooked to; 0: a chain without a hook */
};

struct nft_count {
	uint64_t packets;
	uint64_t bytes;
};

struct nft_source {
	const struct conf *c;
	const char *const *netdev_chains; /* names of those that the kernel has now */
	size_t n_netdev_chains;
	struct numbers *sas;
	struct numbers *sets;
	const char *memo; /* becomes the comment of the table, when the table is made */
	/* 0: there is no such device now. A capture cannot be hooked to one that is not. */
	unsigned (*ifindex)(const char *device, void *arg);
	void *arg;
};

struct nft_names *nft_names_new(void);
void nft_names_free(struct nft_names *n);

/* Writes one transaction that replaces what OLD describes; fills NOW. OLD may be NULL: whatever is there. */
void nfttext_build(const struct nft_source *s, const struct nft_names *old, struct nft_names *now,
    struct text *out);

/* Writes a transaction that adds the chain "quiet" for the units of S and changes nothing else. */
void nfttext_quiet(const struct nft_source *s, struct text *out);

/* Writes a transaction that lets nothing through the host until the next nfttext_build(); it leaves all else alone. */
void nfttext_shut(const char *memo, struct text *out);

/* Name of the kernel's counter; in A. */
const char *nfttext_counter(struct arena *a, const struct conf_filter *f, const char *counter);

#endif
