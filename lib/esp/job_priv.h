/* SPDX-License-Identifier: BSD-2-Clause
 *
 * job_priv.h - the inside of a job, for the files of lib/esp only.
 */
#ifndef JOB_PRIV_H
#define JOB_PRIV_H

#include "lib/esp/burst.h"
#include "lib/esp/job.h"

struct esp_job {
	struct burst burst; /* packets that were not refused */
};

#endif
