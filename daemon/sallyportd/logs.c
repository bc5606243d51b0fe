/* SPDX-License-Identifier: BSD-2-Clause
 *
 * logs.c - the log folder: it is turned over when a file is full, and opened for those whom mgd lets read.
 *
 * The writers hold their files open. A full one is renamed, and every writer is handed a new one (MSG_LOG_TURN); what it
 * writes before that still arrives in the old file, so no line is lost. A reader gets a descriptor that can only read. Called
 * by main.c.
 */
#include "daemon/sallyportd/logs.h"

#include "daemon/sallyportd/child.h"
#include "daemon/sallyportd/place.h"
#include "lib/base/arena.h"
#include "lib/msg/elem.h"
#include "lib/msg/msg.h"
#include "lib/os/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_MAX_LEN = 64, LIST_MAX = 1000 };

#define MESSAGES "messages"
#define OWN "sallyportd"

/* The descriptors that log_line() has; the numbers stay when the files change. */
static int own_fd = -1;
static int messages_fd = -1;

void
logs_start(const struct place *p)
{
	own_fd = place_log(p, OWN);
	messages_fd = place_log(p, MESSAGES);
	log_open(OWN);
	if (own_fd >= 0)
		log_to(own_fd);
	if (messages_fd >= 0)
		log_messages_to(messages_fd);
}

/* --- turning over --- */

/* A test asks for less, so as not to write a megabyte. */
static off_t
size_max(void)
{
	const char *v = getenv("SALLYPORT_LOG_SIZE");
	long long n = v != NULL ? strtoll(v, NULL, 10) : 0;
	return n > 0 ? (off_t)n : LOGS_SIZE_MAX;
}

static bool
is_full(const struct place *p, const char *name)
{
	char path[PLACE_PATH_MAX + NAME_MAX_LEN];
	struct stat st;
	snprintf(path, sizeof(path), "%s/%s", p->log, name);
	return lstat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size >= size_max();
}

/* Renames NAME to NAME.0, NAME.0 to NAME.1 and so on; returns a new NAME, or -errno. */
static int
file_turn(const struct place *p, const char *name)
{
	char from[PLACE_PATH_MAX + NAME_MAX_LEN];
	char to[PLACE_PATH_MAX + NAME_MAX_LEN];
	for (int i = LOGS_OLD_MAX - 1; i >= 0; i--) {
		snprintf(to, sizeof(to), "%s/%s.%d", p->log, name, i);
		if (i > 0)
			snprintf(from, sizeof(from), "%s/%s.%d", p->log, name, i - 1);
		else
			snprintf(from, sizeof(from), "%s/%s", p->log, name);
		if (rename(from, to) < 0 && errno != ENOENT)
			return -errno;
	}
	return place_log(p, name);
}

static void
turn_send(struct child *c, const char *which, int fd)
{
	if (c->ipc == NULL)
		return;
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, "log-turn");
	elem_leaf(a, e, "which", which);
	ipc_send(c->ipc, MSG_LOG_TURN, 0, e, fd);
	arena_free(a);
}

/* Turns the file NAME over; OLD becomes the new one. Returns the new file, to be closed, or -1. */
static int
turn(const struct place *p, const char *name, int old)
{
	if (!is_full(p, name))
		return -1;
	int fd = file_turn(p, name);
	if (fd >= 0 && old >= 0 && dup3(fd, old, O_CLOEXEC) < 0)
		log_line(LOG_LEVEL_ERROR, "SUPER_LOG", "%s: %s", name, strerror(errno));
	return fd >= 0 ? fd : -1;
}

void
logs_turn(const struct place *p, struct child *const *children, size_t n)
{
	int fd = turn(p, OWN, own_fd);
	if (fd >= 0)
		close(fd);
	fd = turn(p, MESSAGES, messages_fd);
	for (size_t i = 0; i < n && fd >= 0; i++)
		turn_send(children[i], "messages", fd);
	if (fd >= 0)
		close(fd);
	for (size_t i = 0; i < n; i++) {
		fd = turn(p, children[i]->name, -1);
		if (fd < 0)
			continue;
		turn_send(children[i], "own", fd);
		close(fd);
	}
}

/* --- answering --- */

/* Letters, digits and what else stands in the names that we make; nothing that leads out of the folder. */
static bool
is_name(const char *s)
{
	static const char letters[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	size_t n = strlen(s);
	return n > 0 && n < NAME_MAX_LEN && s[0] != '.' && strspn(s, letters) == n;
}

/* Opens a plain file of the folder; returns the descriptor or -errno. */
static int
log_file_open(const struct place *p, const char *name, int flags)
{
	char path[PLACE_PATH_MAX + NAME_MAX_LEN];
	struct stat st;
	if (!is_name(name))
		return -ENOENT;
	snprintf(path, sizeof(path), "%s/%s", p->log, name);
	int fd = open(path, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fd;
	close(fd);
	return -ENOENT;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void
files_list(const struct place *p, struct arena *a, struct elem *e)
{
	const char *names[LIST_MAX];
	size_t n = 0;
	DIR *d = opendir(p->log);
	if (d == NULL)
		return;
	for (struct dirent *x = readdir(d); x != NULL && n < LIST_MAX; x = readdir(d))
		if (is_name(x->d_name))
			names[n++] = arena_strdup(a, x->d_name);
	qsort(names, n, sizeof(names[0]), by_name);
	for (size_t i = 0; i < n; i++) {
		struct stat st;
		if (fstatat(dirfd(d), names[i], &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    !S_ISREG(st.st_mode))
			continue;
		struct elem *file = elem_add(a, e, "file");
		elem_leaf(a, file, "name", names[i]);
		elem_leaff(a, file, "size", "%lld", (long long)st.st_size);
		elem_leaff(a, file, "seconds", "%lld", (long long)st.st_mtime);
	}
	closedir(d);
}

/* Empties NAME; with ALL, what was put aside of it goes away. */
static int
file_clear(const struct place *p, const char *name, bool all)
{
	char path[PLACE_PATH_MAX + NAME_MAX_LEN];
	int fd = log_file_open(p, name, O_WRONLY);
	if (fd < 0)
		return fd;
	int rc = ftruncate(fd, 0) < 0 ? -errno : 0;
	close(fd);
	for (int i = 0; all && i < LOGS_OLD_MAX; i++) {
		snprintf(path, sizeof(path), "%s/%s.%d", p->log, name, i);
		unlink(path);
	}
	return rc;
}

void
logs_answer(const struct place *p, struct ipc *to, const struct ipc_msg *m)
{
	const char *name = elem_value(m->body, "name");
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, "log");
	int fd = -1;
	int rc = 0;
	if (name == NULL) {
		files_list(p, a, e);
	} else if (elem_has(m->body, "clear")) {
		rc = file_clear(p, name, elem_has(m->body, "all"));
	} else {
		fd = log_file_open(p, name, O_RDONLY);
		rc = fd < 0 ? fd : 0;
	}
	if (rc == -ENOENT || rc == -ELOOP || rc == -ENXIO)
		elem_leaff(a, e, "error", "error: could not resolve file: %s", name);
	else if (rc < 0)
		elem_leaff(a, e, "error", "error: could not open %s: %s", name, strerror(-rc));
	ipc_send(to, MSG_LOG, m->seq, e, fd);
	arena_free(a);
	if (fd >= 0)
		close(fd);
}
