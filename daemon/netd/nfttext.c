/* SPDX-License-Identifier: BSD-2-Clause
 *
 * nfttext.c - the packet filters of a configuration as nftables text; nftcapture.c adds the captures.
 *
 * Names: whatever JUNOS allows in a name, nftables gets letters, digits, '-' and '.'; everything else becomes _hex.
 * A filter ends with drop (JUNOS: an implicit discard), a service filter with return (skip). `then ipsec-sa`
 * is a mark that leads to the unit of the SA, so it has to happen before routing: in prerouting for what arrives, in
 * the output hook of type route for what the host sends. A forwarded packet that only meets it on its way out cannot be
 * steered any more and is dropped rather than sent in clear.
 */
#include "daemon/netd/nfttext.h"

#include "daemon/netd/mark.h"
#include "daemon/netd/number.h"
#include "daemon/netd/nfttext_priv.h"
#include "daemon/netd/plan.h"
#include "lib/base/arena.h"
#include "lib/conf/conf.h"

#include <stdlib.h>
#include <string.h>

/* The forms in which one filter can be compiled. */
enum form {
	FORM_FULL,  /* every term as written */
	FORM_STEER, /* only `then ipsec-sa` acts; for the output hook, where FORM_OUT follows */
	FORM_OUT,   /* as written, but it is too late to steer */
	FORMS,
};

enum { NAME_MAX_LEN = 200 }; /* characters; nftables takes 255 */

static const char *const form_words[FORMS] = { "full", "steer", "out" };

struct nft_names *
nft_names_new(void)
{
	struct nft_names *n = calloc(1, sizeof(*n));
	if (n == NULL)
		abort();
	n->arena = arena_new();
	return n;
}

void
nft_names_free(struct nft_names *n)
{
	if (n == NULL)
		return;
	text_done(&n->chains);
	smap_done(&n->netdev);
	smap_done(&n->counters);
	arena_free(n->arena);
	free(n);
}

/* --- names --- */

static void
name_put(struct text *t, const char *name)
{
	for (const char *p = name; *p != '\0'; p++) {
		bool is_plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
				(*p >= '0' && *p <= '9') || *p == '-';
		if (is_plain)
			text_putc(t, *p);
		else
			text_printf(t, "_%02x", (unsigned char)*p);
	}
}

/* Keeps T within what nftables takes for a name: the start, and a number made of all of it (FNV-1a). */
static void
name_shorten(struct text *t)
{
	uint64_t h = 0xcbf29ce484222325;
	if (t->len <= NAME_MAX_LEN)
		return;
	for (size_t i = 0; i < t->len; i++)
		h = (h ^ (uint8_t)t->s[i]) * 0x100000001b3;
	char *start = strndup(t->s, NAME_MAX_LEN - 18);
	if (start == NULL)
		abort();
	text_reset(t);
	text_printf(t, "%s.z%016llx", start, (unsigned long long)h);
	free(start);
}

static const char *
name_make(struct arena *a, const char *prefix, const struct conf_filter *f, const char *suffix)
{
	struct text t = { 0 };
	text_printf(&t, "%s%u%s.", prefix, f->family, f->is_service ? "s" : "");
	name_put(&t, f->name);
	text_putc(&t, '.');
	name_put(&t, suffix);
	name_shorten(&t);
	char *name = arena_strdup(a, text_str(&t));
	text_done(&t);
	return name;
}

const char *
nfttext_counter(struct arena *a, const struct conf_filter *f, const char *counter)
{
	return name_make(a, "c", f, counter);
}

/* --- objects --- */

void
nfttext_chain(struct builder *b, const char *family, const char *name, const char *hook)
{
	text_printf(b->out, "add chain %s " NFT_TABLE " %s%s\n", family, name, hook);
	if (strcmp(family, "inet") == 0)
		text_printf(&b->now->chains, "delete chain inet " NFT_TABLE " %s\n", name);
}

