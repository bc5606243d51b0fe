/* SPDX-License-Identifier: BSD-2-Clause
 *
 * rows_test.c - commands as mgd sends them, and the rows that come back. The life and the engine of this test are lists.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/kmd/kmd.h"
#include "lib/base/text.h"
#include "lib/msg/elem.h"
#include "lib/msg/msg.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum { SAS_MAX = 4 };

static struct ike_sa sas[SAS_MAX];
static size_t n_sas;
static struct life_tunnel_view tunnels[2];
static size_t n_tunnels;
static struct text asked; /* what life was told to do */

uint64_t
kmd_now(void)
{
	return 10000;
}

/* --- an engine that is a list --- */

size_t
ike_n_sas(const struct ike *ike)
{
	(void)ike;
	return n_sas;
}

struct ike_sa *
ike_sa_at(const struct ike *ike, size_t i)
{
	(void)ike;
	return &sas[i];
}

struct ike_sa *
ike_find(const struct ike *ike, uint64_t cky_i, uint64_t cky_r)
{
	(void)ike;
	for (size_t i = 0; i < n_sas; i++)
		if (sas[i].cky_i == cky_i && sas[i].cky_r == cky_r)
			return &sas[i];
	return NULL;
}

static struct ike_tunnel quick_tunnel;

bool
ike_quick_at(const struct ike_sa *sa, unsigned i, struct ike_quick_view *out)
{
	if (i >= sa->n_quicks)
		return false;
	*out = (struct ike_quick_view){
		.mid = 3012445187,
		.side = V1_INITIATOR,
		.is_done = i > 0,
		.tunnel = &quick_tunnel,
	};
	return true;
}

/* --- a life that is a list --- */

const struct ike *
life_ike(const struct life *l)
{
	(void)l;
	return NULL;
}

bool
life_peer(const struct life *l, const struct ike_path *path, struct life_peer_view *out)
{
	(void)l;
	/* peers of odd addresses are those of es- units */
	bool is_es = (path->remote.addr.b[3] & 1) != 0;
	*out = (struct life_peer_view){ .service_set = is_es ? NULL : "ss", .tunnel = "t" };
	return true;
}

size_t
life_n_tunnels(const struct life *l)
{
	(void)l;
	return n_tunnels;
}

void
life_tunnel(const struct life *l, uint64_t now_ms, size_t i, struct life_tunnel_view *out)
{
	(void)l;
	(void)now_ms;
	*out = tunnels[i];
}

bool
life_tunnel_by_name(
    const struct life *l, uint64_t now_ms, const char *name, struct life_tunnel_view *out)
{
	(void)l;
	(void)now_ms;
	for (size_t i = 0; i < n_tunnels; i++)
		if (strcmp(tunnels[i].name, name) == 0) {
			*out = tunnels[i];
			return true;
		}
	return false;
}

static void
select_note(const char *what, const struct life_select *s)
{
	char remote[ADDR_STRLEN];
	text_printf(&asked, "%s%s%s set=%s sa=%s index=%u remote=%s\n", what,
	    s->services ? " services" : "", s->es ? " es" : "",
	    s->service_set != NULL ? s->service_set : "", s->sa_name != NULL ? s->sa_name : "",
	    s->tunnel_index, addr_print(s->remote, remote));
}

size_t
life_clear_ike(struct life *l, uint64_t now_ms, const struct life_select *which)
{
	(void)l;
	(void)now_ms;
	select_note("clear-ike", which);
	return 1;
}

size_t
life_clear_statistics(struct life *l, const struct life_select *which)
{
	(void)l;
	select_note("clear-statistics", which);
	return 1;
}

size_t
life_clear_ipsec(struct life *l, uint64_t now_ms, const struct life_select *which)
{
	(void)l;
	(void)now_ms;
	select_note("clear-ipsec", which);
	return 1;
}

size_t
life_switch(struct life *l, uint64_t now_ms, struct addr local, struct addr remote)
{
	char a[ADDR_STRLEN];
	char b[ADDR_STRLEN];
	(void)l;
	(void)now_ms;
	text_printf(&asked, "switch %s %s\n", addr_print(local, a), addr_print(remote, b));
	return remote.b[3] == 7;
}

