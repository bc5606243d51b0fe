/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sandbox.c - what a daemon may still do once it reads its first message.
 *
 * Three walls that do not depend on each other: the user and capabilities that sallyportd gave (verified here, never
 * trusted), Landlock for files, and a seccomp list of system calls with SCMP_ACT_KILL_PROCESS for everything else. The
 * lists below are grouped by reason; a call that no reason names is not allowed. Called once by daemon_ready().
 */
#include "lib/os/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/landlock.h>
#include <netinet/in.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/capability.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CAP_BIT(c) (UINT64_C(1) << (c))

#ifdef __has_feature /* clang says it so, gcc by a macro */
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
enum { HAS_SANITIZER = 1 };
#else
enum { HAS_SANITIZER = 0 };
#endif

/* A capability that can be done without, if this process could have it at all. */
static uint64_t
if_there(cap_value_t c)
{
	return cap_get_bound(c) == CAP_SET ? CAP_BIT(c) : 0;
}

uint64_t
sandbox_caps(enum sandbox_profile profile)
{
	/* netd: network configuration and TUN devices; raw sockets; ports below 1024 (IKE). For AF_XDP: the program on a
	 * device, memory for frames that is locked; without these rights it goes without. */
	if (profile == SANDBOX_NETD)
		return CAP_BIT(CAP_NET_ADMIN) | CAP_BIT(CAP_NET_RAW) |
		       CAP_BIT(CAP_NET_BIND_SERVICE) | if_there(CAP_BPF) | if_there(CAP_IPC_LOCK);
	return 0;
}

/* --- who we are --- */

static int
caps_verify(uint64_t want)
{
	static const cap_flag_t flags[] = { CAP_PERMITTED, CAP_EFFECTIVE };
	cap_t state = cap_get_proc();
	int rc = 0;
	if (state == NULL)
		return -errno;
	for (cap_value_t c = 0; c < cap_max_bits(); c++) {
		cap_flag_value_t wanted = (want & CAP_BIT(c)) != 0 ? CAP_SET : CAP_CLEAR;
		for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
			cap_flag_value_t v = CAP_SET;
			if (cap_get_flag(state, c, flags[i], &v) < 0 || v != wanted)
				rc = -EPERM;
		}
		if (cap_get_bound(c) != (wanted == CAP_SET))
			rc = -EPERM;
	}
	/* nothing we could pass on by running another program */
	if (rc == 0 && (cap_clear_flag(state, CAP_INHERITABLE) < 0 || cap_set_proc(state) < 0 ||
			   cap_reset_ambient() < 0))
		rc = -errno;
	cap_free(state);
	return rc;
}

static bool
user_verify(void)
{
	uid_t r, e, s;
	gid_t rg, eg, sg;
	if (getresuid(&r, &e, &s) < 0 || getresgid(&rg, &eg, &sg) < 0)
		return false;
	return r != 0 && r == e && e == s && rg != 0 && rg == eg && eg == sg &&
	       getgroups(0, NULL) == 0;
}

/* --- files: Landlock --- */

enum {
	FILES_READ = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
	FILES_ALL = FILES_READ | LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |
		    LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
		    LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |
		    LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |
		    LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
		    LANDLOCK_ACCESS_FS_MAKE_SYM,
	FILES_KEEP = FILES_READ | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE |
		     LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
		     LANDLOCK_ACCESS_FS_MAKE_DIR,
};

struct file_rule {
	const char *path;
	uint64_t access;
};

