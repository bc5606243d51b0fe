/* SPDX-License-Identifier: BSD-2-Clause
 *
 * netconf_reply.h - what a NETCONF client is answered.
 *
 * A reply is written as it comes about: <rpc-reply> with the attributes of the request, then what mgd's answer is rendered
 * to, problems as <rpc-error>, and the frame. A large configuration goes through a bounded buffer. One at a time.
 */
#ifndef NETCONF_REPLY_H
#define NETCONF_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/text.h"

struct elem;
struct nc_elem;

/* What text of an answer becomes. */
enum reply_kind {
	REPLY_XML,   /* it is XML: goes in as it is */
	REPLY_PLAIN, /* it is text: markup is escaped */
	REPLY_NONE,  /* it is talk to a person: left out */
	REPLY_SAVED, /* it is kept in SAVED, for another place */
};

struct reply {
	int fd;
	bool is_chunked;
	struct text out;  /* not written yet */
	struct text body; /* chunked: of the chunk under way */
	enum reply_kind kind;
	const char *
	    wrapper; /* path of the elements around the text, such as "output", "a/b"; NULL: none */
	bool is_wrapped;  /* it has been opened */
	bool no_warnings; /* those of this reply are left out */
	unsigned n_errors;
	bool is_lost;    /* the client is gone */
	char partial[4]; /* PLAIN: the beginning of a character whose rest has not come */
	size_t n_partial;
	struct text *saved; /* kind SAVED */
};

/* Begins the reply to RPC (NULL: one that could not be read). Text that follows is of KIND inside WRAPPER. */
void reply_begin(struct reply *r, const struct nc_elem *rpc);
void reply_expect(struct reply *r, enum reply_kind kind, const char *wrapper);

/* Text comes after all where XML was expected: it is wrapped in <output>. */
void reply_plain(void *reply);

/* A piece of text, see reply_expect(). Has the types of struct client_sink. */
void reply_text(void *reply, const char *s, size_t n);
/* One <rpc-error> from a CLI_PROBLEM. */
void reply_problem(void *reply, const struct elem *problem);
/* One made here. TAG: of RFC 6241; ELEMENT may be NULL. */
void reply_refuse(struct reply *r, const char *tag, const char *element, const char *message);

/* <NAME>VALUE</NAME> and a newline. */
void reply_leaf(struct reply *r, const char *name, const char *value);
/* XML as it is. */
void reply_raw(struct reply *r, const char *s);

/* Opens the wrapper if no text came, and closes it. */
void reply_text_end(struct reply *r);

/* Ends the reply and writes all of it. Returns 0, or -1 if the client is gone. */
int reply_end(struct reply *r);

/* Writes one whole message that is no reply. */
int reply_message(struct reply *r, const char *s);

#endif
