/* SPDX-License-Identifier: BSD-2-Clause
 *
 * burst.c - hands the items of a burst to the engines of their SAs.
 *
 * Nearly always that is one engine for all of them. Called by out.c and in.c.
 */
#include "lib/esp/burst.h"

#include "lib/esp/engine.h"

enum {
	KEYS_AHEAD = 2, /* items between loading a key and using it */
};

void
burst_run(struct engines *e, struct burst *b)
{
	struct burst_item *items[ENGINE_MAX][ESP_BURST_MAX];
	unsigned n[ENGINE_MAX] = { 0 };
	for (unsigned i = 0; i < b->n; i++) {
		struct burst_item *it = &b->items[i];
		enum engine_id id = it->sa->engine;
		if (i + KEYS_AHEAD < b->n && b->items[i + KEYS_AHEAD].sa != it->sa)
			engine_prefetch(e, b->items[i + KEYS_AHEAD].sa);
		if (it->sa->is_aead)
			burst_aead(e, it);
		else
			items[id][n[id]++] = it;
	}
	for (unsigned id = 0; id < ENGINE_MAX; id++)
		if (n[id] > 0)
			e->of[id].ops->run(&e->of[id], items[id], n[id]);
}
