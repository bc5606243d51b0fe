/* SPDX-License-Identifier: BSD-2-Clause
 *
 * assoc.c - pairs the tunnels of two configurations by name and makes the SAs that changed.
 *
 * An SA is kept if every parameter and both keys are what they were; else it is made anew and, if
 * SPI and keys are the same (an MTU or address changed), goes on where the worker leaves the old one.
 * Keys stay in the configuration's own memory and are compared there. Main thread.
 */
#include "daemon/picd/assoc.h"

#include "daemon/picd/tally.h"
#include "lib/base/text.h"
#include "lib/conf/conf.h"
#include "lib/vpn/tunnel.h"
#include "lib/os/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- parameters from the configuration --- */

static enum sa_df
df_of(enum conf_df df)
{
	static const enum sa_df map[] = {
		[DF_DEFAULT] = SA_DF_DEFAULT,
		[DF_CLEAR] = SA_DF_CLEAR,
		[DF_COPY] = SA_DF_COPY,
		[DF_SET] = SA_DF_SET,
	};
	return map[df];
}

static uint16_t
mtu_of(const struct conf_tunnel *t)
{
	return (uint16_t)(t->tunnel_mtu > UINT16_MAX ? UINT16_MAX : t->tunnel_mtu);
}

/* Everything that one direction of a manual SA says, but the keys. */
static struct sa_params
params_manual(const struct conf_manual *m, enum conf_mode mode, enum sa_direction direction)
{
	static const enum sa_protocol protocols[] = {
		[PROTO_ESP] = SA_ESP,
		[PROTO_AH] = SA_AH,
		[PROTO_BUNDLE] = SA_BUNDLE,
	};
	return (struct sa_params){
		.protocol = protocols[m->proto],
		.mode = mode == MODE_TUNNEL ? SA_TUNNEL : SA_TRANSPORT,
		.direction = direction,
		.spi = m->spi,
		.home = m->spi, /* a bidirectional one is at home where packets come in */
		.aux_spi = m->proto == PROTO_BUNDLE ? m->aux_spi : 0,
		.auth = m->auth,
		.enc = m->proto != PROTO_AH ? m->enc : ENC_NULL,
		.tos = SA_TOS_COPY,
		.tunnel_mtu = SA_TUNNEL_MTU_DEFAULT,
		.seq_cycles = direction == SA_OUT, /* manual: the receiver keeps no window */
	};
}

static struct assoc_shape
shape_tunnel(const struct conf_service_set *set, const struct conf_tunnel *t)
{
	struct tunnel_selectors s = tunnel_selectors(t->term);
	return (struct assoc_shape){
		.is_dynamic = t->term->dynamic.is_set && !t->term->manual.is_set,
		.local = set->local_gateway,
		.remote = t->term->remote_gateway,
		.backup = t->term->backup_gateway,
		.selector_local = s.local,
		.selector_remote = s.remote,
		.df = df_of(t->df),
		.tunnel_mtu = mtu_of(t),
	};
}

static struct assoc_shape
shape_es(const struct conf_unit *u)
{
	const struct conf_sa *sa = u->ipsec_sa;
	return (struct assoc_shape){
		.is_dynamic = sa->dynamic.is_set && !sa->manual.is_set,
		.local = u->tunnel_source,
		.remote = u->tunnel_destination,
		.backup = u->tunnel_backup,
		.selector_local = sa->selector_local,
		.selector_remote = sa->selector_remote,
		.df = SA_DF_DEFAULT,
		.tunnel_mtu = SA_TUNNEL_MTU_DEFAULT,
	};
}

static struct sa_params
params_tunnel(
    const struct conf_service_set *set, const struct conf_tunnel *t, enum sa_direction direction)
{
	const struct conf_manual_pair *pair = &t->term->manual;
	bool is_out = direction == SA_OUT;
	struct sa_params p = params_manual(is_out ? &pair->out : &pair->in, MODE_TUNNEL, direction);
	p.src = is_out ? set->local_gateway : t->term->remote_gateway;
	p.dst = is_out ? t->term->remote_gateway : set->local_gateway;
	if (is_out) {
		p.df = df_of(t->df);
		p.tunnel_mtu = mtu_of(t);
	} else {
		struct tunnel_selectors s = tunnel_selectors(t->term);
		p.selector_src = s.remote;
		p.selector_dst = s.local;
	}
	return p;
}

