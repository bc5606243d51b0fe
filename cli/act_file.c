/* SPDX-License-Identifier: BSD-2-Clause
 *
 * act_file.c - file show, copy, delete, rename, compare, checksum; show log.
 *
 * Everything happens with the rights of the person and relative to the working directory of the command line (`set cli
 * directory`). Files are read in pieces: their size does not matter. Called by act.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include "cli/act_do.h"
#include "cli/draft.h"
#include "cli/fetch.h"
#include "cli/render.h"
#include "lib/base/arena.h"
#include "lib/base/text.h"
#include "lib/crypto/digest.h"
#include "lib/msg/elem.h"

enum { PIECE = 64 << 10 };

static const char *
argument(const struct elem *request, const char *name)
{
	const char *v = elem_value(request, name);
	return v != NULL ? v : "";
}

char *
act_path(const char *path)
{
	glob_t g = { 0 };
	const char *found = path;
	if (glob(path, GLOB_TILDE | GLOB_NOCHECK, NULL, &g) == 0 && g.gl_pathc == 1)
		found = g.gl_pathv[0];
	char *copy = strdup(found);
	globfree(&g);
	if (copy == NULL)
		abort();
	return copy;
}

/* --- showing --- */

/* Where to cut a piece so that no character is: behind its last line, if it has one. */
static size_t
cut(const char *s, size_t n, bool is_last)
{
	const char *end = is_last ? NULL : memrchr(s, '\n', n);
	return end != NULL ? (size_t)(end - s) + 1 : n;
}

/* A file that may be packed. */
struct source {
	int fd;
	gzFile gz; /* NULL: it is not */
};

static struct source
source_open(int fd, const char *name)
{
	size_t len = strlen(name);
	bool is_packed = len > 3 && strcmp(name + len - 3, ".gz") == 0;
	int copy = is_packed ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;
	struct source s = { .fd = fd, .gz = copy >= 0 ? gzdopen(copy, "rb") : NULL };
	if (copy >= 0 && s.gz == NULL)
		close(copy);
	return s;
}

/* As read(), with what is in the packed file. */
static ssize_t
source_read(const struct source *s, char *buf, size_t size)
{
	if (s->gz == NULL)
		return read(s->fd, buf, size);
	int n = gzread(s->gz, buf, (unsigned)size);
	int why;
	(void)gzerror(s->gz, &why);
	/* what there is of a file that was cut has been shown */
	bool is_whole = why == Z_OK || why == Z_STREAM_END || n > 0;
	if (!is_whole && why != Z_ERRNO)
		errno = EILSEQ;
	return is_whole ? n : -1;
}

int
act_content_fd(struct act *a, int fd, const char *name)
{
	char *buf = malloc(PIECE);
	size_t kept = 0;
	int status = 0;
	struct source source = source_open(fd, name);
	if (buf == NULL)
		abort();
	for (;;) {
		ssize_t n = source_read(&source, buf + kept, PIECE - kept);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			status = act_fail(a, "error: %s: %s", name,
			    errno == EILSEQ ? "the file is damaged" : strerror(errno));
			break;
		}
		kept += (size_t)n;
		size_t now = cut(buf, kept, n == 0);
		if ((now > 0 || n == 0) && !act_content(a, "file-content", buf, now))
			break;
		memmove(buf, buf + now, kept - now);
		kept -= now;
		if (n == 0)
			break;
	}
	free(buf);
	if (source.gz != NULL)
		gzclose(source.gz);
	return status;
}

int
act_log(struct act *a, const struct elem *request)
{
	return act_content_fd(a, a->fd, argument(request, "filename"));
}

/* Opens a plain file for reading; a terminal, a pipe or a folder is none. Returns the descriptor, or -1 having said why. */
static int
file_open(struct act *a, const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0) {
		if (errno == ENOENT)
			act_fail(a, "error: could not resolve file: %s", path);
		else
			act_fail(a, "error: could not open %s: %s", path, strerror(errno));
		return -1;
	}
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fd;
	act_fail(a, "error: %s is not a regular file", path);
	close(fd);
	return -1;
}

static void
base64_put(struct text *out, const unsigned char *p, size_t n)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	for (size_t i = 0; i < n; i += 3) {
		size_t left = n - i;
		uint32_t v = (uint32_t)p[i] << 16 | (left > 1 ? (uint32_t)p[i + 1] << 8 : 0) |
			     (left > 2 ? p[i + 2] : 0);
		text_putc(out, digits[v >> 18 & 63]);
		text_putc(out, digits[v >> 12 & 63]);
		text_putc(out, left > 1 ? digits[v >> 6 & 63] : '=');
		text_putc(out, left > 2 ? digits[v & 63] : '=');
	}
	text_putc(out, '\n');
}

