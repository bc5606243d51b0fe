/* SPDX-License-Identifier: BSD-2-Clause
 *
 * schema_test.c - the grammar is complete, in order, and says no in the right words.
 *
 * usage: schema_test STATEMENTS   The file lists statements that must be there; see its head for the form.
 */
#include "lib/yang/schema.h"
#include "lib/yang/value_type.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct schema *schema;
static const char *statements_file;

/* --- finding by words --- */

static const struct snode *
key_find(const struct snode *n, const char *word)
{
	for (size_t i = 0; i < n->n_keys; i++) {
		if (strcmp(n->keys[i]->name, word) == 0)
			return n->keys[i];
	}
	return NULL;
}

/* Follows the words of PATH, in which the key of a list is a word too. NULL if one is missing. */
static const struct snode *
path_find(const char *path)
{
	const struct snode *n = schema->config;

	while (*path != '\0' && n != NULL) {
		char word[128];
		size_t len = strcspn(path, " ");
		assert_true(len < sizeof(word));
		memcpy(word, path, len);
		word[len] = '\0';
		const struct snode *child = snode_find(n, word, len);
		n = child != NULL ? child : key_find(n, word);
		path += len + strspn(path + len, " ");
	}
	return n;
}

static const struct snode *
path_get(const char *path)
{
	const struct snode *n = path_find(path);

	if (n == NULL)
		fail_msg("no statement '%s'", path);
	return n;
}

static void
each_node(const struct snode *n, void (*f)(const struct snode *))
{
	f(n);
	for (size_t i = 0; i < n->n_keys; i++)
		each_node(n->keys[i], f);
	for (size_t i = 0; i < n->n_children; i++)
		each_node(n->children[i], f);
}

/* --- the list of statements --- */

static bool
enums_are(const struct snode *n, const char *words)
{
	char have[1024] = "";

	if (n->enums == NULL)
		return false;
	for (const char *const *e = n->enums; *e != NULL; e++) {
		size_t used = strlen(have);
		snprintf(have + used, sizeof(have) - used, "%s%s", used > 0 ? " " : "", *e);
	}
	return strcmp(have, words) == 0;
}

/* Judges what a line says about the values of a leaf: "empty", "text", "LOW..HIGH" or words. */
static bool
leaf_is(const struct snode *n, const char *values)
{
	unsigned long long lo;
	unsigned long long hi;
	int used = 0;
	char range[64];

	if (strcmp(values, "empty") == 0)
		return n->is_empty;
	if (strcmp(values, "text") == 0)
		return !n->is_empty && n->enums == NULL && n->value_help[0] != '(';
	if (sscanf(values, "%llu..%llu%n", &lo, &hi, &used) == 2 && values[used] == '\0') {
		snprintf(range, sizeof(range), "(%llu..%llu", lo, hi);
		return strncmp(n->value_help, range, strlen(range)) == 0;
	}
	return enums_are(n, values);
}

static bool
statement_is(const struct snode *n, const char *values)
{
	if (strcmp(values, "{}") == 0)
		return n->kind == SNODE_CONTAINER;
	if (strcmp(values, "*{}") == 0)
		return n->kind == SNODE_LIST && n->n_keys > 0;
	if (strncmp(values, "[..] ", 5) == 0)
		return n->kind == SNODE_LEAFLIST && leaf_is(n, values + 5);
	return n->kind == SNODE_LEAF && leaf_is(n, values);
}

static size_t
place_of(const struct snode *n)
{
	for (size_t i = 0; n->parent != NULL && i < n->parent->n_children; i++) {
		if (n->parent->children[i] == n)
			return i;
	}
	return 0;
}

static void
line_check(char *line, const struct snode **last)
{
	char *colon = strstr(line, " : ");
	assert_non_null(colon);
	*colon = '\0';
	char *values = colon + 3;
	char *dflt = strstr(values, " default=");
	if (dflt != NULL)
		*dflt = '\0';
	const struct snode *n = path_get(line);
	if (!statement_is(n, values))
		fail_msg("'%s' is not '%s'", line, values);
	if (dflt != NULL && (n->default_value == NULL || strcmp(n->default_value, dflt + 9) != 0))
		fail_msg("'%s' has another default than %s", line, dflt + 9);
	if (*last != NULL && (*last)->parent == n->parent && place_of(*last) > place_of(n))
		fail_msg("'%s' stands before '%s'", line, (*last)->name);
	*last = n;
}

