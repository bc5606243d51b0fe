/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_lab.h - two services PICs with a dynamic tunnel between them, and what kmd would say to both.
 *
 * A is 192.0.2.1 with net 10.1/16, B is 192.0.2.2 with 10.2/16; the tunnel is "ss/r/d". Tests only.
 */
#ifndef TEST_LAB_H
#define TEST_LAB_H

#include "daemon/picd/test_gw.h"

struct lab {
	struct gw a;
	struct gw b;
	int in_a;
	int in_b;
};

/* Gateway 192.0.2.LOCAL with net 10.LOCAL/16; OPTIONS are more lines of the term. Lives until the next call. */
const char *lab_conf(unsigned local, unsigned remote, const char *options);

/* Protected packets go as protocol KIND. */
void lab_init(struct lab *l, const char *kind);
/* Gateways made later have one worker, no help and the fastest engine again. */
void lab_done(struct lab *l);

/* No changes, for the functions that follow. */
extern const char *const lab_plain[];

/* Adds an SA; returns NULL or why not. The answer comes when the worker has had its turn. */
const char *lab_sa_add(
    struct gw *g, bool is_out, const char *spi, bool is_b, const char *const *changes);
void lab_must_add(
    struct gw *g, bool is_out, const char *spi, bool is_b, const char *const *changes);
/* A pair each way as kmd would do it: first what is to be received. */
void lab_pair_add(struct lab *l, const char *spi_a, const char *spi_b, const char *const *changes);
void lab_sa_del(struct gw *g, const char *direction, const char *spi);

/* Sends one packet into FD's unit of FROM; returns how many octets came out at the other end. */
size_t lab_pass(struct gw *from, int in, struct gw *to, int out, const char *src, const char *dst);
/* Does a packet get through each way? */
bool lab_passes(struct lab *l);

struct assoc *lab_tunnel(struct gw *g);

#endif
