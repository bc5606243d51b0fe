/* SPDX-License-Identifier: BSD-2-Clause
 *
 * nftcapture.c - interface-style service sets as nftables text: what of a device's packets goes to picd.
 *
 * A chain at the device's ingress and one at its egress, in the netdev table, which every commit makes anew; `fwd to`
 * the capture device of the service set takes the packet. Pure; called by nfttext_build().
 */
#include "daemon/netd/nfttext_priv.h"

#include "daemon/netd/mark.h"
#include "daemon/netd/number.h"
#include "daemon/netd/plan.h"
#include "lib/base/arena.h"
#include "lib/base/text.h"
#include "lib/conf/conf.h"

uint32_t
nftcapture_mark(struct builder *b, const struct conf_service_set *s)
{
	const struct conf *c = b->s->c;
	size_t i = 0;
	while (c->service_sets[i] != s && (c->service_sets[i]->is_next_hop ||
					      c->service_sets[i]->service_unit != s->service_unit))
		i++;
	return MARK_DECRYPTED + number_get(b->s->sets, c->service_sets[i]->name);
}

/* Does S protect what comes in? Then what it has decrypted leaves there in clear. A set that protects what leaves looks
 * at everything that does, also at what came out of another tunnel of its own. */
static bool
protects_input(const struct conf_service_set *s)
{
	for (size_t i = 0; i < s->n_rules; i++)
		if (s->rules[i]->direction == MATCH_INPUT)
			return true;
	return false;
}

/* IKE, and ESP in UDP, for the gateway ADDRESS. Of fragments only the first has a port: the others are let by, since
 * what they belong to is for this host or for nobody. */
static void
ike_exempt(struct builder *b, const char *chain, uint8_t family, const char *address)
{
	nfttext_rule(b, "netdev", chain);
	text_printf(b->out, " %s daddr %s udp dport { 500, 4500 } return\n",
	    family == ADDR_V4 ? "ip" : "ip6", address);
	nfttext_rule(b, "netdev", chain);
	if (family == ADDR_V4)
		text_printf(b->out,
		    " ip daddr %s meta l4proto 17 ip frag-off & 0x1fff != 0 return\n", address);
	else
		text_printf(b->out, " ip6 daddr %s frag frag-off != 0 return\n", address);
}

/* What is never captured: packets that we protected, that a set for what comes in let out, what is for its local gateway and
 * what the link itself needs. */
static void
capture_exempt(struct builder *b, const char *chain, bool is_input,
    const struct conf_if_service *list, size_t n, uint8_t family)
{
	char text[ADDR_STRLEN];
	const char *ip = family == ADDR_V4 ? "ip" : "ip6";
	if (family == ADDR_V6) {
		/* a hop limit below 255 has been forwarded: it is somebody's data, whatever its type says */
		nfttext_rule(b, "netdev", chain);
		text_put(b->out, " ip6 hoplimit 255 icmpv6 type { 133-137 } return\n");
		nfttext_rule(b, "netdev", chain);
		text_put(b->out, " ip6 daddr { fe80::/10, ff02::/16 } return\n");
	}
	for (size_t i = 0; i < n; i++) {
		const struct conf_service_set *s = list[i].set;
		if (!is_input) {
			if (!protects_input(s))
				continue;
			nfttext_rule(b, "netdev", chain);
			text_printf(b->out, " meta mark 0x%x return\n", nftcapture_mark(b, s));
		} else if (s->local_gateway.family == family) {
			addr_print(s->local_gateway, text);
			nfttext_rule(b, "netdev", chain);
			text_printf(
			    b->out, " %s daddr %s meta l4proto { 50, 51 } return\n", ip, text);
			if (s->is_dynamic)
				ike_exempt(b, chain, family, text);
			/* path MTU and unreachable reports about what we sent */
			nfttext_rule(b, "netdev", chain);
			text_printf(b->out, " %s daddr %s %s return\n", ip, text,
			    family == ADDR_V4
				? "icmp type destination-unreachable"
				: "icmpv6 type { destination-unreachable, packet-too-big }");
		}
	}
}

