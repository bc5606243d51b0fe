/* SPDX-License-Identifier: BSD-2-Clause
 *
 * monitor.c - logs whose new lines appear on the terminal while its user works.
 *
 * A descriptor that mgd passed on is all that is needed: what is behind the last byte shown is new. The kernel says by what
 * name the file is known now, so one that was put aside because it was full is noticed. Called by client.c and typing.c.
 */
#include "cli/monitor.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/pipe.h"
#include "lib/base/text.h"

enum { PIECE = 16 << 10, PATH_LEN = 4096 };

static struct followed {
	char name[64];
	int fd;
	off_t at;           /* shown up to here */
	bool is_turned;     /* the next file of that name is shown from its beginning */
	struct pipes pipes; /* which of its lines are shown */
} list[MONITOR_MAX];

static unsigned n_followed;

static struct followed *
find(const char *name)
{
	for (unsigned i = 0; i < n_followed; i++)
		if (strcmp(list[i].name, name) == 0)
			return &list[i];
	return NULL;
}

/* Reads the pipes of the line TYPED. Returns NULL, or what is wrong. */
static const char *
pipes_read(const char *typed, struct pipes *out)
{
	struct pipe_error e;
	char *line = strdup(typed);
	if (line == NULL)
		abort();
	bool is_good = pipes_parse(line, out, &e);
	for (size_t i = 0; is_good && i < out->n; i++)
		is_good = out->stages[i].kind == PIPE_MATCH || out->stages[i].kind == PIPE_EXCEPT;
	free(line);
	if (is_good)
		return NULL;
	pipes_done(out);
	*out = (struct pipes){ 0 };
	return "error: a log is monitored with match and except only";
}

const char *
monitor_start(const char *name, int fd, const char *typed)
{
	struct followed *f = find(name);
	bool is_again = f != NULL && f->is_turned;
	struct stat st;
	struct pipes pipes = { 0 };
	if (strlen(name) >= sizeof(f->name) || fstat(fd, &st) < 0)
		return "error: not a log";
	if (f == NULL && n_followed == MONITOR_MAX)
		return "error: too many logs are being monitored";
	const char *error = is_again ? NULL : pipes_read(typed, &pipes);
	if (error != NULL)
		return error;
	int mine = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (mine < 0) {
		pipes_done(&pipes);
		return "error: too many open files";
	}
	if (f == NULL) {
		f = &list[n_followed++];
		*f = (struct followed){ .at = st.st_size };
		snprintf(f->name, sizeof(f->name), "%s", name);
	} else {
		close(f->fd);
		f->at = f->is_turned ? 0 : f->at;
	}
	if (!is_again) {
		pipes_done(&f->pipes);
		f->pipes = pipes;
	}
	f->is_turned = false;
	f->fd = mine;
	return NULL;
}

bool
monitor_stop(const char *name)
{
	bool has_one = false;
	for (unsigned i = n_followed; i-- > 0;) {
		if (name != NULL && strcmp(list[i].name, name) != 0)
			continue;
		close(list[i].fd);
		pipes_done(&list[i].pipes);
		list[i] = list[--n_followed];
		has_one = true;
	}
	return has_one || name == NULL;
}

void
monitor_list(struct text *out)
{
	for (unsigned i = 0; i < n_followed; i++)
		text_printf(out, "monitor start \"%s\" (Last changed %s)\n", list[i].name,
		    list[i].at > 0 ? "while it was followed" : "never");
}

bool
monitor_is_on(void)
{
	return n_followed > 0;
}

/* True if the file has another name now. */
static bool
has_turned(const struct followed *f)
{
	char link[64];
	char path[PATH_LEN];
	snprintf(link, sizeof(link), "/proc/self/fd/%d", f->fd);
	ssize_t n = readlink(link, path, sizeof(path) - 1);
	if (n <= 0)
		return false;
	path[n] = '\0';
	const char *slash = strrchr(path, '/');
	return strcmp(slash != NULL ? slash + 1 : path, f->name) != 0;
}

/* Whole lines only: the rest comes next time. */
static bool
followed_read(struct followed *f, struct text *out)
{
	char buf[PIECE];
	struct stat st;
	if (fstat(f->fd, &st) == 0 && st.st_size < f->at)
		f->at = 0; /* it was cleared */
	ssize_t n = pread(f->fd, buf, sizeof(buf), f->at);
	const char *end = n > 0 ? memrchr(buf, '\n', (size_t)n) : NULL;
	if (end == NULL)
		return false;
	size_t len = (size_t)(end - buf) + 1;
	pipes_put(&f->pipes, buf, len);
	if (f->pipes.out.len > 0) {
		text_printf(out, "*** %s ***\n", f->name);
		text_putn(out, f->pipes.out.s, f->pipes.out.len);
		text_reset(&f->pipes.out);
	}
	f->at += (off_t)len;
	return true;
}

void
monitor_read(struct text *out, char out_turned[64])
{
	out_turned[0] = '\0';
	for (unsigned i = 0; i < n_followed; i++) {
		struct followed *f = &list[i];
		if (followed_read(f, out) || f->is_turned || !has_turned(f))
			continue;
		f->is_turned = true;
		snprintf(out_turned, 64, "%s", f->name);
	}
}
