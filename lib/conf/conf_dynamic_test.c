/* SPDX-License-Identifier: BSD-2-Clause
 *
 * conf_dynamic_test.c - what dynamic SAs are configured with, and which process gets which part of it.
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

/* conf_dynamic_test.txt: dynamic and manual tunnels in one rule, an interface-style set, an ES PIC; every secret is different. */
static char everything[16384];

static struct arena *arena;
static struct elem *root;
static struct conf *conf;

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
load(const struct elem *e, size_t *n_lines)
{
	struct report r = { 0 };
	struct text t = { 0 };
	struct conf *c = conf_load(e, &r);
	report_print(&r, NULL, &t);
	if (c == NULL)
		fail_msg("%s", text_str(&t));
	*n_lines = r.n;
	text_done(&t);
	report_done(&r);
	return c;
}

static int
setup(void **state)
{
	(void)state;
	size_t n;
	arena = arena_new();
	root = test_tree(arena, everything);
	conf = load(root, &n);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	conf_free(conf);
	arena_free(arena);
	return 0;
}

static const struct conf_tunnel *
tunnel(const struct conf *c, const char *set, size_t i)
{
	const struct conf_service_set *s = conf_service_set(c, set);
	assert_non_null(s);
	assert_true(i < s->n_tunnels);
	return &s->tunnels[i];
}

static const struct conf_ike_policy *
ike_of(const struct conf *c, size_t i)
{
	return tunnel(c, "ss-both", i)->term->dynamic.ike;
}

/* --- what is loaded --- */

static void
proposals_keep_their_order_and_get_defaults(void **state)
{
	(void)state;
	const struct conf_ike_policy *p = ike_of(conf, 0);
	assert_string_equal(p->name, "main");
	assert_false(p->is_security || p->is_aggressive || p->takes_any_remote_id);
	assert_int_equal(p->n_proposals, 2);
	const struct conf_ike_proposal *strong = p->proposals[0];
	assert_string_equal(strong->name, "strong");
	assert_int_equal(strong->method, METHOD_PSK);
	assert_int_equal(strong->group, DH_GROUP19);
	assert_int_equal(strong->hash, HASH_SHA_256);
	assert_int_equal(strong->enc, ENC_AES_256_CBC);
	assert_int_equal(strong->lifetime_s, 28800);
	const struct conf_ike_proposal *plain = p->proposals[1];
	assert_string_equal(plain->name, "plain");
	assert_int_equal(plain->method, METHOD_PSK);
	assert_int_equal(plain->group, DH_GROUP2);
	assert_int_equal(plain->hash, HASH_SHA1);
	assert_int_equal(plain->enc, ENC_3DES_CBC);
	assert_int_equal(plain->lifetime_s, 3600);
	const struct conf_ipsec_policy *q = tunnel(conf, "ss-both", 0)->term->dynamic.ipsec;
	assert_int_equal(q->n_proposals, 4);
	assert_int_equal(q->proposals[0]->proto, PROTO_BUNDLE);
	assert_int_equal(q->proposals[0]->auth, AUTH_HMAC_SHA_256_128);
	assert_int_equal(q->proposals[0]->enc, ENC_AES_256_CBC);
	assert_int_equal(q->proposals[0]->lifetime_s, 3600);
	assert_int_equal(q->proposals[1]->proto, PROTO_AH);
	assert_int_equal(q->proposals[1]->auth, AUTH_HMAC_SHA1_96);
	assert_int_equal(q->proposals[1]->enc, ENC_NULL);
	assert_string_equal(q->proposals[2]->name, "plain");
	assert_int_equal(q->proposals[2]->proto, PROTO_ESP);
	assert_int_equal(q->proposals[2]->auth, AUTH_HMAC_SHA1_96);
	assert_int_equal(q->proposals[2]->enc, ENC_3DES_CBC);
	assert_int_equal(q->proposals[2]->lifetime_s, 28800);
	assert_int_equal(q->proposals[3]->proto, PROTO_ESP);
	assert_int_equal(q->proposals[3]->auth, AUTH_NONE);
	assert_int_equal(q->proposals[3]->enc, ENC_AES_256_GCM);
}

