/* SPDX-License-Identifier: BSD-2-Clause
 *
 * netconf_test.c - frames, requests, filters and replies of NETCONF in memory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/netconf_filter.h"
#include "cli/netconf_frame.h"
#include "cli/netconf_read.h"
#include "cli/netconf_reply.h"
#include "lib/base/arena.h"
#include "lib/base/text.h"
#include "lib/msg/elem.h"

/* --- frames --- */

/* What the frame reader makes of S in pieces of STEP bytes: data, `|` for the end of a message, `!` for a bad one. */
static void
frames_print(bool is_chunked, const char *s, size_t step, struct text *out)
{
	struct netconf_frame f = { .is_chunked = is_chunked };
	size_t left = strlen(s);
	while (left > 0) {
		size_t n = left < step ? left : step;
		const char *p = s;
		const char *data;
		size_t len;
		s += n;
		left -= n;
		for (bool is_more = true; is_more;) {
			switch (netconf_frame_next(&f, &p, &n, &data, &len)) {
			case NETCONF_FRAME_MORE:
				is_more = false;
				break;
			case NETCONF_FRAME_DATA:
				text_putn(out, data, len);
				break;
			case NETCONF_FRAME_END:
				text_putc(out, '|');
				break;
			case NETCONF_FRAME_BAD:
				text_putc(out, '!');
				return;
			}
		}
	}
}

static const struct {
	bool is_chunked;
	const char *bytes;
	const char *want;
} frames[] = {
	{ false, "<a/>]]>]]>", "<a/>|" },
	{ false, "<a/>]]>]]><b/>]]>]]>\n", "<a/>|<b/>|\n" },
	{ false, "a]]]>]]>b", "a]|b" },
	{ false, "a]]>]]]>]]>b", "a]]>]|b" },
	{ false, "a]]>]b", "a]]>]b" },
	{ false, "]]>]]>]]>]]>", "||" },
	{ true, "\n#3\nabc\n##\n", "abc|" },
	{ true, "\n#1\na\n#10\n0123456789\n##\n\n#1\nb\n##\n", "a0123456789|b|" },
	{ true, "\n#6\n]]>]]>\n##\n", "]]>]]>|" },
	{ true, "\n##\n", "!" },
	{ true, "\n#0\n", "!" },
	{ true, "\n#4294967296\n", "!" },
	{ true, "\n#99999999999\n", "!" },
	{ true, "<a/>", "!" },
	{ true, "\n#1\na\n#x", "a!" },
};

static void
frames_are_found_however_they_arrive(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++)
		for (size_t step = 1; step < 40; step++) {
			struct text out = { 0 };
			frames_print(frames[i].is_chunked, frames[i].bytes, step, &out);
			assert_string_equal(text_str(&out), frames[i].want);
			text_done(&out);
		}
}

/* --- requests --- */

static void
elem_print(const struct nc_elem *e, struct text *out)
{
	text_put(out, e->name);
	for (const struct nc_attr *a = e->attrs; a != NULL; a = a->next)
		text_printf(out, " %s=%s", a->name, a->value);
	if (e->value[0] != '\0')
		text_printf(out, ":%s", e->value);
	if (e->is_load)
		text_put(out, "*");
	if (e->child == NULL)
		return;
	text_putc(out, '(');
	for (const struct nc_elem *c = e->child; c != NULL; c = c->next) {
		elem_print(c, out);
		text_put(out, c->next != NULL ? "," : "");
	}
	text_putc(out, ')');
}

static void
request_print(const char *s, size_t step, struct text *out)
{
	struct netconf_read *r = netconf_read_new();
	const char *error;
	const struct nc_elem *root;
	for (size_t left = strlen(s), n; left > 0; left -= n, s += n) {
		n = left < step ? left : step;
		netconf_read_put(r, s, n);
	}
	const struct nc_request *q = netconf_read_end(r, &error, &root);
	if (q == NULL) {
		text_printf(out, "!%s", error);
	} else {
		elem_print(q->root, out);
		if (q->has_load)
			text_printf(out, " [%s]", text_str(&q->load));
	}
	netconf_read_free(r);
}