void
nfttext_rule(struct builder *b, const char *family, const char *chain)
{
	text_printf(b->out, "add rule %s " NFT_TABLE " %s", family, chain);
}

const char *
nfttext_count(struct builder *b, const struct conf_filter *f, const char *counter)
{
	struct nft_names *n = b->now;
	const char *name = nfttext_counter(n->arena, f, counter);
	if (!smap_add(&n->counters, name, n))
		return name;
	const char *family = f->is_service ? "netdev" : "inet";
	if (n->n_counters == n->cap) {
		size_t cap = n->cap ? n->cap * 2 : 32;
		struct nft_counter *list = arena_array(n->arena, cap, sizeof(*list));
		if (n->n_counters > 0)
			memcpy(list, n->counter_list, n->n_counters * sizeof(*list));
		n->counter_list = list;
		n->cap = cap;
	}
	n->counter_list[n->n_counters++] = (struct nft_counter){ .family = family, .name = name };
	text_printf(b->out, "add counter %s " NFT_TABLE " %s\n", family, name);
	return name;
}

/* --- matches of a term --- */

static void
prefixes_put(struct text *t, uint8_t family, const char *field, const struct prefix *list, size_t n)
{
	char buf[PREFIX_STRLEN];
	if (n == 0)
		return;
	text_printf(t, " %s %s {", family == ADDR_V4 ? "ip" : "ip6", field);
	for (size_t i = 0; i < n; i++) {
		text_printf(
		    t, "%s %s", i > 0 ? "," : "", prefix_print(prefix_network(list[i]), buf));
	}
	text_put(t, " }");
}

static bool
has_any(const struct prefix *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].len == 0)
			return true;
	return n == 0;
}

static void
ranges_put(struct text *t, const char *match, const struct conf_range *list, size_t n)
{
	if (n == 0)
		return;
	text_printf(t, " %s {", match);
	for (size_t i = 0; i < n; i++) {
		text_printf(t, "%s %u", i > 0 ? "," : "", list[i].lo);
		if (list[i].hi != list[i].lo)
			text_printf(t, "-%u", list[i].hi);
	}
	text_put(t, " }");
}

static bool
has_ports(const struct conf_filter_term *m)
{
	return m->n_source_ports > 0 || m->n_destination_ports > 0;
}

static bool
has_spis(const struct conf_filter_term *m)
{
	return m->n_esp_spis > 0 || m->n_ah_spis > 0;
}

static void
transport_put(struct text *t, const struct conf_filter_term *m, enum part part)
{
	if (part != PART_LATER) {
		ranges_put(t, "th sport", m->source_ports, m->n_source_ports);
		ranges_put(t, "th dport", m->destination_ports, m->n_destination_ports);
	}
	if (part == PART_ESP) {
		text_put(t, " meta l4proto 50");
		ranges_put(t, "@th,0,32", m->esp_spis, m->n_esp_spis);
	} else if (part == PART_AH) {
		text_put(t, " meta l4proto 51");
		ranges_put(t, "@th,32,32", m->ah_spis, m->n_ah_spis);
	} else if (part == PART_LATER && has_spis(m)) {
		text_printf(t, " meta l4proto %u", m->n_esp_spis > 0 ? 50U : 51U);
	}
}

void
nfttext_matches(
    struct text *t, const struct conf_filter *f, const struct conf_filter_term *m, enum part part)
{
	if (!has_any(m->source, m->n_source))
		prefixes_put(t, f->family, "saddr", m->source, m->n_source);
	if (!has_any(m->destination, m->n_destination))
		prefixes_put(t, f->family, "daddr", m->destination, m->n_destination);
	ranges_put(t, "meta l4proto", m->protocols, m->n_protocols);
	if (has_ports(m) && m->n_protocols == 0)
		text_put(t, " meta l4proto { 6, 17 }");
	if (part == PART_LATER)
		text_put(
		    t, f->family == ADDR_V4 ? " ip frag-off & 0x1fff != 0" : " frag frag-off != 0");
	transport_put(t, m, part);
}

