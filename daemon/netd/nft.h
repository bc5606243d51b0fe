/* SPDX-License-Identifier: BSD-2-Clause
 *
 * nft.h - our nftables tables in the kernel: replace, read counters, remove.
 */
#ifndef NFT_H
#define NFT_H

#include "daemon/netd/nfttext.h"
#include "lib/base/smap.h"

#include <stddef.h>
#include <stdint.h>

struct nft_ctx;

struct nft {
	struct nft_ctx *ctx;
	struct nft_names *loaded; /* NULL: no tables of ours */
};

/* Opens the library; before the sandbox, because it reads name tables from /etc. Returns 0 or -errno. */
int nft_open(struct nft *n);
void nft_close(struct nft *n);

/* Reads the memo of a table that a killed netd left into OUT; "" if there is none. */
void nft_memo(struct nft *n, char *out, size_t len);

/* Puts the filters of S in the place of those loaded, in one transaction. Returns 0, or -EINVAL and the
 * library's words in OUT_WHY (owned by N until the next call); then nothing has changed. */
int nft_apply(struct nft *n, const struct nft_source *s, const char **out_why);

/* Keeps the kernel's own multicast reports off the units of S, before they come up. Part of nft_apply() too. */
void nft_quiet(struct nft *n, const struct nft_source *s);

/* Forwards nothing until the next nft_apply() or nft_remove(). */
void nft_shut(struct nft *n, const char *memo);

/* Removes our tables, also those of a killed netd. */
void nft_remove(struct nft *n);

/* Reads all named counters into OUT (name to struct nft_count, in A). The caller ends OUT with smap_done(). */
void nft_counters(struct nft *n, struct arena *a, struct smap *out);

#endif
