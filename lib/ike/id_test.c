/* SPDX-License-Identifier: BSD-2-Clause
 *
 * id_test.c - identities: the forms that are taken and refused, comparing, networks, and the text of JUNOS.
 */
#include "lib/ike/id.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/text.h"

struct row {
	const char *body; /* type, protocol, port, octets */
	size_t n;
	const char *text;   /* NULL: refused */
	const char *prefix; /* NULL: no network */
};

#define ROW(s, text, prefix)                   \
	{                                      \
		s, sizeof(s) - 1, text, prefix \
	}

/* SEQUENCE { SET { SEQUENCE { countryName, PrintableString "CH" } } SET { SEQUENCE { commonName, UTF8String "gw1" } } } */
#define DN                                                     \
	"\x30\x1b\x31\x0b\x30\x09\x06\x03\x55\x04\x06\x13\x02" \
	"CH"                                                   \
	"\x31\x0c\x30\x0a\x06\x03\x55\x04\x03\x0c\x03"         \
	"gw1"

static const struct row rows[] = {
	ROW("\x01\x00\x00\x00\xc0\x00\x02\x01", "ipv4(any:0,[0..3]=192.0.2.1)", "192.0.2.1/32"),
	ROW("\x01\x11\x01\xf4\xc0\x00\x02\x01", "ipv4(udp:500,[0..3]=192.0.2.1)", "192.0.2.1/32"),
	ROW("\x01\x00\x00\x00\xc0\x00\x02", NULL, NULL),
	ROW("\x01\x00\x00\x00\xc0\x00\x02\x01\x00", NULL, NULL),
	ROW("\x04\x00\x00\x00\x0a\x01\x00\x00\xff\xff\x00\x00",
	    "ipv4_subnet(any:0,[0..7]=10.1.0.0/16)", "10.1.0.0/16"),
	ROW("\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00",
	    "ipv4_subnet(any:0,[0..7]=0.0.0.0/0)", "0.0.0.0/0"),
	ROW("\x04\x06\x00\x50\x0a\x01\x00\x00\xff\xff\x80\x00",
	    "ipv4_subnet(tcp:80,[0..7]=10.1.0.0/17)", "10.1.0.0/17"),
	ROW("\x04\x00\x00\x00\x0a\x01\x00\x00\xff\x00\xff\x00", NULL, NULL),
	ROW("\x07\x00\x00\x00\x0a\x01\x00\x00\x0a\x01\xff\xff",
	    "ipv4_range(any:0,[0..7]=10.1.0.0-10.1.255.255)", "10.1.0.0/16"),
	ROW("\x07\x00\x00\x00\x0a\x01\x00\x01\x0a\x01\xff\xff",
	    "ipv4_range(any:0,[0..7]=10.1.0.1-10.1.255.255)", NULL),
	ROW("\x07\x00\x00\x00\x0a\x02\x00\x00\x0a\x01\xff\xff", NULL, NULL),
	ROW("\x05\x00\x00\x00\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01",
	    "ipv6(any:0,[0..15]=2001:db8::1)", "2001:db8::1/128"),
	ROW("\x06\x00\x00\x00\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\0\xff\xff\xff\xff\0\0\0\0\0\0\0"
	    "\0\0\0\0\0",
	    "ipv6_subnet(any:0,[0..31]=2001:db8::/32)", "2001:db8::/32"),
	ROW("\x02\x00\x00\x00gw.example", "fqdn(any:0,[0..9]=gw.example)", NULL),
	ROW("\x02\x00\x00\x00gw\x1b\x5b\x32J", "fqdn(any:0,[0..5]=gw\\x1b[2J)", NULL),
	ROW("\x02\x00\x00\x00gw\x00.example", NULL, NULL),
	ROW("\x02\x00\x00\x00", NULL, NULL),
	ROW("\x03\x00\x00\x00u@gw.example", "usr@fqdn(any:0,[0..11]=u@gw.example)", NULL),
	ROW("\x0b\x00\x00\x00\x01\x02\xff", "key_id(any:0,[0..2]=0102ff)", NULL),
	ROW("\x09\x00\x00\x00" DN, "der_asn1_dn(any:0,[0..28]=C=CH, CN=gw1)", NULL),
	ROW("\x09\x00\x00\x00" DN "\x00", NULL, NULL),
	ROW("\x09\x00\x00\x00\x30\x00", NULL, NULL),
	ROW("\x00\x00\x00\x00\x01", NULL, NULL),
	ROW("\x0c\x00\x00\x00\x01", NULL, NULL),
	ROW("\xff\x00\x00\x00\x01", NULL, NULL),
};

