/* SPDX-License-Identifier: BSD-2-Clause
 *
 * job.h - a burst whose crypto may be done by another thread than the one that owns the SAs.
 *
 * The owner prepares it (out_prepare(), in_prepare(): numbers, headers, look-up), anyone computes it
 * (job_crypt(), on a worker of his own), anyone finishes it (out_finish(), in_finish(): replay
 * window, counters, verdicts), but of the jobs with one SA one at a time and in the order in which they were prepared. Between
 * these the job, its packets and their SAs belong to it: the SAs must not be freed. The owner may prepare others meanwhile.
 * Handing a job to another thread and back is the caller's (release and acquire).
 */
#ifndef JOB_H
#define JOB_H

#include <stdbool.h>

struct esp_job;
struct esp_worker;

/* Made at start. NULL when out of memory. */
struct esp_job *job_new(void);
/* NULL is fine. */
void job_free(struct esp_job *job);

/* Computes a prepared job. W is the calling thread's; its SAs are only read. */
void job_crypt(struct esp_worker *w, struct esp_job *job);

/* Instead of finishing: gives up the packets of a job whose helper does not come back. They get DROP_LATE and are
 * counted. The owner, who may go on at once, must leave packets, SAs and job alone until the helper is done. */
void job_abandon(struct esp_job *job);

#endif
