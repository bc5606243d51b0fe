/* SPDX-License-Identifier: BSD-2-Clause
 *
 * control_test.c - configuration and commands over mgd's channel: refusals, rows, levels, ten thousand tunnels.
 */
#include "daemon/picd/rows.h"
#include "daemon/picd/test_gw.h"
#include "lib/base/text.h"
#include "lib/conf/conf.h"
#include "lib/msg/elem.h"
#include "lib/msg/msg.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* N tunnels in a next-hop-style service set, each with its own unit. */
static void
conf_many(struct text *t, unsigned n)
{
	text_put(t, "interfaces\n  interface sp-1/2/0\n");
	text_put(t, "    unit 0\n      family\n        inet:\n      service-domain outside\n");
	for (unsigned i = 1; i <= n; i++)
		text_printf(t,
		    "    unit %u\n      family\n        inet:\n      service-domain inside\n", i);
	text_put(t, "services\n"
		    "  service-set ss\n"
		    "    next-hop-service\n"
		    "      inside-service-interface sp-1/2/0.1\n"
		    "      outside-service-interface sp-1/2/0.0\n"
		    "    ipsec-vpn-options\n"
		    "      local-gateway:\n"
		    "        address 192.0.2.1\n"
		    "    ipsec-vpn-rules r\n"
		    "  ipsec-vpn\n"
		    "    rule r\n");
	for (unsigned i = 1; i <= n; i++)
		text_printf(t,
		    "      term t%u\n"
		    "        from\n"
		    "          ipsec-inside-interface sp-1/2/0.%u\n"
		    "        then\n"
		    "          remote-gateway 198.18.%u.%u\n"
		    "          manual\n"
		    "            direction bidirectional\n"
		    "              protocol esp\n"
		    "              spi %u\n"
		    "              authentication\n"
		    "                algorithm hmac-sha1-96\n"
		    "                key:\n"
		    "                  ascii-text 01234567890123456789\n",
		    i, i, i >> 8, i & 255, 256 + i);
	text_put(t, "      match-direction input\n");
}

static void
commit_many(struct gw *g, unsigned n)
{
	struct text t = { 0 };
	conf_many(&t, n);
	const char *error = gw_commit(g, text_str(&t));
	if (error != NULL)
		fail_msg("%s", error);
	text_done(&t);
}

static void
ask(struct gw *g, const char *rpc, const char *const *leaves)
{
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, rpc);
	for (; *leaves != NULL; leaves += 2)
		elem_leaf(a, e, leaves[0], leaves[1]);
	struct ipc_msg m = { .type = MSG_RPC, .seq = 33, .body = e, .fd = -1 };
	control_mgd(&g->p, &m);
	arena_free(a);
}

/* Takes the next message of picd, letting its loop run; the body is in A. */
static struct ipc_msg
answer(struct gw *g, struct arena *a)
{
	struct ipc_msg m;
	struct pollfd p = { .fd = g->mgd_fd, .events = POLLIN };
	for (int i = 0; poll(&p, 1, 0) == 0 && i < 1000; i++)
		uv_run(&g->p.daemon.loop, UV_RUN_NOWAIT);
	assert_int_equal(ipc_recv_blocking(g->mgd_fd, a, &m), 0);
	assert_int_equal(m.seq, 33);
	return m;
}

static const struct elem *
row(struct gw *g, struct arena *a)
{
	struct ipc_msg m = answer(g, a);
	assert_int_equal(m.type, MSG_ROW);
	return m.body;
}

static const char *
done(struct gw *g, struct arena *a)
{
	struct ipc_msg m = answer(g, a);
	assert_int_equal(m.type, MSG_RPC_DONE);
	const char *text = elem_value(m.body, "text");
	assert_string_equal(elem_value(m.body, "status"), text == NULL ? "ok" : "error");
	return text;
}

static const char *
leaf(const struct elem *e, const char *parent, const char *name)
{
	const char *v = elem_value(parent ? elem_find(e, parent) : e, name);
	return v != NULL ? v : "(none)";
}