/* --- mgd at the other end --- */

struct bench {
	uv_loop_t loop;
	struct kmd kmd;
	struct ipc *mgd;
	struct text got;
};

static void
elem_put(struct text *out, const struct elem *e, unsigned depth)
{
	text_fill(out, ' ', 2 * depth);
	text_printf(out, "%s%s%s\n", e->name, e->value != NULL ? " " : "",
	    e->value != NULL ? e->value : "");
	for (const struct elem *c = e->child; c != NULL; c = c->next)
		elem_put(out, c, depth + 1); /* the depth of a row */
}

static void
on_message(struct ipc *c, struct ipc_msg *m, void *arg)
{
	struct bench *b = arg;
	(void)c;
	if (m->type == MSG_ROW)
		elem_put(&b->got, m->body, 0);
	else
		text_printf(&b->got, "%s %s\n", elem_value(m->body, "status"),
		    elem_has(m->body, "text") ? elem_value(m->body, "text") : "");
}

static void
on_closed(struct ipc *c, const char *why, void *arg)
{
	(void)c;
	(void)why;
	(void)arg;
}

static const struct ipc_ops ops = { .on_message = on_message, .on_closed = on_closed };

/* Returns the rows of RPC with arguments "name=value ...", and how it ended. */
static const char *
call(struct bench *b, const char *rpc, const char *arguments)
{
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, rpc);
	char copy[256];
	char *save = NULL;
	snprintf(copy, sizeof(copy), "%s", arguments);
	for (char *w = strtok_r(copy, " ", &save); w != NULL; w = strtok_r(NULL, " ", &save)) {
		char *value = strchr(w, '=');
		*value++ = '\0';
		elem_leaf(a, e, w, value);
	}
	text_reset(&b->got);
	text_reset(&asked);
	rows_start(&b->kmd, 7, e);
	arena_free(a);
	for (unsigned i = 0; i < 4; i++)
		uv_run(&b->loop, UV_RUN_NOWAIT);
	return text_str(&b->got);
}

static struct ike_sa *
sa_add(const char *remote, uint64_t cookie, enum ike_sa_state state)
{
	struct ike_sa *sa = &sas[n_sas++];
	*sa = (struct ike_sa){
		.cky_i = cookie,
		.cky_r = state == IKE_MM_I1 ? 0 : cookie + 1,
		.state = state,
		.chosen = { .enc = ENC_3DES_CBC, .hash = HASH_SHA1, .group = DH_GROUP2 },
		.begun_ms = cookie,
		.expires_ms = 10000 + 2214500,
		.path = { .local.port = 500, .remote.port = 500 },
	};
	assert_true(addr_parse("192.0.2.1", &sa->path.local.addr));
	assert_true(addr_parse(remote, &sa->path.remote.addr));
	return sa;
}

static int
setup(void **state)
{
	static struct bench b;
	int sv[2];
	b = (struct bench){ 0 };
	n_sas = 0;
	n_tunnels = 0;
	uv_loop_init(&b.loop);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
	b.kmd.mgd = ipc_new(&b.loop, sv[0], &ops, &b);
	b.mgd = ipc_new(&b.loop, sv[1], &ops, &b);
	*state = &b;
	return 0;
}

static int
teardown(void **state)
{
	struct bench *b = *state;
	rows_stop(&b->kmd);
	ipc_free(b->kmd.mgd);
	ipc_free(b->mgd);
	uv_run(&b->loop, UV_RUN_DEFAULT);
	uv_loop_close(&b->loop);
	text_done(&b->got);
	text_done(&asked);
	return 0;
}

#define SERVICES "get-ike-services-security-associations-information"

/* --- tests --- */