size_t
nfttext_parts(const struct conf_filter_term *m, enum part out[2])
{
	bool protects = m->action == FA_IPSEC_SA || m->action == FA_SERVICE;
	size_t n = 0;
	out[n++] = m->n_esp_spis > 0 ? PART_ESP : m->n_ah_spis > 0 ? PART_AH : PART_WHOLE;
	if (protects && (has_ports(m) || has_spis(m)))
		out[n++] = PART_LATER;
	return n;
}

/* --- filters --- */

void
nfttext_log(struct text *t, const struct conf_filter *f, const struct conf_filter_term *m)
{
	if (!m->has_log && !m->has_syslog)
		return;
	text_put(t, " log prefix \"");
	/* the kernel takes 127 characters; a name with a quote in it must not end the string */
	struct text prefix = { 0 };
	text_printf(&prefix, "%.40s:%.40s ", f->name, m->name);
	for (const char *p = text_str(&prefix); *p != '\0'; p++)
		text_putc(t, *p == '"' || *p == '\\' || *p == '$' ? '?' : *p);
	text_putc(t, '"');
	text_done(&prefix);
}

static void
verdict_put(struct builder *b, const struct conf_filter_term *m, enum form form)
{
	struct text *t = b->out;
	switch (m->action) {
	case FA_ACCEPT:
		text_put(t, form == FORM_STEER ? " return" : " accept");
		return;
	case FA_DISCARD:
		text_put(t, form == FORM_STEER ? " return" : " drop");
		return;
	case FA_REJECT:
		text_put(t, form == FORM_STEER ? " return" : " reject with icmpx admin-prohibited");
		return;
	case FA_IPSEC_SA:
		if (form == FORM_OUT || steer_device(b->s->c, m->sa) == NULL)
			text_put(t, " drop");
		else
			text_printf(t, " meta mark set 0x%x accept",
			    MARK_STEER + number_get(b->s->sas, m->sa->name));
		return;
	case FA_SKIP:
		text_put(t, " return");
		return;
	case FA_SERVICE:
	case FA_NEXT_TERM:
		return;
	}
}

static void
term_put(struct builder *b, const struct conf_filter *f, const struct conf_filter_term *m,
    const char *chain, enum form form, enum part part)
{
	bool is_steer_pass = form == FORM_STEER && m->action != FA_IPSEC_SA;
	const char *counter =
	    m->count != NULL && !is_steer_pass ? nfttext_count(b, f, m->count) : NULL;
	nfttext_rule(b, "inet", chain);
	nfttext_matches(b->out, f, m, part);
	if (counter != NULL)
		text_printf(b->out, " counter name \"%s\"", counter);
	if (!is_steer_pass)
		nfttext_log(b->out, f, m);
	verdict_put(b, m, form);
	text_putc(b->out, '\n');
}

/* True if the rule would have nothing to do. */
static bool
is_idle(const struct conf_filter_term *m, enum form form)
{
	bool acts = m->action != FA_NEXT_TERM;
	bool tells = m->count != NULL || m->has_log || m->has_syslog;
	return !acts && (!tells || form == FORM_STEER);
}

static void
terms_put(struct builder *b, const struct conf_filter *f, const char *chain, enum form form)
{
	for (size_t i = 0; i < f->n_terms; i++) {
		const struct conf_filter_term *m = &f->terms[i];
		if (is_idle(m, form))
			continue;
		enum part parts[2];
		size_t n = nfttext_parts(m, parts);
		for (size_t k = 0; k < n; k++)
			term_put(b, f, m, chain, form, parts[k]);
	}
}