static const char *const no_leaves[] = { NULL };

static void
levels_decide_which_elements_a_row_has(void **state)
{
	(void)state;
	static const char rpc[] = "get-services-security-associations-information";
	static const char *const detail[] = { "level", "detail", "hex", "", NULL };
	static const char *const extensive[] = { "level", "extensive", "service-set", "ss", NULL };
	static const char *const other[] = { "service-set", "nobody", NULL };
	struct gw g;
	struct arena *a = arena_new();
	gw_init(&g, "sp-1/2/0");
	commit_many(&g, 2);

	ask(&g, rpc, no_leaves);
	const struct elem *e = row(&g, a);
	assert_string_equal(e->name, "services-security-associations-block");
	assert_string_equal(leaf(e, NULL, "svc-set-name"), "ss");
	assert_string_equal(leaf(e, "sa-tunnel-information", "sa-term-name"), "t1");
	assert_string_equal(leaf(e, "sa-tunnel-information", "sa-tunnel-index"), "1");
	assert_string_equal(leaf(e, "sa-tunnel-information", "sa-inside-interface"), "sp-1/2/0.1");
	assert_string_equal(leaf(e, "sa-tunnel-information", "sa-local-identity"), "(none)");
	assert_string_equal(leaf(e, "security-associations", "sa-direction"), "inbound");
	assert_string_equal(leaf(e, "security-associations", "sa-spi"), "257");
	assert_string_equal(leaf(e, "security-associations", "sa-state"), "(none)");
	e = row(&g, a);
	assert_string_equal(leaf(e, "sa-tunnel-information", "sa-remote-gateway"), "198.18.0.2");
	assert_null(done(&g, a));

	ask(&g, rpc, detail);
	e = row(&g, a);
	assert_string_equal(leaf(e, "sa-tunnel-information", "sa-local-identity"),
	    "ipv4_subnet(any:0,[0..7]=0.0.0.0/0)");
	assert_string_equal(leaf(e, "sa-tunnel-information", "sa-tunnel-mtu"), "1500");
	assert_string_equal(leaf(e, "security-associations", "sa-spi"), "0x101");
	assert_string_equal(leaf(e, "security-associations", "sa-state"), "installed");
	assert_string_equal(leaf(e, "security-associations", "sa-encryption-algorithm"), "none");
	assert_false(elem_has(e, "tunnel-redundancy-extensive"));
	row(&g, a);
	assert_null(done(&g, a));

	ask(&g, rpc, extensive);
	assert_true(elem_has(row(&g, a), "tunnel-redundancy-extensive"));
	row(&g, a);
	assert_null(done(&g, a));

	ask(&g, rpc, other);
	assert_null(done(&g, a));
	gw_done(&g);
	arena_free(a);
}

