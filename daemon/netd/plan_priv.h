/* SPDX-License-Identifier: BSD-2-Clause
 *
 * plan_priv.h - what the parts of plan_build() share: plan.c, and plan_natt.c for the UDP sockets of ESP in UDP.
 */
#ifndef PLAN_PRIV_H
#define PLAN_PRIV_H

#include "daemon/netd/plan.h"

/* Adds an item; NULL if there is one with this key. KEY is the plan's. */
struct item *plan_item_add(struct plan *p, enum item_kind kind, const char *key);
/* The same for a socket of PIC. The rest is the caller's to fill in. */
struct item *plan_socket_want(struct plan *p, const char *pic, const char *role, const char *key);

/* Is called for a local gateway and the services interface that it belongs to. */
typedef void plan_gateway_fn(
    const struct conf *c, const char *pic, struct addr a, bool is_dynamic, void *arg);
/* As often as something says so. */
void plan_gateways_each(const struct conf *c, plan_gateway_fn *fn, void *arg);

/* Wants the UDP sockets of the workers of all services interfaces that negotiate, and that packets go to them. */
void plan_natt_want(
    struct plan *p, const struct conf *c, unsigned n_cores, struct numbers *members);

#endif
