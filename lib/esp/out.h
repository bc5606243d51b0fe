/* SPDX-License-Identifier: BSD-2-Clause
 *
 * out.h - protects packets: clear inner packets in, ESP or AH packets out.
 *
 * Steps per packet: header check -> DF, size, fragmentation -> sequence number, IV, padding,
 * headers -> crypto for the whole burst -> outer header finished. Packets of different SAs and
 * algorithms may share a burst. On the worker's thread. RFC 4301 s8, RFC 4302 s3.3, RFC 4303 s3.3,
 * RFC 6040.
 */
#ifndef OUT_H
#define OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/esp/drop.h"

struct esp_job;
struct esp_worker;
struct pkt;
struct pkt_outer;

/* Protects N (at most ESP_BURST_MAX) packets in place. On entry each starts at its IP header, has
 * `sa` set and `next` NULL, is no superpacket (see cut.h and super.h), and (transport mode) no fragment. On return each has its verdict:
 *   DROP_NONE: the packet at off..len is ready to send; if `next` is set the packet had to be
 *     fragmented and the chain is what must be sent, in order; every member has its own verdict.
 *   DROP_TOO_BIG: nothing was changed; `mtu` is what icmp_too_big() must report to the sender.
 *   anything else: the packet is lost, its contents undefined.
 * The caller keeps ownership of all packets; fragments come from the worker's pool and go back with
 * pkt_put() of the first. Sequence numbers follow the order of the burst. */
void out_burst(struct esp_worker *w, struct pkt **pkts, size_t n);

/* out_burst() in three steps, so that another thread may do the crypto in between: see job.h. Sequence numbers follow the
 * order of out_prepare(). A packet that was refused has its verdict already after the first step; the
 * packets are not to be sent before the last. */
void out_prepare(struct esp_worker *w, struct esp_job *job, struct pkt **pkts, size_t n);
void out_finish(struct esp_worker *w, struct esp_job *job);

/* Reads what a UDP socket needs to know to send the packet without its outer headers, from p->lead octets on. False: it
 * must go as it is, because it is no ESP in UDP or was fragmented. */
__attribute__((warn_unused_result)) bool out_outer(const struct pkt *p, struct pkt_outer *out);

/* Splits an IP packet that must not exceed MTU octets into a chain of fragments, by IPv4
 * fragmentation or an IPv6 fragment header; P becomes the first. For protected packets towards a
 * device with a smaller MTU than the tunnel. Packets that fit are left alone. Returns DROP_NONE or
 * the reason, with P unchanged: DROP_TOO_BIG (IPv4 with DF; p->mtu is set to MTU), DROP_NO_BUFFER,
 * DROP_OUTER_HEADER. */
__attribute__((warn_unused_result)) enum drop out_fragment(
    struct esp_worker *w, struct pkt *p, uint32_t mtu);

#endif