static void
statistics_count_and_clear(void **state)
{
	(void)state;
	static const char rpc[] = "get-services-ipsec-statistics-information";
	static const char *const detail[] = { "display", "detail", "remote-gw", "198.18.0.2",
		NULL };
	struct gw g;
	struct arena *a = arena_new();
	uint8_t p[200];
	gw_init(&g, "sp-1/2/0");
	commit_many(&g, 3);
	int wire = gw_give_pair(&g, MSG_SOCKET, (const char *[]){ "kind", "send4", NULL });
	int unit2 = gw_unit(&g, "sp-1/2/0.2");
	gw_sync(&g);
	size_t n = udp4(p, "10.0.0.1", "10.0.0.2", 40, 0, 9);
	assert_int_equal(write(unit2, p, n), (ssize_t)n);
	p[0] = 0;
	assert_int_equal(write(unit2, p, n), (ssize_t)n);
	gw_turns(&g);

	ask(&g, rpc, no_leaves);
	const struct elem *e = elem_find(row(&g, a), "ipsec-statistics");
	assert_string_equal(leaf(e, "esp-statistics", "esp-encrypted-packets"), "1");
	assert_string_equal(leaf(e, "error-statistics", "ip-integrity-errors"), "1");
	assert_null(done(&g, a));

	ask(&g, rpc, detail);
	e = elem_find(row(&g, a), "ipsec-statistics");
	assert_string_equal(leaf(e, NULL, "tunnel-index"), "2");
	assert_string_equal(leaf(e, "esp-statistics", "esp-encrypted-packets"), "1");
	assert_false(elem_has(elem_find(e, "error-statistics"), "misc-errors"));
	assert_null(done(&g, a));

	ask(&g, "get-packet-drop-information", no_leaves);
	e = elem_find(row(&g, a), "packet-drop");
	assert_string_equal(leaf(e, NULL, "drop-reason"), "inner-header");
	assert_string_equal(leaf(e, NULL, "drop-packets"), "1");
	assert_false(elem_has(row(&g, a), "packet-drop"));
	assert_null(done(&g, a));

	ask(&g, "clear-ipsec-vpn-statistics", no_leaves);
	assert_null(done(&g, a));
	ask(&g, rpc, no_leaves);
	e = elem_find(row(&g, a), "ipsec-statistics");
	assert_string_equal(leaf(e, "esp-statistics", "esp-encrypted-packets"), "0");
	assert_string_equal(leaf(e, "error-statistics", "ip-integrity-errors"), "0");
	assert_null(done(&g, a));
	gw_done(&g);
	close(wire);
	close(unit2);
	arena_free(a);
}

static void
processor_memory_and_workers_are_shown(void **state)
{
	(void)state;
	struct gw g;
	struct arena *a = arena_new();
	uint8_t p[200];
	gw_init(&g, "sp-1/2/0");
	commit_many(&g, 1);
	int unit = gw_unit(&g, "sp-1/2/0.1");
	int wire =
	    gw_give_pair(&g, MSG_SOCKET, (const char *[]){ "kind", "send4", "family", "4", NULL });
	gw_sync(&g);
	usage_sample(&g.p);
	size_t n = udp4(p, "10.0.0.1", "10.0.0.2", 40, 0, 9);
	assert_int_equal(write(unit, p, n), (ssize_t)n);
	test_now_ms += 2000; /* workers look at their clocks once a second */
	gw_turns(&g);
	usage_sample(&g.p);

	ask(&g, "get-service-set-cpu-statistics", no_leaves);
	const struct elem *e = row(&g, a);
	assert_string_equal(leaf(e, NULL, "service-set-name"), "ss");
	assert_string_equal(leaf(e, NULL, "interface-name"), "sp-1/2/0");
	double set = strtod(leaf(e, NULL, "cpu-utilization-percent"), NULL);
	e = row(&g, a);
	assert_string_equal(leaf(e, NULL, "service-set-name"), "System");
	double others = strtod(leaf(e, NULL, "cpu-utilization-percent"), NULL);
	e = row(&g, a);
	assert_string_equal(leaf(e, NULL, "service-set-name"), "Idle");
	double idle = strtod(leaf(e, NULL, "cpu-utilization-percent"), NULL);
	assert_true(set + others + idle > 99.9 && set + others + idle < 100.1);
	assert_null(done(&g, a));

	ask(&g, "get-service-set-memory-statistics", (const char *[]){ "service-set", "ss", NULL });
	e = row(&g, a);
	unsigned long bytes = strtoul(leaf(e, NULL, "bytes-used"), NULL, 10);
	assert_true(bytes > 1000 && bytes < 20000);
	assert_null(done(&g, a));
	ask(&g, "get-service-set-memory-statistics", no_leaves);
	row(&g, a);
	e = row(&g, a);
	assert_string_equal(leaf(e, NULL, "service-set-name"), "System");
	/* what the C library says of itself; a sanitizer's says nothing */
	bool is_known = strtoul(leaf(e, NULL, "bytes-used"), NULL, 10) > 0;
	assert_null(done(&g, a));

	ask(&g, "get-service-set-summary-information", no_leaves);
	e = row(&g, a);
	assert_string_equal(leaf(e, NULL, "interface-name"), "sp-1/2/0");
	assert_string_equal(leaf(e, NULL, "service-sets-configured"), "1");
	unsigned long of_sets = strtoul(leaf(e, NULL, "service-set-policy-bytes-used"), NULL, 10);
	assert_true(of_sets > 1000 && of_sets < 20000);
	bytes = strtoul(leaf(e, NULL, "service-set-bytes-used"), NULL, 10);
	assert_true(is_known ? bytes > of_sets : bytes == of_sets);
	assert_non_null(strstr(leaf(e, NULL, "service-set-cpu-utilization"), "."));
	assert_null(done(&g, a));

	ask(&g, "get-service-worker-information",
	    (const char *[]){ "interface", "sp-1/2/0", NULL });
	e = row(&g, a);
	assert_string_equal(leaf(e, NULL, "worker-number"), "0");
	assert_string_equal(leaf(e, NULL, "out-packets"), "1");
	assert_string_equal(leaf(e, NULL, "out-bytes"), "68");
	assert_string_equal(leaf(e, NULL, "sends"), "1");
	assert_string_equal(leaf(e, "out-burst", "burst-count"), "1");
	assert_null(done(&g, a));
	ask(&g, "get-service-worker-information",
	    (const char *[]){ "interface", "sp-1/3/0", NULL });
	assert_null(done(&g, a)); /* another interface: no row */
	gw_done(&g);
	close(wire);
	close(unit);
	arena_free(a);
}

