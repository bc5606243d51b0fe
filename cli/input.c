/* SPDX-License-Identifier: BSD-2-Clause
 *
 * input.c - what CLI_WANT asks for, in pieces: a file, lines of the terminal, the text of a program. Called by client.c.
 */
#include "cli/input.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/client.h"
#include "lib/base/arena.h"
#include "lib/msg/cli.h"
#include "lib/msg/elem.h"
#include "lib/os/ipc.h"

/* Sends one piece of wanted input; a NULL text sends none. */
static int
send_piece(struct client *c, const char *text, const char *error, bool end)
{
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, "input");
	if (text != NULL)
		elem_leaf(a, e, "text", text);
	if (error != NULL)
		elem_leaf(a, e, "error", error);
	if (end)
		elem_flag(a, e, "end");
	int err = ipc_send_blocking(c->fd, CLI_INPUT, c->seq, e);
	arena_free(a);
	return err;
}

int
input_file(struct client *c, const char *name)
{
	FILE *f = fopen(name, "re");
	if (f == NULL)
		return send_piece(c, NULL, strerror(errno), true);
	char *buf = malloc(CLI_PIECE_MAX + 1);
	int err = buf == NULL ? -ENOMEM : 0;
	const char *why = NULL;
	size_t total = 0;
	while (err == 0 && why == NULL) {
		size_t n = fread(buf, 1, CLI_PIECE_MAX, f);
		if (n == 0)
			break;
		total += n;
		buf[n] = '\0';
		if (memchr(buf, '\0', n) != NULL)
			why = "not a text file";
		else if (total > CLI_INPUT_MAX)
			why = "it is too large";
		else
			err = send_piece(c, buf, NULL, false);
	}
	if (why == NULL && ferror(f))
		why = strerror(errno);
	free(buf);
	fclose(f);
	return err != 0 ? err : send_piece(c, NULL, why, true);
}

int
input_terminal(struct client *c)
{
	char *line = NULL;
	size_t cap = 0;
	int err = 0;
	if (c->is_terminal)
		fputs("[Type ^D at a new line to end input]\n", stdout);
	for (;;) {
		ssize_t n = getline(&line, &cap, c->in);
		if (n <= 0 || line[0] == '\x04' || client_is_interrupted())
			break;
		err = send_piece(c, line, NULL, false);
		if (err != 0)
			break;
	}
	free(line);
	if (c->is_terminal)
		clearerr(c->in);
	/* ^C is no end: what was typed is given up, and CLI_BREAK says so */
	return err != 0 || client_is_interrupted() ? err : send_piece(c, NULL, NULL, true);
}

int
input_sink(struct client *c)
{
	const struct client_sink *sink = c->sink;
	char *piece = malloc(CLI_PIECE_MAX + 1);
	int err = piece == NULL ? -ENOMEM : 0;
	for (size_t at = 0; err == 0 && at < sink->input_len; at += CLI_PIECE_MAX) {
		size_t n = sink->input_len - at;
		n = n < CLI_PIECE_MAX ? n : CLI_PIECE_MAX;
		memcpy(piece, sink->input + at, n);
		piece[n] = '\0';
		err = send_piece(c, piece, NULL, false);
	}
	if (piece != NULL)
		explicit_bzero(piece, CLI_PIECE_MAX);
	free(piece);
	return err != 0 ? err : send_piece(c, NULL, NULL, true);
}