/* Lines of 57 bytes, 76 letters. */
static int
base64_fd(struct act *a, int fd)
{
	unsigned char in[57 * 512];
	bool wanted = true;
	while (wanted) {
		size_t have = 0;
		ssize_t n;
		while (have < sizeof(in) && (n = read(fd, in + have, sizeof(in) - have)) > 0)
			have += (size_t)n;
		struct text out = { 0 };
		for (size_t i = 0; i < have; i += 57)
			base64_put(&out, in + i, have - i < 57 ? have - i : 57);
		if (out.len > 0)
			wanted = act_content(a, "file-content", out.s, out.len);
		text_done(&out);
		if (have < sizeof(in))
			break;
	}
	return 0;
}

int
act_file_show(struct act *a, const struct elem *request)
{
	char *path = act_path(argument(request, "filename"));
	int fd = file_open(a, path);
	int status = 1;
	if (fd >= 0 && strcmp(argument(request, "encoding"), "base64") == 0)
		status = base64_fd(a, fd);
	else if (fd >= 0)
		status = act_content_fd(a, fd, path);
	if (fd >= 0)
		close(fd);
	free(path);
	return status;
}

/* --- changing --- */

/* A file that is copied into a folder keeps its name there. */
static char *
destination(const char *from, const char *to)
{
	char *path = act_path(to);
	struct stat st;
	if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
		return path;
	const char *slash = strrchr(from, '/');
	struct text t = { 0 };
	text_printf(&t, "%s/%s", path, slash != NULL ? slash + 1 : from);
	free(path);
	path = strdup(text_str(&t));
	text_done(&t);
	if (path == NULL)
		abort();
	return path;
}

/* The file that FROM is open on, under the name TO as well. Returns 0 or -errno. */
static int
file_copy(int from, const char *to)
{
	struct draft d;
	struct stat st;
	struct stat there;
	if (fstat(from, &st) < 0)
		return -errno;
	if (stat(to, &there) == 0 && there.st_dev == st.st_dev && there.st_ino == st.st_ino)
		return -EEXIST;
	int rc = draft_open(&d, to);
	return rc != 0 ? rc : draft_close(&d, draft_copy(from, d.fd), st.st_mode);
}

/* Copies what URL holds to the file or into the folder TO. */
static int
copy_from_url(struct act *a, const char *url, const char *to)
{
	char error[FETCH_ERROR_MAX];
	struct draft d;
	char *path = destination(url, to);
	int rc = draft_open(&d, path);
	if (rc == 0 && fetch_get(url, d.fd, FETCH_FILE_MAX, error) != 0) {
		draft_close(&d, -ECANCELED, 0);
		act_fail(a, "error: %s", error);
	} else {
		rc = rc == 0 ? draft_close(&d, 0, 0666) : rc;
		if (rc != 0)
			act_fail(a, "error: could not copy to %s: %s", path, strerror(-rc));
	}
	free(path);
	return a->error->len > 0;
}

static int
copy_to_url(struct act *a, const char *from, const char *url)
{
	char error[FETCH_ERROR_MAX];
	int fd = file_open(a, from);
	if (fd < 0)
		return 1;
	int rc = fetch_put(url, fd, error);
	close(fd);
	return rc == 0 ? 0 : act_fail(a, "error: %s", error);
}

static int
copy_here(struct act *a, const char *from, const char *to_name)
{
	char *to = destination(from, to_name);
	int fd = file_open(a, from);
	int rc = fd >= 0 ? file_copy(fd, to) : 0;
	if (rc < 0)
		act_fail(a, "error: could not copy to %s: %s", to, strerror(-rc));
	if (fd >= 0)
		close(fd);
	free(to);
	return fd < 0 || rc < 0;
}

int
act_file_copy(struct act *a, const struct elem *request)
{
	const char *source = argument(request, "source");
	const char *target = argument(request, "destination");
	enum fetch_place from_place = fetch_place(source);
	enum fetch_place to_place = fetch_place(target);
	if (from_place == FETCH_UNKNOWN || to_place == FETCH_UNKNOWN)
		return act_fail(a, "error: only file, http, https and ftp URLs can be copied; use "
				   "scp for others");
	if (from_place == FETCH_REMOTE && to_place == FETCH_REMOTE)
		return act_fail(a, "error: one of the two files must be local");
	char *source_path = fetch_path(source);
	char *from = act_path(source_path);
	char *to = fetch_path(target);
	int status = from_place == FETCH_REMOTE ? copy_from_url(a, source, to)
		     : to_place == FETCH_REMOTE ? copy_to_url(a, from, target)
						: copy_here(a, from, to);
	free(source_path);
	free(from);
	free(to);
	return status;
}

int
act_file_rename(struct act *a, const struct elem *request)
{
	char *from = act_path(argument(request, "source"));
	char *to = destination(from, argument(request, "destination"));
	int status = 0;
	if (rename(from, to) < 0)
		status = act_fail(a, "error: could not rename %s: %s", from, strerror(errno));
	free(from);
	free(to);
	return status;
}