static void
packets_of_no_set_have_a_row_and_are_cleared(void **state)
{
	(void)state;
	static const char rpc[] = "get-services-ipsec-statistics-information";
	struct gw g;
	struct arena *a = arena_new();
	uint8_t p[200];
	gw_init(&g, "sp-1/2/0");
	commit_many(&g, 1);
	int nobody = gw_unit(&g, "sp-1/2/0.77"); /* no set uses it */
	gw_sync(&g);
	ask(&g, rpc, no_leaves);
	assert_string_equal(leaf(row(&g, a), NULL, "service-set-name"), "ss");
	assert_null(done(&g, a)); /* nothing happened, no row */
	for (unsigned round = 0; round < 2; round++) {
		size_t n = udp4(p, "10.0.0.1", "10.0.0.2", 40, 0, 9);
		assert_int_equal(write(nobody, p, n), (ssize_t)n);
		n = udp4(p, "10.0.0.1", "10.0.0.2", 40, 0x2000, 9); /* the rest never comes */
		assert_int_equal(write(nobody, p, n), (ssize_t)n);
		gw_turns(&g);
		test_now_ms += 5000;
		gw_turns(&g);
		ask(&g, rpc, no_leaves);
		row(&g, a);
		const struct elem *e = row(&g, a);
		assert_string_equal(leaf(e, NULL, "service-set-name"), "");
		e = elem_find(e, "ipsec-statistics");
		assert_string_equal(leaf(e, "error-statistics", "flow-errors"), "1");
		assert_string_equal(leaf(e, "error-statistics", "misc-errors"), "1");
		assert_null(done(&g, a));
		ask(&g, round == 0 ? "clear-ipsec-vpn-statistics" : "clear-packet-drop-information",
		    no_leaves);
		assert_null(done(&g, a));
		assert_int_equal(gw_drops(&g, NULL, DROP_NO_SERVICE_SET), 0);
		assert_int_equal(gw_drops(&g, NULL, DROP_FRAG_TIMEOUT), 0);
	}
	gw_done(&g);
	close(nobody);
	arena_free(a);
}

static void
nonsense_is_refused(void **state)
{
	(void)state;
	struct gw g;
	struct arena *a = arena_new();
	gw_init(&g, "sp-1/2/0");
	ask(&g, "no-such-command", no_leaves);
	assert_string_equal(done(&g, a), "unknown command");
	ask(&g, "clear-ipsec-vpn-statistics", (const char *[]){ "remote-gateway", "x", NULL });
	assert_string_equal(done(&g, a), "invalid argument");
	/* nothing is configured: nothing to show */
	ask(&g, "get-packet-drop-information", no_leaves);
	assert_null(done(&g, a));
	struct ipc_msg m = { .type = MSG_CONF_CHECK, .seq = 33, .fd = -1 };
	control_mgd(&g.p, &m);
	m = answer(&g, a);
	assert_int_equal(m.type, MSG_CONF_DONE);
	assert_string_equal(elem_value(m.body, "status"), "error");
	gw_done(&g);
	arena_free(a);
}

