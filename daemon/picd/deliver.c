/* SPDX-License-Identifier: BSD-2-Clause
 *
 * deliver.c - clear packets to devices: those of a turn wait, packets of a flow leave as one.
 *
 * What was opened waits here until the end of the turn, or until there is no place left; then the packets for each
 * device are merged and written, one system call for each superpacket. The order of a flow's packets stays; between
 * devices there is none. Worker's thread.
 */
#include "daemon/picd/worker_priv.h"

#include "lib/esp/merge.h"

#include <errno.h>
#include <sys/uio.h>

enum drop
send_device(const struct port *port, const struct pkt *p)
{
	static uint8_t nothing_to_do[VNET_HEADER_MAX];
	struct iovec iov[] = {
		{ .iov_base = nothing_to_do, .iov_len = port->vnet_header },
		{ .iov_base = pkt_data(p), .iov_len = p->len },
	};
	unsigned first = port->vnet_header > 0 ? 0 : 1;
	ssize_t n = writev(port->fd, iov + first, 2 - (int)first);
	return n >= 0 ? DROP_NONE : errno_drop(errno);
}

/* OUT is lost. A kernel that does not know superpackets of UDP refuses them: it gets no more of them. */
static void
write_failed(struct worker *w, const struct merge_write *out, int e)
{
	enum drop reason = errno_drop(e);
	w->takes_no_udp |= out->is_udp && e == EINVAL;
	for (unsigned i = 0; i < out->n; i++)
		worker_drop(w, out->pkts[i]->user, NULL, reason);
}

/* Writes N packets for one device. */
static void
device_write(struct worker *w, const struct port *port, struct pkt **pkts, unsigned n)
{
	const struct merge_write *writes;
	unsigned kinds = w->takes_no_udp ? MERGE_TCP4 | MERGE_TCP6 : MERGE_ALL;
	if (w->snap != NULL && !w->snap->has_merged)
		kinds = 0;
	size_t n_writes = merge_burst(w->merge, pkts, n, kinds, port->vnet_header, &writes);
	for (size_t i = 0; i < n_writes; i++) {
		const struct merge_write *out = &writes[i];
		if (writev(port->fd, out->iov, (int)out->n_iov) < 0)
			write_failed(w, out, errno);
		if (out->n > 1) {
			wstat_add(&w->stat, WSTAT_WRITE_SUPERS, 1);
			wstat_add(&w->stat, WSTAT_MERGED_SEGMENTS, out->n);
		}
	}
	wstat_add(&w->stat, WSTAT_WRITES, n_writes);
}

void
deliver_take(struct worker *w, const struct port *port, struct pkt *p)
{
	w->deliver_to[w->n_deliver] = port;
	w->deliver_q[w->n_deliver++] = p;
	if (w->n_deliver == DELIVER_MAX)
		deliver_flush(w);
}

void
deliver_flush(struct worker *w)
{
	struct pkt *same[DELIVER_MAX];
	unsigned n = w->n_deliver;
	unsigned first = 0;
	w->n_deliver = 0;
	while (first < n) {
		const struct port *port = w->deliver_to[first];
		unsigned n_same = 0;
		unsigned other = n; /* the first packet for another device */
		for (unsigned i = first; i < n; i++) {
			if (w->deliver_to[i] == port) {
				same[n_same++] = w->deliver_q[i];
				w->deliver_to[i] = NULL;
			} else if (w->deliver_to[i] != NULL && other == n) {
				other = i;
			}
		}
		device_write(w, port, same, n_same);
		first = other;
	}
	pkt_put_all(w->pool, w->deliver_q, n);
}