static void
every_statement_of_the_list_is_there(void **state)
{
	(void)state;
	FILE *f = fopen(statements_file, "r");
	const struct snode *last = NULL;
	unsigned n = 0;
	char line[512];

	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '#' || line[0] == '\0')
			continue;
		line_check(line, &last);
		n++;
	}
	fclose(f);
	assert_true(n > 400);
}

/* --- order --- */

static void
children_are(const char *path, const char *want)
{
	const struct snode *n = path_get(path);
	char have[4096] = "";

	for (size_t i = 0; i < n->n_children; i++) {
		if (n->parent != NULL && strncmp(n->children[i]->name, "apply-", 6) == 0)
			continue;
		size_t used = strlen(have);
		snprintf(have + used, sizeof(have) - used, "%s%s", used > 0 ? " " : "",
		    n->children[i]->name);
	}
	assert_string_equal(have, want);
}

static void
statements_stand_in_canonical_order(void **state)
{
	(void)state;
	children_are("", "version groups apply-groups apply-groups-except apply-flags apply-macro "
			 "system chassis "
			 "interfaces snmp forwarding-options event-options routing-options "
			 "protocols policy-options class-of-service security firewall "
			 "routing-instances services applications access");
	children_are("services ipsec-vpn",
	    "rule rule-set ipsec ike traceoptions no-ipsec-tunnel-in-traceroute establish-tunnels "
	    "clear-ike-sas-on-pic-restart clear-ipsec-sas-on-pic-restart disable-natt");
	children_are("services ipsec-vpn rule", "term match-direction");
	children_are("services ipsec-vpn rule term then",
	    "syslog remote-gateway backup-remote-gateway manual dynamic clear-dont-fragment-bit "
	    "copy-dont-fragment-bit set-dont-fragment-bit no-anti-replay tunnel-mtu "
	    "copy-ttl-from-inner-ip-header ttl copy-tos-from-inner-ip-header tos "
	    "initiate-dead-peer-detection dead-peer-detection anti-replay-window-size");
	children_are("services ipsec-vpn rule term then manual direction",
	    "protocol spi auxiliary-spi authentication encryption");
	children_are("security ipsec security-association", "description mode manual dynamic");
	children_are("access profile client ike",
	    "allowed-proxy-pair initiate-dead-peer-detection dead-peer-detection respond-bad-spi "
	    "pre-shared-key ike-policy ipsec-policy reverse-route interface-id");
}

/* --- values --- */

struct value_case {
	const char *path;
	const char *value;
	const char *message;   /* NULL: it is good */
	const char *canonical; /* NULL: it is kept as it is */
};

#define SPI "services ipsec-vpn rule term then manual direction spi"
#define NAME_TEXT                                                                                 \
	"Must be a string beginning with a number or letter and consisting of letters, numbers, " \
	"dashes and underscores."

