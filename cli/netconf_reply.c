/* SPDX-License-Identifier: BSD-2-Clause
 *
 * netconf_reply.c - replies of NETCONF, written a buffer at a time.
 *
 * Called by netconf*.c, and by client.c for the pieces of an answer.
 */
#include "cli/netconf_reply.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cli/netconf_frame.h"
#include "cli/netconf_read.h"
#include "lib/base/release.h"
#include "lib/msg/elem.h"

#define BASE_SPACE "urn:ietf:params:xml:ns:netconf:base:1.0"

enum { BUFFER_MAX = 64 << 10 };

/* --- bytes --- */

static void
out_write(struct reply *r)
{
	size_t at = 0;
	while (at < r->out.len && !r->is_lost) {
		ssize_t n = write(r->fd, r->out.s + at, r->out.len - at);
		if (n > 0)
			at += (size_t)n;
		else if (errno != EINTR)
			r->is_lost = true;
	}
	text_reset(&r->out);
}

static void
body_flush(struct reply *r)
{
	if (r->body.len > 0) {
		netconf_frame_begin(r->is_chunked, r->body.len, &r->out);
		text_putn(&r->out, r->body.s, r->body.len);
	}
	text_reset(&r->body);
	out_write(r);
}

static void
put(struct reply *r, const char *s, size_t n)
{
	text_putn(&r->body, s, n);
	if (r->body.len > BUFFER_MAX)
		body_flush(r);
}

void
reply_raw(struct reply *r, const char *s)
{
	put(r, s, strlen(s));
}

/* --- characters --- */

/* The bytes of the character that begins with C; 0: none does. */
static size_t
utf8_length(unsigned char c)
{
	return c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;
}

/* Writes one character, or `?` for what XML cannot hold. */
static void
put_character(struct reply *r, const char *s, size_t n)
{
	unsigned char c = (unsigned char)*s;
	const char *as = c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : NULL;
	bool is_bad =
	    (c < ' ' && strchr("\t\n\r", c) == NULL) || c == 0 || c == 0x7f || utf8_length(c) != n;
	for (size_t i = 1; i < n; i++)
		is_bad = is_bad || ((unsigned char)s[i] & 0xc0) != 0x80;
	if (as != NULL)
		reply_raw(r, as);
	else
		put(r, is_bad ? "?" : s, is_bad ? 1 : n);
}

/* How many of the N bytes at S are characters that stand for themselves. */
static size_t
plain_length(const char *s, size_t n)
{
	size_t i = 0;
	while (i < n && s[i] >= ' ' && s[i] < 0x7f && s[i] != '&' && s[i] != '<' && s[i] != '>')
		i++;
	return i;
}

static void
put_escaped(struct reply *r, const char *s, size_t n)
{
	while (n > 0) {
		size_t plain = r->n_partial == 0 ? plain_length(s, n) : 0;
		if (plain > 0) {
			put(r, s, plain);
			s += plain;
			n -= plain;
			continue;
		}
		if (r->n_partial == 0 && (unsigned char)*s < 0x80) {
			put_character(r, s++, 1);
			n--;
			continue;
		}
		bool is_more = ((unsigned char)*s & 0xc0) == 0x80;
		if (r->n_partial > 0 && !is_more) {
			put_character(r, "", 1); /* a character that was cut off */
			r->n_partial = 0;
			continue;
		}
		r->partial[r->n_partial++] = *s++;
		n--;
		size_t want = utf8_length((unsigned char)r->partial[0]);
		if (want == 0 || r->n_partial == want) {
			put_character(r, r->partial, r->n_partial);
			r->n_partial = 0;
		}
	}
}

/* ="S", for an attribute. */
static void
put_quoted(struct reply *r, const char *s)
{
	reply_raw(r, "=\"");
	for (size_t n; *s != '\0'; s += n) {
		n = strcspn(s, "\"");
		put_escaped(r, s, n);
		if (s[n] == '"') {
			reply_raw(r, "&quot;");
			n++;
		}
	}
	put(r, "\"", 1);
}

void
reply_leaf(struct reply *r, const char *name, const char *value)
{
	put(r, "<", 1);
	reply_raw(r, name);
	put(r, ">", 1);
	put_escaped(r, value, strlen(value));
	reply_raw(r, "</");
	reply_raw(r, name);
	reply_raw(r, ">\n");
}

/* --- the parts of a reply --- */

void
reply_begin(struct reply *r, const struct nc_elem *rpc)
{
	r->kind = REPLY_NONE;
	r->wrapper = NULL;
	r->is_wrapped = false;
	r->n_errors = 0;
	r->no_warnings = false;
	r->n_partial = 0;
	reply_raw(r, "<rpc-reply xmlns=\"" BASE_SPACE "\" xmlns:junos=\"" RELEASE_XML "junos\"");
	for (const struct nc_attr *a = rpc != NULL ? rpc->attrs : NULL; a != NULL; a = a->next) {
		if (strcmp(a->name, "xmlns") == 0 || strcmp(a->name, "xmlns:junos") == 0)
			continue;
		put(r, " ", 1);
		reply_raw(r, a->name);
		put_quoted(r, a->value);
	}
	reply_raw(r, ">\n");
}

