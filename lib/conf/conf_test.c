/* SPDX-License-Identifier: BSD-2-Clause
 *
 * conf_test.c - good configurations load into the right structs, and parts hold no foreign keys.
 */
#include "lib/conf/conf.h"

#include "lib/base/report.h"
#include "lib/base/text.h"
#include "lib/conf/test_tree.h"
#include "lib/msg/elem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* conf_test.txt: two services PICs, an ES PIC and a transport mode SA of the host; every key is different. */
static char everything[8192];

static void
file_read(const char *path)
{
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	size_t n = fread(everything, 1, sizeof(everything) - 1, f);
	assert_true(n > 0 && n < sizeof(everything) - 1);
	fclose(f);
}

static struct conf *
load(struct arena *a, const char *text, struct elem **out_root)
{
	struct report r = { 0 };
	struct elem *root = test_tree(a, text);
	struct conf *c = conf_load(root, &r);
	struct text t = { 0 };
	report_print(&r, NULL, &t);
	if (c == NULL)
		fail_msg("%s", text_str(&t));
	text_done(&t);
	report_done(&r);
	if (out_root != NULL)
		*out_root = root;
	return c;
}

static void
everything_loads(void **state)
{
	(void)state;
	struct arena *a = arena_new();
	struct conf *c = load(a, everything, NULL);
	assert_int_equal(c->commit, 7);
	assert_string_equal(c->host_name, "gw1");
	assert_int_equal(c->n_ifds, 5);
	assert_int_equal(c->ifds[0]->kind, IFD_MEDIA);
	assert_int_equal(c->ifds[1]->kind, IFD_LOOPBACK);
	assert_int_equal(c->ifds[2]->kind, IFD_SERVICES);
	assert_int_equal(c->ifds[4]->kind, IFD_ES);
	assert_string_equal(conf_unit(c, "ge-0/0/0.0")->device, "ge-0-0-0");
	assert_string_equal(conf_unit(c, "ge-0/0/0.5")->device, "ge-0-0-0.5");
	assert_string_equal(conf_unit(c, "sp-1/2/0.0")->device, "sp-1-2-0.0");
	assert_string_equal(conf_unit(c, "lo0.0")->device, "lo");
	assert_null(conf_unit(c, "sp-1/2/0.9"));
	const struct conf_unit *es = conf_unit(c, "es-0/0/0.0");
	assert_ptr_equal(es->ipsec_sa, conf_sa(c, "sa-es"));
	assert_int_equal(es->tunnel_destination.b[3], 9);
	assert_int_equal(es->inet.addrs[0].destination.b[3], 2);
	const struct conf_unit *service = conf_unit(c, "ge-0/0/0.5");
	assert_ptr_equal(service->inet.service_in[0].set, conf_service_set(c, "ss-if"));
	assert_ptr_equal(
	    service->inet.service_in[0].service_filter, conf_service_filter(c, ADDR_V4, "sf"));
	assert_null(service->inet.service_out[0].service_filter);
	conf_free(c);
	arena_free(a);
}

static void
tunnels_are_numbered_and_inherit(void **state)
{
	(void)state;
	struct arena *a = arena_new();
	struct conf *c = load(a, everything, NULL);
	const struct conf_service_set *s = conf_service_set(c, "ss-nh");
	assert_true(s->is_next_hop);
	assert_string_equal(s->pic->name, "sp-1/2/0");
	assert_string_equal(s->outside->name, "sp-1/2/0.2");
	assert_int_equal(s->n_tunnels, 2);
	assert_int_equal(s->tunnels[0].index, 1);
	assert_int_equal(s->tunnels[0].df, DF_SET);
	assert_int_equal(s->tunnels[0].tunnel_mtu, 1300);
	assert_int_equal(s->tunnels[1].index, 2);
	assert_int_equal(s->tunnels[1].df, DF_CLEAR);
	assert_int_equal(s->tunnels[1].tunnel_mtu, 1400);
	assert_string_equal(s->tunnels[1].term->inside_unit, "sp-1/2/0.3");
	assert_int_equal(s->tunnels[1].term->source.addr.family, ADDR_NONE);
	const struct conf_service_set *i = conf_service_set(c, "ss-if");
	assert_false(i->is_next_hop);
	assert_string_equal(i->service_unit->name, "sp-1/3/0.0");
	assert_int_equal(i->tunnels[0].tunnel_mtu, TUNNEL_MTU_DEFAULT);
	assert_int_equal(i->rules[0]->direction, MATCH_OUTPUT);
	conf_free(c);
	arena_free(a);
}

