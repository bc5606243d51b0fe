/* SPDX-License-Identifier: BSD-2-Clause
 *
 * value_type.c - addresses, interfaces, protocols and ports.
 *
 * The refusals are worded as JUNOS words them. Pure; any thread. The words for protocols and ports are those
 * that JUNOS firewall filters know, with the numbers that IANA gave them.
 */
#include "lib/yang/value_type.h"

#include "lib/base/addr.h"

#include <stdio.h>
#include <string.h>

/* --- addresses and prefixes --- */

static void
canonical_put(const char *value, const char *text, char *canonical, size_t canonical_size)
{
	if (strcmp(value, text) != 0)
		snprintf(canonical, canonical_size, "%s", text);
}

static bool
address_check(const char *value, uint8_t family, char *err, size_t err_size, char *canonical,
    size_t canonical_size)
{
	struct addr a;
	char buf[ADDR_STRLEN];

	if (!addr_parse(value, &a) || (family != ADDR_NONE && a.family != family)) {
		snprintf(err, err_size, "invalid ip address or hostname: %s", value);
		return false;
	}
	canonical_put(value, addr_print(a, buf), canonical, canonical_size);
	return true;
}

static bool
check_ip_address(
    const char *value, char *err, size_t err_size, char *canonical, size_t canonical_size)
{
	return address_check(value, ADDR_NONE, err, err_size, canonical, canonical_size);
}

static bool
check_ipv4_address(
    const char *value, char *err, size_t err_size, char *canonical, size_t canonical_size)
{
	return address_check(value, ADDR_V4, err, err_size, canonical, canonical_size);
}

static bool
check_ipv6_address(
    const char *value, char *err, size_t err_size, char *canonical, size_t canonical_size)
{
	return address_check(value, ADDR_V6, err, err_size, canonical, canonical_size);
}

/* Says what is wrong with a prefix that was not read: the address, or only its length. */
static void
prefix_refuse(const char *value, char *err, size_t err_size)
{
	const char *slash = strchr(value, '/');
	char head[ADDR_STRLEN];
	struct addr a;

	if (slash != NULL && (size_t)(slash - value) < sizeof(head)) {
		memcpy(head, value, (size_t)(slash - value));
		head[slash - value] = '\0';
		if (addr_parse(head, &a)) {
			snprintf(err, err_size,
			    slash[1] == '\0' ? "prefix length is missing: %s"
					     : "invalid prefix length: %s",
			    value);
			return;
		}
	}
	snprintf(err, err_size, "invalid ip address or hostname: %s", value);
}

static bool
prefix_check(const char *value, uint8_t family, char *err, size_t err_size, char *canonical,
    size_t canonical_size)
{
	struct prefix p;
	char buf[PREFIX_STRLEN];

	if (!prefix_parse(value, &p)) {
		prefix_refuse(value, err, err_size);
		return false;
	}
	if (family != ADDR_NONE && p.addr.family != family) {
		snprintf(err, err_size, "invalid ip address or hostname: %s", value);
		return false;
	}
	canonical_put(value, prefix_print(p, buf), canonical, canonical_size);
	return true;
}

static bool
check_ip_prefix(
    const char *value, char *err, size_t err_size, char *canonical, size_t canonical_size)
{
	return prefix_check(value, ADDR_NONE, err, err_size, canonical, canonical_size);
}

static bool
check_ipv4_prefix(
    const char *value, char *err, size_t err_size, char *canonical, size_t canonical_size)
{
	return prefix_check(value, ADDR_V4, err, err_size, canonical, canonical_size);
}

static bool
check_ipv6_prefix(
    const char *value, char *err, size_t err_size, char *canonical, size_t canonical_size)
{
	return prefix_check(value, ADDR_V6, err, err_size, canonical, canonical_size);
}

/* --- interfaces --- */

enum { INTERFACE_MAX = 63 };