static const struct value_case value_cases[] = {
	{ SPI, "256", NULL, NULL },
	{ SPI, "16639", NULL, NULL },
	{ SPI, "255", "Value 255 is not within range (256..16639)", NULL },
	{ SPI, "16640", "Value 16640 is not within range (256..16639)", NULL },
	{ SPI, "99999999999999999999999",
	    "Value 99999999999999999999999 is not within range (256..16639)", NULL },
	{ SPI, "0300", NULL, "300" },
	{ SPI, "0x300", "Invalid numeric value: '0x300'", NULL },
	{ SPI, "-300", "Invalid numeric value: '-300'", NULL },
	{ SPI, "", "Invalid numeric value: ''", NULL },
	{ "services ipsec-vpn ike proposal lifetime-seconds", "5",
	    "Value 5 is not within range (180..86400)", NULL },
	{ "services ipsec-vpn rule name", "r_1-a", NULL, NULL },
	{ "services ipsec-vpn rule name", "-r", NAME_TEXT, NULL },
	{ "services ipsec-vpn rule name", "a b", NAME_TEXT, NULL },
	{ "services ipsec-vpn rule name",
	    "0123456789012345678901234567890123456789012345678901234567890123",
	    "Length 64 is not within range (1..63)", NULL },
	{ "services service-set name", "ss/1.a:b", NULL, NULL },
	{ "security ipsec security-association name", "012345678901234567890123456789012",
	    "Length 33 is not within range (1..32)", NULL },
	{ "services ipsec-vpn ike proposal authentication-algorithm", "sha256", NULL, "sha-256" },
	{ "services ipsec-vpn ike proposal authentication-algorithm", "sha-256", NULL, NULL },
	{ "services ipsec-vpn ike proposal authentication-method", "pre-shared-key", NULL,
	    "pre-shared-keys" },
	{ "services ipsec-vpn ike proposal authentication-algorithm", "sha3",
	    "invalid value 'sha3'", NULL },
	{ "services ipsec-vpn rule term then manual direction encryption key hexadecimal", "00fF",
	    NULL, NULL },
	{ "services ipsec-vpn rule term then manual direction encryption key hexadecimal", "0g",
	    "Must be hexadecimal digits (0-9, a-f, A-F)", NULL },
	{ "services ipsec-vpn rule term then remote-gateway", "192.0.2.1", NULL, NULL },
	{ "services ipsec-vpn rule term then remote-gateway", "2001:DB8::0001", NULL,
	    "2001:db8::1" },
	{ "services ipsec-vpn rule term then remote-gateway", "192.0.2.256",
	    "invalid ip address or hostname: 192.0.2.256", NULL },
	{ "services ipsec-vpn rule term then remote-gateway", "192.0.2.0/24",
	    "invalid ip address or hostname: 192.0.2.0/24", NULL },
	{ "services ipsec-vpn rule term from source-address name", "10.1.2.3/16", NULL, NULL },
	{ "services ipsec-vpn rule term from source-address name", "0::0/0", NULL, "::/0" },
	{ "services ipsec-vpn rule term from source-address name", "10.1.2.3", NULL,
	    "10.1.2.3/32" },
	{ "services ipsec-vpn rule term from source-address name", "10.0.0.0/33",
	    "invalid prefix length: 10.0.0.0/33", NULL },
	{ "services ipsec-vpn rule term from source-address name", "10.0.0.0/",
	    "prefix length is missing: 10.0.0.0/", NULL },
	{ "services ipsec-vpn rule term from source-address name", "10.0.0/8",
	    "invalid ip address or hostname: 10.0.0/8", NULL },
	{ "interfaces interface unit family inet address name", "10.0.0.1/24", NULL, NULL },
	{ "interfaces interface unit family inet address name", "2001:db8::1/64",
	    "invalid ip address or hostname: 2001:db8::1/64", NULL },
	{ "interfaces interface unit family inet6 address name", "2001:db8::1/64", NULL, NULL },
	{ "interfaces interface name", "sp-1/2/0", NULL, NULL },
	{ "interfaces interface name", "../etc", "invalid interface name: ../etc", NULL },
	{ "services service-set next-hop-service inside-service-interface", "sp-1/2/0.1", NULL,
	    NULL },
	{ "services service-set next-hop-service inside-service-interface", "sp-1/2/0", NULL,
	    "sp-1/2/0.0" },
	{ "services service-set next-hop-service inside-service-interface", "sp-1/2/0.",
	    "invalid interface name: sp-1/2/0.", NULL },
	{ "routing-options static route next-hop", "10.0.0.1", NULL, NULL },
	{ "routing-options static route next-hop", "sp-1/2/0.1", NULL, NULL },
	{ "routing-options static route next-hop", "2001:db8::1", NULL, NULL },
	{ "routing-options static route next-hop", "10.0.0.999",
	    "invalid ip address or hostname: 10.0.0.999", NULL },
	{ "firewall filter term from protocol", "udp", NULL, NULL },
	{ "firewall filter term from protocol", "50-51", NULL, NULL },
	{ "firewall filter term from protocol", "256", "invalid value '256'", NULL },
	{ "firewall filter term from destination-port", "1024-65535", NULL, NULL },
	{ "firewall filter term from destination-port", "ssh", NULL, NULL },
	{ "firewall filter term from destination-port", "90-80", "invalid value '90-80'", NULL },
	{ "protocols ospf area name", "1", NULL, "0.0.0.1" },
	{ "protocols ospf area name", "0.0.0.0", NULL, NULL },
	{ "protocols ospf area name", "0.0.0", "invalid value '0.0.0'", NULL },
	{ "security pki ca-profile name", "a.b", "Must not contain '/', %, '.' or a space", NULL },
	{ "routing-instances instance route-distinguisher rd-type", "65000:1", NULL, NULL },
	{ "routing-instances instance route-distinguisher rd-type", "65000",
	    "Use format 'x:y' where 'x' is an AS number followed by an optional 'L' (To indicate "
	    "4 byte AS), or an IP address and 'y' is a number. e.g. 123456L:100",
	    NULL },
	{ "interfaces interface description", "two words; and \"more\"", NULL, NULL },
	{ "interfaces interface description", "bell \a", "invalid character in value", NULL },
	{ "interfaces interface description", "latin \xe9", "invalid character in value", NULL },
	{ "interfaces interface description", "utf-8 \xc3\xa9", NULL, NULL },
	{ "services ipsec-vpn rule term then manual direction encryption key ascii-text",
	    "any \x01\xff octets", NULL, NULL },
	{ "services ipsec-vpn rule term then syslog", "", NULL, NULL },
	{ "services ipsec-vpn rule term then syslog", "x", "invalid value 'x'", NULL },
};