static struct sa_params
params_es(const struct conf_unit *u, enum sa_direction direction)
{
	const struct conf_manual_pair *pair = &u->ipsec_sa->manual;
	bool is_out = direction == SA_OUT;
	struct sa_params p = params_manual(is_out ? &pair->out : &pair->in, MODE_TUNNEL, direction);
	p.src = is_out ? u->tunnel_source : u->tunnel_destination;
	p.dst = is_out ? u->tunnel_destination : u->tunnel_source;
	return p;
}

/* --- one SA --- */

const char *
assoc_fault_text(enum sa_fault f)
{
	static const char *const texts[] = {
		[SA_OK] = "ok",
		[SA_BAD_ALGORITHM] = "the algorithms do not fit the protocol",
		[SA_BAD_ADDRESS] = "the gateway addresses are missing or of different families",
		[SA_BAD_WINDOW] = "the replay window has a wrong size",
		[SA_BAD_SPI] = "the SPI is reserved",
		[SA_BAD_MTU] = "the tunnel MTU is too small",
		[SA_BAD_PORT] = "UDP ports are for ESP tunnels",
		[SA_NO_MEMORY] = "not enough memory",
	};
	return texts[f];
}

static void
fault_tell(struct text *why, const char *name, enum sa_fault f)
{
	text_printf(why, "%s%s: %s", why->len > 0 ? "; " : "", name, assoc_fault_text(f));
}

static bool
secret_fits(const struct secret *s, size_t want)
{
	return s->len == want && want <= SA_KEY_MAX;
}

static enum sa_fault
sa_make(const struct esp_worker *w, const struct sa_params *params, const struct conf_manual *m,
    struct sa **out)
{
	bool has_enc = m->proto != PROTO_AH;
	size_t auth_len = auth_info(m->auth)->key_len;
	size_t enc_len = has_enc ? enc_info(m->enc)->key_len : 0;
	if (!secret_fits(&m->auth_key, auth_len) || (has_enc && !secret_fits(&m->enc_key, enc_len)))
		return SA_BAD_ALGORITHM;
	struct sa_params p = *params;
	if (auth_len > 0)
		memcpy(p.auth_key, m->auth_key.b, auth_len);
	if (enc_len > 0)
		memcpy(p.enc_key, m->enc_key.b, enc_len);
	enum sa_fault f = sa_new(w, &p, out);
	explicit_bzero(&p, sizeof(p));
	return f;
}

static bool
secret_eq(const struct secret *a, const struct secret *b)
{
	return a->len == b->len && (a->len == 0 || memcmp(a->b, b->b, a->len) == 0);
}

static bool
keys_eq(const struct conf_manual *a, const struct conf_manual *b)
{
	return secret_eq(&a->auth_key, &b->auth_key) && secret_eq(&a->enc_key, &b->enc_key);
}

static bool
selector_eq(struct prefix a, struct prefix b)
{
	return a.addr.family == b.addr.family && a.len == b.len && addr_eq(a.addr, b.addr);
}

/* Is A, of an SA, what B, of params_tunnel() and its like, becomes? */
static bool
params_eq(const struct sa_params *a, const struct sa_params *b)
{
	return a->protocol == b->protocol && a->mode == b->mode && a->direction == b->direction &&
	       a->spi == b->spi && a->aux_spi == b->aux_spi && a->auth == b->auth &&
	       a->enc == b->enc && addr_eq(a->src, b->src) && addr_eq(a->dst, b->dst) &&
	       a->df == b->df && a->tunnel_mtu == b->tunnel_mtu &&
	       selector_eq(a->selector_src, b->selector_src) &&
	       selector_eq(a->selector_dst, b->selector_dst);
}

