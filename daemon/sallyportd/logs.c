/* SPDX-License-Identifier: BSD-2-Clause
 *
 * logs.c - the log folder: a full file is put aside, and files are opened for those whom mgd lets read.
 *
 * The writers hold their files open. A full one is renamed, and every writer is handed a new one (MSG_LOG_TURN); what it
 * writes before that still arrives in the old file, so no line is lost. A reader gets a descriptor that can only read. Called
 * by main.c.
 */
#include "daemon/sallyportd/logs.h"

#include "daemon/sallyportd/child.h"
#include "daemon/sallyportd/place.h"
#include "daemon/sallyportd/sinks.h"
#include "lib/base/arena.h"
#include "lib/base/bytes.h"
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

enum { LIST_MAX = 1000 };

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
size_max(off_t size)
{
	const char *v = getenv("SALLYPORT_LOG_SIZE");
	long long n = v != NULL ? strtoll(v, NULL, 10) : 0;
	return n > 0 ? (off_t)n : size;
}

static bool
is_full(const struct place *p, const char *name, const struct logs_rule *rule)
{
	char path[LOGS_PATH_MAX];
	struct stat st;
	snprintf(path, sizeof(path), "%s/%s", p->log, name);
	return lstat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size >= size_max(rule->size);
}

/* Renames NAME to NAME.0, NAME.0.gz to NAME.1.gz and so on; returns a new NAME, or -errno. */
static int
file_turn(const struct place *p, const char *name, const struct logs_rule *rule)
{
	static const char *const ends[] = { "", ".gz" };
	char from[LOGS_PATH_MAX];
	char to[LOGS_PATH_MAX];
	for (unsigned i = rule->n_files; i-- > 0;)
		for (size_t k = 0; k < 2 && (i > 0 || k == 0); k++) {
			snprintf(to, sizeof(to), "%s/%s.%u%s", p->log, name, i, ends[k]);
			if (i > 0)
				snprintf(
				    from, sizeof(from), "%s/%s.%u%s", p->log, name, i - 1, ends[k]);
			else
				snprintf(from, sizeof(from), "%s/%s", p->log, name);
			if (rename(from, to) < 0 && errno != ENOENT)
				return -errno;
		}
	int fd = logs_open(p, name, rule->is_world_readable);
	return fd < 0 ? -errno : fd;
}

static void
turn_send(struct child *c, const char *which, const char *name, int fd)
{
	if (c->ipc == NULL)
		return;
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, "log-turn");
	elem_leaf(a, e, "which", which);
	elem_leaf(a, e, "name", name);
	ipc_send(c->ipc, MSG_LOG_TURN, 0, e, fd);
	arena_free(a);
}

/* Turns the file NAME over. Returns the new file, to be closed, or -1: it is not full. */
static int
turn(const struct place *p, const char *name)
{
	struct logs_rule rule = sinks_rule(name);
	/* nobody writes any more to what was put aside a turn ago; names do not change under who packs */
	if (logs_is_packing(name) || logs_pack(p, name, &rule) || !is_full(p, name, &rule))
		return -1;
	int fd = file_turn(p, name, &rule);
	return fd >= 0 ? fd : -1;
}

/* The file NAME, to which every process may write. It may be the own log of one of them, too: `kmd` is where traces of key
 * management go when nothing else is said. */
static void
shared_turn(const struct place *p, const char *name, struct child *const *children, size_t n)
{
	int fd = turn(p, name);
	if (fd < 0)
		return;
	for (size_t i = 0; i < n; i++) {
		turn_send(children[i], "file", name, fd);
		if (strcmp(children[i]->name, name) == 0)
			turn_send(children[i], "own", name, fd);
	}
	log_place_turn(name, fd);
	sinks_turned(name, fd);
	close(fd);
}

void
logs_turn(const struct place *p, struct child *const *children, size_t n)
{
	const char *name;
	int fd = turn(p, OWN);
	if (fd >= 0) {
		if (own_fd >= 0 && dup3(fd, own_fd, O_CLOEXEC) < 0)
			log_line(LOG_LEVEL_ERROR, "SUPER_LOG", "%s: %s", OWN, strerror(errno));
		close(fd);
	}
	if (sinks_file(0) == NULL)
		shared_turn(p, MESSAGES, children, n); /* mgd has not said anything yet */
	for (size_t i = 0; (name = sinks_file(i)) != NULL; i++)
		shared_turn(p, name, children, n);
	for (size_t i = 0; i < n; i++) {
		fd = turn(p, children[i]->name);
		if (fd < 0)
			continue;
		turn_send(children[i], "own", children[i]->name, fd);
		close(fd);
	}
}

/* --- answering --- */

/* Letters, digits and what else stands in the names that we make; nothing that leads out of the folder. */
bool
logs_is_name(const char *s)
{
	static const char letters[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	size_t n = strlen(s);
	return n > 0 && n < LOGS_NAME_MAX && s[0] != '.' && strspn(s, letters) == n;
}

int
logs_open(const struct place *p, const char *name, bool is_world_readable)
{
	int fd = place_log(p, name);
	if (fd < 0)
		errno = -fd;
	else if (fchmod(fd, is_world_readable ? 0644 : 0640) < 0)
		log_line(LOG_LEVEL_ERROR, "SUPER_LOG", "%s: %s", name, strerror(errno));
	return fd < 0 ? -1 : fd;
}

/* Opens a plain file of the folder; returns the descriptor or -errno. */
static int
log_file_open(const struct place *p, const char *name, int flags)
{
	char path[LOGS_PATH_MAX];
	struct stat st;
	if (!logs_is_name(name))
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
		if (logs_is_name(x->d_name))
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
		elem_leaff(a, file, "mode", "%o", st.st_mode & 07777);
		elem_leaff(a, file, "links", "%llu", (unsigned long long)st.st_nlink);
		elem_leaff(a, file, "blocks", "%lld", (long long)st.st_blocks);
	}
	closedir(d);
}

void
logs_names(const struct place *p, struct ipc *to, bool again)
{
	static struct wr last;
	struct arena *a = arena_new();
	struct elem *list = elem_new(a, "list");
	struct elem *names = elem_new(a, "log-names");
	struct wr now = wr_grow();
	files_list(p, a, list);
	elem_each (file, list, "file")
		elem_leaf(a, names, "name", elem_value(file, "name"));
	elem_encode(&now, names);
	bool is_same = now.len == last.len && memcmp(now.buf, last.buf, now.len) == 0;
	if (to != NULL && (again || !is_same))
		ipc_send(to, MSG_LOG_NAMES, 0, names, -1);
	if (last.buf != NULL)
		wr_free(&last);
	last = now;
	arena_free(a);
}

/* Empties NAME; with ALL, what was put aside of it goes away. */
static int
file_clear(const struct place *p, const char *name, bool all)
{
	char path[LOGS_PATH_MAX];
	int fd = log_file_open(p, name, O_WRONLY);
	if (fd < 0)
		return fd;
	int rc = ftruncate(fd, 0) < 0 ? -errno : 0;
	close(fd);
	for (int i = 0; all && i < LOGS_FILES_MAX; i++) {
		snprintf(path, sizeof(path), "%s/%s.%d", p->log, name, i);
		bool is_plain = unlink(path) == 0;
		snprintf(path, sizeof(path), "%s/%s.%d.gz", p->log, name, i);
		if (unlink(path) < 0 && !is_plain)
			break;
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