static void
keys_are_octets_either_way(void **state)
{
	(void)state;
	struct arena *a = arena_new();
	struct conf *c = load(a, everything, NULL);
	const struct conf_manual_pair *m = &conf_service_set(c, "ss-nh")->tunnels[0].term->manual;
	static const uint8_t hex[16] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255 };
	assert_int_equal(m->in.enc_key.len, 16);
	assert_memory_equal(m->in.enc_key.b, hex, 16);
	assert_int_equal(m->in.auth_key.len, 20);
	assert_memory_equal(m->in.auth_key.b, "SP120-AUTH-INBOUND-1", 20);
	assert_int_equal(m->out.enc, ENC_NULL);
	assert_int_equal(m->out.spi, 257);
	const struct conf_manual_pair *b = &conf_service_set(c, "ss-nh")->tunnels[1].term->manual;
	assert_int_equal(b->in.proto, PROTO_BUNDLE);
	assert_int_equal(b->in.spi, 300);
	assert_int_equal(b->in.aux_spi, 301);
	assert_memory_equal(&b->in, &b->out, sizeof(b->in));
	conf_free(c);
	arena_free(a);
}

static void
routes_and_filters_are_read(void **state)
{
	(void)state;
	struct arena *a = arena_new();
	struct conf *c = load(a, everything, NULL);
	assert_int_equal(c->n_routes, 4);
	assert_int_equal(c->routes[0].kind, NH_UNIT);
	assert_string_equal(c->routes[0].device, "sp-1-2-0.1");
	assert_int_equal(c->routes[0].preference, 5);
	assert_int_equal(c->routes[1].kind, NH_ADDRESS);
	assert_int_equal(c->routes[1].preference, 20);
	assert_int_equal(c->routes[2].kind, NH_DISCARD);
	assert_int_equal(c->routes[3].kind, NH_REJECT);
	const struct conf_filter *f = conf_filter(c, ADDR_V4, "to-es");
	assert_int_equal(f->n_terms, 2);
	assert_int_equal(f->terms[0].n_protocols, 2);
	assert_int_equal(f->terms[0].protocols[0].lo, 6);
	assert_int_equal(f->terms[0].protocols[1].hi, 17);
	assert_int_equal(f->terms[0].destination_ports[0].hi, 2000);
	assert_string_equal(f->terms[0].count, "es-count");
	assert_int_equal(f->terms[0].action, FA_IPSEC_SA);
	assert_ptr_equal(f->terms[0].sa, conf_sa(c, "sa-es"));
	assert_true(conf_sa(c, "sa-es")->is_referenced);
	assert_int_equal(conf_service_filter(c, ADDR_V4, "sf")->terms[0].action, FA_SKIP);
	assert_null(conf_filter(c, ADDR_V6, "to-es"));
	conf_free(c);
	arena_free(a);
}

static void
pics_are_those_in_use(void **state)
{
	(void)state;
	static const char *const want[] = { "sp-1/2/0", "sp-1/3/0", "es-0/0/0", "re0" };
	struct arena *a = arena_new();
	struct conf *c = load(a, everything, NULL);
	size_t n;
	const char *const *pics = conf_pics(c, a, &n);
	assert_int_equal(n, 4);
	for (size_t i = 0; i < n; i++)
		assert_string_equal(pics[i], want[i]);
	conf_free(c);
	arena_free(a);
}

/* --- parts --- */

static const char *const keys[] = { "SP120-", "0d0eFF", "SP130-", "ES000-", "RE000-" };