static void
sas_are_listed_by_peer_and_age(void **state)
{
	struct bench *b = *state;
	sa_add("198.51.100.8", 0x30, IKE_UP);
	sa_add("198.51.100.6", 0x20, IKE_MM_I1);
	sa_add("198.51.100.6", 0x10, IKE_UP)->is_aggressive = true;
	sa_add("198.51.100.7", 0x40, IKE_UP); /* of an es- unit */
	assert_string_equal(call(b, SERVICES, "level=brief"),
	    "ike-security-associations\n"
	    "  ike-sa-remote-address 198.51.100.6\n"
	    "  ike-sa-state matured\n"
	    "  ike-sa-initiator-cookie 0000000000000010\n"
	    "  ike-sa-responder-cookie 0000000000000011\n"
	    "  ike-sa-exchange-type aggressive\n"
	    "ike-security-associations\n"
	    "  ike-sa-remote-address 198.51.100.6\n"
	    "  ike-sa-state not matured\n"
	    "  ike-sa-initiator-cookie 0000000000000020\n"
	    "  ike-sa-responder-cookie 0000000000000000\n"
	    "  ike-sa-exchange-type main\n"
	    "ike-security-associations\n"
	    "  ike-sa-remote-address 198.51.100.8\n"
	    "  ike-sa-state matured\n"
	    "  ike-sa-initiator-cookie 0000000000000030\n"
	    "  ike-sa-responder-cookie 0000000000000031\n"
	    "  ike-sa-exchange-type main\n"
	    "ok \n");
	assert_non_null(strstr(call(b, "get-ike-security-associations-information", ""),
	    "ike-sa-initiator-cookie 0000000000000040\n"));
	assert_null(strstr(text_str(&b->got), "0000000000000010"));
	call(b, SERVICES, "peer-address=198.51.100.8");
	assert_null(strstr(text_str(&b->got), "198.51.100.6"));
	assert_non_null(strstr(text_str(&b->got), "198.51.100.8"));
}

static void
detail_has_everything_but_keys(void **state)
{
	struct bench *b = *state;
	struct ike_sa *sa = sa_add("198.51.100.8", 0x30, IKE_UP);
	sa->stats = (struct ike_stats){
		.in_octets = 1652,
		.out_octets = 1720,
		.in_packets = 9,
		.out_packets = 10,
		.n_created = 1,
	};
	sa->n_quicks = 2;
	sa->why = (char *)(uintptr_t) "the peer offered group5, group2 is allowed";
	assert_true(prefix_parse("10.1.0.0/16", &quick_tunnel.local));
	assert_true(prefix_parse("10.2.0.0/16", &quick_tunnel.remote));
	assert_string_equal(call(b, SERVICES, "level=detail"),
	    "ike-security-associations-block\n"
	    "  ike-sa-remote-address 198.51.100.8\n"
	    "  ike-security-associations\n"
	    "    ike-sa-role initiator\n"
	    "    ike-sa-state matured\n"
	    "    ike-sa-initiator-cookie 0000000000000030\n"
	    "    ike-sa-responder-cookie 0000000000000031\n"
	    "    ike-sa-exchange-type main\n"
	    "    ike-sa-authentication-method pre-shared-keys\n"
	    "    ike-sa-local-address 192.0.2.1\n"
	    "    ike-sa-local-port 500\n"
	    "    ike-sa-remote-address 198.51.100.8\n"
	    "    ike-sa-remote-port 500\n"
	    "    ike-sa-lifetime expires in 2214 seconds\n"
	    "    ike-sa-algorithms\n"
	    "      ike-sa-authentication-algorithm sha1\n"
	    "      ike-sa-encryption-algorithm 3des-cbc\n"
	    "      ike-sa-prf-algorithm hmac-sha1\n"
	    "      ike-sa-dhgroup group2\n"
	    "    ike-sa-traffic-statistics\n"
	    "      ike-sa-input-bytes 1652\n"
	    "      ike-sa-output-bytes 1720\n"
	    "      ike-sa-input-packets 9\n"
	    "      ike-sa-output-packets 10\n"
	    "    ike-sa-misc\n"
	    "      ike-sa-flags Caller notification sent\n"
	    "      ike-sa-num-ipsec-sas-created 1\n"
	    "      ike-sa-num-ipsec-sas-deleted 0\n"
	    "      ike-sa-num-phase2-negotiations 1\n"
	    "    ike-sa-last-failure the peer offered group5, group2 is allowed\n"
	    "    ike-sa-phase2-information\n"
	    "      ike-sa-phase2-type quick mode\n"
	    "      ike-sa-role initiator\n"
	    "      ike-sa-msg-id 3012445187\n"
	    "      ike-sa-local-address 192.0.2.1\n"
	    "      ike-sa-local-port 500\n"
	    "      ike-sa-remote-address 198.51.100.8\n"
	    "      ike-sa-remote-port 500\n"
	    "      ike-sa-local-id ipv4_subnet(any:0,[0..7]=10.1.0.0/16)\n"
	    "      ike-sa-remote-id ipv4_subnet(any:0,[0..7]=10.2.0.0/16)\n"
	    "      ike-sa-flags Waiting for done\n"
	    "ok \n");
}