/* NULL ends a list. What does not exist is not allowed, which is no error. */
static const struct file_rule netd_files[] = {
	{ "/proc/sys/net",
	    LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE }, /* sysctls */
	{ NULL, 0 },
};
static const struct file_rule mgd_files[] = {
	{ ".", FILES_KEEP }, /* the committed configurations */
	/* Who is at the command line, and the time zone. A rule is about the file that has the name now, and useradd puts another in
	 * its place: so the folder, of which mgd's own user reads what everybody may. */
	{ "/etc", LANDLOCK_ACCESS_FS_READ_FILE },
	{ NULL, 0 },
};
static const struct file_rule pkid_files[] = {
	{ ".", FILES_KEEP }, /* keys and certificates */
	{ NULL, 0 },
};
static const struct file_rule no_files[] = {
	{ NULL, 0 },
};
static const struct file_rule *const files[] = {
	[SANDBOX_NETD] = netd_files,
	[SANDBOX_MGD] = mgd_files,
	[SANDBOX_KMD] = no_files,
	[SANDBOX_PKID] = pkid_files,
	[SANDBOX_PICD] = no_files,
};

static int
file_rule_add(int ruleset, const struct file_rule *f)
{
	int fd = open(f->path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	struct landlock_path_beneath_attr a = { .allowed_access = f->access, .parent_fd = fd };
	int rc = (int)syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &a, 0);
	rc = rc < 0 ? -errno : 0;
	close(fd);
	return rc;
}

/* A kernel without Landlock leaves the other two walls; that is no reason not to run. Unlike the seccomp filter this holds
 * for the calling thread only: a daemon with threads keeps them from files by not allowing openat. */
static int
files_limit(enum sandbox_profile profile)
{
	struct landlock_ruleset_attr attr = { .handled_access_fs = FILES_ALL };
	int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	if (ruleset < 0)
		return errno == ENOSYS || errno == EOPNOTSUPP ? 0 : -errno;
	int rc = 0;
	for (const struct file_rule *f = files[profile]; f->path != NULL && rc == 0; f++)
		rc = file_rule_add(ruleset, f);
	/* the leak check reads /proc/self/task and maps */
	static const struct file_rule proc = { "/proc", FILES_READ };
	if (rc == 0 && HAS_SANITIZER)
		rc = file_rule_add(ruleset, &proc);
	if (rc == 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		rc = -errno;
	close(ruleset);
	return rc;
}

/* --- system calls: seccomp --- */

#define N(name) SCMP_SYS(name)
#define END INT32_MIN

/* Memory, time, signals to ourselves, ending. Executable memory is cut out of mmap and mprotect below. qsort() of a large
 * array asks sysinfo how much memory there is. */
static const int base_calls[] = { N(brk), N(munmap), N(mremap), N(madvise), N(futex), N(rseq),
	N(set_robust_list), N(membarrier), N(sched_yield), N(sched_getaffinity), N(getcpu),
	N(sysinfo), N(clock_gettime), N(clock_getres), N(clock_nanosleep), N(nanosleep),
	N(gettimeofday), N(time), N(getrandom), N(getrusage), N(getpid), N(gettid), N(tgkill),
	N(rt_sigaction), N(rt_sigprocmask), N(rt_sigreturn), N(sigaltstack), N(restart_syscall),
	N(exit), N(exit_group), END };

/* Descriptors that we have: read, write, pass on, wait for (libuv: epoll, eventfd). No open, no socket. */
static const int fd_calls[] = { N(read), N(write), N(readv), N(writev), N(recvfrom), N(sendto),
	N(recvmsg), N(sendmsg), N(recvmmsg), N(sendmmsg), N(shutdown), N(close), N(fcntl), N(dup),
	N(dup2), N(dup3), N(lseek), N(fstat), N(epoll_ctl), N(epoll_wait), N(epoll_pwait),
	N(epoll_create1), N(poll), N(ppoll), N(eventfd2), N(pipe2), N(getsockopt), N(getsockname),
	N(getpeername), END };

/* Looking at an open file by fstatat("", AT_EMPTY_PATH), which is how the C library spells fstat. */
static const int stat_calls[] = { N(newfstatat), N(statx), END };

/* netd: sockets (families limited below), TUN ioctls, sysctl files; libnftables waits with pselect. */
static const int netd_calls[] = { N(bind), N(connect), N(setsockopt), N(ioctl), N(openat),
	N(pselect6), N(uname), N(memfd_create), N(ftruncate), END };

/* mgd: the committed configurations (Landlock keeps it below its folder), the command line's clients, handing a sealed
 * configuration to the daemons. geteuid and the like: the C library's user lookups. */
static const int mgd_calls[] = { N(openat), N(rename), N(renameat), N(renameat2), N(unlink),
	N(unlinkat), N(link), N(linkat), N(mkdir), N(mkdirat), N(rmdir), N(getdents64), N(fsync),
	N(fdatasync), N(ftruncate), N(fallocate), N(fchmod), N(flock), N(pread64), N(pwrite64),
	N(access), N(faccessat), N(faccessat2), N(stat), N(lstat), N(statfs), N(fstatfs),
	N(readlink), N(readlinkat), N(umask), N(getcwd), N(accept4), N(memfd_create), N(getuid),
	N(geteuid), N(getgid), N(getegid), N(uname), END };

/* picd: packets only; what it may say about its sockets is below. */
static const int picd_calls[] = { END };

/* pkid: its folder (Landlock keeps it there). The thread that makes keys reads nothing of anybody's. */
static const int pkid_calls[] = { N(openat), N(rename), N(renameat), N(renameat2), N(unlink),
	N(unlinkat), N(getdents64), N(fsync), N(ftruncate), N(pread64), N(uname), END };

/* kmd: the datagrams of its peers, on sockets that netd has set up. */
static const int kmd_calls[] = { END };

/* What AddressSanitizer and its leak check at exit do; only in such builds. */
static const int sanitizer_calls[] = { N(clone), N(clone3), N(ptrace), N(wait4), N(prctl),
	N(openat), N(readlink), N(readlinkat), N(open), N(access), N(getdents64), N(getdents),
	N(getuid), N(geteuid), N(getgid), N(getegid), N(sysinfo), N(uname), N(prlimit64), N(mmap),
	N(mprotect), N(kill), N(getppid), N(ioctl), N(pread64), N(sched_getparam),
	N(sched_getscheduler), N(process_vm_readv), N(arch_prctl), N(set_tid_address), N(stat),
	N(lstat), N(getrlimit), END };

static const int *const profile_calls[] = {
	[SANDBOX_NETD] = netd_calls,
	[SANDBOX_MGD] = mgd_calls,
	[SANDBOX_KMD] = kmd_calls,
	[SANDBOX_PKID] = pkid_calls,
	[SANDBOX_PICD] = picd_calls,
};

static int
calls_allow(scmp_filter_ctx f, const int *calls)
{
	int rc = 0;
	for (; *calls != END && rc == 0; calls++) {
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, *calls, 0);
		/* a call that this machine does not have needs no rule */
		if (rc == -EDOM)
			rc = 0;
	}
	return rc;
}

