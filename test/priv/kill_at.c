/* SPDX-License-Identifier: BSD-2-Clause
 *
 * kill_at.c - ends a process right before its Nth system call from now on, or writes down what it does with files.
 *
 * usage: kill_at PID N [OTHER_PID...]
 *
 * Says "ready" when it is attached. At the Nth call PID and all the others get SIGKILL at once, before the call is carried
 * out: "killed before CALL" and exit status 0. N = 0 kills nobody: each call of the table below is a line, with paths and
 * results, until SIGTERM or the end of PID. One thread of PID is watched, so PID should have no other.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/ptrace.h>

enum { OTHERS_MAX = 64 };

struct call {
	uint64_t number;
	const char *name;
	unsigned paths; /* bit I: argument I is a path */
	unsigned fds;   /* bit I: argument I is a descriptor */
};

static const struct call calls[] = {
	{ SYS_openat, "openat", 1U << 1, 0 },
	{ SYS_write, "write", 0, 1U << 0 },
	{ SYS_fsync, "fsync", 0, 1U << 0 },
	{ SYS_renameat, "renameat", 1U << 1 | 1U << 3, 0 },
	{ SYS_linkat, "linkat", 1U << 1 | 1U << 3, 0 },
	{ SYS_unlinkat, "unlinkat", 1U << 1, 0 },
	{ SYS_close, "close", 0, 1U << 0 },
	{ SYS_sendmsg, "sendmsg", 0, 0 },
};

static const struct call *
call_find(uint64_t number)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (calls[i].number == number)
			return &calls[i];
	return NULL;
}

static void
path_print(pid_t pid, uint64_t at)
{
	char buf[256] = "";
	struct iovec local = { .iov_base = buf, .iov_len = sizeof(buf) - 1 };
	struct iovec remote = { .iov_base = (void *)(uintptr_t)at, .iov_len = sizeof(buf) - 1 };
	/* the string may stand at the end of what is mapped */
	while (process_vm_readv(pid, &local, 1, &remote, 1, 0) < 0 && local.iov_len > 1) {
		local.iov_len /= 2;
		remote.iov_len = local.iov_len;
	}
	printf(" %s", buf);
}

static void
entry_print(pid_t pid, const struct call *c, const struct ptrace_syscall_info *i)
{
	printf("%s", c->name);
	for (unsigned k = 0; k < 6; k++) {
		if ((c->paths >> k & 1) != 0)
			path_print(pid, i->entry.args[k]);
		if ((c->fds >> k & 1) != 0)
			printf(" %llu", (unsigned long long)i->entry.args[k]);
	}
}

static void
fatal(const char *what)
{
	perror(what);
	exit(2);
}

static void
kill_all(int argc, char **argv)
{
	kill((pid_t)atoi(argv[1]), SIGKILL);
	for (int i = 3; i < argc; i++)
		kill((pid_t)atoi(argv[i]), SIGKILL);
}

/* Lets PID run to its next stop; false if it is gone. SIG is delivered. */
static bool
next_stop(pid_t pid, int sig, int *status)
{
	if (ptrace(PTRACE_SYSCALL, pid, NULL, (void *)(uintptr_t)(unsigned)sig) < 0)
		return false;
	return waitpid(pid, status, __WALL) == pid && WIFSTOPPED(*status);
}

static void
watch(pid_t pid, unsigned long n, int argc, char **argv)
{
	const struct call *last = NULL;
	unsigned long count = 0;
	int sig = 0;
	int status;
	while (next_stop(pid, sig, &status)) {
		struct ptrace_syscall_info i = { 0 };
		sig = 0;
		if (WSTOPSIG(status) != (SIGTRAP | 0x80)) {
			sig = status >> 16 == 0 ? WSTOPSIG(status) : 0;
			continue;
		}
		if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(i), &i) < 0)
			return;
		if (i.op == PTRACE_SYSCALL_INFO_ENTRY) {
			last = call_find(i.entry.nr);
			count++;
			if (count == n) {
				sigset_t end;
				sigemptyset(&end);
				sigaddset(&end, SIGTERM);
				/* who kills also says so, even if we are told to go in this moment */
				sigprocmask(SIG_BLOCK, &end, NULL);
				kill_all(argc, argv);
				printf("killed before %s\n",
				    last != NULL ? last->name : "another call");
				exit(0);
			}
			if (n == 0 && last != NULL)
				entry_print(pid, last, &i);
		} else if (n == 0 && last != NULL) {
			printf(" = %" PRId64 "\n", (int64_t)i.exit.rval);
			fflush(stdout);
			last = NULL;
		}
	}
}

int
main(int argc, char **argv)
{
	if (argc < 3 || argc > OTHERS_MAX)
		return 2;
	pid_t pid = (pid_t)atoi(argv[1]);
	unsigned long n = strtoul(argv[2], NULL, 10);
	int status;
	if (ptrace(PTRACE_SEIZE, pid, NULL, (void *)(uintptr_t)PTRACE_O_TRACESYSGOOD) < 0)
		fatal("ptrace");
	if (ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) < 0 || waitpid(pid, &status, __WALL) != pid)
		fatal("interrupt");
	puts("ready");
	fflush(stdout);
	watch(pid, n, argc, argv);
	return 1;
}
