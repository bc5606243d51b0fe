/* SPDX-License-Identifier: BSD-2-Clause
 *
 * tunnel.h - what a term says about the traffic of its tunnel: selectors and identities.
 *
 * source-address is the local net and destination-address the remote one, for match-direction
 * input and output alike. A prefix that is not written is any IPv4 address. Pure; any thread.
 */
#ifndef TUNNEL_H
#define TUNNEL_H

#include "lib/base/addr.h"

#include <stdbool.h>

struct conf_term;

enum { IDENTITY_STRLEN = 96 };

struct tunnel_selectors {
	struct prefix local; /* never ADDR_NONE, no host bits */
	struct prefix remote;
};

struct tunnel_selectors tunnel_selectors(const struct conf_term *term);

/* True if a decrypted packet may come out of the tunnel: from the remote net to the local one. */
bool tunnel_admits(const struct tunnel_selectors *s, struct addr source, struct addr destination);

/* Writes P the way identities are displayed, "ipv4_subnet(any:0,[0..7]=10.1.0.0/16)" or, for a host
 * prefix, "ipv4(any:0,[0..3]=10.1.0.1)", and returns BUF. */
const char *tunnel_identity(struct prefix p, char buf[IDENTITY_STRLEN]);

#endif
