/* SPDX-License-Identifier: BSD-2-Clause
 *
 * traffic.h - what went through SAs, as the statistics count it.
 *
 * A tunnel whose SAs are renewed keeps the sum of those that ended, so that its counters do not fall. Main thread.
 */
#ifndef TRAFFIC_H
#define TRAFFIC_H

#include <stdbool.h>
#include <stdint.h>

struct sa;

struct traffic {
	uint64_t esp_out_bytes, esp_in_bytes, esp_out_packets, esp_in_packets;
	uint64_t ah_out_bytes, ah_in_bytes, ah_out_packets, ah_in_packets;
};

/* Adds what SA has counted; a bundle is both an AH and an ESP. */
void traffic_add(struct traffic *t, const struct sa *sa);
void traffic_sum(struct traffic *t, const struct traffic *other);
bool traffic_is_none(const struct traffic *t);

#endif