/* Letters, digits and the few marks of "ge-0/0/0", "ae0", "eth0", "wlan_1", "et-0/0/0:1". */
static bool
device_is(const char *s, size_t len)
{
	if (len == 0 || len > INTERFACE_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = s[i];
		bool is_alnum =
		    (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
		if (!is_alnum && (i == 0 || strchr("-/:_", c) == NULL))
			return false;
	}
	return true;
}

static bool
unit_is(const char *s)
{
	const char *dot = strrchr(s, '.');

	if (dot == NULL || !device_is(s, (size_t)(dot - s)))
		return false;
	size_t digits = strspn(dot + 1, "0123456789");
	return digits > 0 && digits <= 10 && dot[1 + digits] == '\0';
}

static bool
check_device(const char *value, char *err, size_t err_size, char *canonical, size_t canonical_size)
{
	(void)canonical;
	(void)canonical_size;
	if (device_is(value, strlen(value)))
		return true;
	snprintf(err, err_size, "invalid interface name: %s", value);
	return false;
}

/* JUNOS takes an interface without a unit as its unit 0. */
static bool
check_unit(const char *value, char *err, size_t err_size, char *canonical, size_t canonical_size)
{
	if (unit_is(value))
		return true;
	if (device_is(value, strlen(value))) {
		snprintf(canonical, canonical_size, "%s.0", value);
		return true;
	}
	snprintf(err, err_size, "invalid interface name: %s", value);
	return false;
}

static bool
check_next_hop(
    const char *value, char *err, size_t err_size, char *canonical, size_t canonical_size)
{
	if (unit_is(value) && strpbrk(value, "ghijklmnopqrstuvwxyzGHIJKLMNOPQRSTUVWXYZ-") != NULL)
		return true;
	return address_check(value, ADDR_NONE, err, err_size, canonical, canonical_size);
}

/* --- protocols, ports, SPIs --- */

struct word_number {
	const char *word;
	uint32_t number;
};

static const struct word_number protocol_words[] = {
	{ "ah", 51 },
	{ "dstopts", 60 },
	{ "egp", 8 },
	{ "esp", 50 },
	{ "fragment", 44 },
	{ "gre", 47 },
	{ "hop-by-hop", 0 },
	{ "icmp", 1 },
	{ "icmp6", 58 },
	{ "icmpv6", 58 },
	{ "igmp", 2 },
	{ "ipip", 4 },
	{ "ipv6", 41 },
	{ "no-next-header", 59 },
	{ "ospf", 89 },
	{ "pim", 103 },
	{ "routing", 43 },
	{ "rsvp", 46 },
	{ "sctp", 132 },
	{ "tcp", 6 },
	{ "udp", 17 },
	{ "vrrp", 112 },
};

static const struct word_number port_words[] = {
	{ "afs", 1483 },
	{ "bgp", 179 },
	{ "biff", 512 },
	{ "bootpc", 68 },
	{ "bootps", 67 },
	{ "cmd", 514 },
	{ "cvspserver", 2401 },
	{ "dhcp", 67 },
	{ "domain", 53 },
	{ "eklogin", 2105 },
	{ "ekshell", 2106 },
	{ "exec", 512 },
	{ "finger", 79 },
	{ "ftp", 21 },
	{ "ftp-data", 20 },
	{ "http", 80 },
	{ "https", 443 },
	{ "ident", 113 },
	{ "imap", 143 },
	{ "kerberos-sec", 88 },
	{ "klogin", 543 },
	{ "kpasswd", 761 },
	{ "krb-prop", 754 },
	{ "krbupdate", 760 },
	{ "kshell", 544 },
	{ "ldap", 389 },
	{ "ldp", 646 },
	{ "login", 513 },
	{ "mobileip-agent", 434 },
	{ "mobilip-mn", 435 },
	{ "msdp", 639 },
	{ "netbios-dgm", 138 },
	{ "netbios-ns", 137 },
	{ "netbios-ssn", 139 },
	{ "nfsd", 2049 },
	{ "nntp", 119 },
	{ "ntalk", 518 },
	{ "ntp", 123 },
	{ "pop3", 110 },
	{ "pptp", 1723 },
	{ "printer", 515 },
	{ "radacct", 1813 },
	{ "radius", 1812 },
	{ "rip", 520 },
	{ "rkinit", 2108 },
	{ "smtp", 25 },
	{ "snmp", 161 },
	{ "snmptrap", 162 },
	{ "snpp", 444 },
	{ "socks", 1080 },
	{ "ssh", 22 },
	{ "sunrpc", 111 },
	{ "syslog", 514 },
	{ "tacacs", 49 },
	{ "tacacs-ds", 65 },
	{ "talk", 517 },
	{ "telnet", 23 },
	{ "tftp", 69 },
	{ "timed", 525 },
	{ "who", 513 },
	{ "xdmcp", 177 },
};

/* Reads digits at *S and moves it behind them. False without digits or above MAX. */
static bool
number_read(const char **s, uint32_t max, uint32_t *out)
{
	uint64_t v = 0;
	const char *c = *s;

	for (; *c >= '0' && *c <= '9'; c++) {
		v = v * 10 + (uint64_t)(*c - '0');
		if (v > max)
			return false;
	}
	if (c == *s)
		return false;
	*s = c;
	*out = (uint32_t)v;
	return true;
}

static bool
range_read(const char *text, uint32_t max, uint32_t *out_lo, uint32_t *out_hi)
{
	uint32_t lo;
	uint32_t hi;

	if (!number_read(&text, max, &lo))
		return false;
	hi = lo;
	if (*text == '-') {
		text++;
		if (!number_read(&text, max, &hi) || hi < lo)
			return false;
	}
	if (*text != '\0')
		return false;
	*out_lo = lo;
	*out_hi = hi;
	return true;
}

static bool
word_read(
    const struct word_number *words, size_t n, const char *text, uint32_t *out_lo, uint32_t *out_hi)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(words[i].word, text) != 0)
			continue;
		*out_lo = words[i].number;
		*out_hi = words[i].number;
		return true;
	}
	return false;
}