static void
three_kinds_of_no_policy_are_distinct(void **state)
{
	(void)state;
	/* one with a group, no policy, and a policy without anything */
	assert_int_equal(tunnel(conf, "ss-both", 0)->term->dynamic.ipsec->pfs, DH_GROUP14);
	const struct conf_ipsec_policy *built_in = tunnel(conf, "ss-both", 2)->term->dynamic.ipsec;
	assert_string_equal(built_in->name, "default");
	assert_int_equal(built_in->pfs, DH_GROUP2);
	const struct conf_ipsec_policy *bare = tunnel(conf, "ss-both", 3)->term->dynamic.ipsec;
	assert_string_equal(bare->name, "no-pfs");
	assert_int_equal(bare->pfs, DH_NONE);
	assert_int_equal(bare->n_proposals, 1);
	assert_ptr_equal(bare->proposals[0], built_in->proposals[0]);
	assert_int_equal(bare->proposals[0]->lifetime_s, 28800);
	/* an IKE policy without proposals */
	assert_int_equal(ike_of(conf, 2)->n_proposals, 1);
	assert_string_equal(ike_of(conf, 2)->proposals[0]->name, "default");
	assert_int_equal(ike_of(conf, 2)->proposals[0]->group, DH_GROUP2);
}

static void
identities_are_read(void **state)
{
	(void)state;
	static const struct {
		enum conf_id_kind kind;
		const char *b;
		uint16_t len;
	} want[] = {
		{ CONF_ID_IPV4, "\x0a\x08\x08\x08", 4 },
		{ CONF_ID_IPV6, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x08", 16 },
		{ CONF_ID_FQDN, "gw2.example.net", 15 },
		{ CONF_ID_USER_FQDN, "bob@example.net", 15 },
		{ CONF_ID_KEY, "\0\xff", 2 },
		{ CONF_ID_KEY, "branch", 6 },
		{ CONF_ID_DN_CONTAINER, "C=DE", 4 },
		{ CONF_ID_DN_CONTAINER, "OU=Sales", 8 },
		{ CONF_ID_DN_WILDCARD, "O=Example", 9 },
		{ CONF_ID_DN_EXACT, "CN=gw2", 6 },
	};
	const struct conf_ike_policy *p = ike_of(conf, 0);
	assert_int_equal(p->local_id.kind, CONF_ID_FQDN);
	assert_memory_equal(p->local_id.b, "gw1.example.net", p->local_id.len);
	assert_int_equal(p->n_remote_ids, sizeof(want) / sizeof(want[0]));
	for (size_t i = 0; i < p->n_remote_ids; i++) {
		assert_int_equal(p->remote_ids[i].kind, want[i].kind);
		assert_int_equal(p->remote_ids[i].len, want[i].len);
		assert_memory_equal(p->remote_ids[i].b, want[i].b, want[i].len);
	}
	assert_int_equal(ike_of(conf, 2)->local_id.kind, CONF_ID_KEY);
	assert_memory_equal(ike_of(conf, 2)->local_id.b, "\x0a\x0b", 2);
	assert_int_equal(ike_of(conf, 2)->n_remote_ids, 0);
	assert_int_equal(ike_of(conf, 3)->local_id.kind, CONF_ID_DN);
	assert_int_equal(ike_of(conf, 3)->local_id.len, 0);
	assert_string_equal(ike_of(conf, 3)->local_certificate, "gw1");
	assert_int_equal(ike_of(conf, 3)->psk.len, 0);
}

static void
keys_and_answers_are_read(void **state)
{
	(void)state;
	assert_int_equal(ike_of(conf, 0)->psk.len, 11);
	assert_memory_equal(ike_of(conf, 0)->psk.b, "MAIN-SECRET", 11);
	assert_int_equal(ike_of(conf, 2)->psk.len, 5);
	assert_memory_equal(ike_of(conf, 2)->psk.b, "BRIEF", 5);
	assert_int_equal(ike_of(conf, 0)->bad_spi_max, 5);
	assert_int_equal(ike_of(conf, 2)->bad_spi_max, 7);
	assert_int_equal(ike_of(conf, 3)->bad_spi_max, 0);
	assert_int_equal(conf->security_bad_spi_max, 9);
	assert_int_equal(conf->establish, ESTABLISH_IMMEDIATELY);
	assert_true(conf->clears_ike_on_pic_restart);
	assert_false(conf->clears_ipsec_on_pic_restart);
	assert_int_equal(conf->n_ike_policies, 7);
	assert_int_equal(conf->n_ipsec_policies, 4);
}

static void
terms_and_service_sets_have_their_values(void **state)
{
	(void)state;
	const struct conf_term *t = tunnel(conf, "ss-both", 0)->term;
	assert_true(t->dynamic.is_set);
	assert_int_equal(t->dynamic.natt_install_s, 3);
	assert_int_equal(t->backup_gateway.b[3], 18);
	assert_true(t->initiates_dpd); /* because there is a backup */
	assert_int_equal(t->dpd_interval_s, DPD_INTERVAL_DEFAULT);
	assert_int_equal(t->dpd_threshold, DPD_THRESHOLD_DEFAULT);
	t = tunnel(conf, "ss-both", 2)->term;
	assert_true(t->initiates_dpd);
	assert_int_equal(t->dpd_interval_s, 20);
	assert_int_equal(t->dpd_threshold, 5);
	assert_false(tunnel(conf, "ss-both", 3)->term->initiates_dpd);
	const struct conf_service_set *s = conf_service_set(conf, "ss-both");
	assert_true(s->is_dynamic);
	assert_false(s->no_natt);
	assert_int_equal(s->nat_keepalive_s, 33);
	assert_int_equal(s->n_trusted_cas, 2);
	assert_string_equal(s->trusted_cas[1], "ca-b");
	s = conf_service_set(conf, "ss-quiet");
	assert_true(s->is_dynamic);
	assert_true(s->no_natt);
	assert_int_equal(s->nat_keepalive_s, 20);
	assert_false(conf_service_set(conf, "ss-manual")->is_dynamic);
}

static void
windows_come_from_the_term_then_the_set(void **state)
{
	(void)state;
	assert_int_equal(tunnel(conf, "ss-both", 0)->window, 1024);
	assert_int_equal(tunnel(conf, "ss-both", 1)->window, 0); /* manual */
	assert_int_equal(tunnel(conf, "ss-both", 2)->window, 256);
	assert_int_equal(tunnel(conf, "ss-both", 3)->window, 0); /* switched off */
	assert_int_equal(tunnel(conf, "ss-quiet", 0)->window, 0);
	assert_int_equal(tunnel(conf, "ss-quiet", 1)->window, 128);
	assert_int_equal(conf_sa(conf, "sa-dynamic")->replay_window, 32);
	assert_int_equal(conf_sa(conf, "sa-idle")->replay_window, REPLAY_WINDOW_DEFAULT);
}

static void
es_units_find_their_policy_and_selectors(void **state)
{
	(void)state;
	const struct conf_unit *u = conf_unit(conf, "es-0/0/0.0");
	const struct conf_ike_policy *p = conf_ike_policy_of_peer(conf, u->tunnel_destination);
	assert_non_null(p);
	assert_string_equal(p->name, "10.9.9.9");
	assert_true(p->is_security);
	assert_true(p->is_aggressive);
	assert_memory_equal(p->psk.b, "ESPEER-SECRET", 13);
	assert_null(
	    conf_ike_policy_of_peer(conf, conf_unit(conf, "es-0/0/0.1")->tunnel_destination));
	const struct conf_sa *sa = u->ipsec_sa;
	assert_true(sa->dynamic.is_set);
	assert_string_equal(sa->dynamic.ipsec->name, "es-policy");
	assert_int_equal(sa->dynamic.ipsec->pfs, DH_NONE);
	assert_string_equal(conf_sa(conf, "sa-idle")->dynamic.ipsec->name, "default");
	/* both terms have the same source, and each another destination */
	char text[PREFIX_STRLEN];
	assert_string_equal(prefix_print(sa->selector_local, text), "10.3.0.0/16");
	assert_int_equal(sa->selector_remote.addr.family, ADDR_NONE);
}

static void
services_interfaces_with_dynamic_tunnels_have_a_process(void **state)
{
	(void)state;
	static const char *const want[] = { "sp-1/2/0", "sp-1/3/0", "sp-1/4/0", "es-0/0/0" };
	size_t n;
	const char *const *pics = conf_pics(conf, arena, &n);
	assert_int_equal(n, 4);
	for (size_t i = 0; i < n; i++)
		assert_string_equal(pics[i], want[i]);
}

/* --- parts --- */

static const char *const secrets[] = { "MAIN-SECRET", "4252494546", "UNUSED-SECRET",
	"ESPEER-SECRET", "NOBODY-SECRET", "MANUAL-AUTH", "OTHERS-AUTH", "ES-MAN-AUTH",
	"BACKUP-SECRET" };

enum { MAIN = 1, BRIEF = 2, ESPEER = 8, MANUAL = 32, OTHERS = 64, ES_MAN = 128, BACKUP = 256 };

static struct wr
encoded(const struct elem *e)
{
	struct wr w = wr_grow();
	elem_encode(&w, e);
	assert_true(wr_ok(&w));
	return w;
}

static bool
wr_has(const struct wr *w, const char *s)
{
	return memmem(w->buf, w->len, s, strlen(s)) != NULL;
}

/* Cuts, sends over the wire, loads; exactly the secrets of HAS are in it. */
static struct conf *
part_load(enum conf_part part, const char *pic, unsigned has)
{
	struct wr w = encoded(conf_reduce(conf, root, part, pic, arena));
	unsigned found = 0;
	for (unsigned i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++)
		if (wr_has(&w, secrets[i]))
			found |= 1U << i;
	assert_int_equal(found, has);
	struct rd rd = rd_init(w.buf, w.len);
	struct elem *arrived = elem_decode(arena, &rd);
	assert_non_null(arrived);
	wr_free(&w);
	size_t n_lines;
	struct conf *c = load(arrived, &n_lines);
	assert_int_equal(n_lines, 0);
	assert_int_equal(c->part, part);
	assert_int_equal(c->commit, 9);
	return c;
}

static void
kmd_gets_what_is_dynamic(void **state)
{
	(void)state;
	struct conf *c = part_load(CONF_KMD, NULL, MAIN | BRIEF | ESPEER | BACKUP);
	assert_int_equal(c->n_service_sets, 2);
	assert_null(conf_service_set(c, "ss-manual"));
	assert_int_equal(c->n_ike_policies, 5);
	assert_int_equal(c->n_ipsec_policies, 3);
	assert_int_equal(c->n_filters, 0);
	assert_int_equal(c->establish, ESTABLISH_IMMEDIATELY);
	assert_true(c->clears_ike_on_pic_restart);
	assert_int_equal(c->security_bad_spi_max, 9);
	/* the manual term is there as a number */
	const struct conf_service_set *s = conf_service_set(c, "ss-both");
	assert_int_equal(s->n_tunnels, 4);
	assert_true(s->is_dynamic);
	assert_int_equal(s->nat_keepalive_s, 33);
	assert_int_equal(s->n_trusted_cas, 2);
	assert_int_equal(s->tunnels[2].index, 3);
	assert_false(s->tunnels[1].term->manual.is_set);
	assert_false(s->tunnels[1].term->dynamic.is_set);
	assert_int_equal(s->tunnels[0].window, 1024);
	assert_int_equal(s->tunnels[0].term->dynamic.natt_install_s, 3);
	assert_int_equal(s->tunnels[2].term->dpd_interval_s, 20);
	assert_string_equal(s->tunnels[2].term->inside_unit, "sp-1/2/0.3");
	assert_memory_equal(ike_of(c, 0)->psk.b, "MAIN-SECRET", 11);
	assert_int_equal(ike_of(c, 0)->n_proposals, 2);
	assert_int_equal(s->tunnels[0].term->dynamic.ipsec->n_proposals, 4);
	assert_string_equal(s->tunnels[2].term->dynamic.ipsec->name, "default");
	/* the unit of the ES PIC with its policy, and what its filter selects */
	const struct conf_unit *u = conf_unit(c, "es-0/0/0.0");
	assert_non_null(conf_ike_policy_of_peer(c, u->tunnel_destination));
	assert_string_equal(conf_ike_policy_of_peer(c, u->tunnel_backup)->name, "10.9.9.12");
	assert_string_equal(u->ipsec_sa->dynamic.ipsec->name, "es-policy");
	char text[PREFIX_STRLEN];
	assert_string_equal(prefix_print(u->ipsec_sa->selector_local, text), "10.3.0.0/16");
	assert_int_equal(u->ipsec_sa->replay_window, 32);
	assert_null(conf_unit(c, "es-0/0/0.1"));
	assert_int_equal(c->n_sas, 1);
	conf_free(c);
}

static void
pkid_gets_names_of_cas(void **state)
{
	(void)state;
	struct conf *c = part_load(CONF_PKID, NULL, 0);
	assert_int_equal(c->n_service_sets, 1);
	assert_int_equal(conf_service_set(c, "ss-both")->n_trusted_cas, 2);
	assert_int_equal(c->n_ifds, 0);
	assert_int_equal(c->n_ike_policies, 0);
	struct elem *e = conf_reduce(conf, root, CONF_PKID, NULL, arena);
	assert_string_equal(
	    elem_value(elem_path(e, "security/pki/ca-profile"), "ca-identity"), "a.example.net");
	conf_free(c);
}

static void
netd_knows_only_that_a_tunnel_is_dynamic(void **state)
{
	(void)state;
	struct conf *c = part_load(CONF_NETD, NULL, 0);
	const struct conf_service_set *s = conf_service_set(c, "ss-both");
	assert_true(s->is_dynamic);
	assert_int_equal(s->n_tunnels, 0);
	assert_false(conf_service_set(c, "ss-manual")->is_dynamic);
	assert_true(conf_service_set(c, "ss-quiet")->is_dynamic);
	assert_true(conf_service_set(c, "ss-quiet")->no_natt);
	assert_true(conf_unit(c, "es-0/0/0.0")->ipsec_sa->dynamic.is_set);
	assert_null(conf_unit(c, "es-0/0/0.0")->ipsec_sa->dynamic.ipsec);
	assert_false(conf_unit(c, "es-0/0/0.1")->ipsec_sa->dynamic.is_set);
	assert_int_equal(c->n_ike_policies, 0);
	conf_free(c);
}

static void
picd_gets_dynamic_tunnels_without_keys(void **state)
{
	(void)state;
	struct conf *c = part_load(CONF_PICD, "sp-1/2/0", MANUAL);
	const struct conf_tunnel *t = tunnel(c, "ss-both", 0);
	assert_true(t->term->dynamic.is_set);
	assert_null(t->term->dynamic.ike);
	assert_null(t->term->dynamic.ipsec);
	assert_int_equal(t->window, 1024);
	assert_int_equal(t->tunnel_mtu, 1400);
	assert_int_equal(t->df, DF_SET);
	assert_int_equal(t->term->remote_gateway.b[3], 8);
	assert_int_equal(t->term->backup_gateway.b[3], 18);
	assert_int_equal(t->term->source.len, 16);
	assert_true(tunnel(c, "ss-both", 1)->term->manual.is_set);
	assert_int_equal(tunnel(c, "ss-both", 2)->window, 256);
	assert_true(conf_service_set(c, "ss-both")->is_dynamic);
	conf_free(c);
	c = part_load(CONF_PICD, "es-0/0/0", ES_MAN);
	const struct conf_sa *sa = conf_unit(c, "es-0/0/0.0")->ipsec_sa;
	assert_true(sa->dynamic.is_set);
	assert_int_equal(sa->replay_window, 32);
	assert_int_equal(sa->selector_local.len, 16);
	assert_int_equal(sa->selector_remote.addr.family, ADDR_NONE);
	conf_free(c);
	conf_free(part_load(CONF_PICD, "sp-1/3/0", 0));
	conf_free(part_load(CONF_PICD, "sp-1/4/0", OTHERS));
}

static void
a_changed_policy_is_no_change_for_netd_and_picd(void **state)
{
	(void)state;
	static const struct {
		const char *from;
		const char *to;
	} changes[] = {
		{ "MAIN-SECRET", "OTHER-SECRET" },
		{ "dh-group group19", "dh-group group14" },
		{ "natt-install-interval 3", "natt-install-interval 4" },
		{ "ike-policy brief", "ike-policy main" },
		{ "ipsec-policy pfs", "ipsec-policy no-pfs" },
		{ "interval 20", "interval 21" },
		{ "trusted-ca ca-b", "trusted-ca ca-a" },
		{ "nat-keepalive 33", "nat-keepalive 34" },
		{ "keys group14", "keys group5" },
		{ "immediately", "on-traffic" },
		{ "ESPEER-SECRET", "PEER-SECRET" },
		{ "authentication-algorithm hmac-md5-96", "authentication-algorithm hmac-sha1-96" },
	};
	static const struct {
		enum conf_part part;
		const char *pic;
	} parts[] = {
		{ CONF_NETD, NULL },
		{ CONF_PICD, "sp-1/2/0" },
		{ CONF_PICD, "sp-1/3/0" },
		{ CONF_PICD, "es-0/0/0" },
	};
	struct wr kmd = encoded(conf_reduce(conf, root, CONF_KMD, NULL, arena));
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		const char *at = strstr(everything, changes[i].from);
		assert_non_null(at);
		const char *text = arena_printf(arena, "%.*s%s%s", (int)(at - everything),
		    everything, changes[i].to, at + strlen(changes[i].from));
		struct elem *changed = test_tree(arena, text);
		size_t n_lines;
		struct conf *c = load(changed, &n_lines);
		for (size_t k = 0; k < sizeof(parts) / sizeof(parts[0]); k++) {
			struct wr was =
			    encoded(conf_reduce(conf, root, parts[k].part, parts[k].pic, arena));
			struct wr is =
			    encoded(conf_reduce(c, changed, parts[k].part, parts[k].pic, arena));
			assert_int_equal(was.len, is.len);
			assert_memory_equal(was.buf, is.buf, is.len);
			wr_free(&was);
			wr_free(&is);
		}
		struct wr is = encoded(conf_reduce(c, changed, CONF_KMD, NULL, arena));
		assert_true(is.len != kmd.len || memcmp(is.buf, kmd.buf, is.len) != 0);
		wr_free(&is);
		conf_free(c);
	}
	wr_free(&kmd);
}

