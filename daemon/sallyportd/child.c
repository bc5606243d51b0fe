/* SPDX-License-Identifier: BSD-2-Clause
 *
 * child.c - one daemon as sallyportd sees it: fork, take rights away, run, restart.
 *
 * Between fork() and execveat() the child is still root: it takes its descriptors (0 is /dev/null, 1 the log of all, 2 its
 * own, 3 the channel, nothing else), its folder, then priv_drop(). The program was opened before, because its folder may not
 * be visible to the daemon's user.
 */
#include "daemon/sallyportd/child.h"

#include "daemon/sallyportd/place.h"
#include "lib/base/arena.h"
#include "lib/msg/elem.h"
#include "lib/msg/msg.h"
#include "lib/os/log.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAUSE_FIRST_MS = 100, PAUSE_MAX_MS = 5000, LIVED_MS = 10 * 1000, ENV_MAX = 32 };
enum { FILES_MAX = 1 << 20 }; /* the kernel's own limit of descriptors, unless it was changed */

/* Who runs as whom. The number is for hosts where nobody has made the user: outside the ranges of Debian's and
 * systemd's allocations. */
static const struct {
	const char *program;
	const char *user;
	uid_t id; /* user and group */
	enum sandbox_profile profile;
	int death_signal; /* when sallyportd is killed; netd undoes its work first, on the end of its channel */
} kinds[CHILD_KINDS] = {
	[CHILD_NETD] = { "netd", "_sallyport-netd", 58301, SANDBOX_NETD, 0 },
	[CHILD_MGD] = { "mgd", "_sallyport-mgd", 58302, SANDBOX_MGD, SIGKILL },
	[CHILD_KMD] = { "kmd", "_sallyport-kmd", 58304, SANDBOX_KMD, SIGKILL },
	[CHILD_PKID] = { "pkid", "_sallyport-pkid", 58305, SANDBOX_PKID, SIGKILL },
	[CHILD_PICD] = { "picd", "_sallyport-picd", 58303, SANDBOX_PICD, SIGKILL },
};

const char *
child_program(enum child_kind kind)
{
	return kinds[kind].program;
}

enum child_kind
child_kind_find(const char *program)
{
	unsigned kind = 0;
	while (kind < CHILD_KINDS && (program == NULL || strcmp(kinds[kind].program, program) != 0))
		kind++;
	return (enum child_kind)kind;
}

void
child_user(enum child_kind kind, uid_t *out_uid, gid_t *out_gid)
{
	const struct passwd *pw = getpwnam(kinds[kind].user);
	*out_uid = pw != NULL && pw->pw_uid != 0 ? pw->pw_uid : kinds[kind].id;
	*out_gid = pw != NULL && pw->pw_gid != 0 ? pw->pw_gid : kinds[kind].id;
}

static _Noreturn void
child_fail(const char *what, int error)
{
	log_line(LOG_LEVEL_ERROR, "SUPER_START", "%s: %s", what, strerror(error));
	_exit(127);
}

/* Makes 0 to 3 what the daemon expects. Sources are moved out of the way first. */
static void
child_descriptors(int messages, int log, int channel)
{
	int high_messages = fcntl(messages, F_DUPFD_CLOEXEC, 10);
	int high_log = fcntl(log, F_DUPFD_CLOEXEC, 10);
	int high_channel = fcntl(channel, F_DUPFD_CLOEXEC, 10);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int high_null = fcntl(null, F_DUPFD_CLOEXEC, 10);
	if (dup2(high_null, 0) < 0 || dup2(high_messages, 1) < 0 || dup2(high_log, 2) < 0 ||
	    dup2(high_channel, 3) < 0)
		child_fail("descriptors", errno);
	log_to(STDERR_FILENO);
}

/* The daemons need no environment, except what a developer or test set for them or for a sanitizer. */
static void
child_environment(const struct child *c, char *out[ENV_MAX])
{
	static const char *const kept[] = { "SALLYPORT_", "ASAN_", "UBSAN_", "LSAN_" };
	/* random SAs of 100,000 lie on as many pages: huge ones save a third of finding one (bench/esp_bench) */
	static char huge_pages[] = "GLIBC_TUNABLES=glibc.malloc.hugetlb=1";
	extern char **environ;
	unsigned n = 0;
	if (c->kind == CHILD_PICD)
		out[n++] = huge_pages;
	for (char **e = environ; *e != NULL && n + 1 < ENV_MAX; e++)
		for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
			if (strncmp(*e, kept[i], strlen(kept[i])) == 0 && n + 1 < ENV_MAX)
				out[n++] = *e;
	out[n] = NULL;
}

