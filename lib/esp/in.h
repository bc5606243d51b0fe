/* SPDX-License-Identifier: BSD-2-Clause
 *
 * in.h - opens protected packets: ESP or AH packets in, clear inner packets out.
 *
 * Steps per packet: outer header, SPI -> SA -> replay check -> crypto for the whole burst -> ICV
 * compared in constant time -> replay window moved -> padding, next header -> inner header, ECN,
 * selectors. On the worker's thread. RFC 4301 s5.2, RFC 4302 s3.4, RFC 4303 s3.4, RFC 6040, RFC
 * 6479.
 */
#ifndef IN_H
#define IN_H

#include <stddef.h>

struct esp_job;
struct esp_worker;
struct pkt;
struct sad;

/* Opens N (at most ESP_BURST_MAX) packets in place, or from where they are `away` into their place. Each starts at its outer IP header and is not a
 * fragment; or it came through a UDP socket, starts behind the UDP header, and `outer` tells what was in front. On return each has its verdict and, once found, its SA:
 * DROP_NONE: the inner packet at off..len, `family` 4 or 6, is ready to be delivered (tunnel
 * mode), or
 *     the original packet as it was before protection (transport mode).
 *   anything else: the packet is lost, its contents undefined.
 * The caller keeps ownership of all packets. */
void in_burst(struct esp_worker *w, const struct sad *sad, struct pkt **pkts, size_t n);

/* in_burst() in three steps, so that another thread may do the crypto in between: see job.h. None is away. A packet that was refused
 * has its verdict already after the first step. The replay window moves in the last, so jobs are finished
 * in the order in which they were prepared, by one thread at a time. W: the calling thread's. */
void in_prepare(
    struct esp_worker *w, const struct sad *sad, struct esp_job *job, struct pkt **pkts, size_t n);
void in_finish(struct esp_worker *w, struct esp_job *job);

#endif
