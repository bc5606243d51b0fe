/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pcap.h - a file of packets, written from the rows of `monitor traffic`, in the format that packet analysers read.
 *
 * The process of the person writes it, with his rights. Packets are IP without a link layer (LINKTYPE_RAW).
 */
#ifndef PCAP_H
#define PCAP_H

#include <stdint.h>

struct elem;
struct pcap;

/* Opens the file NAME, which is emptied, or made for nobody else to read. NULL, with errno, if that fails. */
struct pcap *pcap_open(const char *name);
/* Appends the packet of ROW; rows that are no packets are nothing to it. */
void pcap_put(struct pcap *p, const struct elem *row);
/* Returns 0 or -errno, of writing too; OUT_N: packets in the file. P may be NULL. */
int pcap_close(struct pcap *p, uint64_t *out_n);

#endif
