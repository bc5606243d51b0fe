/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pack.c - packs rollbacks while mgd has nothing else to do.
 *
 * One piece a turn of the loop, so that whoever types does not notice. A commit stops it, because it renumbers the files;
 * what was begun is begun again after it.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/mgd/mgd.h"

struct pack {
	struct mgd *m;
	struct store_pack *store;
	uv_idle_t idle; /* runs while there is something to pack */
};

static void
on_idle(uv_idle_t *idle)
{
	struct pack *p = idle->data;
	int rc = store_pack_step(p->store);
	if (rc > 0)
		return;
	if (rc < 0)
		log_line(LOG_LEVEL_WARNING, "UI_DBASE_PACK", "rollback: %s", strerror(-rc));
	pack_stop(p->m);
	if (rc == 0)
		pack_start(p->m); /* perhaps there is another */
}

void
pack_init(struct mgd *m)
{
	struct pack *p = calloc(1, sizeof(*p));
	if (p == NULL)
		abort();
	p->m = m;
	uv_idle_init(&m->d.loop, &p->idle);
	p->idle.data = p;
	m->pack = p;
}

void
pack_start(struct mgd *m)
{
	struct pack *p = m->pack;
	if (p->store != NULL)
		return;
	p->store = store_pack_new(m->db.dir);
	if (p->store != NULL)
		uv_idle_start(&p->idle, on_idle);
}

void
pack_stop(struct mgd *m)
{
	struct pack *p = m->pack;
	uv_idle_stop(&p->idle);
	store_pack_free(p->store);
	p->store = NULL;
}