/* Numbers go on where they were if the receiver cannot tell the new SA from the old one. */
static bool
is_same_stream(const struct sa_params *a, const struct sa_params *b)
{
	return a->protocol == b->protocol && a->spi == b->spi && a->aux_spi == b->aux_spi &&
	       a->auth == b->auth && a->enc == b->enc;
}

void
assoc_retire_sa(struct assoc_retired *r, struct sa *sa)
{
	if (sa == NULL)
		return;
	if ((r->n_sas & (r->n_sas - 1)) == 0) {
		struct sa **grown =
		    realloc(r->sas, (r->n_sas == 0 ? 1 : 2 * r->n_sas) * sizeof(*grown));
		if (grown == NULL)
			abort();
		r->sas = grown;
	}
	r->sas[r->n_sas++] = sa;
}

static void
heir_add(struct assoc_retired *r, struct sa *from, struct sa *to)
{
	if ((r->n_heirs & (r->n_heirs - 1)) == 0) {
		struct assoc_heir *grown =
		    realloc(r->heirs, (r->n_heirs == 0 ? 1 : 2 * r->n_heirs) * sizeof(*grown));
		if (grown == NULL)
			abort();
		r->heirs = grown;
	}
	r->heirs[r->n_heirs++] = (struct assoc_heir){ .from = from, .to = to };
}

/* Makes END what PARAMS and M say; an SA that does not change is left alone. */
static void
end_settle(struct assoc *a, struct assoc_end *end, struct sa_params params,
    const struct conf_manual *m, const struct esp_worker *w, struct assoc_retired *r,
    struct text *why)
{
	params.user = a;
	struct sa *old = end->sa;
	bool has_same_keys = old != NULL && keys_eq(end->manual, m);
	if (has_same_keys && params_eq(sa_params(old), &params)) {
		end->manual = m; /* the configuration before goes away */
		return;
	}
	struct sa *fresh = NULL;
	enum sa_fault f = sa_make(w, &params, m, &fresh);
	if (f != SA_OK)
		fault_tell(why, a->name, f);
	else if (has_same_keys && is_same_stream(sa_params(old), &params))
		heir_add(r, old, fresh);
	assoc_retire_sa(r, old);
	*end = (struct assoc_end){ .sa = fresh, .manual = m };
}

static void
end_clear(struct assoc_end *end, struct assoc_retired *r)
{
	assoc_retire_sa(r, end->sa);
	*end = (struct assoc_end){ 0 };
}

/* --- the table --- */

static uint32_t
slot_take(struct assoc_table *t, struct assoc *a, size_t *hint)
{
	while (*hint < t->n_slots && t->by_slot[*hint] != NULL)
		++*hint;
	if (*hint == t->cap_slots) {
		t->cap_slots = t->cap_slots == 0 ? 16 : 2 * t->cap_slots;
		t->by_slot = realloc(t->by_slot, t->cap_slots * sizeof(struct assoc *));
		if (t->by_slot == NULL)
			abort();
	}
	if (*hint == t->n_slots)
		t->n_slots++;
	t->by_slot[*hint] = a;
	return (uint32_t)*hint;
}

/* One change of the table, while it is made. */
struct change {
	struct assoc_table *t;
	const struct esp_worker *w;
	struct text *why;
	struct smap fresh; /* the names of the new configuration */
	struct smap fresh_sets;
	size_t slot_hint;
	struct assoc_retired retired;
};

static char *
heap_copy(const char *s)
{
	char *copy = strdup(s);
	if (copy == NULL)
		abort();
	return copy;
}

/* Returns the association NAME of the old configuration, or a new one, as part of the new one. NULL if the new
 * one has it already. */
