/* SPDX-License-Identifier: BSD-2-Clause
 *
 * worker.c - makes and frees what one data plane thread owns.
 *
 * See worker.h. All allocation of the packet path happens here.
 */
#include "lib/esp/worker.h"

#include <stdlib.h>

#include "lib/esp/worker_priv.h"

static const char *
arch_name(IMB_ARCH arch)
{
	switch (arch) {
	case IMB_ARCH_SSE:
		return "SSE";
	case IMB_ARCH_AVX:
		return "AVX";
	case IMB_ARCH_AVX2:
		return "AVX2";
	case IMB_ARCH_AVX512:
		return "AVX512";
	default:
		return "none";
	}
}

struct esp_worker *
esp_worker_new(const struct esp_worker_params *params)
{
	struct esp_worker *w = calloc(1, sizeof(*w));
	if (w == NULL)
		return NULL;
	w->pool = pkt_pool_new(params->n_pkts);
	w->mgr = alloc_mb_mgr(0);
	if (w->pool == NULL || w->mgr == NULL) {
		esp_worker_free(w);
		return NULL;
	}
	IMB_ARCH arch = IMB_ARCH_NONE;
	init_mb_mgr_auto(w->mgr, &arch);
	if (arch == IMB_ARCH_NONE || arch == IMB_ARCH_NOAESNI || imb_get_errno(w->mgr) != 0) {
		esp_worker_free(w);
		return NULL;
	}
	w->engine = arch_name(arch);
	iv_init(&w->iv, w->mgr, params->rand, params->rand_arg);
	iv_take(&w->iv, w->mgr, (uint8_t *)&w->ip4_id, sizeof(w->ip4_id));
	iv_take(&w->iv, w->mgr, (uint8_t *)&w->ip6_id, sizeof(w->ip6_id));
	return w;
}

void
esp_worker_free(struct esp_worker *w)
{
	if (w == NULL)
		return;
	if (w->mgr != NULL)
		free_mb_mgr(w->mgr);
	pkt_pool_free(w->pool);
	iv_done(&w->iv);
	free(w);
}

struct pkt_pool *
esp_worker_pool(struct esp_worker *w)
{
	return w->pool;
}

const char *
esp_worker_engine(const struct esp_worker *w)
{
	return w->engine;
}
