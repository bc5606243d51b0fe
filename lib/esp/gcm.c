/* SPDX-License-Identifier: BSD-2-Clause
 *
 * gcm.c - expanded keys of AES-GCM that workers keep for a while.
 *
 * A cache has sets of GCM_WAYS places. Every SA has a number of its own, never given twice in a process, which says its
 * set and tells whose key a place holds; so neither a new SA at an old one's address nor a wrong guess can meet
 * another's key. Numbers count up, hence SAs made one after the other lie in different sets. The worker writes
 * its own cache without locks, but the thread that frees an SA must wipe it: both take a place by changing its
 * number to BUSY first, and who fails leaves it alone. An SA that is being freed is used by nobody, so a place that its
 * worker reads is never taken away.
 */
#include "lib/esp/gcm.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
	ID_NONE = 0, /* the place is free */
	ID_BUSY = 1, /* somebody writes it */
	ID_FIRST = 2,
};

enum {
	SETS_LEN = GCM_SETS * sizeof(struct gcm_set), /* whole pages */
	PLACES_LEN = GCM_KEYS * sizeof(struct gcm_place),
	ALL_LEN = SETS_LEN + PLACES_LEN,
};

static _Atomic uint64_t next_id = ID_FIRST;

/* All caches, for gcm_forget(). */
static pthread_mutex_t all_lock = PTHREAD_MUTEX_INITIALIZER;
static struct gcm_cache *all;

struct gcm_cache *
gcm_cache_new(IMB_MGR *mgr)
{
	struct gcm_cache *c = calloc(1, sizeof(*c));
	if (c == NULL)
		return NULL;
	uint8_t *memory = mmap(NULL, ALL_LEN, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED) {
		free(c);
		return NULL;
	}
	(void)madvise(memory, ALL_LEN, MADV_NOHUGEPAGE); /* one would make all of it resident */
	(void)madvise(memory, ALL_LEN, MADV_DONTDUMP);
	c->sets = (struct gcm_set *)(void *)memory;
	c->places = (struct gcm_place *)(void *)(memory + SETS_LEN);
	c->mgr = mgr;
	pthread_mutex_lock(&all_lock);
	c->next = all;
	all = c;
	pthread_mutex_unlock(&all_lock);
	return c;
}

/* Neighbouring sets lie side by side, so that few SAs need few pages. */
static struct gcm_place *
place_at(const struct gcm_cache *c, unsigned set, unsigned way)
{
	return &c->places[way * GCM_SETS + set];
}

/* Wipes a place if it still belongs to ID. */
static void
place_wipe(struct gcm_cache *c, unsigned set, unsigned way, uint64_t id)
{
	_Atomic uint64_t *at = &c->sets[set].ids[way];
	if (!atomic_compare_exchange_strong_explicit(
		at, &id, ID_BUSY, memory_order_acquire, memory_order_relaxed))
		return;
	explicit_bzero(place_at(c, set, way), sizeof(struct gcm_place));
	atomic_store_explicit(at, ID_NONE, memory_order_release);
}

static uint64_t
id_get(const struct gcm_cache *c, unsigned set, unsigned way)
{
	return atomic_load_explicit(&c->sets[set].ids[way], memory_order_relaxed);
}

void
gcm_cache_free(struct gcm_cache *c)
{
	if (c == NULL)
		return;
	pthread_mutex_lock(&all_lock);
	struct gcm_cache **at = &all;
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	pthread_mutex_unlock(&all_lock);
	for (unsigned set = 0; set < GCM_SETS; set++)
		for (unsigned way = 0; way < GCM_WAYS; way++)
			if (id_get(c, set, way) != ID_NONE)
				place_wipe(c, set, way, id_get(c, set, way));
	(void)munmap(c->sets, ALL_LEN);
	free(c);
}

void
gcm_set_key(struct sa *sa, const uint8_t *key)
{
	sa->gcm_id = atomic_fetch_add_explicit(&next_id, 1, memory_order_relaxed);
	memcpy(sa->gcm_key, key, sa->key_len);
}

void
gcm_forget(const struct sa *sa)
{
	unsigned set = (unsigned)(sa->gcm_id % GCM_SETS);
	pthread_mutex_lock(&all_lock);
	for (struct gcm_cache *c = all; c != NULL; c = c->next)
		for (unsigned way = 0; way < GCM_WAYS; way++)
			if (id_get(c, set, way) == sa->gcm_id)
				place_wipe(c, set, way, sa->gcm_id);
	pthread_mutex_unlock(&all_lock);
}

/* A short key does not reach all that a longer one, whose place this was, has left. */
static void
key_expand(IMB_MGR *mgr, const struct sa *sa, struct gcm_key_data *out)
{
	explicit_bzero(out->expanded_keys, sizeof(out->expanded_keys));
	if (sa->key_len == IMB_KEY_128_BYTES)
		IMB_AES128_GCM_PRE(mgr, sa->gcm_key, out);
	else if (sa->key_len == IMB_KEY_192_BYTES)
		IMB_AES192_GCM_PRE(mgr, sa->gcm_key, out);
	else
		IMB_AES256_GCM_PRE(mgr, sa->gcm_key, out);
}

/* Takes a place of the set: a free one, or of the ways in turn. Another thread holds at most one at a time, and not for
 * long. */
static unsigned
place_take(struct gcm_cache *c, unsigned set)
{
	unsigned way = 0;
	while (way < GCM_WAYS && id_get(c, set, way) != ID_NONE)
		way++;
	for (;; way++) {
		way = way < GCM_WAYS ? way : c->victim++ % GCM_WAYS;
		uint64_t id = id_get(c, set, way);
		if (id != ID_BUSY && atomic_compare_exchange_strong_explicit(&c->sets[set].ids[way],
					 &id, ID_BUSY, memory_order_acquire, memory_order_relaxed))
			return way;
	}
}

const struct gcm_key_data *
gcm_find(struct gcm_cache *c, const struct sa *sa)
{
	unsigned set = (unsigned)(sa->gcm_id % GCM_SETS);
	unsigned way = 0;
	assert(sa->gcm_id >= ID_FIRST);
	while (way < GCM_WAYS && id_get(c, set, way) != sa->gcm_id)
		way++;
	if (way == GCM_WAYS) {
		way = place_take(c, set);
		key_expand(c->mgr, sa, &place_at(c, set, way)->key);
		atomic_store_explicit(&c->sets[set].ids[way], sa->gcm_id, memory_order_release);
	}
	c->last_id = sa->gcm_id;
	c->last = &place_at(c, set, way)->key;
	return c->last;
}

void
gcm_prefetch(const struct gcm_cache *c, const struct sa *sa)
{
	unsigned set = (unsigned)(sa->gcm_id % GCM_SETS);
	for (unsigned way = 0; way < GCM_WAYS; way++) {
		if (id_get(c, set, way) != sa->gcm_id)
			continue;
		const char *at = (const char *)place_at(c, set, way);
		for (unsigned i = 0; i < sizeof(struct gcm_key_data); i += 64)
			__builtin_prefetch(at + i);
	}
}