static struct assoc *
assoc_take(struct change *c, const char *name, enum assoc_kind kind)
{
	struct assoc *a = smap_find(&c->t->by_name, name);
	if (smap_find(&c->fresh, name) != NULL)
		return NULL;
	if (a == NULL) {
		a = calloc(1, sizeof(*a));
		if (a == NULL)
			abort();
		a->name = heap_copy(name);
		a->tally = tally_new(c->t->n_workers);
		a->slot = slot_take(c->t, a, &c->slot_hint);
	}
	a->kind = kind;
	smap_set(&c->fresh, a->name, a);
	return a;
}

/* Tells who traces what became of an SA; its keys are nobody's business. */
static void
end_trace(
    const struct assoc *a, const char *way, const struct sa *before, const struct assoc_end *end)
{
	if (before == end->sa)
		return;
	if (end->sa == NULL)
		log_trace("database", LOG_LEVEL_INFO, "%s: %s SA deleted", a->name, way);
	else
		log_trace("database", LOG_LEVEL_INFO, "%s: %s SA %s, SPI %u", a->name, way,
		    before == NULL ? "added" : "changed", sa_params(end->sa)->spi);
}

static void
pair_settle(struct change *c, struct assoc *a, const struct conf_manual_pair *pair,
    struct sa_params in, struct sa_params out)
{
	const struct sa *in_before = a->in.sa;
	const struct sa *out_before = a->out.sa;
	if (pair->is_set && pair->in.is_set)
		end_settle(a, &a->in, in, &pair->in, c->w, &c->retired, c->why);
	else
		end_clear(&a->in, &c->retired);
	if (pair->is_set && pair->out.is_set)
		end_settle(a, &a->out, out, &pair->out, c->w, &c->retired, c->why);
	else
		end_clear(&a->out, &c->retired);
	end_trace(a, "inbound", in_before, &a->in);
	end_trace(a, "outbound", out_before, &a->out);
}

static void
name_tunnel(struct text *out, const struct conf_service_set *set, const struct conf_term *term)
{
	text_reset(out);
	text_printf(out, "%s/%s/%s", set->name, term->rule->name, term->name);
}

static void
name_unit(struct text *out, const struct conf_unit *u)
{
	text_reset(out);
	text_printf(out, "unit %s %s", u->name, u->ipsec_sa->name);
}

static void
name_transport(struct text *out, const struct conf_sa *sa)
{
	text_reset(out);
	text_printf(out, "transport %s", sa->name);
}

/* What a configuration wants to be an association. */
struct wanted {
	const char *name;
	enum assoc_kind kind;
	struct assoc_shape shape;
	const struct conf_manual_pair *pair;
	struct sa_params in;
	struct sa_params out;
	const struct conf_service_set *set;
	const struct conf_tunnel *tunnel;
	const struct conf_unit *unit;
	const struct conf_sa *conf_sa;
};

static void
tunnels_walk(struct change *c, const struct conf_service_set *set,
    void (*fn)(struct change *, const struct wanted *))
{
	struct text name = { 0 };
	for (size_t j = 0; j < set->n_tunnels; j++) {
		const struct conf_tunnel *t = &set->tunnels[j];
		name_tunnel(&name, set, t->term);
		fn(c, &(struct wanted){ .name = text_str(&name),
			  .kind = ASSOC_TUNNEL,
			  .shape = shape_tunnel(set, t),
			  .pair = &t->term->manual,
			  .in = params_tunnel(set, t, SA_IN),
			  .out = params_tunnel(set, t, SA_OUT),
			  .set = set,
			  .tunnel = t });
	}
	text_done(&name);
}

static void
units_walk(struct change *c, const struct conf_ifd *ifd,
    void (*fn)(struct change *, const struct wanted *))
{
	struct text name = { 0 };
	for (size_t j = 0; ifd->kind == IFD_ES && j < ifd->n_units; j++) {
		const struct conf_unit *u = ifd->units[j];
		if (u->ipsec_sa == NULL)
			continue;
		name_unit(&name, u);
		fn(c, &(struct wanted){ .name = text_str(&name),
			  .kind = ASSOC_ES,
			  .shape = shape_es(u),
			  .pair = &u->ipsec_sa->manual,
			  .in = params_es(u, SA_IN),
			  .out = params_es(u, SA_OUT),
			  .unit = u,
			  .conf_sa = u->ipsec_sa });
	}
	text_done(&name);
}

