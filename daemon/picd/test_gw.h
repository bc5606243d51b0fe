/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_gw.h - a whole services PIC in the test's own process, without its thread and without a network.
 *
 * Datagram socketpairs stand in for TUN queues and raw sockets: they keep packet boundaries. Two gateways are
 * joined by giving one end of a pair to A as its send socket and the other to B as its ESP socket. The
 * test says when a worker takes a turn, and what time it is. Tests only.
 */
#ifndef TEST_GW_H
#define TEST_GW_H

#include "daemon/picd/picd.h"
#include "daemon/picd/port.h"
#include "lib/esp/drop.h"
#include "lib/esp/worker.h"

#include <stddef.h>
#include <stdint.h>

struct arena;

struct gw {
	struct picd p;
	int mgd_fd; /* the test's end of mgd's channel */
	int kmd_fd; /* and of kmd's; -1: not linked */
};

extern uint64_t test_now_ms;
extern uint64_t test_help_ns;       /* likewise; never at first */
extern enum esp_engine test_engine; /* likewise; the fastest at first */
extern unsigned test_n_workers;     /* of gateways made from now on; 1 at first */

void gw_init(struct gw *g, const char *instance);
void gw_done(struct gw *g);

/* Commits TEXT (test_tree.h); returns NULL, or the error text, which lives until the next call. */
const char *gw_commit(struct gw *g, const char *text);

/* The text of a gateway at ADDRESS with the service set "ss" on sp-1/2/0 and its rule "r" of TERMS; the addresses of unit 1 are
 * FAMILIES, NULL for IPv4 without any. The ike policy is "p". Lives until the next call. */
const char *gw_conf(const char *families, const char *address, const char *terms);

/* Links kmd, in place of any before. */
void gw_kmd(struct gw *g);
/* What kmd would say: TYPE with a body of these leaves. */
void gw_kmd_say(struct gw *g, uint16_t type, uint32_t seq, const char *const *leaves);
/* Takes the next message to kmd, in A; its type is 0 if there is none. */
struct ipc_msg gw_kmd_hear(struct gw *g, struct arena *a);

/* Takes all that waits for kmd. */
void gw_kmd_hush(struct gw *g);

enum { GW_LEAVES_MAX = 64 };

/* Makes the leaves of MSG_SA_ADD for the tunnel "ss/r/d" between 192.0.2.1 and 192.0.2.2; IS_B: at the latter. CHANGES are
 * leaves that replace or add to the usual ones, or with an empty value take one out: pairs, NULL at the end. */
void gw_sa_leaves(
    const char **out, bool is_out, const char *spi, bool is_b, const char *const *changes);

/* Hands over the descriptor FD as the device ("unit sp-1/2/0.1") or socket that the leaves say: pairs of name and
 * value, NULL at the end. */
void gw_give(struct gw *g, uint16_t type, int fd, const char *const *leaves);
/* The same with one end of a new socketpair; returns the other one, non-blocking. */
int gw_give_pair(struct gw *g, uint16_t type, const char *const *leaves);
int gw_unit(struct gw *g, const char *unit);
int gw_capture(struct gw *g, const char *role, const char *set);
void gw_take(struct gw *g, uint16_t type, const char *const *leaves);

/* The first port of a kind. */
const struct port *gw_port(const struct gw *g, enum port_kind kind);

/* A's protected packets reach B, and the other way round, as protocol KIND ("esp", "ah") of family 4. */
void gw_join(struct gw *a, struct gw *b, const char *kind);

/* Tells that everything is handed over, then lets the worker run until nothing happens any more. */
void gw_sync(struct gw *g);
void gw_turns(struct gw *g);

/* What was counted for a service set; SET NULL: for packets of none. */
uint64_t gw_drops(struct gw *g, const char *set, enum drop reason);

/* A UDP packet with a payload of LEN octets; returns its length. FRAG is the IPv4 flags and offset word. */
size_t udp4(uint8_t *out, const char *src, const char *dst, size_t len, uint16_t frag, uint8_t ttl);
/* Makes the IPv4 header checksum right. */
void ip4_seal(uint8_t *p);
size_t udp6(uint8_t *out, const char *src, const char *dst, size_t len);

#endif