/* The terms of a service filter: `service` forwards to the capture device, `skip` leaves the packet alone. */
static void
service_filter_put(
    struct builder *b, const struct conf_filter *f, const char *chain, const char *device)
{
	for (size_t i = 0; i < f->n_terms; i++) {
		const struct conf_filter_term *m = &f->terms[i];
		enum part parts[2];
		size_t n = nfttext_parts(m, parts);
		const char *counter = m->count != NULL ? nfttext_count(b, f, m->count) : NULL;
		for (size_t k = 0; k < n; k++) {
			nfttext_rule(b, "netdev", chain);
			nfttext_matches(b->out, f, m, parts[k]);
			if (counter != NULL)
				text_printf(b->out, " counter name \"%s\"", counter);
			nfttext_log(b->out, f, m);
			if (m->action == FA_SERVICE || m->action == FA_ACCEPT)
				text_printf(b->out, " fwd to \"%s\"\n", device);
			else if (m->action == FA_NEXT_TERM)
				text_put(b->out, " continue\n");
			else
				text_put(b->out, " return\n");
		}
	}
}

static void
netdev_chain(struct builder *b, const char *name, unsigned ifindex, const char *hook)
{
	struct nft_hook *h = arena_alloc(b->now->arena, sizeof(*h));
	h->ifindex = ifindex;
	nfttext_chain(b, "netdev", name, hook);
	(void)smap_add(&b->now->netdev, name, h);
}

/* A unit's list of service sets for one direction and family: the first whose service filter matches takes the packet. */
static void
capture_put(struct builder *b, const struct conf_unit *u, bool is_input,
    const struct conf_if_service *list, size_t n, uint8_t family)
{
	struct arena *a = b->now->arena;
	const char *family_word = family == ADDR_V4 ? "ip" : "ip6";
	if (n == 0)
		return;
	const char *base = arena_printf(a, "%s.%s", is_input ? "in" : "out", u->device);
	const char *chain = arena_printf(a, "%s.%s", base, family_word);
	netdev_chain(b, chain, 0, "");
	capture_exempt(b, chain, is_input, list, n, family);
	for (size_t i = 0; i < n; i++) {
		const struct conf_service_set *s = list[i].set;
		const char *device = capture_device(
		    a, s->pic->device, is_input ? 'i' : 'o', number_get(b->s->sets, s->name));
		if (list[i].service_filter == NULL) {
			nfttext_rule(b, "netdev", chain);
			text_printf(b->out, " fwd to \"%s\"\n", device);
			continue;
		}
		const char *filter = arena_printf(a, "%s.%zu", chain, i);
		netdev_chain(b, filter, 0, "");
		service_filter_put(b, list[i].service_filter, filter, device);
		nfttext_rule(b, "netdev", chain);
		text_printf(b->out, " jump %s\n", filter);
	}
	nfttext_rule(b, "netdev", base);
	text_printf(b->out, " meta protocol %s jump %s\n", family_word, chain);
}

void
nftcapture_put(struct builder *b, const struct conf_unit *u)
{
	static const struct {
		const char *word;
		const char *hook;
	} ways[] = { { "out", "egress" }, { "in", "ingress" } };
	size_t n = u->inet.n_service_in + u->inet.n_service_out + u->inet6.n_service_in +
		   u->inet6.n_service_out;
	unsigned ifindex = n > 0 ? b->s->ifindex(u->device, b->s->arg) : 0;
	if (ifindex == 0)
		return;
	for (unsigned way = 0; way < 2; way++) {
		bool is_input = way == 1;
		const struct conf_if_service *l4 =
		    is_input ? u->inet.service_in : u->inet.service_out;
		const struct conf_if_service *l6 =
		    is_input ? u->inet6.service_in : u->inet6.service_out;
		size_t n4 = is_input ? u->inet.n_service_in : u->inet.n_service_out;
		size_t n6 = is_input ? u->inet6.n_service_in : u->inet6.n_service_out;
		if (n4 + n6 == 0)
			continue;
		const char *base = arena_printf(b->now->arena, "%s.%s", ways[way].word, u->device);
		netdev_chain(b, base, ifindex,
		    arena_printf(b->now->arena,
			" { type filter hook %s device \"%s\" priority 0; policy accept; }",
			ways[way].hook, u->device));
		nfttext_rule(b, "netdev", base);
		text_printf(b->out, " meta mark 0x%x accept\n", MARK_BYPASS);
		capture_put(b, u, is_input, l4, n4, ADDR_V4);
		capture_put(b, u, is_input, l6, n6, ADDR_V6);
	}
}