static void
transport_walk(
    struct change *c, const struct conf_sa *sa, void (*fn)(struct change *, const struct wanted *))
{
	struct text name = { 0 };
	if (sa->mode != MODE_TRANSPORT || !sa->manual.is_set)
		return;
	name_transport(&name, sa);
	fn(c, &(struct wanted){ .name = text_str(&name),
		  .kind = ASSOC_TRANSPORT,
		  .pair = &sa->manual,
		  .in = params_manual(&sa->manual.in, MODE_TRANSPORT, SA_IN),
		  .out = params_manual(&sa->manual.out, MODE_TRANSPORT, SA_OUT),
		  .conf_sa = sa });
	text_done(&name);
}

/* Calls FN for everything that CONF wants. */
static void
conf_walk(
    struct change *c, const struct conf *conf, void (*fn)(struct change *, const struct wanted *))
{
	for (size_t i = 0; i < conf->n_service_sets; i++)
		tunnels_walk(c, conf->service_sets[i], fn);
	for (size_t i = 0; i < conf->n_ifds; i++)
		units_walk(c, conf->ifds[i], fn);
	for (size_t i = 0; i < conf->n_sas; i++)
		transport_walk(c, conf->sas[i], fn);
}

static void
wanted_take(struct change *c, const struct wanted *w)
{
	struct assoc *a = assoc_take(c, w->name, w->kind);
	if (a == NULL)
		return;
	dynamic_settle(a, &w->shape, &c->retired);
	a->set = w->set;
	a->tunnel = w->tunnel;
	a->unit = w->unit;
	a->conf_sa = w->conf_sa;
	pair_settle(c, a, w->pair, w->in, w->out);
}

static void
sets_take(struct change *c, const struct conf *conf)
{
	for (size_t i = 0; i < conf->n_service_sets; i++) {
		const struct conf_service_set *set = conf->service_sets[i];
		struct set_state *state = smap_find(&c->t->sets, set->name);
		if (state == NULL) {
			state = calloc(1, sizeof(*state));
			if (state == NULL)
				abort();
			state->name = heap_copy(set->name);
			state->tally = tally_new(c->t->n_workers);
		}
		smap_set(&c->fresh_sets, state->name, state);
	}
}

/* What the old maps have and the new ones have not. */
static void
rest_retire(struct change *c)
{
	for (size_t i = 0; i < c->t->by_name.cap; i++) {
		struct assoc *a = c->t->by_name.slots[i].value;
		if (a == NULL || smap_find(&c->fresh, a->name) == a)
			continue;
		log_trace("database", LOG_LEVEL_INFO, "%s: no longer configured", a->name);
		end_clear(&a->in, &c->retired);
		end_clear(&a->out, &c->retired);
		dynamic_settle(a, &(struct assoc_shape){ 0 }, &c->retired);
		a->next_retired = c->retired.assocs;
		c->retired.assocs = a;
	}
	for (size_t i = 0; i < c->t->sets.cap; i++) {
		struct set_state *s = c->t->sets.slots[i].value;
		if (s == NULL || smap_find(&c->fresh_sets, s->name) == s)
			continue;
		s->next_retired = c->retired.sets;
		c->retired.sets = s;
	}
}

struct assoc_retired
assoc_apply(
    struct assoc_table *t, const struct conf *conf, const struct esp_worker *w, struct text *why)
{
	struct change c = { .t = t, .w = w, .why = why };
	sets_take(&c, conf);
	conf_walk(&c, conf, wanted_take);
	rest_retire(&c);
	smap_done(&t->by_name);
	smap_done(&t->sets);
	t->by_name = c.fresh;
	t->sets = c.fresh_sets;
	return c.retired;
}