static void
tunnel_add(const char *name, const char *set, const char *primary, const char *failure)
{
	struct life_tunnel_view *t = &tunnels[n_tunnels++];
	*t = (struct life_tunnel_view){
		.name = name,
		.service_set = set,
		.pic = "es-0/0/0",
		.sa_name = set == NULL ? "sa1" : NULL,
		.failure = failure,
	};
	assert_true(addr_parse("192.0.2.1", &t->local));
	assert_true(addr_parse(primary, &t->primary));
	t->failed = t->primary;
}

static void
a_peer_without_an_sa_is_told_with_its_failure(void **state)
{
	struct bench *b = *state;
	tunnel_add("ss/r/1", "ss", "198.51.100.8", "the peer does not answer");
	tunnel_add("ss/r/2", "ss", "198.51.100.8", "the same peer");
	assert_string_equal(call(b, SERVICES, "level=detail"),
	    "ike-security-associations-block\n"
	    "  ike-sa-remote-address 198.51.100.8\n"
	    "  ike-security-associations\n"
	    "    ike-sa-state not matured\n"
	    "    ike-sa-last-failure the peer does not answer\n"
	    "ok \n");
	assert_string_equal(call(b, SERVICES, "level=brief"), "ok \n");
	assert_string_equal(call(b, SERVICES, "level=detail peer-address=198.51.100.6"), "ok \n");
	sa_add("198.51.100.8", 0x30, IKE_UP);
	assert_null(strstr(call(b, SERVICES, "level=detail"), "does not answer"));
}

static void
what_is_cleared_is_what_was_named(void **state)
{
	struct bench *b = *state;
	assert_string_equal(call(b, "clear-services-ipsec-vpn-security-associations",
				"service-set=ss tunnel-index=3 remote-gateway=198.51.100.7"),
	    "ok \n");
	assert_string_equal(
	    text_str(&asked), "clear-ipsec services set=ss sa= index=3 remote=198.51.100.7\n");
	call(b, "clear-services-ike-security-associations", "peer-address=198.51.100.7");
	assert_string_equal(
	    text_str(&asked), "clear-ike services set= sa= index=0 remote=198.51.100.7\n");
	call(b, "clear-ipsec-security-associations", "sa-name=sa1");
	assert_string_equal(text_str(&asked), "clear-ipsec es set= sa=sa1 index=0 remote=\n");
	call(b, "clear-ike-security-associations", "");
	assert_string_equal(text_str(&asked), "clear-ike es set= sa= index=0 remote=\n");
	assert_string_equal(call(b, "clear-ike-security-associations", "peer-address=nobody"),
	    "error invalid argument\n");
	assert_string_equal(text_str(&asked), "");
	assert_string_equal(call(b, "get-route-information", ""), "error unknown command\n");
	call(b, "clear-services-ike-statistics", "peer-address=198.51.100.7 service-set=ss");
	assert_string_equal(
	    text_str(&asked), "clear-statistics services set=ss sa= index=0 remote=198.51.100.7\n");
}

