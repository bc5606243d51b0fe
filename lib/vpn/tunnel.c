/* SPDX-License-Identifier: BSD-2-Clause
 *
 * tunnel.c - selectors and identities of one tunnel.
 *
 * The inbound check is the mirror of the outbound rule: what comes out must be what the other end's
 * rule would have let in. Called when a snapshot is built and by the rows of `show`. RFC 4301 s4.4.1.
 */
#include "lib/vpn/tunnel.h"

#include "lib/conf/conf.h"

#include <stdio.h>

static struct prefix
written_or_any(struct prefix p)
{
	if (p.addr.family == ADDR_NONE)
		return (struct prefix){ .addr.family = ADDR_V4 };
	return prefix_network(p);
}

struct tunnel_selectors
tunnel_selectors(const struct conf_term *term)
{
	return (struct tunnel_selectors){
		.local = written_or_any(term->source),
		.remote = written_or_any(term->destination),
	};
}

bool
tunnel_admits(const struct tunnel_selectors *s, struct addr source, struct addr destination)
{
	return prefix_has(s->remote, source) && prefix_has(s->local, destination);
}

const char *
tunnel_identity(struct prefix p, char buf[IDENTITY_STRLEN])
{
	char text[PREFIX_STRLEN];
	unsigned octets = (unsigned)addr_len(p.addr);
	if (p.len == octets * 8)
		snprintf(buf, IDENTITY_STRLEN, "ipv%u(any:0,[0..%u]=%s)", p.addr.family, octets - 1,
		    addr_print(p.addr, text));
	else /* address and mask: twice the octets */
		snprintf(buf, IDENTITY_STRLEN, "ipv%u_subnet(any:0,[0..%u]=%s)", p.addr.family,
		    2 * octets - 1, prefix_print(p, text));
	return buf;
}
