/* SPDX-License-Identifier: BSD-2-Clause
 *
 * super.h - seals a superpacket straight into trains of ESP packets.
 *
 * Encryption is the copy: with AES-GCM each segment is encrypted from the superpacket's buffer into
 * the train's, its headers written over the tail of the payload that was encrypted just before. The
 * algorithms that work on many packets at once copy and sum the segments into the train first. The
 * results are exactly those of cut_pkts() and out_burst(): same numbers, same outer headers.
 *
 *	struct super s;
 *	struct super_job job;
 *	if (super_start(w, &s, p, SUPER_BARE))
 *		while (super_next(w, &s, &job)) {
 *			super_crypt(w, &job);        (or another worker)
 *			super_finish(w, &job);       (in order)
 *			send job.train; pkt_put(pool, job.train);
 *		}
 *	else
 *		cut it and use out_burst()
 *
 * The jobs of a superpacket may be computed at the same time by different threads, and finished by any. The rest is for the
 * owner's thread.
 */
#ifndef SUPER_H
#define SUPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/esp/cut.h"
#include "lib/esp/ip.h"

struct esp_worker;
struct pkt;
struct pkt_outer;
struct sa;

enum {
	SUPER_SEGS_MAX = 64,     /* in a train: what UDP_SEGMENT takes */
	SUPER_TRAIN_MAX = 65000, /* octets of a train: below what a UDP socket takes at once */
	SUPER_HDR_MAX = 128,     /* inner headers; who has longer ones goes the simple way */
};

enum super_layout {
	SUPER_BARE, /* ESP packets without outer headers, one behind the other: for UDP_SEGMENT */
	SUPER_WHOLE, /* each with its outer headers and some room between: for raw sockets and rings */
};

/* A superpacket on its way. Private but for n_jobs and n_lost. */
struct super {
	struct cut cut;  /* its headers are those in hdr */
	struct pkt *pkt; /* the superpacket; its buffer is used as scratch */
	struct sa *sa;
	struct ip_hdr inner;
	uint8_t hdr[SUPER_HDR_MAX]; /* the superpacket's headers, as the SA wants them */
	uint32_t stride;
	uint32_t lead; /* octets ahead of ESP in the train */
	unsigned fit;  /* how many segments a train has room for */
	unsigned per_job;
	unsigned next;                /* segment */
	const struct super_job *open; /* the train that the next job continues; NULL: a new one */
	uint8_t *const *places;       /* see super_place() */
	unsigned n_jobs;              /* how many times super_next() will be true */
	unsigned n_lost; /* segments for which there was no buffer after all; counted on the SA */
	enum super_layout layout;
};

/* One train. The caller may read all fields, from super_next() on. */
struct super_job {
	struct super super; /* as it was */
	struct pkt *
	    train; /* from the worker's pool, with the sa, tag and user of the superpacket; the caller's after
			     * super_finish(). Its data is the train */
	unsigned at;    /* its first segment's place in the train: 0 unless it continues one */
	unsigned first; /* the segment of the superpacket that is the first here */
	unsigned n;     /* segments */
	uint32_t
	    seg_len; /* octets of every segment but the last: ESP packet, with its outer headers if WHOLE */
	uint32_t last_len; /* of the last, at most seg_len */
	uint32_t stride;   /* from the start of one to the next; BARE: seg_len */
	uint32_t seq;      /* ESP sequence number of the first */
	uint64_t iv;       /* GCM: counter of the first */
	uint16_t ip4_id;   /* identification of the first outer header */
	bool is_done;      /* after super_crypt(): the engine did all of it */
	uint8_t verdict;   /* after super_finish(): DROP_NONE or why the train is lost */
};

/* Looks at superpacket P, whose `sa` is set. True: super_next() will seal all of it and P, whose contents are undefined
 * from the first super_next() on, must stay until the last job is finished. False, nothing changed or counted: cut it
 * and use out_burst(), which knows every case (segments too big for the SA, AH, transport mode, numbers used up, no buffers ...). */
bool super_start(struct esp_worker *w, struct super *s, struct pkt *p, enum super_layout layout);

/* After super_start(), for who seals all of it himself, in order, and sends it by UDP_SEGMENT: trains are as long as they can
 * be, and the first segments go behind OPEN if it is not NULL, has room and leaves the same way. OPEN: what super_append() has
 * made of finished BARE jobs; it must stay until the next super_next(). */
void super_alone(struct super *s, const struct super_job *open);

/* For who seals all of it himself, of a WHOLE one: the next job has up to SUPER_SEGS_MAX segments and writes packet K of them
 * to PLACES[K], which has room for it; its train holds nothing, and super_views() is not for it. NULL: to a train again.
 * PLACES must stay until the job is finished. */
void super_place(struct super *s, uint8_t *const *places);

/* Octets of its longest packet, outer headers included. */
uint32_t super_longest(const struct super *s);

/* Makes JOB, finished and with `at` above 0, part of OPEN, whose train it continues. */
void super_append(struct super_job *open, const struct super_job *job);

/* Nothing can be put behind OPEN; what works on many packets at once never has something put behind. */
bool super_is_full(const struct super_job *open);

/* Takes the numbers of the next train and a buffer for it. False: there are no more; or the caller has emptied the pool
 * since super_start(), and s->n_lost segments are lost. */
bool super_next(struct esp_worker *w, struct super *s, struct super_job *out);

/* Seals the train. Any thread, on a worker of its own. */
void super_crypt(struct esp_worker *w, struct super_job *job);

/* Counts on the SA and says in job->verdict whether the train may be sent. */
void super_finish(struct esp_worker *w, struct super_job *job);

/* Instead of super_finish(), for a helper that does not come back; see job_abandon(). */
void super_abandon(struct super_job *job);

/* What a UDP socket needs to know to send a train. False: it is not ESP in UDP. */
bool super_outer(const struct super_job *job, struct pkt_outer *out);

/* Makes a packet (a view) of every segment of a finished WHOLE train, as out_burst() would have left them; then the
 * train may be put. False, with nothing made: the pool has too few. */
bool super_views(struct esp_worker *w, const struct super_job *job, struct pkt **out);

/* Copies every segment of a finished BARE train into a packet with its outer headers, as out_burst() would have left them: for
 * who cannot send it as it is. False, with nothing made: the pool has too few. */
bool super_copies(struct esp_worker *w, const struct super_job *job, struct pkt **out);

#endif