/* Compiles F once in each form that is used; returns the chain. */
static const char *
filter_chain(struct builder *b, const struct conf_filter *f, enum form form)
{
	const char *chain = name_make(b->now->arena, "f", f, form_words[form]);
	if (!smap_add(&b->chains, chain, b->now))
		return chain;
	nfttext_chain(b, "inet", chain, "");
	terms_put(b, f, chain, form);
	if (form != FORM_STEER) {
		nfttext_rule(b, "inet", chain);
		text_put(b->out, " drop\n");
	}
	return chain;
}

static bool
has_steering(const struct conf_filter *f)
{
	for (size_t i = 0; i < f->n_terms; i++)
		if (f->terms[i].action == FA_IPSEC_SA)
			return true;
	return false;
}

static const char *
device_of(const struct conf_unit *u)
{
	return u->ifd->kind == IFD_LOOPBACK ? "lo" : u->device;
}

static void
jump_put(struct builder *b, const char *base, const char *way, const char *device, uint8_t family,
    const char *chain)
{
	nfttext_rule(b, "inet", base);
	text_printf(b->out, " meta nfproto %s", family == ADDR_V4 ? "ipv4" : "ipv6");
	if (device != NULL)
		text_printf(b->out, " %s \"%s\"", way, device);
	text_printf(b->out, " jump %s\n", chain);
}

/* lo0 stands for the host itself, not for the packets that the host sends to itself. */
static void
loopback_put(struct builder *b, const struct conf_family *f, uint8_t family)
{
	if (f->filter_in != NULL)
		jump_put(b, "local", NULL, NULL, family, filter_chain(b, f->filter_in, FORM_FULL));
	if (f->filter_out != NULL)
		jump_put(b, "host", NULL, NULL, family, filter_chain(b, f->filter_out, FORM_FULL));
}

static void
unit_filters_put(
    struct builder *b, const struct conf_unit *u, const struct conf_family *f, uint8_t family)
{
	const char *device = device_of(u);
	if (u->ifd->kind == IFD_LOOPBACK) {
		loopback_put(b, f, family);
		return;
	}
	if (f->filter_in != NULL)
		jump_put(
		    b, "in", "iifname", device, family, filter_chain(b, f->filter_in, FORM_FULL));
	if (f->filter_out == NULL)
		return;
	if (has_steering(f->filter_out))
		jump_put(b, "host", "oifname", device, family,
		    filter_chain(b, f->filter_out, FORM_STEER));
	const char *chain = filter_chain(b, f->filter_out, FORM_OUT);
	jump_put(b, "out", "oifname", device, family, chain);
	jump_put(b, "host-out", "oifname", device, family, chain);
}

/* Protected packets to a local gateway go to picd, past the filter that guards the host. ESP in UDP is what begins with an
 * SPI; IKE on the same port is for the host, and its filter's business. */
static void
gateway_put(struct builder *b, struct addr a, bool is_dynamic)
{
	char text[ADDR_STRLEN];
	const char *ip = a.family == ADDR_V4 ? "ip" : "ip6";
	if (a.family == ADDR_NONE)
		return;
	addr_print(a, text);
	nfttext_rule(b, "inet", "local");
	text_printf(b->out, " %s daddr %s meta l4proto { 50, 51 } accept\n", ip, text);
	if (!is_dynamic)
		return;
	nfttext_rule(b, "inet", "local");
	text_printf(b->out, " %s daddr %s udp dport 4500 udp length > 12 @th,64,32 != 0 accept\n",
	    ip, text);
}

static void
gateways_put(struct builder *b)
{
	const struct conf *c = b->s->c;
	for (size_t i = 0; i < c->n_service_sets; i++)
		gateway_put(b, c->service_sets[i]->local_gateway, c->service_sets[i]->is_dynamic);
	for (size_t i = 0; i < c->n_ifds; i++)
		for (size_t k = 0; k < c->ifds[i]->n_units; k++) {
			const struct conf_unit *u = c->ifds[i]->units[k];
			gateway_put(b, u->tunnel_source,
			    u->ipsec_sa != NULL && u->ipsec_sa->dynamic.is_set);
		}
}