void
reply_expect(struct reply *r, enum reply_kind kind, const char *wrapper)
{
	r->kind = kind;
	r->wrapper = wrapper;
}

void
reply_plain(void *reply)
{
	struct reply *r = reply;
	if (r->kind != REPLY_XML)
		return;
	r->kind = REPLY_PLAIN;
	r->wrapper = "output";
}

/* Writes the tags of a path of names, the last one first if they are closed. */
static void
tags_put(struct reply *r, const char *path, bool is_end)
{
	const char *slash = strchr(path, '/');
	size_t n = slash != NULL ? (size_t)(slash - path) : strlen(path);
	if (is_end && slash != NULL)
		tags_put(r, slash + 1, is_end);
	reply_raw(r, is_end ? "</" : "<");
	put(r, path, n);
	reply_raw(r, is_end ? ">\n" : ">");
	if (!is_end && slash != NULL)
		tags_put(r, slash + 1, is_end);
}

static void
wrapper_open(struct reply *r)
{
	if (r->is_wrapped || r->wrapper == NULL)
		return;
	r->is_wrapped = true;
	tags_put(r, r->wrapper, false);
	put(r, "\n", 1);
}

void
reply_text(void *reply, const char *s, size_t n)
{
	struct reply *r = reply;
	if (r->kind == REPLY_SAVED)
		text_putn(r->saved, s, n);
	if (r->kind == REPLY_SAVED || r->kind == REPLY_NONE)
		return;
	wrapper_open(r);
	if (r->kind == REPLY_PLAIN)
		put_escaped(r, s, n);
	else
		put(r, s, n);
}

void
reply_text_end(struct reply *r)
{
	if (r->wrapper == NULL)
		return;
	wrapper_open(r);
	tags_put(r, r->wrapper, true);
	r->wrapper = NULL;
	r->is_wrapped = false;
}

/* JUNOS calls what is wrong with a value an error of the application. */
static const char *
type_of(const char *tag)
{
	return strcmp(tag, "invalid-value") == 0 || strcmp(tag, "operation-failed") == 0
		   ? "application"
		   : "protocol";
}

static void
error_put(struct reply *r, const char *severity, const char *tag, const char *source,
    const char *path, const char *element, const char *message)
{
	/* it may stand in an answer of another name space */
	reply_raw(r, "<rpc-error xmlns=\"" BASE_SPACE "\">\n");
	reply_leaf(r, "error-type", type_of(tag));
	reply_leaf(r, "error-tag", tag);
	reply_leaf(r, "error-severity", severity);
	if (source != NULL)
		reply_leaf(r, "source-daemon", source);
	if (path != NULL)
		reply_leaf(r, "error-path", path);
	reply_leaf(r, "error-message", message);
	if (element != NULL) {
		reply_raw(r, "<error-info>\n");
		if (strcmp(tag, "bad-attribute") == 0)
			reply_leaf(r, "bad-attribute", element);
		reply_leaf(r, "bad-element", element);
		reply_raw(r, "</error-info>\n");
	}
	reply_raw(r, "</rpc-error>\n");
}

void
reply_problem(void *reply, const struct elem *problem)
{
	struct reply *r = reply;
	const char *severity = elem_value(problem, "severity");
	const char *tag = elem_value(problem, "tag");
	const char *message = elem_value(problem, "message");
	bool is_warning = severity != NULL && strcmp(severity, "warning") == 0;
	if (is_warning && r->no_warnings)
		return;
	/* what was written so far is complete */
	if (r->is_wrapped)
		reply_text_end(r);
	error_put(r, is_warning ? "warning" : "error", tag != NULL ? tag : "operation-failed",
	    elem_value(problem, "source-daemon"), elem_value(problem, "path"),
	    elem_value(problem, "bad-element"), message != NULL ? message : "");
	r->n_errors += !is_warning;
}

void
reply_refuse(struct reply *r, const char *tag, const char *element, const char *message)
{
	error_put(r, "error", tag, NULL, NULL, element, message);
	r->n_errors++;
}

int
reply_end(struct reply *r)
{
	reply_raw(r, "</rpc-reply>");
	body_flush(r);
	netconf_frame_end(r->is_chunked, &r->out);
	out_write(r);
	return r->is_lost ? -1 : 0;
}

int
reply_message(struct reply *r, const char *s)
{
	reply_raw(r, s);
	body_flush(r);
	netconf_frame_end(r->is_chunked, &r->out);
	out_write(r);
	return r->is_lost ? -1 : 0;
}
