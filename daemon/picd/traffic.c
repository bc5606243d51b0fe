/* SPDX-License-Identifier: BSD-2-Clause
 *
 * traffic.c - sums of what went through SAs; see traffic.h.
 */
#include "daemon/picd/traffic.h"

#include "lib/esp/sa.h"

void
traffic_add(struct traffic *t, const struct sa *sa)
{
	struct sa_counts c;
	const struct sa_params *p = sa_params(sa);
	bool is_out = p->direction == SA_OUT;
	sa_count(sa, &c);
	if (p->protocol != SA_AH) {
		*(is_out ? &t->esp_out_bytes : &t->esp_in_bytes) += c.bytes;
		*(is_out ? &t->esp_out_packets : &t->esp_in_packets) += c.packets;
	}
	if (p->protocol != SA_ESP) {
		*(is_out ? &t->ah_out_bytes : &t->ah_in_bytes) += c.bytes;
		*(is_out ? &t->ah_out_packets : &t->ah_in_packets) += c.packets;
	}
}

void
traffic_sum(struct traffic *t, const struct traffic *other)
{
	t->esp_out_bytes += other->esp_out_bytes;
	t->esp_in_bytes += other->esp_in_bytes;
	t->esp_out_packets += other->esp_out_packets;
	t->esp_in_packets += other->esp_in_packets;
	t->ah_out_bytes += other->ah_out_bytes;
	t->ah_in_bytes += other->ah_in_bytes;
	t->ah_out_packets += other->ah_out_packets;
	t->ah_in_packets += other->ah_in_packets;
}

bool
traffic_is_none(const struct traffic *t)
{
	return t->esp_out_packets == 0 && t->esp_in_packets == 0 && t->ah_out_packets == 0 &&
	       t->ah_in_packets == 0;
}