bool
value_protocol(const char *text, uint32_t *out_lo, uint32_t *out_hi)
{
	return range_read(text, 255, out_lo, out_hi) ||
	       word_read(protocol_words, sizeof(protocol_words) / sizeof(protocol_words[0]), text,
		   out_lo, out_hi);
}

bool
value_port(const char *text, uint32_t *out_lo, uint32_t *out_hi)
{
	return range_read(text, 65535, out_lo, out_hi) ||
	       word_read(
		   port_words, sizeof(port_words) / sizeof(port_words[0]), text, out_lo, out_hi);
}

bool
value_spi(const char *text, uint32_t *out_lo, uint32_t *out_hi)
{
	return range_read(text, UINT32_MAX, out_lo, out_hi);
}

static bool
range_check(bool (*read)(const char *, uint32_t *, uint32_t *), const char *value, char *err,
    size_t err_size)
{
	uint32_t lo;
	uint32_t hi;

	if (read(value, &lo, &hi))
		return true;
	snprintf(err, err_size, "invalid value '%s'", value);
	return false;
}

static bool
check_protocol(
    const char *value, char *err, size_t err_size, char *canonical, size_t canonical_size)
{
	(void)canonical;
	(void)canonical_size;
	return range_check(value_protocol, value, err, err_size);
}

static bool
check_port(const char *value, char *err, size_t err_size, char *canonical, size_t canonical_size)
{
	(void)canonical;
	(void)canonical_size;
	return range_check(value_port, value, err, err_size);
}

static bool
check_spi(const char *value, char *err, size_t err_size, char *canonical, size_t canonical_size)
{
	(void)canonical;
	(void)canonical_size;
	return range_check(value_spi, value, err, err_size);
}

/* JUNOS shows area 1 as 0.0.0.1. */
static bool
check_area(const char *value, char *err, size_t err_size, char *canonical, size_t canonical_size)
{
	struct addr a;
	uint32_t number;
	const char *end = value;

	if (addr_parse(value, &a) && a.family == ADDR_V4)
		return true;
	if (!number_read(&end, UINT32_MAX, &number) || *end != '\0') {
		snprintf(err, err_size, "invalid value '%s'", value);
		return false;
	}
	snprintf(canonical, canonical_size, "%u.%u.%u.%u", number >> 24, number >> 16 & 0xff,
	    number >> 8 & 0xff, number & 0xff);
	return true;
}

/* --- the table --- */

static const struct value_type types[] = {
	{ "ip-address", "<address>", check_ip_address },
	{ "ipv4-address", "<address>", check_ipv4_address },
	{ "ipv6-address", "<address>", check_ipv6_address },
	{ "ip-prefix", "<prefix>", check_ip_prefix },
	{ "ipv4-prefix", "<prefix>", check_ipv4_prefix },
	{ "ipv6-prefix", "<prefix>", check_ipv6_prefix },
	{ "interface-device", "<interface-name>", check_device },
	{ "interface-unit", "<interface-name>", check_unit },
	{ "route-next-hop", "<next-hop>", check_next_hop },
	{ "protocol-number", "<protocol>", check_protocol },
	{ "port-number", "<port>", check_port },
	{ "spi-number", "<spi>", check_spi },
	{ "area-id", "<area-id>", check_area },
};

const struct value_type *
value_type_find(const char *name)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcmp(types[i].name, name) == 0)
			return &types[i];
	}
	return NULL;
}