/* What is left of the hierarchy for one or the other must not change whose SPIs are whose. */
static void
kmd_and_netd_mean_the_same_spis(void **state)
{
	(void)state;
	static const char *const pics[] = { "sp-1/2/0", "sp-1/3/0", "es-0/0/0" };
	struct conf *kmd = part_load(CONF_KMD, NULL, MAIN | BRIEF | ESPEER | BACKUP);
	struct conf *netd = part_load(CONF_NETD, NULL, 0);
	for (size_t i = 0; i < sizeof(pics) / sizeof(pics[0]); i++) {
		unsigned slot = conf_ifd(conf, pics[i])->spi_slot;
		assert_int_equal(conf_ifd(kmd, pics[i])->spi_slot, slot);
		assert_int_equal(conf_ifd(netd, pics[i])->spi_slot, slot);
		for (size_t k = 0; k < i; k++)
			assert_int_not_equal(conf_ifd(conf, pics[k])->spi_slot, slot);
	}
	conf_free(kmd);
	conf_free(netd);
}

/* The slots of the names of es- interfaces whose SAs are negotiated. */
static void
slots_of(const char *const *names, size_t n, uint8_t *out)
{
	struct text t = { 0 };
	struct arena *a = arena_new();
	size_t n_lines;
	text_put(&t, "interfaces\n");
	for (size_t i = 0; i < n; i++)
		text_printf(&t,
		    "  interface %s\n    unit 0\n      tunnel\n        source 10.0.0.1\n"
		    "        destination 10.0.1.%zu\n      family\n        inet\n"
		    "          ipsec-sa sa%zu\n",
		    names[i], i + 1, i);
	text_put(&t,
	    "security\n  ike\n    proposal p\n      authentication-method pre-shared-keys\n"
	    "      dh-group group2\n");
	for (size_t i = 0; i < n; i++)
		text_printf(&t,
		    "    policy 10.0.1.%zu\n      proposals p\n      pre-shared-key:\n"
		    "        ascii-text a-key-of-the-test\n",
		    i + 1);
	text_put(&t, "  ipsec\n");
	for (size_t i = 0; i < n; i++)
		text_printf(&t,
		    "    security-association sa%zu\n      mode tunnel\n      dynamic\n"
		    "        replay-window-size 32\n",
		    i);
	struct conf *c = load(test_tree(a, text_str(&t)), &n_lines);
	for (size_t i = 0; i < n; i++)
		out[i] = conf_ifd(c, names[i])->spi_slot;
	conf_free(c);
	arena_free(a);
	text_done(&t);
}

