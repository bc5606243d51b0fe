/* SPDX-License-Identifier: BSD-2-Clause
 *
 * job.c - the step between preparing and finishing a burst.
 *
 * What a job is, is in the items of its burst; out.c and in.c fill them and read them afterwards. The
 * thread that computes it touches the packets' octets, the items and its own engines, and reads keys
 * of the SAs, nothing else.
 */
#include "lib/esp/job.h"

#include <stdlib.h>

#include "lib/esp/job_priv.h"
#include "lib/esp/sa_priv.h"
#include "lib/esp/worker_priv.h"

struct esp_job *
job_new(void)
{
	return calloc(1, sizeof(struct esp_job));
}

void
job_free(struct esp_job *job)
{
	free(job);
}

void
job_crypt(struct esp_worker *w, struct esp_job *job)
{
	burst_run(&w->engines, &job->burst);
}

void
job_abandon(struct esp_job *job)
{
	for (unsigned i = 0; i < job->burst.n; i++) {
		struct burst_item *it = &job->burst.items[i];
		it->pkt->verdict = DROP_LATE;
		sa_count_drop(it->sa, DROP_LATE);
	}
}