/* What comes out of an interface-style service set is marked, so that its own capture can let it leave. */
static void
decrypted_put(struct builder *b)
{
	const struct conf *c = b->s->c;
	for (size_t i = 0; i < c->n_service_sets; i++) {
		const struct conf_service_set *s = c->service_sets[i];
		if (s->is_next_hop || s->service_unit == NULL)
			continue;
		nfttext_rule(b, "inet", "in");
		text_printf(b->out, " iifname \"%s\" meta mark set 0x%x\n", s->service_unit->device,
		    nftcapture_mark(b, s));
	}
}

#define QUIET_HOOK " { type filter hook output priority -160; policy accept; }"

/* Multicast listener reports (RFC 3810) go to all links when a device comes up; behind a unit nobody listens. */
static void
quiet_rule(const struct conf *c, struct text *out)
{
	text_put(out,
	    "add rule inet " NFT_TABLE " quiet icmpv6 type { 131, 132, 143 } oifname { \"re0.0\"");
	for (size_t i = 0; i < c->n_ifds; i++) {
		const struct conf_ifd *ifd = c->ifds[i];
		if (ifd->kind != IFD_SERVICES && ifd->kind != IFD_ES)
			continue;
		for (size_t k = 0; k < ifd->n_units; k++)
			if (ifd->units[k]->inet6.is_set)
				text_printf(out, ", \"%s\"", ifd->units[k]->device);
	}
	text_put(out, " } drop\n");
}

static void
table_put(const struct nft_source *s, struct text *out)
{
	text_printf(out, "add table inet " NFT_TABLE " { comment \"%s\"; }\n", s->memo);
}

void
nfttext_shut(const char *memo, struct text *out)
{
	text_printf(out,
	    "add table inet " NFT_TABLE " { comment \"%s\"; }\n"
	    "add chain inet " NFT_TABLE
	    " shut { type filter hook forward priority -300; policy drop; }\n"
	    "add chain inet " NFT_TABLE
	    " shut-host { type filter hook output priority -130; policy accept; }\n"
	    "add rule inet " NFT_TABLE " shut-host meta mark 0x%x-0x%x drop\n",
	    memo, MARK_STEER + 1, MARK_STEER + MARK_NUMBER_MAX);
}

void
nfttext_quiet(const struct nft_source *s, struct text *out)
{
	table_put(s, out);
	text_put(out, "add chain inet " NFT_TABLE " quiet" QUIET_HOOK
		      "\nflush chain inet " NFT_TABLE " quiet\n");
	quiet_rule(s->c, out);
}

/* A device of U's name that came after this text was made has no capture yet, so nothing passes it either way. */
static void
gap_put(struct builder *b, const struct conf_unit *u, const struct conf_family *f, uint8_t family)
{
	if (f->n_service_in + f->n_service_out == 0)
		return; /* as on ten thousand units of tunnels, each of which would be a question to the kernel */
	unsigned index = b->s->ifindex(u->device, b->s->arg);
	const char *word = family == ADDR_V4 ? "ipv4" : "ipv6";
	if (f->n_service_in > 0) {
		nfttext_rule(b, "inet", "gap-in");
		text_printf(b->out, " meta nfproto %s iifname \"%s\" iif != %u drop\n", word,
		    u->device, index);
	}
	if (f->n_service_out > 0) {
		nfttext_rule(b, "inet", "gap-out");
		text_printf(b->out, " meta nfproto %s oifname \"%s\" oif != %u drop\n", word,
		    u->device, index);
	}
}

