/* SPDX-License-Identifier: BSD-2-Clause
 *
 * netconf.c - one NETCONF session: hello, then one request after the other.
 *
 * Standard input is read as it comes, through the frame reader into the XML reader; nothing is kept of a message but the
 * request. One thread; while mgd answers, the client waits. Called by main.c and client.c.
 */
#include "cli/netconf.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/netconf_frame.h"
#include "cli/netconf_op.h"
#include "lib/base/text.h"

#define BASE_1_1 "urn:ietf:params:netconf:base:1.1"

enum { INPUT_SIZE = 64 << 10 };

/* What a JUNOS router says; clients take from it that this is one. */
static const char *const capabilities[] = {
	"urn:ietf:params:netconf:base:1.0",
	"urn:ietf:params:netconf:capability:candidate:1.0",
	"urn:ietf:params:netconf:capability:confirmed-commit:1.0",
	"urn:ietf:params:netconf:capability:rollback-on-error:1.0",
	"urn:ietf:params:netconf:capability:validate:1.0",
	"urn:ietf:params:netconf:capability:validate:1.1",
	"urn:ietf:params:netconf:capability:url:1.0?scheme=http,ftp,file",
	"urn:ietf:params:xml:ns:netconf:base:1.0",
	"urn:ietf:params:xml:ns:netconf:capability:candidate:1.0",
	"urn:ietf:params:xml:ns:netconf:capability:confirmed-commit:1.0",
	"urn:ietf:params:xml:ns:netconf:capability:validate:1.0",
	"urn:ietf:params:xml:ns:netconf:capability:url:1.0?scheme=http,ftp,file",
	"urn:ietf:params:xml:ns:yang:ietf-netconf-monitoring",
	"http://xml.juniper.net/netconf/junos/1.0",
	"http://xml.juniper.net/dmi/system/1.0",
};

struct session {
	struct nc_session nc;
	struct netconf_frame frame;
	struct netconf_read *read;
	bool chunks;    /* base:1.1 has been offered */
	bool has_hello; /* the client has said hello */
};

static int
hello_send(struct session *s)
{
	struct text t = { 0 };
	text_put(&t, "<hello xmlns=\"urn:ietf:params:xml:ns:netconf:base:1.0\">\n<capabilities>\n");
	for (size_t i = 0; i < sizeof(capabilities) / sizeof(capabilities[0]); i++)
		text_printf(&t, "<capability>%s</capability>\n", capabilities[i]);
	if (s->chunks)
		text_put(&t, "<capability>" BASE_1_1 "</capability>\n");
	text_printf(&t, "</capabilities>\n<session-id>%d</session-id>\n</hello>", (int)getpid());
	int rc = reply_message(&s->nc.reply, text_str(&t));
	text_done(&t);
	return rc;
}

static void
hello_take(struct session *s, const struct nc_elem *hello)
{
	const struct nc_elem *list = nc_child(hello, "capabilities");
	s->has_hello = true;
	for (const struct nc_elem *c = list != NULL ? list->child : NULL; c != NULL; c = c->next)
		if (s->chunks && strcmp(c->value, BASE_1_1) == 0)
			s->frame.is_chunked = s->nc.reply.is_chunked = true;
}

/* Answers what could not be read. */
static int
refuse(struct session *s, const struct nc_elem *root, const char *tag, const char *message)
{
	bool is_rpc = root != NULL && strcmp(root->name, "rpc") == 0;
	reply_begin(&s->nc.reply, is_rpc ? root : NULL);
	reply_refuse(&s->nc.reply, tag, root != NULL && !is_rpc ? root->name : NULL, message);
	return reply_end(&s->nc.reply);
}

/* A message is complete. Returns 0, 1 if the session is over, -1 if it is lost. */
static int
message_take(struct session *s)
{
	const char *error;
	const struct nc_elem *root;
	if (netconf_read_is_blank(s->read))
		return 0;
	const struct nc_request *request = netconf_read_end(s->read, &error, &root);
	if (request == NULL)
		return refuse(s, root, "operation-failed", error);
	if (strcmp(root->name, "hello") == 0 && !s->has_hello) {
		hello_take(s, root);
		return 0;
	}
	if (strcmp(root->name, "rpc") != 0)
		return refuse(s, root, "unknown-element", "syntax error, expecting <rpc>");
	return netconf_op_run(&s->nc, request);
}

static int
input_take(struct session *s, const char *p, size_t n)
{
	for (;;) {
		const char *data;
		size_t len;
		int rc;
		switch (netconf_frame_next(&s->frame, &p, &n, &data, &len)) {
		case NETCONF_FRAME_MORE:
			return 0;
		case NETCONF_FRAME_DATA:
			netconf_read_put(s->read, data, len);
			break;
		case NETCONF_FRAME_END:
			rc = message_take(s);
			netconf_read_reset(s->read);
			if (rc != 0)
				return rc;
			break;
		case NETCONF_FRAME_BAD:
			return -1;
		}
	}
}

static int
serve(struct session *s)
{
	static char buf[INPUT_SIZE];
	int rc = hello_send(s);
	while (rc == 0) {
		ssize_t n = read(STDIN_FILENO, buf, sizeof(buf));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		rc = input_take(s, buf, (size_t)n);
	}
	return rc < 0 ? 1 : 0;
}

int
netconf_run(const char *rundir, bool chunks)
{
	struct session s = {
		.nc = { .client = { .fd = -1, .program = "netconf" },
		    .reply = { .fd = STDOUT_FILENO } },
		.chunks = chunks,
	};
	s.nc.sink = (struct client_sink){
		.text = reply_text,
		.problem = reply_problem,
		.plain = reply_plain,
		.arg = &s.nc.reply,
	};
	s.nc.client.sink = &s.nc.sink;
	signal(SIGPIPE, SIG_IGN);
	if (client_open(&s.nc.client, rundir) != 0)
		return 1;
	s.read = netconf_read_new();
	int status = serve(&s);
	netconf_read_free(s.read);
	client_close(&s.nc.client);
	text_done(&s.nc.reply.out);
	text_done(&s.nc.reply.body);
	return status;
}
