/* SPDX-License-Identifier: BSD-2-Clause
 *
 * input.c - what CLI_WANT asks for, in pieces: a file, lines of the terminal, the text of a program. Called by client.c.
 */
#include "cli/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/act_do.h"
#include "cli/client.h"
#include "cli/fetch.h"
#include "cli/matching.h"
#include "lib/base/arena.h"
#include "lib/base/hex.h"
#include "lib/base/text.h"
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

/* Opens the file, or what was fetched of another host. NULL: the reason is in ERROR. */
static FILE *
input_open(const char *name, char error[FETCH_ERROR_MAX])
{
	enum fetch_place place = fetch_place(name);
	FILE *f = NULL;
	int fd = -1;
	int rc = 0;
	if (place == FETCH_REMOTE) {
		fd = memfd_create("fetched", MFD_CLOEXEC);
		rc = fd >= 0 ? fetch_get(name, fd, CLI_INPUT_MAX, error) : 0;
		f = fd >= 0 && rc == 0 && lseek(fd, 0, SEEK_SET) == 0 ? fdopen(fd, "r") : NULL;
	} else if (place == FETCH_LOCAL) {
		char *path = fetch_path(name);
		f = fopen(path, "re");
		free(path);
	} else {
		errno = EPROTONOSUPPORT;
	}
	if (f == NULL && rc == 0)
		snprintf(error, FETCH_ERROR_MAX, "%s", strerror(errno));
	if (f == NULL && fd >= 0)
		close(fd);
	return f;
}

int
input_file(struct client *c, const char *name)
{
	char error[FETCH_ERROR_MAX];
	FILE *f = input_open(name, error);
	/* ^C: CLI_BREAK says so */
	if (f == NULL && client_is_interrupted())
		return 0;
	if (f == NULL)
		return send_piece(c, NULL, error, true);
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
input_filter(struct client *c, const char *expression)
{
	struct text t = { 0 };
	bool is_good = matching_compile(expression, &t);
	int err = send_piece(c, is_good ? text_str(&t) : NULL, is_good ? NULL : text_str(&t), true);
	text_done(&t);
	return err;
}

/* --- files for a daemon --- */

enum { SEALED_FILE_MAX = 64 << 10 };

/* Adds the contents of one file to FILES; NULL, or a sentence about why not. */
static const char *
file_add(struct arena *a, struct elem *files, const char *leaf, const char *name)
{
	char *path = act_path(name);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	const char *why = fd < 0 ? strerror(errno) : NULL;
	struct stat st;
	uint8_t *buf = arena_alloc(a, SEALED_FILE_MAX);
	ssize_t n = 0;
	free(path);
	if (why == NULL && fstat(fd, &st) == 0 && !S_ISREG(st.st_mode))
		why = "not a regular file";
	if (why == NULL && st.st_size > SEALED_FILE_MAX)
		why = "file too large";
	if (why == NULL) {
		n = read(fd, buf, SEALED_FILE_MAX);
		why = n < 0 ? strerror(errno) : NULL;
	}
	if (fd >= 0)
		close(fd);
	if (why != NULL)
		return why;
	struct text hex = { 0 };
	hex_put(&hex, buf, (size_t)n);
	elem_leaf(a, files, leaf, text_str(&hex));
	text_done(&hex);
	return NULL;
}

int
input_sealed(struct client *c, const struct elem *want)
{
	struct arena *a = arena_new_secret(); /* keys may be among them */
	struct elem *files = elem_new(a, "files");
	struct text error = { 0 };
	elem_each (f, want, "file") {
		const char *leaf = elem_value(f, "leaf");
		const char *name = elem_value(f, "name");
		const char *why =
		    leaf != NULL && name != NULL ? file_add(a, files, leaf, name) : "no name";
		if (why != NULL && error.len == 0)
			text_printf(&error, "%s: %s", name != NULL ? name : "?", why);
	}
	int fd = error.len == 0 ? memfd_from_elem(files) : -1;
	if (fd < 0 && error.len == 0)
		text_put(&error, strerror(-fd));
	struct elem *e = elem_new(a, "input");
	if (error.len > 0)
		elem_leaf(a, e, "error", text_str(&error));
	elem_flag(a, e, "end");
	int err = ipc_send_fd_blocking(c->fd, CLI_INPUT, c->seq, e, fd >= 0 ? fd : -1);
	if (fd >= 0)
		close(fd);
	text_done(&error);
	arena_free(a);
	return err;
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