static void
ten_thousand_tunnels_stream_in_a_bounded_queue(void **state)
{
	(void)state;
	enum { N = 10000, BOUND = 512 * 1024 };
	struct gw g;
	gw_init(&g, "sp-1/2/0");
	commit_many(&g, N);
	ask(&g, "get-services-security-associations-information",
	    (const char *[]){ "level", "extensive", NULL });
	for (unsigned i = 0; i < N; i++) {
		struct arena *a = arena_new();
		char index[16];
		snprintf(index, sizeof(index), "%u", i + 1);
		assert_string_equal(
		    leaf(row(&g, a), "sa-tunnel-information", "sa-tunnel-index"), index);
		assert_true(ipc_queued(g.p.mgd) < BOUND);
		arena_free(a);
	}
	struct arena *a = arena_new();
	assert_null(done(&g, a));
	arena_free(a);
	gw_done(&g);
}

/* A dynamic and a manual tunnel in a next-hop-style set, a dynamic one in an interface-style set. */
static const char conf_mixed[] = "interfaces\n"
				 "  interface ge-0/0/0\n"
				 "    unit 0\n"
				 "      family\n"
				 "        inet\n"
				 "          service\n"
				 "            input\n"
				 "              service-set si:\n"
				 "            output\n"
				 "              service-set si:\n"
				 "  interface sp-1/2/0\n"
				 "    unit 0\n"
				 "      family\n"
				 "        inet:\n"
				 "    unit 1\n"
				 "      family\n"
				 "        inet:\n"
				 "      service-domain inside\n"
				 "    unit 2\n"
				 "      family\n"
				 "        inet:\n"
				 "      service-domain outside\n"
				 "services\n"
				 "  service-set ss\n"
				 "    next-hop-service\n"
				 "      inside-service-interface sp-1/2/0.1\n"
				 "      outside-service-interface sp-1/2/0.2\n"
				 "    ipsec-vpn-options\n"
				 "      local-gateway 192.0.2.1\n"
				 "    ipsec-vpn-rules r\n"
				 "  service-set si\n"
				 "    interface-service\n"
				 "      service-interface sp-1/2/0\n"
				 "    ipsec-vpn-options\n"
				 "      local-gateway 192.0.2.9\n"
				 "    ipsec-vpn-rules o\n"
				 "  ipsec-vpn\n"
				 "    ike\n"
				 "      policy p\n"
				 "        pre-shared-key\n"
				 "          ascii-text secretsecret\n"
				 "    rule r\n"
				 "      term d\n"
				 "        from\n"
				 "          source-address 10.1.0.0/16:\n"
				 "          destination-address 10.2.0.0/16:\n"
				 "        then\n"
				 "          remote-gateway 192.0.2.2\n"
				 "          backup-remote-gateway 192.0.2.3\n"
				 "          dynamic\n"
				 "            ike-policy p\n"
				 "      match-direction input\n"
				 "    rule o\n"
				 "      term m\n"
				 "        from\n"
				 "          source-address 10.3.0.0/16:\n"
				 "          destination-address 10.4.0.0/16:\n"
				 "        then\n"
				 "          remote-gateway 192.0.2.4\n"
				 "          manual\n"
				 "            direction bidirectional\n"
				 "              protocol ah\n"
				 "              spi 300\n"
				 "              authentication\n"
				 "                algorithm hmac-md5-96\n"
				 "                key:\n"
				 "                  ascii-text 0123456789abcdef\n"
				 "      match-direction output\n";

