/* SPDX-License-Identifier: BSD-2-Clause
 *
 * engine.c - makes the engines of a worker: which there are, and which serves which algorithms.
 *
 * The first worker of the process measures, unless it was told; the others take its result. See
 * engine.h. Called by worker.c.
 */
#include "lib/esp/engine.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* What the fastest are. Constant after fastest_find(). */
static struct {
	bool is_known;
	uint8_t pick[ENC_MAX][AUTH_MAX];
} fastest;
static pthread_mutex_t fastest_lock = PTHREAD_MUTEX_INITIALIZER;

static const struct engine_ops *const all_ops[ENGINE_MAX] = {
	[ENGINE_MB] = &engine_mb_ops,
	[ENGINE_MB_SSE] = &engine_mb_ops,
	[ENGINE_OPENSSL] = &engine_ssl_ops,
};

void
engine_forget(const struct sa *sa)
{
	if (all_ops[sa->engine]->forget != NULL)
		all_ops[sa->engine]->forget(sa);
}

static bool
one_init(struct engines *e, enum engine_id id)
{
	const char *flavour = "";
	if (e->of[id].ops != NULL)
		return true;
	if (id == ENGINE_OPENSSL)
		return engine_ssl_init(&e->of[id]);
	if (!engine_mb_init(&e->of[id], id, &flavour))
		return false;
	if (id == ENGINE_MB)
		snprintf(e->name, sizeof(e->name), "%s", flavour);
	return true;
}

static void
one_done(struct engines *e, enum engine_id id)
{
	if (id == ENGINE_OPENSSL)
		engine_ssl_done(&e->of[id]);
	else
		engine_mb_done(&e->of[id]);
}

/* Is ID what some algorithm gets, or what no SA's work gets? */
static bool
is_picked(const struct engines *e, enum engine_id id)
{
	return id == e->common || memchr(e->pick, (int)id, sizeof(e->pick)) != NULL;
}

/* Measures with engines made for that, or remembers. */
static bool
fastest_find(struct engines *e)
{
	pthread_mutex_lock(&fastest_lock);
	if (!fastest.is_known) {
		bool ok = true;
		for (unsigned id = 0; id < ENGINE_MAX; id++)
			ok = one_init(e, id) && ok;
		fastest.is_known = ok && engine_pick(e);
		memcpy(fastest.pick, e->pick, sizeof(fastest.pick));
	}
	bool ok = fastest.is_known;
	memcpy(e->pick, fastest.pick, sizeof(e->pick));
	pthread_mutex_unlock(&fastest_lock);
	return ok;
}

bool
engines_init(struct engines *e, enum esp_engine force)
{
	/* cheap, and says whether libipsec-mb is possible at all */
	bool has_mb = force != ESP_ENGINE_OPENSSL && one_init(e, ENGINE_MB);
	if (force == ESP_ENGINE_MB && !has_mb)
		return false;
	e->common = has_mb ? ENGINE_MB : ENGINE_OPENSSL;
	memset(e->pick, (int)e->common, sizeof(e->pick));
	if (!has_mb)
		snprintf(e->name, sizeof(e->name), "OpenSSL");
	if (has_mb && force == ESP_ENGINE_FASTEST && !fastest_find(e))
		return false;
	for (unsigned id = 0; id < ENGINE_MAX; id++) {
		if (!is_picked(e, id))
			one_done(e, id);
		else if (!one_init(e, id))
			return false;
	}
	return true;
}

void
engines_rest(struct engines *e)
{
	for (unsigned id = 0; id < ENGINE_MAX; id++)
		if (e->of[id].ops != NULL && e->of[id].ops->rest != NULL)
			e->of[id].ops->rest(&e->of[id]);
}

void
engines_done(struct engines *e)
{
	for (unsigned id = 0; id < ENGINE_MAX; id++)
		one_done(e, id);
}