static void
values_are_judged_in_junos_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(value_cases) / sizeof(value_cases[0]); i++) {
		const struct value_case *c = &value_cases[i];
		char err[512] = "";
		char canonical[256] = "?";
		const struct snode *n = path_get(c->path);
		bool ok =
		    snode_value_check(n, c->value, err, sizeof(err), canonical, sizeof(canonical));
		if (ok != (c->message == NULL))
			fail_msg("%s '%s': %s", c->path, c->value, ok ? "accepted" : err);
		assert_string_equal(err, c->message != NULL ? c->message : "");
		if (ok)
			assert_string_equal(canonical, c->canonical != NULL ? c->canonical : "");
	}
}

/* --- what is said about statements --- */

static void
both_spellings_are_found(void **state)
{
	(void)state;
	const char *policy = "services ipsec-vpn ike policy ";
	static const char *const pairs[][2] = {
		{ "local-id ipv4_addr", "local-id ipv4-addr" },
		{ "local-id key-id", "local-id key_id" },
		{ "local-id ipv6-addr", "local-id ipv6_addr" },
		{ "remote-id key-id", "remote-id key_id" },
	};
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		char a[128];
		char b[128];
		snprintf(a, sizeof(a), "%s%s", policy, pairs[i][0]);
		snprintf(b, sizeof(b), "%s%s", policy, pairs[i][1]);
		assert_ptr_equal(path_get(a), path_get(b));
	}
	assert_ptr_equal(path_get("security pki auto-re-enrollment certificate-id ca-profile"),
	    path_get("security pki auto-re-enrollment certificate-id ca-profile-name"));
}

static void
flags_say_how_statements_are_written(void **state)
{
	(void)state;
	assert_true(path_get("services service-set ipsec-vpn-options local-gateway")->is_oneliner);
	assert_true(
	    path_get("services service-set ipsec-vpn-options local-gateway address")->is_nokeyword);
	assert_true(path_get("services ipsec-vpn ike policy remote-id")->is_oneliner_plus);
	assert_true(path_get("services ipsec-vpn rule term from source-address")->is_grouped);
	assert_int_equal(
	    path_get("services ipsec-vpn rule term from source-address")->max_entries, 1);
	assert_true(path_get("services ipsec-vpn rule term then")->is_presence);
	assert_false(path_get("services ipsec-vpn rule term from")->is_presence);
	assert_true(path_get("interfaces interface")->is_nokeyword);
	assert_true(path_get("interfaces interface unit family")->is_joined);
	assert_true(path_get("access profile client ike allowed-proxy-pair")->is_key_keyword);
	assert_int_equal(path_get("access profile client ike allowed-proxy-pair")->n_keys, 2);
	assert_true(path_get("apply-macro")->is_any);
	assert_true(path_get("services ipsec-vpn ike policy pre-shared-key ascii-text")->is_secret);
	assert_true(path_get("services ipsec-vpn rule")->is_ordered_by_user);
	assert_true(path_get(SPI)->is_mandatory);
	assert_string_equal(path_get(SPI)->value_help, "(256..16639)");
	assert_string_equal(path_get("services ipsec-vpn rule name")->type_name, "name63");
	const struct snode *manual = path_get("services ipsec-vpn rule term then manual");
	const struct snode *dynamic = path_get("services ipsec-vpn rule term then dynamic");
	assert_true(manual->choice != 0 && manual->choice == dynamic->choice);
	assert_true(manual->branch != dynamic->branch);
}