static void
sa_add(struct gw *g, bool is_out, const char *spi, const char *const *changes)
{
	const char *leaves[GW_LEAVES_MAX];
	struct arena *a = arena_new();
	gw_sa_leaves(leaves, is_out, spi, false, changes);
	gw_kmd_say(g, MSG_SA_ADD, 1, leaves);
	gw_turns(g);
	struct ipc_msg m = gw_kmd_hear(g, a);
	assert_int_equal(m.type, MSG_SA_DONE);
	assert_null(elem_value(m.body, "text"));
	arena_free(a);
}

static void
mixed_init(struct gw *g)
{
	gw_init(g, "sp-1/2/0");
	const char *error = gw_commit(g, conf_mixed);
	if (error != NULL)
		fail_msg("%s", error);
	gw_kmd(g);
	gw_sync(g);
	gw_kmd_hush(g);
}

static void
dynamic_sas_have_lifetimes_windows_and_pairs(void **state)
{
	(void)state;
	static const char rpc[] = "get-services-security-associations-information";
	static const char *const extensive[] = { "level", "extensive", "service-set", "ss", NULL };
	struct gw g;
	struct arena *a = arena_new();
	mixed_init(&g);
	ask(&g, rpc, extensive);
	const struct elem *e = row(&g, a);
	assert_true(elem_has(elem_find(e, "sa-tunnel-information"), "sa-no-information"));
	assert_true(elem_has(
	    elem_find(e, "tunnel-redundancy-extensive"), "ipsec-redundancy-tunnel-no-information"));
	assert_false(elem_has(e, "security-associations"));
	assert_null(done(&g, a));

	sa_add(&g, false, "1000", (const char *[]){ NULL });
	sa_add(&g, true, "2000", (const char *[]){ NULL });
	test_now_ms += 89500;
	static const char *const udp[] = { "local-port", "4500", "remote-port", "61000", "soft",
		"0", "window", "0", "remote", "192.0.2.3", NULL };
	sa_add(&g, false, "1001", udp);
	sa_add(&g, true, "2001", udp);
	gw_kmd_say(&g, MSG_REDUNDANCY, 0,
	    (const char *[]){ "tunnel", "ss/r/d", "primary", "192.0.2.2", "primary-state",
		"standby", "backup", "192.0.2.3", "backup-state", "active", "failovers", "3",
		NULL });
	ask(&g, rpc, extensive);
	e = row(&g, a);
	static const char info[] = "sa-tunnel-information";
	static const char redundancy[] = "tunnel-redundancy-extensive";
	assert_string_equal(leaf(e, info, "sa-remote-gateway"), "192.0.2.3");
	assert_string_equal(leaf(e, info, "sa-udp-encapsulate"), "enabled");
	assert_string_equal(leaf(e, info, "sa-udp-dst-port"), "61000");
	assert_string_equal(leaf(e, redundancy, "ipsec-redundancy-primary-state"), "standby");
	assert_string_equal(leaf(e, redundancy, "ipsec-redundancy-backup-state"), "active");
	assert_string_equal(leaf(e, redundancy, "ipsec-redundancy-counter"), "3");
	static const struct {
		const char *direction;
		const char *spi;
		const char *soft;
		const char *hard;
		const char *replay;
		const char *window;
	} want[] = {
		{ "inbound", "1000", "expires in 1 seconds", "expires in 11 seconds", "enabled",
		    "64" },
		{ "outbound", "2000", "expires in 1 seconds", "expires in 11 seconds", "enabled",
		    "64" },
		{ "inbound", "1001", "(none)", "expires in 100 seconds", "disabled", "(none)" },
		{ "outbound", "2001", "(none)", "expires in 100 seconds", "disabled", "(none)" },
	};
	size_t n = 0;
	elem_each (sa, e, "security-associations") {
		assert_string_equal(leaf(sa, NULL, "sa-direction"), want[n].direction);
		assert_string_equal(leaf(sa, NULL, "sa-spi"), want[n].spi);
		assert_string_equal(leaf(sa, NULL, "sa-type"), "dynamic");
		assert_string_equal(leaf(sa, NULL, "sa-soft-lifetime"), want[n].soft);
		assert_string_equal(leaf(sa, NULL, "sa-hard-lifetime"), want[n].hard);
		assert_string_equal(leaf(sa, NULL, "sa-anti-replay-service"), want[n].replay);
		assert_string_equal(leaf(sa, NULL, "sa-replay-window-size"), want[n].window);
		n++;
	}
	assert_int_equal(n, 4);
	assert_null(done(&g, a));
	test_now_ms += 1000;
	ask(&g, rpc, extensive);
	assert_string_equal(
	    leaf(row(&g, a), "security-associations", "sa-soft-lifetime"), "expired");
	assert_null(done(&g, a));
	gw_done(&g);
	arena_free(a);
}