static const struct {
	const char *xml;
	const char *want;
} requests[] = {
	{ "<rpc message-id=\"1\"><get-x/></rpc>", "rpc message-id=1(get-x)" },
	{ "\n <nc:rpc xmlns:nc='u' a='&lt;'><nc:a>  x &amp; y </nc:a><b/></nc:rpc>\n",
	    "rpc xmlns:nc=u a=<(a:x & y,b)" },
	{ "<?xml version='1.0'?><rpc><command format='text'>show version</command></rpc>",
	    "rpc(command format=text:show version)" },
	{ "<rpc><load-configuration action='set'><configuration-set>set "
	  "a\n&lt;b</configuration-set>"
	  "</load-configuration></rpc>",
	    "rpc(load-configuration action=set(configuration-set*)) [set a\n<b]" },
	{ "<rpc><nc:load-configuration><nc:configuration><system x='y'><h>&#32;a&lt;</h><e/><!-- c "
	  "-->"
	  "<![CDATA[<]]></system></nc:configuration></nc:load-configuration></rpc>",
	    "rpc(load-configuration(configuration*)) [<nc:configuration><system "
	    "x='y'><h>&#32;a&lt;</h><e/>"
	    "<!-- c --><![CDATA[<]]></system></nc:configuration>]" },
	{ "<rpc><get-configuration><configuration><system/></configuration></get-configuration></"
	  "rpc>",
	    "rpc(get-configuration(configuration(system)))" },
	{ "<rpc><edit-config><config><configuration/></config></edit-config></rpc>",
	    "rpc(edit-config(config(configuration*))) [<configuration/>]" },
	{ "<rpc><load-configuration><configuration/><configuration/></load-configuration></rpc>",
	    "!more than one configuration" },
	{ "<rpc><load-configuration><configuration-text><a/></configuration-text></"
	  "load-configuration></rpc>",
	    "!an element where configuration text is expected" },
	{ "<!DOCTYPE a [<!ENTITY x \"y\">]><rpc>&x;</rpc>", "!a document type is not accepted" },
	{ "<rpc>&x;</rpc>", "!undefined entity" },
	{ "<rpc><a></rpc>", "!mismatched tag" },
	{ "<rpc>", "!no element found" },
	{ "", "!no element found" },
	{ "<rpc/><rpc/>", "!junk after document element" },
	{ "text", "!syntax error" },
};

static void
requests_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		for (size_t step = 1; step < 500; step *= 7) {
			struct text out = { 0 };
			request_print(requests[i].xml, step, &out);
			assert_string_equal(text_str(&out), requests[i].want);
			text_done(&out);
		}
}

/* REPEAT times WHAT between BEFORE and AFTER. */
static const char *
answer_to(const char *before, const char *what, unsigned repeat, const char *after)
{
	struct netconf_read *r = netconf_read_new();
	const char *error;
	const struct nc_elem *root;
	netconf_read_put(r, before, strlen(before));
	for (unsigned i = 0; i < repeat; i++)
		netconf_read_put(r, what, strlen(what));
	netconf_read_put(r, after, strlen(after));
	const struct nc_request *q = netconf_read_end(r, &error, &root);
	netconf_read_free(r);
	return q == NULL ? error : "ok";
}

static void
what_is_too_large_is_refused(void **state)
{
	(void)state;
	static char text[1001];
	memset(text, 'x', sizeof(text) - 1);
	assert_string_equal(answer_to("<rpc>", "<a/>", 9000, "</rpc>"), "ok");
	assert_string_equal(answer_to("<rpc>", "<a/>", 11000, "</rpc>"), "request too large");
	assert_string_equal(answer_to("<rpc>", "<a>", 30, ""), "request too large");
	assert_string_equal(
	    answer_to("<rpc><command>", text, 2000, "</command></rpc>"), "request too large");
	assert_string_equal(answer_to("<rpc><load-configuration><configuration>", "<a>", 300, ""),
	    "configuration nested too deeply");
	assert_string_equal(answer_to("<rpc><load-configuration><configuration>", "<a>x</a>",
				100000, "</configuration></load-configuration></rpc>"),
	    "ok");
}