static _Noreturn void
child_run(const struct child *c, int program, uid_t uid, gid_t gid, pid_t parent)
{
	char *argv[] = { (char *)kinds[c->kind].program, NULL, NULL, NULL };
	char *env[ENV_MAX];
	const char *what = "";
	sigset_t none;
	struct rlimit files;
	if (c->kind == CHILD_PICD) {
		argv[1] = (char *)"-i";
		argv[2] = (char *)c->instance;
	}
	setsid();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	umask(027);
	/* netd and picd hold one descriptor for each unit; where the limit may not be raised, what there is */
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		struct rlimit more = { FILES_MAX, FILES_MAX };
		files.rlim_cur = files.rlim_max;
		if (files.rlim_max >= FILES_MAX || setrlimit(RLIMIT_NOFILE, &more) < 0)
			setrlimit(RLIMIT_NOFILE, &files);
	}
	const char *folder = c->kind == CHILD_MGD    ? c->place->config
			     : c->kind == CHILD_PKID ? c->place->keys
						     : "/";
	if (chdir(folder) < 0)
		child_fail("working folder", errno);
	int rc = priv_drop(uid, gid, sandbox_caps(kinds[c->kind].profile), &what);
	if (rc < 0)
		child_fail(what, -rc);
	/* after the change of user, which clears it */
	prctl(PR_SET_PDEATHSIG, kinds[c->kind].death_signal, 0, 0, 0);
	if (getppid() != parent)
		_exit(127);
	child_environment(c, env);
	close_range(4, ~0U, CLOSE_RANGE_CLOEXEC);
	syscall(SYS_execveat, program, "", argv, env, AT_EMPTY_PATH);
	child_fail("execveat", errno);
}

static void
on_channel_message(struct ipc *ipc, struct ipc_msg *m, void *arg)
{
	struct child *c = arg;
	(void)ipc;
	if (m->type == MSG_READY) {
		c->is_ready = true;
		log_line(LOG_LEVEL_INFO, "SUPER_READY", "%s is ready", c->name);
	}
	c->ops->on_message(c, m, c->arg);
}

static void
on_patience(uv_timer_t *t)
{
	struct child *c = t->data;
	if (c->pid <= 0)
		return;
	log_line(LOG_LEVEL_WARNING, "SUPER_KILL", "%s[%d] does not end: killed", c->name, c->pid);
	kill(c->pid, SIGKILL);
}

/* A daemon without a channel is of no use; usually it is ending already. */
static void
on_channel_closed(struct ipc *ipc, const char *why, void *arg)
{
	struct child *c = arg;
	(void)why;
	ipc_free(ipc);
	c->ipc = NULL;
	if (!c->is_stopping)
		uv_timer_start(&c->timer, on_patience, CHILD_STOP_MS, 0);
}

static const struct ipc_ops channel_ops = {
	.on_message = on_channel_message,
	.on_closed = on_channel_closed,
};

/* Forks the daemon. Returns 0 or -errno. */
static int
child_fork(struct child *c)
{
	int sv[2] = { -1, -1 };
	int log = -1;
	int messages = -1;
	int rc = 0;
	uid_t uid;
	gid_t gid;
	child_user(c->kind, &uid, &gid);
	int program = place_program(c->place, kinds[c->kind].program);
	if (program < 0)
		return program;
	log = place_log(c->place, c->name);
	if (log < 0) {
		rc = log;
		goto out;
	}
	messages = place_log(c->place, "messages");
	if (messages < 0) {
		rc = messages;
		goto out;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) < 0) {
		rc = -errno;
		goto out;
	}
	pid_t parent = getpid();
	pid_t pid = fork();
	if (pid < 0) {
		rc = -errno;
		close(sv[0]);
		goto out;
	}
	if (pid == 0) {
		int high_program = fcntl(program, F_DUPFD_CLOEXEC, 10);
		child_descriptors(messages, log, sv[1]);
		child_run(c, high_program, uid, gid, parent);
	}
	c->pid = pid;
	c->ipc = ipc_new(c->timer.loop, sv[0], &channel_ops, c);