static void
status_and_strictness_are_inherited(void **state)
{
	(void)state;
	assert_int_equal(path_get(SPI)->status, SNODE_RUNNING);
	assert_true(path_get(SPI)->is_strict);
	assert_true(path_get("firewall filter term from port")->is_strict);
	assert_int_equal(path_get("security pki ca-profile enrollment")->status, SNODE_UNSUPPORTED);
	assert_int_equal(
	    path_get("services ipsec-vpn ike proposal dh-group")->status, SNODE_RUNNING);
	const struct snode *profile =
	    path_get("services service-set ipsec-vpn-options ike-access-profile");
	assert_int_equal(profile->status, SNODE_UNSUPPORTED);
	assert_false(profile->is_strict);
	assert_true(path_get("services ipsec-vpn rule term then dynamic")->is_strict);
	assert_true(path_get("services ipsec-vpn rule term")->is_strict);
	assert_true(path_get("firewall family inet filter")->is_strict);
	assert_true(path_get("interfaces interface unit family inet")->is_strict);
	assert_false(path_get("interfaces interface unit family inet address")->is_strict);
	assert_false(path_get("interfaces interface")->is_strict);
	assert_int_equal(path_get("system domain-name")->status, SNODE_IGNORED);
	assert_int_equal(path_get("system host-name")->status, SNODE_RUNNING);
}

static void
apply_groups_may_stand_at_every_level(void **state)
{
	(void)state;
	static const char *const levels[] = {
		"",
		"services ",
		"services ipsec-vpn rule ",
		"services ipsec-vpn rule term then ",
		"interfaces interface unit family inet ",
		"security ipsec security-association manual direction ",
	};
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		char path[128];
		snprintf(path, sizeof(path), "%sapply-groups", levels[i]);
		const struct snode *n = path_get(path);
		assert_int_equal(n->status, SNODE_RUNNING);
		assert_int_equal(n->role, SNODE_APPLY);
		if (levels[i][0] != '\0')
			assert_ptr_equal(n->parent->children[0], n);
	}
	assert_null(path_find("services ipsec-vpn ike policy pre-shared-key apply-groups"));
	assert_null(path_find("chassis apply-groups"));
}

/* Returns how many statements stand below N, checking each against its twin. */
static size_t
twins_check(const struct snode *n)
{
	size_t count = 1;
	assert_true(n->is_in_group);
	assert_ptr_equal(n->twin->twin, n);
	assert_string_equal(n->twin->name, n->name);
	assert_false(n->twin->is_in_group);
	for (size_t i = 0; i < n->n_keys; i++)
		assert_ptr_equal(n->keys[i]->parent, n);
	for (size_t i = 0; i < n->n_children; i++) {
		assert_ptr_equal(n->children[i]->parent, n);
		assert_ptr_equal(n->children[i]->twin->parent, n->twin);
		count += twins_check(n->children[i]);
	}
	return count;
}

static void
a_group_takes_the_whole_configuration_with_wildcards(void **state)
{
	(void)state;
	const struct snode *groups = path_get("groups");
	size_t count = 0;
	assert_int_equal(groups->role, SNODE_GROUPS);
	for (size_t i = 0; i < groups->n_children; i++)
		count += twins_check(groups->children[i]);
	assert_true(count > 1000);
	assert_null(path_find("groups groups"));
	assert_null(path_find("groups version"));
	assert_int_equal(path_get("groups apply-groups")->role, SNODE_APPLY);

	char err[256];
	const struct snode *unit = path_get("groups interfaces interface unit")->keys[0];
	assert_true(snode_value_check(unit, "<*>", err, sizeof(err), NULL, 0));
	assert_true(snode_value_check(unit, "<1?>", err, sizeof(err), NULL, 0));
	assert_true(snode_value_check(unit, "17", err, sizeof(err), NULL, 0));
	assert_false(snode_value_check(unit, "<>", err, sizeof(err), NULL, 0));
	assert_false(snode_value_check(unit, "*", err, sizeof(err), NULL, 0));
	assert_false(snode_value_check(unit->twin, "<*>", err, sizeof(err), NULL, 0));
	assert_true(path_get("groups services ipsec-vpn rule term from ipsec-inside-interface") !=
		    path_get("services ipsec-vpn rule term from ipsec-inside-interface"));
}