static void
slots_stay_when_other_interfaces_come_and_go(void **state)
{
	(void)state;
	/* es-5/0/0 and es-1/4/0 would like to have the same */
	static const char *const many[] = { "es-5/0/0", "es-0/0/0", "es-1/4/0", "es-0/1/0" };
	static const char *const few[] = { "es-0/0/0", "es-1/4/0" };
	uint8_t slots[4];
	uint8_t fewer[2];
	uint8_t alone;
	slots_of(many, 4, slots);
	for (size_t i = 0; i < 4; i++)
		for (size_t k = 0; k < i; k++)
			assert_int_not_equal(slots[i], slots[k]);
	slots_of(few, 2, fewer);
	assert_int_equal(fewer[0], slots[1]);
	assert_int_equal(fewer[1], slots[2]);
	slots_of(many, 1, &alone);
	assert_int_equal(alone, slots[2]);
	assert_int_equal(slots[0], (uint8_t)(alone + 1));
}

int
main(int argc, char **argv)
{
	if (argc != 2)
		return 1;
	file_read(argv[1]);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(proposals_keep_their_order_and_get_defaults),
		cmocka_unit_test(three_kinds_of_no_policy_are_distinct),
		cmocka_unit_test(identities_are_read),
		cmocka_unit_test(keys_and_answers_are_read),
		cmocka_unit_test(terms_and_service_sets_have_their_values),
		cmocka_unit_test(windows_come_from_the_term_then_the_set),
		cmocka_unit_test(es_units_find_their_policy_and_selectors),
		cmocka_unit_test(services_interfaces_with_dynamic_tunnels_have_a_process),
		cmocka_unit_test(kmd_gets_what_is_dynamic),
		cmocka_unit_test(pkid_gets_names_of_cas),
		cmocka_unit_test(netd_knows_only_that_a_tunnel_is_dynamic),
		cmocka_unit_test(picd_gets_dynamic_tunnels_without_keys),
		cmocka_unit_test(a_changed_policy_is_no_change_for_netd_and_picd),
		cmocka_unit_test(kmd_and_netd_mean_the_same_spis),
		cmocka_unit_test(slots_stay_when_other_interfaces_come_and_go),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
