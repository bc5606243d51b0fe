/* SPDX-License-Identifier: BSD-2-Clause
 *
 * conf_bench.c - time and memory of conf_load() and conf_reduce() over N tunnels.
 *
 * usage: conf_bench [dynamic] [N...]      default: 1000 10000 100000
 * Each tunnel is a unit, a rule with one term and a manual SA (dynamic: an IKE policy with a key and two proposals, and
 * an IPsec policy, of its own), and a static route; every 10,000 of them share one service set and one local gateway. Each N
 * runs in a process of its own, so that the peak of memory is its own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/report.h"
#include "lib/conf/conf.h"
#include "lib/msg/elem.h"

enum { PER_SET = 10000 };

static bool is_dynamic;

static double
now_s(void)
{
	return (double)clock_ns() / 1e9;
}

static double
peak_mb(void)
{
	struct rusage u;
	getrusage(RUSAGE_SELF, &u);
	return (double)u.ru_maxrss / 1024;
}

static struct elem *
entry(struct arena *a, struct elem *parent, const char *list, const char *prefix, unsigned n)
{
	struct elem *e = elem_add(a, parent, list);
	elem_leaff(a, e, "name", "%s%u", prefix, n);
	return e;
}

static void
unit_add(struct arena *a, struct elem *ifd, unsigned n, const char *domain)
{
	struct elem *u = entry(a, ifd, "unit", "", n);
	elem_add(a, elem_add(a, u, "family"), "inet");
	elem_leaf(a, u, "service-domain", domain);
}

static void
manual_add(struct arena *a, struct elem *then, unsigned n)
{
	struct elem *d = elem_add(a, elem_add(a, then, "manual"), "direction");
	elem_leaf(a, d, "name", "bidirectional");
	elem_leaf(a, d, "protocol", "esp");
	elem_leaff(a, d, "spi", "%u", 256 + n % PER_SET);
	struct elem *auth = elem_add(a, d, "authentication");
	elem_leaf(a, auth, "algorithm", "hmac-sha1-96");
	elem_leaff(a, elem_add(a, auth, "key"), "ascii-text", "authentication%06u", n);
	struct elem *enc = elem_add(a, d, "encryption");
	elem_leaf(a, enc, "algorithm", "aes-128-cbc");
	elem_leaff(a, elem_add(a, enc, "key"), "ascii-text", "encryption%06u", n);
}

static void
dynamic_add(struct arena *a, struct elem *then, unsigned n)
{
	struct elem *d = elem_add(a, then, "dynamic");
	elem_leaff(a, d, "ike-policy", "ike%u", n);
	elem_leaff(a, d, "ipsec-policy", "ipsec%u", n);
}

static void
policies_add(struct arena *a, struct elem *vpn, unsigned n)
{
	struct elem *ipsec = elem_add(a, vpn, "ipsec");
	struct elem *ike = elem_add(a, vpn, "ike");
	entry(a, ipsec, "proposal", "p", 1);
	for (unsigned i = 1; i <= 2; i++)
		entry(a, ike, "proposal", "p", i);
	for (unsigned i = 0; i < n; i++) {
		elem_leaf(a, entry(a, ipsec, "policy", "ipsec", i), "proposals", "p1");
		struct elem *p = entry(a, ike, "policy", "ike", i);
		elem_leaf(a, p, "proposals", "p1");
		elem_leaf(a, p, "proposals", "p2");
		elem_leaff(a, elem_add(a, p, "local-id"), "fqdn", "gw%u.example.net", i);
		elem_leaff(a, elem_add(a, p, "pre-shared-key"), "ascii-text", "key%06u", i);
	}
}

static void
rule_add(struct arena *a, struct elem *vpn, unsigned n)
{
	struct elem *r = entry(a, vpn, "rule", "r", n);
	struct elem *t = entry(a, r, "term", "t", 1);
	struct elem *from = elem_add(a, t, "from");
	elem_leaff(a, elem_add(a, from, "destination-address"), "name", "172.%u.%u.%u/32",
	    16 + (n >> 16), (n >> 8) & 255, n & 255);
	elem_leaff(a, from, "ipsec-inside-interface", "sp-1/2/0.%u", n + 100);
	struct elem *then = elem_add(a, t, "then");
	elem_leaff(
	    a, then, "remote-gateway", "198.%u.%u.%u", 18 + (n >> 16), (n >> 8) & 255, n & 255);
	if (is_dynamic)
		dynamic_add(a, then, n);
	else
		manual_add(a, then, n);
	elem_leaf(a, r, "match-direction", "input");
}

static void
set_add(struct arena *a, struct elem *services, unsigned set, unsigned n)
{
	struct elem *s = entry(a, services, "service-set", "ss", set);
	struct elem *nh = elem_add(a, s, "next-hop-service");
	elem_leaff(a, nh, "inside-service-interface", "sp-1/2/0.%u", set * PER_SET + 100);
	elem_leaff(a, nh, "outside-service-interface", "sp-1/2/0.%u", set + 1);
	struct elem *gw = elem_add(a, elem_add(a, s, "ipsec-vpn-options"), "local-gateway");
	elem_leaff(a, gw, "address", "10.0.0.%u", set + 1);
	for (unsigned i = set * PER_SET; i < n && i < (set + 1) * PER_SET; i++)
		entry(a, s, "ipsec-vpn-rules", "r", i);
}

static struct elem *
tunnels_make(struct arena *a, unsigned n)
{
	struct elem *root = elem_new(a, "configuration");
	struct elem *ifd = elem_add(a, elem_add(a, root, "interfaces"), "interface");
	elem_leaf(a, ifd, "name", "sp-1/2/0");
	for (unsigned i = 0; i * PER_SET < n; i++)
		unit_add(a, ifd, i + 1, "outside");
	for (unsigned i = 0; i < n; i++)
		unit_add(a, ifd, i + 100, "inside");
	struct elem *st = elem_add(a, elem_add(a, root, "routing-options"), "static");
	for (unsigned i = 0; i < n; i++) {
		struct elem *r = elem_add(a, st, "route");
		elem_leaff(
		    a, r, "name", "172.%u.%u.%u/32", 16 + (i >> 16), (i >> 8) & 255, i & 255);
		elem_leaff(a, r, "next-hop", "sp-1/2/0.%u", i + 100);
	}
	struct elem *services = elem_add(a, root, "services");
	for (unsigned i = 0; i * PER_SET < n; i++)
		set_add(a, services, i, n);
	struct elem *vpn = elem_add(a, services, "ipsec-vpn");
	for (unsigned i = 0; i < n; i++)
		rule_add(a, vpn, i);
	if (is_dynamic)
		policies_add(a, vpn, n);
	return root;
}

static double
reduce_time(const struct conf *c, const struct elem *root, enum conf_part part, const char *pic)
{
	struct arena *a = arena_new_secret();
	double t0 = now_s();
	struct elem *e = conf_reduce(c, root, part, pic, a);
	double t = now_s() - t0;
	if (e->child == NULL)
		abort();
	arena_free(a);
	return t;
}

static void
run(unsigned n)
{
	struct arena *a = arena_new_secret();
	struct report r = { 0 };
	struct elem *root = tunnels_make(a, n);
	double before_mb = peak_mb();
	double t0 = now_s();
	struct conf *c = conf_load(root, &r);
	double load_s = now_s() - t0;
	if (c == NULL || c->n_rules != n) {
		fprintf(stderr, "%u tunnels: %zu errors: %s\n", n, r.n_errors,
		    r.n ? r.lines[0].message : "");
		exit(1);
	}
	printf(
	    "%7u tunnels: load %.3f s, elements %.1f MB, with structs %.1f MB, structs %.1f MB, ",
	    n, load_s, before_mb, peak_mb(), (double)arena_used(c->arena) / 1048576);
	printf("cut for netd %.3f s, for picd %.3f s, for kmd %.3f s\n",
	    reduce_time(c, root, CONF_NETD, NULL), reduce_time(c, root, CONF_PICD, "sp-1/2/0"),
	    reduce_time(c, root, CONF_KMD, NULL));
	conf_free(c);
	report_done(&r);
	arena_free(a);
}

int
main(int argc, char **argv)
{
	static const char *const usual[] = { "1000", "10000", "100000" };
	if (argc > 1 && strcmp(argv[1], "dynamic") == 0) {
		is_dynamic = true;
		argc--;
		argv++;
	}
	int count = argc > 1 ? argc - 1 : 3;
	for (int i = 0; i < count; i++) {
		unsigned n = (unsigned)strtoul(argc > 1 ? argv[i + 1] : usual[i], NULL, 10);
		int status = 1;
		pid_t pid = fork();
		if (pid == 0) {
			run(n);
			fflush(stdout);
			_exit(0);
		}
		if (pid < 0 || waitpid(pid, &status, 0) < 0 || status != 0)
			return 1;
	}
	return 0;
}