static void
an_interface_of_the_es_style_has_dynamic_sas(void **state)
{
	(void)state;
	static const char text[] = "interfaces\n"
				   "  interface es-0/0/0\n"
				   "    unit 0\n"
				   "      tunnel\n"
				   "        source 192.0.2.1\n"
				   "        destination 192.0.2.2\n"
				   "      family\n"
				   "        inet\n"
				   "          ipsec-sa sa-d\n"
				   "security\n"
				   "  ike\n"
				   "    policy 192.0.2.2\n"
				   "      pre-shared-key\n"
				   "        ascii-text secretsecret\n"
				   "  ipsec\n"
				   "    security-association sa-d\n"
				   "      mode tunnel\n"
				   "      dynamic\n"
				   "        replay-window-size 32\n";
	static const char *const unit[] = { "tunnel", "es-0/0/0.0", NULL };
	struct gw g;
	struct arena *a = arena_new();
	gw_init(&g, "es-0/0/0");
	const char *error = gw_commit(&g, text);
	if (error != NULL)
		fail_msg("%s", error);
	gw_kmd(&g);
	gw_sync(&g);
	gw_kmd_hush(&g);
	sa_add(&g, false, "1000", unit);
	sa_add(&g, true, "2000", unit);
	ask(&g, "get-security-associations-information",
	    (const char *[]){ "level", "detail", "hex", "", NULL });
	const struct elem *e = row(&g, a);
	assert_string_equal(leaf(e, NULL, "sa-name"), "sa-d");
	assert_string_equal(leaf(e, "security-associations", "sa-type"), "dynamic");
	assert_string_equal(leaf(e, "security-associations", "sa-spi"), "0x3e8");
	assert_null(done(&g, a));
	gw_done(&g);
	arena_free(a);
}

/* What the command says about a packet: "SET WAY RULE/TERM INTERFACE SPI VERDICT REASON" for each row. */
static const char *
match(struct gw *g, const char *source, const char *destination, const char *interface)
{
	static char out[2000];
	struct arena *a = arena_new();
	struct text t = { 0 };
	ask(g, "get-services-ipsec-match-information",
	    (const char *[]){ "source-ip", source, "destination-ip", destination,
		interface != NULL ? "interface" : NULL, interface, NULL });
	for (;;) {
		struct ipc_msg m = answer(g, a);
		if (m.type == MSG_RPC_DONE)
			break;
		text_printf(&t, "%s%s %s %s/%s %s %s %s %s", t.len > 0 ? "; " : "",
		    leaf(m.body, NULL, "svc-set-name"), leaf(m.body, NULL, "match-direction"),
		    leaf(m.body, NULL, "sa-rule-name"), leaf(m.body, NULL, "sa-term-name"),
		    leaf(m.body, NULL, "match-interface"), leaf(m.body, NULL, "sa-spi"),
		    leaf(m.body, NULL, "match-verdict"), leaf(m.body, NULL, "match-reason"));
	}
	snprintf(out, sizeof(out), "%s", text_str(&t));
	text_done(&t);
	arena_free(a);
	return out;
}

