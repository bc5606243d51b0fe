/* SPDX-License-Identifier: BSD-2-Clause
 *
 * gcm.h - the expanded keys of AES-GCM: a cache of each worker, not a part of every SA.
 *
 * libipsec-mb wants 1,008 octets a key, nearly all of them powers of the hash key. An SA keeps the key alone, and the worker
 * that uses it expands it once more when it has forgotten it: 143 ns on Sapphire Rapids, while reading a kilobyte that is
 * no longer in the second level cache costs 60 to 120. So 10,000 tunnels take a fifth of the memory, and
 * up to GCM_KEYS SAs that are in use at a time are as fast as if each had its own. Private to lib/esp; a cache belongs to its
 * worker's thread, but for gcm_forget(). RFC 4106; NIST SP 800-38D s6.3.
 */
#ifndef GCM_H
#define GCM_H

#include <stdatomic.h>
#include <stdint.h>

#include <intel-ipsec-mb.h>

#include "lib/esp/sa_priv.h"

enum {
	GCM_WAYS = 4,
	GCM_SETS = 512,
	GCM_KEYS = GCM_SETS * GCM_WAYS,
};

/* Room for one. */
struct gcm_place {
	_Alignas(64) struct gcm_key_data key;
};

struct gcm_set {
	_Atomic uint64_t ids[GCM_WAYS]; /* whose keys are in its places; see gcm.c */
};

struct gcm_cache {
	uint64_t
	    last_id; /* whose key was asked for last, and where it is; never that of an SA that is gone */
	const struct gcm_key_data *last;
	struct gcm_set *sets;
	struct gcm_place *places; /* GCM_WAYS for each set */
	IMB_MGR *mgr;             /* borrowed */
	unsigned victim;          /* the way that goes next */
	struct gcm_cache *next;   /* of the process */
};

/* Makes an empty cache of keys as MGR, which must outlive it, expands them; nothing is in memory until it is used. */
struct gcm_cache *gcm_cache_new(IMB_MGR *mgr);
/* Wipes and frees. NULL is fine. */
void gcm_cache_free(struct gcm_cache *c);

/* Gives SA, which is of an engine of libipsec-mb, its KEY. Any thread. */
void gcm_set_key(struct sa *sa, const uint8_t *key);

/* Wipes what any cache of the process has of SA, which no worker uses any more. Any thread. */
void gcm_forget(const struct sa *sa);

/* gcm_keys() of an SA that is not the last one's. */
const struct gcm_key_data *gcm_find(struct gcm_cache *c, const struct sa *sa);

/* The expanded key of SA. What is returned may be overwritten by the next call. */
static inline const struct gcm_key_data *
gcm_keys(struct gcm_cache *c, const struct sa *sa)
{
	return c->last_id == sa->gcm_id ? c->last : gcm_find(c, sa);
}

/* Starts loading the expanded key of SA, if it is there. */
void gcm_prefetch(const struct gcm_cache *c, const struct sa *sa);

#endif
