/* SPDX-License-Identifier: BSD-2-Clause
 *
 * iv.c - the generator of IVs.
 *
 * See iv.h for the construction (fast key erasure). Called by out.c for every packet that
 * is encrypted, on the worker's thread.
 */
#include "lib/esp/iv.h"

#include "lib/esp/engine.h"

void
iv_refill(struct iv_gen *g, struct engines *e)
{
	if (g->pages++ % IV_RESEED_PAGES == 0) {
		uint8_t seed[IV_KEY_LEN];
		g->rand(g->rand_arg, seed, sizeof(seed));
		for (size_t i = 0; i < sizeof(seed); i++)
			g->key[i] ^= seed[i];
		explicit_bzero(seed, sizeof(seed));
	}
	struct engine *one = &e->of[e->common];
	one->ops->stream(one, g->key, g->page, sizeof(g->page));
	memcpy(g->key, g->page, sizeof(g->key));
	explicit_bzero(g->page, sizeof(g->key));
	g->at = sizeof(g->key);
}

void
iv_init(struct iv_gen *g, struct engines *e, void (*rand)(void *, void *, size_t), void *arg)
{
	*g = (struct iv_gen){ .rand = rand, .rand_arg = arg };
	iv_refill(g, e);
}

void
iv_done(struct iv_gen *g)
{
	explicit_bzero(g, sizeof(*g));
}
