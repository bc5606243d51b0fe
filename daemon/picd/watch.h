/* SPDX-License-Identifier: BSD-2-Clause
 *
 * watch.h - the commands that show packets as they pass: `monitor traffic` and `monitor services packet-trace`.
 *
 * Unlike other commands they last, until enough packets have been seen, the time is over, or who asked gives up. Main
 * thread.
 */
#ifndef WATCH_H
#define WATCH_H

#include <stdbool.h>
#include <stdint.h>

struct elem;
struct picd;
struct watch;

/* Is RPC one of these commands? */
bool watch_is(const struct elem *rpc);
/* Begins to answer it, or refuses it. */
void watch_start(struct picd *p, uint32_t seq, const struct elem *rpc);
/* Nobody waits for the answer SEQ any more; nothing if that is another command's. */
void watch_stop(struct picd *p, uint32_t seq);
/* The same for all. */
void watch_stop_all(struct picd *p);
/* Takes what the workers have noted; called by a timer while somebody watches. */
void watch_look(struct picd *p);

#endif
