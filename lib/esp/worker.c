/* SPDX-License-Identifier: BSD-2-Clause
 *
 * worker.c - makes and frees what one data plane thread owns.
 *
 * See worker.h. All allocation of the packet path happens here.
 */
#include "lib/esp/worker.h"

#include <stdlib.h>
#include <string.h>

#include "lib/esp/worker_priv.h"

bool
esp_engine_by_name(const char *name, enum esp_engine *out)
{
	static const char *const names[] = {
		[ESP_ENGINE_FASTEST] = "fastest",
		[ESP_ENGINE_MB] = "ipsec-mb",
		[ESP_ENGINE_OPENSSL] = "openssl",
	};
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(name != NULL ? name : names[0], names[i]) == 0) {
			*out = (enum esp_engine)i;
			return true;
		}
	}
	return false;
}

struct esp_worker *
esp_worker_new(const struct esp_worker_params *params)
{
	struct esp_worker *w = calloc(1, sizeof(*w));
	if (w == NULL)
		return NULL;
	w->pool = pkt_pool_new(params->n_pkts);
	if (w->pool == NULL || !engines_init(&w->engines, params->engine)) {
		esp_worker_free(w);
		return NULL;
	}
	iv_init(&w->iv, &w->engines, params->rand, params->rand_arg);
	iv_take(&w->iv, &w->engines, (uint8_t *)&w->ip4_id, sizeof(w->ip4_id));
	iv_take(&w->iv, &w->engines, (uint8_t *)&w->ip6_id, sizeof(w->ip6_id));
	return w;
}

void
esp_worker_free(struct esp_worker *w)
{
	if (w == NULL)
		return;
	engines_done(&w->engines);
	pkt_pool_free(w->pool);
	iv_done(&w->iv);
	free(w);
}

void
esp_worker_rest(struct esp_worker *w)
{
	engines_rest(&w->engines);
}

struct pkt_pool *
esp_worker_pool(struct esp_worker *w)
{
	return w->pool;
}

const char *
esp_worker_engine(const struct esp_worker *w)
{
	return w->engines.name;
}