static void
inet_put(struct builder *b)
{
	const struct conf *c = b->s->c;
	static const struct {
		const char *name;
		const char *hook;
	} bases[] = {
		{ "quiet", QUIET_HOOK },
		{ "in", " { type filter hook prerouting priority -150; policy accept; }" },
		{ "local", " { type filter hook input priority -150; policy accept; }" },
		{ "out", " { type filter hook forward priority -150; policy accept; }" },
		{ "host", " { type route hook output priority -150; policy accept; }" },
		{ "host-out", " { type filter hook output priority -140; policy accept; }" },
		{ "gap-in", " { type filter hook prerouting priority -300; policy accept; }" },
		{ "gap-out", " { type filter hook postrouting priority -300; policy accept; }" },
	};
	for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++)
		nfttext_chain(b, "inet", bases[i].name, bases[i].hook);
	quiet_rule(c, b->out);
	/* a steered packet of the host still carries the device that it was meant for */
	text_printf(b->out,
	    "add rule inet " NFT_TABLE " host meta mark 0x%x accept\n"
	    "add rule inet " NFT_TABLE " host-out meta mark 0x%x-0x%x accept\n"
	    "add rule inet " NFT_TABLE " host oifname \"lo\" accept\n"
	    "add rule inet " NFT_TABLE " host-out oifname \"lo\" accept\n"
	    "add rule inet " NFT_TABLE " local iifname \"lo\" accept\n",
	    MARK_BYPASS, MARK_STEER, MARK_BYPASS);
	gateways_put(b);
	decrypted_put(b);
	for (size_t i = 0; i < c->n_ifds; i++)
		for (size_t k = 0; k < c->ifds[i]->n_units; k++) {
			const struct conf_unit *u = c->ifds[i]->units[k];
			unit_filters_put(b, u, &u->inet, ADDR_V4);
			unit_filters_put(b, u, &u->inet6, ADDR_V6);
			gap_put(b, u, &u->inet, ADDR_V4);
			gap_put(b, u, &u->inet6, ADDR_V6);
		}
}

/* A chain of the netdev table that stays keeps its hook: between one hook and the next a packet would meet both, or none.
 * Those that go, and those whose device went (its name may have come back), are deleted; adding makes the latter anew. */
static void
netdev_chains_delete(const struct builder *b, const struct nft_names *old, struct text *out)
{
	for (size_t i = 0; i < b->s->n_netdev_chains; i++) {
		const char *name = b->s->netdev_chains[i];
		const struct nft_hook *was = smap_find(&old->netdev, name);
		const struct nft_hook *is = smap_find(&b->now->netdev, name);
		if (was == NULL || is == NULL || was->ifindex != is->ifindex)
			text_printf(out, "delete chain netdev " NFT_TABLE " %s\n", name);
	}
}

void
nfttext_build(const struct nft_source *s, const struct nft_names *old, struct nft_names *now,
    struct text *out)
{
	struct builder b = { .s = s, .now = now, .out = out };
	/* what a killed netd left, or nfttext_shut() */
	if (old == NULL)
		text_put(out,
		    "add table inet " NFT_TABLE "\ndelete table inet " NFT_TABLE
		    "\nadd table netdev " NFT_TABLE "\ndelete table netdev " NFT_TABLE "\n");
	table_put(s, out);
	text_put(out, "flush table inet " NFT_TABLE "\nadd table netdev " NFT_TABLE
		      "\nflush table netdev " NFT_TABLE "\n");
	if (old != NULL)
		text_put(out, text_str(&old->chains));
	inet_put(&b);
	struct text captures = { 0 };
	b.out = &captures;
	for (size_t i = 0; i < s->c->n_ifds; i++)
		for (size_t k = 0; k < s->c->ifds[i]->n_units; k++)
			nftcapture_put(&b, s->c->ifds[i]->units[k]);
	if (old != NULL)
		netdev_chains_delete(&b, old, out);
	text_put(out, text_str(&captures));
	text_done(&captures);
	for (size_t i = 0; old != NULL && i < old->n_counters; i++)
		if (smap_find(&now->counters, old->counter_list[i].name) == NULL)
			text_printf(out, "delete counter %s " NFT_TABLE " %s\n",
			    old->counter_list[i].family, old->counter_list[i].name);
	smap_done(&b.chains);
}