/* --- filters --- */

static const struct {
	const char *xml;
	const char *want;
} filters[] = {
	{ "<filter><configuration><a/></configuration></filter>", "configuration(a)" },
	{ "<filter type='subtree'><other/></filter>", "nothing" },
	{ "<filter type='xpath' select='//a[b]'/>", "xpath //a[b]" },
	{ "<filter type='xpath' source='/configuration/a'/>", "xpath /configuration/a" },
	{ "<filter type='xpath'/>", "!select" },
	{ "<filter type='other'/>", "!type" },
};

static void
filters_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
		struct netconf_read *r = netconf_read_new();
		const char *error;
		const struct nc_elem *root;
		struct netconf_filter f;
		struct text out = { 0 };
		netconf_read_put(r, filters[i].xml, strlen(filters[i].xml));
		assert_non_null(netconf_read_end(r, &error, &root));
		if (!netconf_filter_read(root, &f, &error))
			text_printf(&out, "!%s", error);
		else if (f.xpath != NULL)
			text_printf(&out, "xpath %s", f.xpath);
		else if (f.is_nothing)
			text_put(&out, "nothing");
		else
			elem_print(f.subtree, &out);
		assert_string_equal(text_str(&out), filters[i].want);
		text_done(&out);
		netconf_read_free(r);
	}
}

/* --- replies --- */

static void
replies_are_written(void **state)
{
	(void)state;
	int fds[2];
	char got[4096];
	assert_int_equal(pipe(fds), 0);
	struct reply r = { .fd = fds[1], .is_chunked = true };
	struct netconf_read *read_ = netconf_read_new();
	const char *xml = "<rpc message-id='&lt;1' xmlns='u'/>";
	const char *error;
	const struct nc_elem *root;
	netconf_read_put(read_, xml, strlen(xml));
	assert_non_null(netconf_read_end(read_, &error, &root));
	reply_begin(&r, root);
	reply_expect(&r, REPLY_PLAIN, "a/b");
	reply_text(&r, "x<\xc3", 3); /* a character in two pieces */
	reply_text(&r, "\xa4\x01\xff\xc3z", 5);
	reply_text_end(&r);
	reply_refuse(&r, "invalid-value", "e", "m>");
	assert_int_equal(reply_end(&r), 0);
	ssize_t n = read(fds[0], got, sizeof(got) - 1);
	assert_true(n > 0);
	got[n] = '\0';
	static const char body[] =
	    "<rpc-reply xmlns=\"urn:ietf:params:xml:ns:netconf:base:1.0\""
	    " xmlns:junos=\"http://xml.juniper.net/junos/21.4R1/junos\" message-id=\"&lt;1\">\n"
	    "<a><b>\nx&lt;\xc3\xa4???z</b>\n</a>\n"
	    "<rpc-error "
	    "xmlns=\"urn:ietf:params:xml:ns:netconf:base:1.0\">\n<error-type>application</"
	    "error-type>\n<error-tag>invalid-value</"
	    "error-tag>\n"
	    "<error-severity>error</error-severity>\n<error-message>m&gt;</error-message>\n"
	    "<error-info>\n<bad-element>e</bad-element>\n</error-info>\n</rpc-error>\n</rpc-reply>";
	char want[4096];
	snprintf(want, sizeof(want), "\n#%zu\n%s\n##\n", sizeof(body) - 1, body);
	assert_string_equal(got, want);
	close(fds[0]);
	close(fds[1]);
	text_done(&r.out);
	text_done(&r.body);
	netconf_read_free(read_);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_are_found_however_they_arrive),
		cmocka_unit_test(requests_are_read),
		cmocka_unit_test(what_is_too_large_is_refused),
		cmocka_unit_test(filters_are_read),
		cmocka_unit_test(replies_are_written),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
