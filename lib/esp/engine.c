/* SPDX-License-Identifier: BSD-2-Clause
 *
 * engine.c - makes the engines of a worker.
 *
 * See engine.h. Called by worker.c.
 */
#include "lib/esp/engine.h"

#include <stdio.h>
#include <string.h>

static const char *
flavour_name(IMB_ARCH arch)
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

static const struct engine_ops *const all_ops[ENGINE_MAX] = {
	[ENGINE_MB] = &engine_mb_ops,
	[ENGINE_MB_SSE] = &engine_mb_ops,
};

void
engine_forget(struct sa *sa)
{
	all_ops[sa->engine]->forget(sa);
}

bool
engines_init(struct engines *e, enum esp_engine force)
{
	struct engine *mb = &e->of[ENGINE_MB];
	(void)force;
	mb->mgr = alloc_mb_mgr(0);
	if (mb->mgr == NULL)
		return false;
	IMB_ARCH arch = IMB_ARCH_NONE;
	init_mb_mgr_auto(mb->mgr, &arch);
	if (arch == IMB_ARCH_NONE || arch == IMB_ARCH_NOAESNI || imb_get_errno(mb->mgr) != 0)
		return false;
	mb->ops = &engine_mb_ops;
	snprintf(e->name, sizeof(e->name), "%s", flavour_name(arch));
	return true;
}

void
engines_done(struct engines *e)
{
	for (unsigned i = 0; i < ENGINE_MAX; i++)
		if (e->of[i].mgr != NULL)
			free_mb_mgr(e->of[i].mgr);
}