/* Which of KEYS are in the encoded part, as bits. */
static unsigned
keys_in(const struct elem *e)
{
	struct wr w = wr_grow();
	elem_encode(&w, e);
	assert_true(wr_ok(&w));
	unsigned found = 0;
	for (unsigned i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (memmem(w.buf, w.len, keys[i], strlen(keys[i])) != NULL)
			found |= 1u << i;
	wr_free(&w);
	return found;
}

/* Cuts, sends over the wire, loads. */
static struct conf *
part_load(struct arena *a, const struct conf *c, const struct elem *root, enum conf_part part,
    const char *pic, unsigned *out_keys)
{
	struct elem *reduced = conf_reduce(c, root, part, pic, a);
	*out_keys = keys_in(reduced);
	struct wr w = wr_grow();
	elem_encode(&w, reduced);
	struct rd rd = rd_init(w.buf, w.len);
	struct elem *arrived = elem_decode(a, &rd);
	assert_non_null(arrived);
	wr_free(&w);
	struct report r = { 0 };
	struct text t = { 0 };
	struct conf *part_conf = conf_load(arrived, &r);
	report_print(&r, NULL, &t);
	if (part_conf == NULL || r.n > 0)
		fail_msg("%s %s", pic ? pic : "netd", text_str(&t));
	text_done(&t);
	report_done(&r);
	assert_int_equal(part_conf->part, part);
	assert_int_equal(part_conf->commit, c->commit);
	return part_conf;
}

static void
netd_gets_no_key(void **state)
{
	(void)state;
	struct arena *a = arena_new();
	struct elem *root;
	struct conf *c = load(a, everything, &root);
	assert_int_equal(keys_in(root), 0x1f);
	unsigned found;
	struct conf *n = part_load(a, c, root, CONF_NETD, NULL, &found);
	assert_int_equal(found, 0);
	assert_int_equal(n->n_ifds, c->n_ifds);
	assert_int_equal(n->n_routes, c->n_routes);
	assert_int_equal(n->n_filters, c->n_filters);
	assert_int_equal(n->n_sas, c->n_sas);
	assert_int_equal(n->sas[1]->mode, MODE_TRANSPORT);
	assert_int_equal(n->n_rules, c->n_rules);
	for (size_t i = 0; i < n->n_rules; i++) {
		assert_int_equal(n->rules[i]->direction, c->rules[i]->direction);
		assert_int_equal(n->rules[i]->n_terms, 0);
	}
	assert_int_equal(conf_service_set(n, "ss-nh")->n_tunnels, 0);
	size_t n_pics;
	(void)conf_pics(n, a, &n_pics);
	assert_int_equal(n_pics, 4);
	conf_free(n);
	conf_free(c);
	arena_free(a);
}

static void
picd_gets_only_its_own_keys(void **state)
{
	(void)state;
	static const struct {
		const char *pic;
		unsigned keys;
		size_t n_sets;
		size_t n_sas;
	} cases[] = {
		{ "sp-1/2/0", 3, 1, 0 },
		{ "sp-1/3/0", 4, 1, 0 },
		{ "es-0/0/0", 8, 0, 1 },
		{ "re0", 16, 0, 1 },
		{ "sp-9/9/9", 0, 0, 0 },
	};
	struct arena *a = arena_new();
	struct elem *root;
	struct conf *c = load(a, everything, &root);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unsigned found;
		struct conf *p = part_load(a, c, root, CONF_PICD, cases[i].pic, &found);
		assert_int_equal(found, cases[i].keys);
		assert_int_equal(p->n_service_sets, cases[i].n_sets);
		assert_int_equal(p->n_sas, cases[i].n_sas);
		assert_int_equal(p->n_routes, 0);
		conf_free(p);
	}
	conf_free(c);
	arena_free(a);
}

static void
netd_and_picd_mean_the_same_workers(void **state)
{
	(void)state;
	static const char *const pics[] = { "sp-1/2/0", "es-0/0/0" };
	struct arena *a = arena_new();
	struct elem *root;
	struct conf *c = load(a, everything, &root);
	unsigned found;
	struct conf *netd = part_load(a, c, root, CONF_NETD, NULL, &found);
	for (size_t i = 0; i < 2; i++) {
		struct conf *picd = part_load(a, c, root, CONF_PICD, pics[i], &found);
		const struct conf *parts[] = { netd, picd };
		for (size_t k = 0; k < 2; k++) {
			const struct conf_io *io = &conf_ifd(parts[k], pics[i])->io;
			assert_int_equal(conf_workers(parts[k], pics[i], 2), i == 0 ? 3 : 2);
			assert_int_equal(io->help_us, i == 0 ? 25 : 0);
			assert_int_equal(io->no_inside_offload, i == 0);
			assert_int_equal(io->no_outside_offload, i == 1);
			assert_int_equal(io->plain_io, i == 0 ? PLAIN_IO_RAW : PLAIN_IO_XDP);
		}
		conf_free(picd);
	}
	assert_int_equal(conf_workers(netd, "re0", 2), 2); /* no configuration names it */
	assert_int_equal(conf_workers(netd, "re0", 64), WORKERS_MAX);
	assert_int_equal(conf_workers(netd, "re0", 0), 1);
	conf_free(netd);
	conf_free(c);
	arena_free(a);
}

