/* SPDX-License-Identifier: BSD-2-Clause
 *
 * worker_priv.h - the inside of a worker, for the files of lib/esp only.
 */
#ifndef WORKER_PRIV_H
#define WORKER_PRIV_H

#include <stdint.h>

#include "lib/esp/engine.h"
#include "lib/esp/iv.h"
#include "lib/esp/job_priv.h"
#include "lib/esp/pkt.h"
#include "lib/esp/worker.h"

struct esp_worker {
	struct engines engines;
	struct pkt_pool *pool;
	uint16_t ip4_id; /* of the last outer packet; starts at random */
	uint32_t ip6_id; /* of the next outer datagram that is fragmented */
	struct iv_gen iv;
	struct esp_job job; /* of out_burst() and in_burst() */
};

#endif
