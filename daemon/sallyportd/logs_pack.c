/* SPDX-License-Identifier: BSD-2-Clause
 *
 * logs_pack.c - packs logs that have been put aside: NAME.0 becomes NAME.0.gz.
 *
 * One at a time, in a process of its own, since packing takes a while and what is packed was said by strangers: it holds the
 * two files and no right. What it made appears under its name when it is whole. Called by logs.c and main.c.
 */
#include "daemon/sallyportd/logs.h"

#include "daemon/sallyportd/child.h"
#include "daemon/sallyportd/place.h"
#include "lib/os/log.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

enum { PATIENCE_S = 120, FAILED_S = 300, PIECE = 64 << 10 };

/* The one that is being packed; pid 0: none. */
static struct {
	pid_t pid;
	char name[LOGS_NAME_MAX];
	unsigned number;
	time_t failed; /* when that last went wrong: a full disk is not asked again and again */
} job;

static void
paths(const struct place *p, const char *name, unsigned number, char from[LOGS_PATH_MAX],
    char new[LOGS_PATH_MAX])
{
	snprintf(from, LOGS_PATH_MAX, "%s/%s.%u", p->log, name, number);
	snprintf(new, LOGS_PATH_MAX, "%s/.%s.packing", p->log, name);
}

/* The process that packs: descriptors 0 and 1 are its files, and there is no other. */
static _Noreturn void
pack_run(int from, int to, uid_t uid, gid_t gid)
{
	static unsigned char buf[PIECE];
	const char *what;
	ssize_t n;
	if (dup2(from, 0) < 0 || dup2(to, 1) < 0)
		_exit(1);
	close_range(2, ~0U, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	alarm(PATIENCE_S);
	if (priv_drop(uid, gid, 0, &what) < 0)
		_exit(1);
	gzFile gz = gzdopen(1, "wb6");
	while (gz != NULL && (n = read(0, buf, sizeof(buf))) > 0)
		if (gzwrite(gz, buf, (unsigned)n) != (int)n)
			_exit(1);
	_exit(gz == NULL || n < 0 || gzclose(gz) != Z_OK);
}

bool
logs_is_packing(const char *name)
{
	return job.pid != 0 && strcmp(job.name, name) == 0;
}

bool
logs_pack(const struct place *p, const char *name, const struct logs_rule *rule)
{
	char from_path[LOGS_PATH_MAX];
	char to_path[LOGS_PATH_MAX];
	uid_t uid;
	gid_t gid;
	int from = -1;
	if (job.pid != 0 || (job.failed != 0 && time(NULL) - job.failed < FAILED_S))
		return false;
	for (unsigned i = 0; i < rule->n_files && from < 0; i++) {
		paths(p, name, i, from_path, to_path);
		from = open(from_path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		job.number = i;
	}
	if (from < 0)
		return false;
	unlink(to_path);
	int to = open(to_path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
	child_user(CHILD_PICD, &uid, &gid);
	pid_t pid = to >= 0 && fchmod(to, rule->is_world_readable ? 0644 : 0640) == 0 ? fork() : -1;
	if (pid == 0)
		pack_run(from, to, uid, gid);
	if (pid > 0) {
		job.pid = pid;
		snprintf(job.name, sizeof(job.name), "%s", name);
	}
	close(from);
	if (to >= 0)
		close(to);
	job.failed = pid > 0 ? 0 : time(NULL);
	return pid > 0;
}

bool
logs_reap(const struct place *p, pid_t pid, int status)
{
	char from[LOGS_PATH_MAX];
	char new[LOGS_PATH_MAX];
	char to[LOGS_PATH_MAX + 4];
	if (pid != job.pid)
		return false;
	job.pid = 0;
	paths(p, job.name, job.number, from, new);
	snprintf(to, sizeof(to), "%s.gz", from);
	bool is_packed = WIFEXITED(status) && WEXITSTATUS(status) == 0;
	if (is_packed && rename(new, to) == 0) {
		unlink(from);
	} else {
		log_line(LOG_LEVEL_ERROR, "SUPER_LOG", "%s could not be packed", from);
		job.failed = time(NULL);
		unlink(new);
	}
	return true;
}