static void
picd_gets_what_it_runs(void **state)
{
	(void)state;
	struct arena *a = arena_new();
	struct elem *root;
	struct conf *c = load(a, everything, &root);
	unsigned found;
	struct conf *p = part_load(a, c, root, CONF_PICD, "sp-1/3/0", &found);
	/* the media unit that sends packets to it, with its service filter, without its filters */
	const struct conf_unit *u = conf_unit(p, "ge-0/0/0.5");
	assert_non_null(u);
	assert_int_equal(u->inet.n_service_in, 1);
	assert_non_null(u->inet.service_in[0].service_filter);
	assert_null(conf_unit(p, "ge-0/0/0.0"));
	assert_null(conf_unit(p, "sp-1/2/0.1"));
	assert_int_equal(conf_service_set(p, "ss-if")->n_tunnels, 1);
	conf_free(p);
	p = part_load(a, c, root, CONF_PICD, "es-0/0/0", &found);
	assert_true(conf_unit(p, "es-0/0/0.0")->ipsec_sa->manual.is_set);
	/* it shares its gateway with sp-1/2/0, not with sp-1/3/0, and the host hears every gateway */
	assert_int_equal(p->n_neighbours, 3);
	assert_int_equal(p->neighbours[0].spi, 256);
	assert_int_equal(p->neighbours[0].proto, PROTO_ESP);
	assert_int_equal(p->neighbours[0].gateway.family, ADDR_V4);
	assert_int_equal(p->neighbours[1].proto, PROTO_AH); /* the bundle */
	assert_int_equal(p->neighbours[2].gateway.family, ADDR_NONE);
	/* the first of both counts what has no SA */
	assert_int_equal(p->n_stray_gateways, 1);
	conf_free(p);
	p = part_load(a, c, root, CONF_PICD, "sp-1/2/0", &found);
	assert_int_equal(p->n_stray_gateways, 0);
	conf_free(p);
	p = part_load(a, c, root, CONF_PICD, "re0", &found);
	assert_true(conf_sa(p, "sa-bgp")->manual.is_set);
	assert_int_equal(p->n_neighbours, 4);
	assert_int_equal(p->n_stray_gateways, 2);
	assert_non_null(conf_unit(p, "lo0.0")->inet.filter_out);
	assert_null(conf_unit(p, "ge-0/0/0.0"));
	conf_free(p);
	conf_free(c);
	arena_free(a);
}

/* Three services interfaces with one gateway; the first has only manual SAs, the others negotiate. */
static const char shared[] = "interfaces\n"
			     "  interface es-0/0/0\n"
			     "    unit 0\n"
			     "      tunnel\n"
			     "        source 10.1.1.1\n"
			     "        destination 10.2.2.2\n"
			     "      family\n"
			     "        inet\n"
			     "          ipsec-sa by-hand\n"
			     "  interface es-0/0/1\n"
			     "    unit 0\n"
			     "      tunnel\n"
			     "        source 10.1.1.1\n"
			     "        destination 10.2.2.3\n"
			     "      family\n"
			     "        inet\n"
			     "          ipsec-sa one\n"
			     "  interface es-0/0/2\n"
			     "    unit 0\n"
			     "      tunnel\n"
			     "        source 10.1.1.1\n"
			     "        destination 10.2.2.4\n"
			     "      family\n"
			     "        inet\n"
			     "          ipsec-sa two\n"
			     "security\n"
			     "  ike\n"
			     "    policy 10.2.2.3\n"
			     "      pre-shared-key:\n"
			     "        ascii-text k\n"
			     "    policy 10.2.2.4\n"
			     "      pre-shared-key:\n"
			     "        ascii-text k\n"
			     "  ipsec\n"
			     "    security-association one\n"
			     "      dynamic:\n"
			     "    security-association two\n"
			     "      dynamic:\n"
			     "    security-association by-hand\n"
			     "      manual\n"
			     "        direction bidirectional\n"
			     "          protocol esp\n"
			     "          spi 300\n"
			     "          authentication\n"
			     "            algorithm hmac-sha1-96\n"
			     "            key:\n"
			     "              ascii-text 12345678901234567890\n";

/* Who negotiates counts strays, as the peer is told by kmd; and it does not know what another one has negotiated. */
static void
picd_hears_where_others_negotiate(void **state)
{
	static const struct {
		const char *pic;
		size_t n_neighbours;
		size_t n_strays;
		size_t n_unclear;
	} rows[] = { { "es-0/0/0", 0, 1, 1 }, { "es-0/0/1", 1, 0, 1 }, { "es-0/0/2", 1, 1, 1 } };
	(void)state;
	struct arena *a = arena_new();
	struct elem *root;
	struct conf *c = load(a, shared, &root);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned found;
		struct conf *p = part_load(a, c, root, CONF_PICD, rows[i].pic, &found);
		assert_int_equal(p->n_neighbours, rows[i].n_neighbours);
		assert_int_equal(p->n_stray_gateways, rows[i].n_strays);
		assert_int_equal(p->n_unclear_gateways, rows[i].n_unclear);
		assert_int_equal(p->unclear_gateways[0].b[3], 1);
		conf_free(p);
	}
	conf_free(c);
	arena_free(a);
}

int
main(int argc, char **argv)
{
	if (argc != 2)
		return 1;
	file_read(argv[1]);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_loads),
		cmocka_unit_test(tunnels_are_numbered_and_inherit),
		cmocka_unit_test(keys_are_octets_either_way),
		cmocka_unit_test(routes_and_filters_are_read),
		cmocka_unit_test(pics_are_those_in_use),
		cmocka_unit_test(netd_gets_no_key),
		cmocka_unit_test(picd_gets_only_its_own_keys),
		cmocka_unit_test(netd_and_picd_mean_the_same_workers),
		cmocka_unit_test(picd_gets_what_it_runs),
		cmocka_unit_test(picd_hears_where_others_negotiate),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