static void
the_command_says_what_becomes_of_a_packet(void **state)
{
	(void)state;
	static const char *const d = "sp-1/2/0.1";
	struct gw g;
	struct arena *a = arena_new();
	uint8_t p[200];
	mixed_init(&g);
	assert_string_equal(match(&g, "10.1.0.1", "10.2.0.1", NULL),
	    "ss input r/d sp-1/2/0.1 (none) dropped no-unit");
	int unit = gw_unit(&g, d);
	int service = gw_unit(&g, "sp-1/2/0.0");
	gw_sync(&g);
	assert_string_equal(match(&g, "10.1.0.1", "10.2.0.1", NULL),
	    "ss input r/d sp-1/2/0.1 (none) dropped no-tunnel");
	sa_add(&g, true, "2000", (const char *[]){ NULL });
	assert_string_equal(match(&g, "10.1.0.1", "10.2.0.1", d),
	    "ss input r/d sp-1/2/0.1 2000 dropped send-failure");
	int wire = gw_give_pair(&g, MSG_SOCKET, (const char *[]){ "kind", "send4", NULL });
	gw_sync(&g);
	assert_string_equal(
	    match(&g, "10.1.0.1", "10.2.0.1", d), "ss input r/d sp-1/2/0.1 2000 protected (none)");
	size_t n = udp4(p, "10.1.0.1", "10.2.0.1", 40, 0, 9); /* and so it is */
	assert_int_equal(write(unit, p, n), (ssize_t)n);
	gw_turns(&g);
	assert_true(recv(wire, p, sizeof(p), MSG_DONTWAIT) > 0);
	assert_string_equal(match(&g, "10.2.0.1", "10.1.0.1", NULL),
	    "ss inbound r/d sp-1/2/0.1 (none) decrypted (none)");
	assert_string_equal(match(&g, "10.3.0.1", "10.4.0.1", "ge-0/0/0.0"),
	    "si output o/m (none) 300 protected (none)");
	assert_string_equal(match(&g, "10.4.0.1", "10.3.0.1", NULL),
	    "si inbound o/m sp-1/2/0.0 (none) decrypted (none)");
	/* nobody takes these */
	assert_string_equal(match(&g, "10.1.0.1", "10.9.0.1", NULL),
	    "ss input (none)/(none) (none) (none) dropped no-rule; "
	    "si output (none)/(none) (none) (none) dropped no-rule");
	assert_string_equal(match(&g, "10.1.0.1", "10.9.0.1", d),
	    "ss input (none)/(none) (none) (none) dropped no-rule");
	assert_string_equal(match(&g, "2001:db8::1", "2001:db8::2", "ge-0/0/0.0"),
	    "si output (none)/(none) (none) (none) dropped no-rule");
	ask(&g, "get-services-ipsec-match-information",
	    (const char *[]){
		"source-ip", "10.1.0.1", "destination-ip", "10.9.0.1", "interface", d, NULL });
	assert_string_equal(leaf(row(&g, a), NULL, "match-hint"),
	    "rule r term d comes nearest, has destination-address 10.2.0.0/16");
	assert_null(done(&g, a));
	/* questions that are none */
	static const char *const wrong[][7] = {
		{ "source-ip", "10.1.0.1", NULL },
		{ "source-ip", "10.1.0.1", "destination-ip", "2001:db8::1", NULL },
		{ "source-ip", "10.1.0", "destination-ip", "10.1.0.1", NULL },
		{ "source-ip", "10.1.0.1", "destination-ip", "10.1.0.1", "protocol", "quic", NULL },
	};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		ask(&g, "get-services-ipsec-match-information", wrong[i]);
		assert_non_null(done(&g, a));
	}
	gw_done(&g);
	close(unit);
	close(service);
	close(wire);
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(levels_decide_which_elements_a_row_has),
		cmocka_unit_test(statistics_count_and_clear),
		cmocka_unit_test(processor_memory_and_workers_are_shown),
		cmocka_unit_test(packets_of_no_set_have_a_row_and_are_cleared),
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(dynamic_sas_have_lifetimes_windows_and_pairs),
		cmocka_unit_test(an_interface_of_the_es_style_has_dynamic_sas),
		cmocka_unit_test(the_command_says_what_becomes_of_a_packet),
		cmocka_unit_test(ten_thousand_tunnels_stream_in_a_bounded_queue),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