/* Memory that can be run is refused; libraries are loaded before the sandbox. */
static int
memory_allow(scmp_filter_ctx f)
{
	int rc = seccomp_rule_add(
	    f, SCMP_ACT_ALLOW, N(mmap), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (rc == 0)
		rc = seccomp_rule_add(
		    f, SCMP_ACT_ALLOW, N(mprotect), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	return rc;
}

/* netd opens netlink, raw, AF_XDP and probe sockets, and none of any other kind. The C library's user lookups of mgd try a Unix
 * socket to a name cache: that is refused without killing. */
static int
sockets_allow(scmp_filter_ctx f, enum sandbox_profile profile)
{
	static const int families[] = { AF_NETLINK, AF_INET, AF_INET6, AF_XDP };
	int rc = 0;
	for (size_t i = 0; i < 4 && rc == 0 && profile == SANDBOX_NETD; i++)
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, N(socket), 1,
		    SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i]));
	if (profile == SANDBOX_MGD)
		rc = seccomp_rule_add(f, SCMP_ACT_ERRNO(EACCES), N(socket), 0);
	return rc;
}

/* netd: making what it puts on a device, not looking at what others have made. */
static int
bpf_allow(scmp_filter_ctx f, enum sandbox_profile profile)
{
	static const int commands[] = { BPF_MAP_CREATE, BPF_MAP_UPDATE_ELEM, BPF_MAP_DELETE_ELEM,
		BPF_PROG_LOAD, BPF_LINK_CREATE };
	int rc = 0;
	for (size_t i = 0; i < 5 && rc == 0 && profile == SANDBOX_NETD; i++)
		rc = seccomp_rule_add(
		    f, SCMP_ACT_ALLOW, N(bpf), 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)commands[i]));
	return rc;
}