/* IKE is spoken in one routing instance: whoever asks for another one gets nothing, and ends nothing. */
static void
another_routing_instance_has_nothing(void **state)
{
	struct bench *b = *state;
	sa_add("198.51.100.6", 0x10, IKE_UP);
	tunnel_add("ss/r/1", "ss", "198.51.100.6", "no proposal chosen");
	assert_string_equal(call(b, SERVICES, "level=brief routing-instance=red"), "ok \n");
	assert_string_equal(
	    call(b, "get-ike-services-statistics", "routing-instance=red"), "ok \n");
	assert_non_null(strstr(call(b, SERVICES, "routing-instance=default"), "matured"));
	assert_non_null(strstr(call(b, SERVICES, "routing-instance=master"), "matured"));
	assert_string_equal(
	    call(b, "clear-services-ike-security-associations", "routing-instance=red"), "ok \n");
	assert_string_equal(text_str(&asked), "");
	call(b, "clear-services-ike-security-associations", "routing-instance=default");
	assert_string_not_equal(text_str(&asked), "");
	assert_string_equal(call(b, "request-ipsec-switch-tunnel",
				"local-gateway=192.0.2.1 remote-gateway=198.51.100.7 "
				"routing-instance=red"),
	    "error there is no IKE in this routing instance\n");
	assert_string_equal(text_str(&asked), "");
}

static void
gateways_are_switched_where_there_are_two(void **state)
{
	struct bench *b = *state;
	tunnel_add("es-0/0/0.0", NULL, "198.51.100.7", NULL);
	assert_string_equal(call(b, "request-ipsec-switch-tunnel",
				"local-gateway=192.0.2.1 remote-gateway=198.51.100.7"),
	    "ipsec-switch-status\n  switched-tunnels 1\nok \n");
	assert_string_equal(text_str(&asked), "switch 192.0.2.1 198.51.100.7\n");
	assert_string_equal(call(b, "request-ipsec-switch-tunnel",
				"local-gateway=192.0.2.1 remote-gateway=198.51.100.9"),
	    "error no tunnel between these gateways has a backup remote gateway\n");
	assert_string_equal(call(b, "request-ipsec-switch", "security-associations=sa1"),
	    "error no tunnel of this security association has a backup destination\n");
	assert_true(addr_parse("203.0.113.9", &tunnels[0].backup));
	assert_string_equal(call(b, "request-ipsec-switch", "security-associations=sa1"),
	    "ipsec-switch-status\n  switched-tunnels 1\nok \n");
	assert_string_equal(call(b, "request-ipsec-switch", "interface=es-0/0/0"),
	    "error es-0/0/0 has no backup interface to switch to\n");
}

static void
redundancy_is_of_es_units(void **state)
{
	struct bench *b = *state;
	tunnel_add("es-0/0/0.0", NULL, "198.51.100.7", NULL);
	tunnel_add("ss/r/1", "ss", "198.51.100.8", NULL);
	tunnels[0].failovers = 1;
	assert_string_equal(call(b, "get-ipsec-tunnel-redundancy-information", ""),
	    "ipsec-tunnel-redundancy\n"
	    "  sa-name sa1\n"
	    "  ipsec-redundancy-counter 1\n"
	    "  ipsec-tunnel-redundancy-local-address 192.0.2.1\n"
	    "  ipsec-tunnel-redundancy-primary-remote-address 198.51.100.7\n"
	    "  ipsec-redundancy-primary-state active\n"
	    "  ipsec-redundancy-tunnel-no-information\n"
	    "ok \n");
	assert_string_equal(
	    call(b, "get-ipsec-tunnel-redundancy-information", "security-association-name=other"),
	    "ok \n");
	assert_string_equal(call(b, "get-ipsec-pic-redundancy-information", ""),
	    "ipsec-pic-redundancy\n"
	    "  ipsec-redundancy-counter 0\n"
	    "  ipsec-pic-redundancy-primary-interface es-0/0/0\n"
	    "  ipsec-redundancy-primary-state active\n"
	    "  ipsec-redundancy-pic-no-information\n"
	    "ok \n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(sas_are_listed_by_peer_and_age, setup, teardown),
		cmocka_unit_test_setup_teardown(detail_has_everything_but_keys, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    a_peer_without_an_sa_is_told_with_its_failure, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_cleared_is_what_was_named, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    another_routing_instance_has_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    gateways_are_switched_where_there_are_two, setup, teardown),
		cmocka_unit_test_setup_teardown(redundancy_is_of_es_units, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