/* Overwrites a file with zeros. Returns 0 or -errno. */
static int
file_purge(const char *path)
{
	static const char zeros[4096];
	struct stat st;
	int fd = open(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int rc = fstat(fd, &st) < 0 ? -errno : 0;
	for (off_t left = rc == 0 ? st.st_size : 0; left > 0 && rc == 0;) {
		size_t k = left < (off_t)sizeof(zeros) ? (size_t)left : sizeof(zeros);
		ssize_t n = write(fd, zeros, k);
		if (n < 0)
			rc = -errno;
		left -= n > 0 ? n : 0;
	}
	if (rc == 0 && fsync(fd) < 0)
		rc = -errno;
	close(fd);
	return rc;
}

int
act_file_delete(struct act *a, const struct elem *request)
{
	glob_t g = { 0 };
	int status = 0;
	if (glob(argument(request, "path"), GLOB_TILDE | GLOB_NOCHECK, NULL, &g) != 0)
		return act_fail(a, "error: could not resolve file: %s", argument(request, "path"));
	for (size_t i = 0; i < g.gl_pathc && status == 0; i++) {
		const char *path = g.gl_pathv[i];
		int rc = elem_has(request, "purge") ? file_purge(path) : 0;
		if (rc == 0 && unlink(path) < 0)
			rc = -errno;
		if (rc < 0)
			status = act_fail(a, "error: could not delete %s: %s", path, strerror(-rc));
	}
	globfree(&g);
	return status;
}

/* --- looking at --- */

int
act_checksum(struct act *a, const struct elem *request)
{
	static const struct {
		const char *rpc;
		const char *name;
	} methods[] = {
		{ "get-checksum-information", "MD5" },
		{ "get-sha1-checksum-information", "SHA1" },
		{ "get-sha256-checksum-information", "SHA256" },
	};
	const char *name = "MD5";
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (strcmp(methods[i].rpc, request->name) == 0)
			name = methods[i].name;
	char *path = act_path(argument(request, "path"));
	int fd = file_open(a, path);
	struct digest *d = fd >= 0 ? digest_new(name) : NULL;
	int status =
	    fd >= 0 && d == NULL ? act_fail(a, "error: %s is not available", name) : fd < 0;
	char *buf = malloc(PIECE);
	if (buf == NULL)
		abort();
	for (ssize_t n; d != NULL && (n = read(fd, buf, PIECE)) > 0;)
		digest_put(d, buf, (size_t)n);
	free(buf);
	if (d != NULL) {
		char sum[DIGEST_HEX_MAX];
		struct arena *arena = arena_new();
		struct elem *row = elem_new(arena, "file-checksum");
		digest_end(d, sum);
		elem_leaf(arena, row, "computation-method", name);
		elem_leaf(arena, row, "input-file", path);
		elem_leaf(arena, row, "checksum", sum);
		act_begin(a);
		render_row(a->render, row);
		arena_free(arena);
	}
	if (fd >= 0)
		close(fd);
	free(path);
	return status;
}

/* Runs a program with its output into a pipe; returns the reading end, or -errno. */
static int
program_start(char *const argv[], pid_t *out_pid)
{
	static const char *const folders[] = { "/usr/bin", "/bin" }; /* PATH is anybody's */
	char path[64];
	int p[2];
	if (pipe2(p, O_CLOEXEC) < 0)
		return -errno;
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		dup2(p[1], STDOUT_FILENO);
		dup2(p[1], STDERR_FILENO);
		signal(SIGINT, SIG_DFL);
		for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
			snprintf(path, sizeof(path), "%s/%s", folders[i], argv[0]);
			execv(path, argv);
		}
		dprintf(STDOUT_FILENO, "error: %s: %s\n", argv[0], strerror(errno));
		_exit(127);
	}
	close(p[1]);
	if (pid < 0) {
		close(p[0]);
		return -EAGAIN;
	}
	*out_pid = pid;
	return p[0];
}

/* The host's diff knows how to do this better than we would. */
int
act_file_compare(struct act *a, const struct elem *request)
{
	char *from = act_path(argument(request, "from-file"));
	char *to = act_path(argument(request, "to-file"));
	char *argv[8] = { (char *)"diff" };
	size_t n = 1;
	int status = 0;
	if (elem_has(request, "unified"))
		argv[n++] = (char *)"-u";
	else if (elem_has(request, "context"))
		argv[n++] = (char *)"-c";
	if (elem_has(request, "ignore-white-space"))
		argv[n++] = (char *)"-b";
	argv[n++] = (char *)"--";
	argv[n++] = from;
	argv[n] = to;
	for (int i = 0; i < 2 && status == 0; i++) {
		int fd = file_open(a, i == 0 ? from : to);
		status = fd < 0;
		if (fd >= 0)
			close(fd);
	}
	pid_t pid = 0;
	int fd = status == 0 ? program_start(argv, &pid) : -1;
	if (status == 0 && fd < 0)
		status = act_fail(a, "error: diff: %s", strerror(-fd));
	if (fd >= 0) {
		status = act_content_fd(a, fd, "diff");
		close(fd);
		waitpid(pid, NULL, 0);
	}
	free(from);
	free(to);
	return status;
}