/* picd chooses what the kernel writes into outer headers, and has reports queued. It must not be able to change who else of a group
 * gets what arrives (SO_ATTACH_REUSEPORT_CBPF), nor the mark by which our own filters let pass what it sends. */
static int
options_allow(scmp_filter_ctx f, enum sandbox_profile profile)
{
	static const struct {
		int level;
		int name;
	} options[] = {
		{ IPPROTO_IP, IP_RECVERR },
		{ IPPROTO_IP, IP_MTU_DISCOVER },
		{ IPPROTO_IP, IP_TOS },
		{ IPPROTO_IP, IP_TTL },
		{ IPPROTO_IPV6, IPV6_RECVERR },
		{ IPPROTO_IPV6, IPV6_MTU_DISCOVER },
		{ IPPROTO_IPV6, IPV6_TCLASS },
		{ IPPROTO_IPV6, IPV6_UNICAST_HOPS },
	};
	int rc = 0;
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]) && rc == 0; i++)
		if (profile == SANDBOX_PICD)
			rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, N(setsockopt), 2,
			    SCMP_A1(SCMP_CMP_MASKED_EQ, UINT32_MAX, (scmp_datum_t)options[i].level),
			    SCMP_A2(SCMP_CMP_MASKED_EQ, UINT32_MAX, (scmp_datum_t)options[i].name));
	return rc;
}

/* libuv makes a descriptor non-blocking with this when it starts to watch it; no other control. */
static int
watch_allow(scmp_filter_ctx f)
{
	return seccomp_rule_add(f, SCMP_ACT_ALLOW, N(ioctl), 1,
	    SCMP_A1(SCMP_CMP_MASKED_EQ, UINT32_MAX, (scmp_datum_t)FIONBIO));
}

static int
calls_limit(enum sandbox_profile profile)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_KILL_PROCESS);
	if (f == NULL)
		return -ENOMEM;
	int rc = seccomp_attr_set(f, SCMP_FLTATR_CTL_TSYNC, 1);
	if (rc == 0)
		rc = calls_allow(f, base_calls);
	if (rc == 0)
		rc = calls_allow(f, fd_calls);
	if (rc == 0)
		rc = calls_allow(f, stat_calls);
	if (rc == 0)
		rc = calls_allow(f, profile_calls[profile]);
	if (rc == 0)
		rc = memory_allow(f);
	if (rc == 0)
		rc = watch_allow(f);
	if (rc == 0)
		rc = sockets_allow(f, profile);
	if (rc == 0)
		rc = bpf_allow(f, profile);
	if (rc == 0)
		rc = options_allow(f, profile);
	if (rc == 0 && HAS_SANITIZER)
		rc = calls_allow(f, sanitizer_calls);
	if (rc == 0)
		rc = seccomp_load(f);
	seccomp_release(f);
	return rc;
}

int
sandbox_enter(enum sandbox_profile profile, const char **out_what)
{
	struct rlimit no_core = { 0 };
	*out_what = "this must not run as root, nor with other groups";
	if (!user_verify())
		return -EPERM;
	*out_what = "capabilities are not what they should be";
	int rc = caps_verify(sandbox_caps(profile));
	if (rc < 0)
		return rc;
	*out_what = "no_new_privs and core dumps";
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || setrlimit(RLIMIT_CORE, &no_core) < 0)
		return -errno;
	/* the leak check of a sanitizer build traces its own process */
	if (!HAS_SANITIZER && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return -errno;
	*out_what = "file access (Landlock)";
	rc = files_limit(profile);
	if (rc < 0)
		return rc;
	*out_what = "system calls (seccomp)";
	return calls_limit(profile);
}