/* --- the whole of it --- */

static void
node_is_sound(const struct snode *n)
{
	if (n->help == NULL || n->help[0] == '\0')
		fail_msg("'%s' below '%s' has no help", n->name, n->parent->name);
	assert_null(strchr(n->help, '\n'));
	/* a file is told of the topmost statement that does not run, so nothing that runs may stand below one */
	if (n->status == SNODE_RUNNING)
		assert_int_equal(n->parent->status, SNODE_RUNNING);
	bool is_leaf = n->kind == SNODE_LEAF || n->kind == SNODE_LEAFLIST;
	assert_int_equal(is_leaf, n->type_name != NULL);
	assert_int_equal(is_leaf, n->value_help != NULL);
	assert_int_equal(n->kind == SNODE_LIST, n->n_keys > 0);
	if (n->is_any && n->n_children > 0)
		fail_msg("'%s' is kept as text, but has children", n->name);
	for (size_t i = 0; i < n->n_children; i++) {
		const struct snode *c = n->children[i];
		assert_ptr_equal(c->parent, n);
		assert_ptr_equal(snode_find(n, c->name, strlen(c->name)), c);
		if (c->alias != NULL)
			assert_ptr_equal(snode_find(n, c->alias, strlen(c->alias)), c);
	}
	assert_null(snode_find(n, "no-such-word", 12));
}

static void
ref_names_a_list(const struct snode *n)
{
	if (n->ref == NULL)
		return;
	const struct snode *list = path_get(n->ref);
	assert_int_equal(list->kind, SNODE_LIST);
	assert_int_equal(list->n_keys, 1);
}

static void
every_statement_is_sound(void **state)
{
	(void)state;
	for (size_t i = 0; i < schema->config->n_children; i++) {
		each_node(schema->config->children[i], node_is_sound);
		each_node(schema->config->children[i], ref_names_a_list);
	}
}

static void
words_are_found_by_their_length(void **state)
{
	(void)state;
	const struct snode *services = path_get("services");

	assert_non_null(snode_find(services, "ipsec-vpn-and-more", 9));
	assert_null(snode_find(services, "ipsec-vpn", 5));
	assert_null(snode_find(services, "", 0));
	assert_null(snode_find(path_get(SPI), "x", 1));
}