static enum ike_reason
parse(const struct row *row, struct id *out)
{
	const struct v1_payload p = { .type = V1_ID, .p = (const uint8_t *)row->body, .n = row->n };
	return id_parse(&p, out);
}

static void
forms_are_taken_printed_or_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct id id;
		struct prefix prefix;
		struct text t = { 0 };
		char buf[PREFIX_STRLEN];
		enum ike_reason reason = parse(&rows[i], &id);
		assert_int_equal(reason, rows[i].text != NULL ? IKE_OK : IKE_PAYLOAD_FORM);
		if (reason != IKE_OK)
			continue;
		id_print(&id, &t);
		assert_string_equal(text_str(&t), rows[i].text);
		assert_int_equal(id_prefix(&id, &prefix), rows[i].prefix != NULL);
		if (rows[i].prefix != NULL)
			assert_string_equal(prefix_print(prefix, buf), rows[i].prefix);
		text_done(&t);
	}
}

static void
what_is_built_is_read_again(void **state)
{
	static const char *const prefixes[] = { "10.1.0.0/16", "0.0.0.0/0", "192.0.2.1/32",
		"2001:db8::/32", "::/0", "2001:db8::1/128" };
	(void)state;
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		uint8_t octets[ID_ADDR_MAX];
		uint8_t buf[128];
		char text[PREFIX_STRLEN];
		struct prefix prefix;
		struct v1_out o;
		struct v1_msg m;
		struct hdr h;
		struct id back;
		assert_true(prefix_parse(prefixes[i], &prefix));
		struct id id = id_of_prefix(prefix, octets);
		v1_out_start(&o, buf, sizeof(buf), &(struct hdr){ .cky_i = 1, .version = HDR_V1 });
		id_build(&o, &id);
		struct rd r = rd_init(buf, v1_out_end(&o));
		assert_int_equal(hdr_parse(&r, &h), IKE_OK);
		assert_int_equal(v1_msg_parse(&r, h.next, V1_IN_CLEAR, &m), IKE_OK);
		assert_int_equal(id_parse(&m.list[0], &back), IKE_OK);
		assert_true(id_eq(&id, &back));
		assert_true(id_prefix(&back, &prefix));
		assert_string_equal(prefix_print(prefix, text), prefixes[i]);
	}
}

static void
comparing_is_by_type_and_exact_length(void **state)
{
	(void)state;
	struct id a = id_of_bytes(ID_FQDN, "gw.example", 10);
	struct id b = id_of_bytes(ID_FQDN, "GW.Example", 10);
	struct id longer = id_of_bytes(ID_FQDN, "gw.example.org", 14);
	struct id other = id_of_bytes(ID_KEY, "gw.example", 10);
	struct id upper = id_of_bytes(ID_KEY, "GW.EXAMPLE", 10);
	assert_true(id_is_same_peer(&a, &b));
	assert_false(id_is_same_peer(&a, &longer));
	assert_false(id_is_same_peer(&longer, &a));
	assert_false(id_is_same_peer(&a, &other));
	assert_false(id_is_same_peer(&other, &upper));
	b.proto = 17;
	b.port = 500;
	assert_true(id_is_same_peer(&a, &b));
	assert_false(id_eq(&a, &b));
	assert_true(id_has_ike_port(&a));
	assert_true(id_has_ike_port(&b));
	b.port = 4500;
	assert_true(id_has_ike_port(&b));
	b.port = 53;
	assert_false(id_has_ike_port(&b));
	b.proto = 6;
	b.port = 500;
	assert_false(id_has_ike_port(&b));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms_are_taken_printed_or_refused),
		cmocka_unit_test(what_is_built_is_read_again),
		cmocka_unit_test(comparing_is_by_type_and_exact_length),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
