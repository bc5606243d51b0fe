/* SPDX-License-Identifier: BSD-2-Clause
 *
 * burst.c - hands the items of a burst to the engines of their SAs.
 *
 * Nearly always that is one engine for all of them. Called by out.c and in.c.
 */
#include "lib/esp/burst.h"

#include "lib/esp/engine.h"

void
burst_run(struct engines *e, struct burst *b)
{
	struct burst_item *items[ENGINE_MAX][ESP_BURST_MAX];
	unsigned n[ENGINE_MAX] = { 0 };
	for (unsigned i = 0; i < b->n; i++) {
		struct burst_item *it = &b->items[i];
		enum engine_id id = it->sa->engine;
		if (it->sa->is_aead)
			burst_aead(e, it);
		else
			items[id][n[id]++] = it;
	}
	for (unsigned id = 0; id < ENGINE_MAX; id++)
		if (n[id] > 0)
			e->of[id].ops->run(&e->of[id], items[id], n[id]);
}