static void
commands_have_owner_and_permission(void **state)
{
	(void)state;
	static const char *const rows[][4] = {
		{ "get-services-security-associations-information",
		    "show services ipsec-vpn ipsec security-associations", "picd", "view" },
		{ "get-services-ipsec-statistics-information",
		    "show services ipsec-vpn ipsec statistics", "picd", "view" },
		{ "clear-ipsec-vpn-statistics", "clear services ipsec-vpn ipsec statistics", "picd",
		    "clear" },
		{ "get-services-ipsec-match-information", "show services ipsec-vpn match-rules",
		    "picd", "view" },
		{ "get-security-associations-information", "show ipsec security-associations",
		    "picd", "view" },
		{ "clear-packet-drop-information",
		    "clear services service-sets statistics packet-drops", "picd", "clear" },
		{ "get-packet-drop-information",
		    "show services service-sets statistics packet-drops", "picd", "view" },
		{ "get-ike-services-security-associations-information",
		    "show services ipsec-vpn ike security-associations", "kmd", "view" },
		{ "clear-services-ipsec-vpn-security-associations",
		    "clear services ipsec-vpn ipsec security-associations", "kmd", "clear" },
		{ "request-ipsec-switch-tunnel", "request services ipsec-vpn ipsec switch tunnel",
		    "kmd", "view" },
		{ "get-interface-information", "show interfaces", "netd", "view" },
		{ "get-firewall-information", "show firewall", "netd", "view" },
		{ "get-route-information", "show route", "netd", "view" },
		{ "get-route-summary-information", "show route summary", "netd", "view" },
		{ "get-forwarding-table-information", "show route forwarding-table", "netd",
		    "view" },
		{ "get-arp-table-information", "show arp", "netd", "view" },
		{ "get-ipv6-nd-information", "show ipv6 neighbors", "netd", "view" },
		{ "clear-interfaces-statistics", "clear interfaces statistics", "netd", "clear" },
		{ "ping", "ping", "cli", "network" },
		{ "traceroute", "traceroute", "cli", "network" },
		{ "get-software-information", "show version", "mgd", "view" },
		{ "get-commit-information", "show system commit", "mgd", "view" },
		{ "get-rollback-information", "show system rollback", "mgd", "view" },
		{ "get-rollback-difference", "show system rollback compare", "mgd", "view" },
		{ "get-rescue-information", "show system configuration rescue", "mgd", "view" },
		{ "request-save-rescue-configuration", "request system configuration rescue save",
		    "mgd", "maintenance" },
		{ "request-delete-rescue-configuration",
		    "request system configuration rescue delete", "mgd", "maintenance" },
		{ "clear-system-commit", "clear system commit", "mgd", "configure" },
		{ "file-list", "file list", "cli", "maintenance" },
		{ "get-log", "show log", "mgd", "view" },
	};
	assert_true(schema->n_rpcs >= sizeof(rows) / sizeof(rows[0]));
	static const char *const owners[] = { "cli", "kmd", "mgd", "netd", "picd", "pkid" };
	for (size_t i = 0; i < schema->n_rpcs; i++) {
		size_t n_owners = 0;
		for (size_t k = 0; k < sizeof(owners) / sizeof(owners[0]); k++)
			n_owners += strcmp(schema->rpcs[i].owner, owners[k]) == 0;
		if (n_owners != 1 || schema->rpcs[i].permission[0] == '\0')
			fail_msg("%s", schema->rpcs[i].name);
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct srpc *r = srpc_find(schema, rows[i][0]);
		assert_non_null(r);
		assert_string_equal(r->command, rows[i][1]);
		assert_string_equal(r->owner, rows[i][2]);
		assert_string_equal(r->permission, rows[i][3]);
		assert_non_null(r->input);
		if (r->output != NULL)
			assert_int_equal(r->output->n_children, 1);
	}
	assert_null(srpc_find(schema, "no-such-rpc"));
	/* newer releases call them so */
	assert_ptr_equal(srpc_find(schema, "get-re-ike-security-associations-information"),
	    srpc_find(schema, "get-ike-security-associations-information"));
	assert_ptr_equal(srpc_find(schema, "get-re-security-associations-information"),
	    srpc_find(schema, "get-security-associations-information"));
	const struct snode *in = srpc_find(schema, rows[0][0])->input;
	assert_string_equal(snode_find(in, "level", 5)->default_value, "brief");
	assert_true(snode_find(in, "service-set", 11)->is_nokeyword);
}

static void
words_for_protocols_and_ports_have_their_numbers(void **state)
{
	(void)state;
	uint32_t lo = 0;
	uint32_t hi = 0;

	assert_true(value_protocol("esp", &lo, &hi) && lo == 50 && hi == 50);
	assert_true(value_port("1-7", &lo, &hi) && lo == 1 && hi == 7);
	assert_true(value_port("snmptrap", &lo, &hi) && lo == 162 && hi == 162);
	assert_true(value_spi("256-4294967295", &lo, &hi) && lo == 256 && hi == UINT32_MAX);
	assert_false(value_spi("4294967296", &lo, &hi));
	assert_false(value_port("1-", &lo, &hi));
	assert_false(value_port("", &lo, &hi));
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_statement_of_the_list_is_there),
		cmocka_unit_test(statements_stand_in_canonical_order),
		cmocka_unit_test(values_are_judged_in_junos_words),
		cmocka_unit_test(both_spellings_are_found),
		cmocka_unit_test(flags_say_how_statements_are_written),
		cmocka_unit_test(status_and_strictness_are_inherited),
		cmocka_unit_test(apply_groups_may_stand_at_every_level),
		cmocka_unit_test(a_group_takes_the_whole_configuration_with_wildcards),
		cmocka_unit_test(every_statement_is_sound),
		cmocka_unit_test(words_are_found_by_their_length),
		cmocka_unit_test(commands_have_owner_and_permission),
		cmocka_unit_test(words_for_protocols_and_ports_have_their_numbers),
	};
	const char *error = NULL;

	if (argc != 2) {
		fprintf(stderr, "usage: schema_test STATEMENTS\n");
		return 2;
	}
	statements_file = argv[1];
	schema = schema_load(&error);
	if (schema == NULL) {
		fprintf(stderr, "schema_test: %s\n", error);
		return 1;
	}
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	schema_free(schema);
	return failed;
}