out:
	close(program);
	if (log >= 0)
		close(log);
	if (messages >= 0)
		close(messages);
	if (sv[1] >= 0)
		close(sv[1]);
	return rc;
}

static void on_pause(uv_timer_t *t);

/* Starts the child after a pause that grows with its failures. */
static void
child_pause(struct child *c)
{
	uint64_t ms = PAUSE_FIRST_MS;
	for (unsigned i = 1; i < c->n_quick_ends && ms < PAUSE_MAX_MS; i++)
		ms *= 2;
	uv_timer_start(&c->timer, on_pause, ms < PAUSE_MAX_MS ? ms : PAUSE_MAX_MS, 0);
}

static void
child_start(struct child *c)
{
	c->is_ready = false;
	c->is_stopping = false;
	c->started_ms = uv_now(c->timer.loop);
	int rc = child_fork(c);
	if (rc < 0) {
		log_line(LOG_LEVEL_ERROR, "SUPER_START", "%s: %s", c->name, strerror(-rc));
		c->n_quick_ends++;
		child_pause(c);
		c->ops->on_exit(c, c->arg);
		return;
	}
	log_line(LOG_LEVEL_INFO, "SUPER_START", "%s[%d] started", c->name, c->pid);
	place_pid_write(c->place, c->name, c->pid);
	c->ops->on_start(c, c->arg);
}

static void
on_pause(uv_timer_t *t)
{
	struct child *c = t->data;
	if (c->is_wanted && c->pid == 0)
		child_start(c);
}

struct child *
child_new(uv_loop_t *loop, enum child_kind kind, const char *instance, const struct place *place,
    const struct child_ops *ops, void *arg)
{
	struct child *c = calloc(1, sizeof(*c));
	if (c == NULL)
		abort();
	c->kind = kind;
	c->place = place;
	c->ops = ops;
	c->arg = arg;
	c->is_wanted = true;
	snprintf(c->instance, sizeof(c->instance), "%s", instance);
	snprintf(c->name, sizeof(c->name), "%s%s%s", kinds[kind].program,
	    *instance != '\0' ? "-" : "", instance);
	for (char *s = strchr(c->name, '/'); s != NULL; s = strchr(s, '/'))
		*s = '-';
	uv_timer_init(loop, &c->timer);
	c->timer.data = c;
	uv_timer_start(&c->timer, on_pause, 0, 0);
	return c;
}

static void
on_timer_closed(uv_handle_t *h)
{
	free(h->data);
}

void
child_free(struct child *c)
{
	ipc_free(c->ipc);
	uv_close((uv_handle_t *)&c->timer, on_timer_closed);
}

void
child_stop(struct child *c, bool again)
{
	c->is_wanted = again;
	if (c->pid == 0 || c->is_stopping)
		return;
	c->is_stopping = true;
	if (c->ipc != NULL) {
		struct arena *a = arena_new();
		struct elem *e = elem_new(a, "stop");
		if (again)
			elem_flag(a, e, "again");
		ipc_send(c->ipc, MSG_STOP, 0, e, -1);
		arena_free(a);
	}
	uv_timer_start(&c->timer, on_patience, CHILD_STOP_MS, 0);
}

void
child_kill(struct child *c)
{
	if (c->pid == 0)
		return;
	c->is_stopping = true;
	kill(c->pid, SIGKILL);
}

void
child_reap(struct child *c, int status)
{
	uint64_t lived_ms = uv_now(c->timer.loop) - c->started_ms;
	if (WIFSIGNALED(status))
		log_line(LOG_LEVEL_ERROR, "SUPER_EXIT", "%s[%d] was ended by signal %d (%s)",
		    c->name, c->pid, WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		log_line(c->is_stopping ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR, "SUPER_EXIT",
		    "%s[%d] ended with status %d", c->name, c->pid, WEXITSTATUS(status));
	place_pid_remove(c->place, c->name);
	ipc_free(c->ipc);
	c->ipc = NULL;
	c->pid = 0;
	uv_timer_stop(&c->timer);
	c->n_quick_ends = lived_ms >= LIVED_MS || c->is_stopping ? 0 : c->n_quick_ends + 1;
	if (c->is_wanted)
		child_pause(c);
	c->ops->on_exit(c, c->arg);
}