/* Could END, which runs or is NULL, become what PARAMS and M say? Only what is new has to be tried. */
static void
end_check(struct change *c, const struct wanted *w, const struct assoc_end *end,
    const struct sa_params *params, const struct conf_manual *m)
{
	struct sa *sa = NULL;
	if (end != NULL && end->sa != NULL && params_eq(sa_params(end->sa), params) &&
	    keys_eq(end->manual, m))
		return;
	enum sa_fault f = sa_make(c->w, params, m, &sa);
	if (f != SA_OK)
		fault_tell(c->why, w->name, f);
	sa_free(sa);
}

static void
wanted_check(struct change *c, const struct wanted *w)
{
	const struct assoc *a = smap_find(&c->t->by_name, w->name);
	if (w->pair->is_set && w->pair->in.is_set)
		end_check(c, w, a != NULL ? &a->in : NULL, &w->in, &w->pair->in);
	if (w->pair->is_set && w->pair->out.is_set)
		end_check(c, w, a != NULL ? &a->out : NULL, &w->out, &w->pair->out);
}

bool
assoc_check(
    struct assoc_table *t, const struct conf *conf, const struct esp_worker *w, struct text *why)
{
	struct change c = { .t = t, .w = w, .why = why };
	size_t before = why->len;
	conf_walk(&c, conf, wanted_check);
	return why->len == before;
}

/* --- finders --- */

struct assoc *
assoc_of_tunnel(const struct assoc_table *t, const struct conf_service_set *set, size_t index)
{
	struct text name = { 0 };
	name_tunnel(&name, set, set->tunnels[index].term);
	struct assoc *a = smap_find(&t->by_name, text_str(&name));
	text_done(&name);
	return a;
}

struct assoc *
assoc_of_unit(const struct assoc_table *t, const struct conf_unit *unit)
{
	if (unit->ipsec_sa == NULL)
		return NULL;
	struct text name = { 0 };
	name_unit(&name, unit);
	struct assoc *a = smap_find(&t->by_name, text_str(&name));
	text_done(&name);
	return a;
}

struct assoc *
assoc_of_transport(const struct assoc_table *t, const struct conf_sa *sa)
{
	struct text name = { 0 };
	name_transport(&name, sa);
	struct assoc *a = smap_find(&t->by_name, text_str(&name));
	text_done(&name);
	return a;
}

struct assoc *
assoc_of_kmd(const struct assoc_table *t, const struct conf *c, const char *name)
{
	struct assoc *a = smap_find(&t->by_name, name);
	if (a != NULL && a->kind == ASSOC_TUNNEL)
		return a;
	const struct conf_unit *u = c != NULL ? conf_unit(c, name) : NULL;
	return u != NULL ? assoc_of_unit(t, u) : NULL;
}

const char *
assoc_kmd_name(const struct assoc *a)
{
	return a->kind == ASSOC_ES ? a->unit->name : a->name;
}

struct set_state *
assoc_set_state(const struct assoc_table *t, const struct conf_service_set *set)
{
	return smap_find(&t->sets, set->name);
}

/* --- the end --- */

void
assoc_free_retired(struct assoc_table *t, struct assoc_retired *r)
{
	for (size_t i = 0; i < r->n_sas; i++)
		sa_free(r->sas[i]);
	free(r->sas);
	free(r->heirs);
	while (r->assocs != NULL) {
		struct assoc *a = r->assocs;
		r->assocs = a->next_retired;
		t->by_slot[a->slot] = NULL;
		tally_free(a->tally);
		free(a->name);
		free(a);
	}
	while (r->sets != NULL) {
		struct set_state *s = r->sets;
		r->sets = s->next_retired;
		tally_free(s->tally);
		free(s->name);
		free(s);
	}
	*r = (struct assoc_retired){ 0 };
}

void
assoc_table_done(struct assoc_table *t)
{
	struct conf nothing = { 0 };
	struct text why = { 0 };
	struct assoc_retired all = assoc_apply(t, &nothing, NULL, &why);
	assoc_free_retired(t, &all);
	text_done(&why);
	free(t->by_slot);
	smap_done(&t->by_name);
	smap_done(&t->sets);
	*t = (struct assoc_table){ 0 };
}
