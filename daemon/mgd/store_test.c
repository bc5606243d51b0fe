/* SPDX-License-Identifier: BSD-2-Clause
 *
 * store_test.c - a commit stopped or failing at every system call leaves the old or the new file.
 *
 * The linker hands us each system call of the store (--wrap). A child process commits and is ended before its Nth call,
 * for every N; or the Nth call fails, for every N and several errors. Then the folder is repaired and looked at.
 */
#include "daemon/mgd/store.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { EXIT_STOPPED = 99, CALLS_MAX = 400 };

static unsigned calls;   /* so far */
static unsigned stop_at; /* the process ends before this call; 0: never */
static unsigned fail_at; /* this call fails with fail_errno; 0: none */
static int fail_errno;

int __real_openat(int dir, const char *path, int flags, ...);
ssize_t __real_write(int fd, const void *p, size_t n);
int __real_renameat(int a, const char *from, int b, const char *to);
int __real_linkat(int a, const char *from, int b, const char *to, int flags);
int __real_unlinkat(int dir, const char *path, int flags);
int __wrap_openat(int dir, const char *path, int flags, ...);
ssize_t __wrap_write(int fd, const void *p, size_t n);
int __wrap_fsync(int fd);
int __wrap_renameat(int a, const char *from, int b, const char *to);
int __wrap_linkat(int a, const char *from, int b, const char *to, int flags);
int __wrap_unlinkat(int dir, const char *path, int flags);

/* Counts one call; true if it shall fail. */
static bool
fault(void)
{
	calls++;
	if (calls == stop_at)
		_exit(EXIT_STOPPED);
	if (calls != fail_at)
		return false;
	errno = fail_errno;
	return true;
}

int
__wrap_openat(int dir, const char *path, int flags, ...)
{
	va_list ap;
	va_start(ap, flags);
	mode_t mode = (flags & O_CREAT) != 0 ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	return fault() ? -1 : __real_openat(dir, path, flags, mode);
}

/* A disk that fills up takes a part first. */
ssize_t
__wrap_write(int fd, const void *p, size_t n)
{
	if (fault())
		return -1;
	return __real_write(fd, p, n > 7 && (stop_at != 0 || fail_at != 0) ? n / 2 : n);
}

/* Whether the disk has it cannot be seen from here; that it is asked is what counts. */
int
__wrap_fsync(int fd)
{
	(void)fd;
	return fault() ? -1 : 0;
}

int
__wrap_renameat(int a, const char *from, int b, const char *to)
{
	return fault() ? -1 : __real_renameat(a, from, b, to);
}

int
__wrap_linkat(int a, const char *from, int b, const char *to, int flags)
{
	return fault() ? -1 : __real_linkat(a, from, b, to, flags);
}

int
__wrap_unlinkat(int dir, const char *path, int flags)
{
	return fault() ? -1 : __real_unlinkat(dir, path, flags);
}

/* --- helpers --- */

static char folder[] = "/dev/shm/store_test.XXXXXX";
static int dir = -1;

static void
faults_none(void)
{
	calls = stop_at = fail_at = 0;
}

static void
empty(void)
{
	char command[128];
	snprintf(command, sizeof(command), "rm -rf %s/*", folder);
	assert_int_equal(system(command), 0);
}

static int
commit(uint32_t number)
{
	char text[64];
	snprintf(text, sizeof(text), "system {\n    host-name g%u;\n}\n", number);
	struct store_meta m = {
		.commit = number, .when = 1227175200 + number, .user = "alice", .client = "cli"
	};
	snprintf(m.comment, sizeof(m.comment), "number %u", number);
	return store_commit(dir, &m, text, strlen(text));
}

/* Packs all that can be packed; the first error. */
static int
pack(void)
{
	struct store_pack *p;
	int rc = 0;
	while (rc == 0 && (p = store_pack_new(dir)) != NULL) {
		while ((rc = store_pack_step(p)) == 1)
			;
		store_pack_free(p);
	}
	return rc;
}

/* Checks that configuration N is whole and is that of commit NUMBER. */
static void
is_commit(unsigned n, uint32_t number)
{
	struct store_meta m;
	struct text t = { 0 };
	char want[64];
	snprintf(want, sizeof(want), "system {\n    host-name g%u;\n}\n", number);
	assert_int_equal(store_read(dir, n, &m, &t), 0);
	assert_string_equal(text_str(&t), want);
	assert_int_equal(m.commit, number);
	assert_int_equal(m.when, 1227175200 + number);
	assert_string_equal(m.user, "alice");
	text_done(&t);
}

/* The rollbacks are those before LAST in order, without a gap; returns how many there are. */
static unsigned
rollbacks_check(uint32_t last)
{
	unsigned n = 1;
	struct store_meta m;
	while (n <= STORE_ROLLBACK_MAX && store_read_meta(dir, n, &m) == 0) {
		assert_int_equal(m.commit, last - n);
		n++;
	}
	return n - 1;
}

static uint32_t
in_force(void)
{
	struct store_meta m;
	assert_int_equal(store_read_meta(dir, 0, &m), 0);
	is_commit(0, m.commit);
	return m.commit;
}

/* --- tests --- */

static void
configurations_are_kept_in_order(void **state)
{
	(void)state;
	faults_none();
	empty();
	for (uint32_t i = 1; i <= STORE_ROLLBACK_MAX + 5; i++)
		assert_int_equal(commit(i), 0);
	assert_int_equal(in_force(), STORE_ROLLBACK_MAX + 5);
	assert_int_equal(rollbacks_check(STORE_ROLLBACK_MAX + 5), STORE_ROLLBACK_MAX);
	struct store_meta m;
	assert_int_equal(store_read_meta(dir, STORE_ROLLBACK_MAX + 1, &m), -ENOENT);
	assert_string_equal((store_read_meta(dir, 0, &m), m.comment), "number 54");
}

/* Fills the folder with N commits. */
static void
prepare(uint32_t n)
{
	faults_none();
	empty();
	for (uint32_t i = 1; i <= n; i++)
		assert_int_equal(commit(i), 0);
}

static bool
is_file(const char *name)
{
	return faccessat(dir, name, F_OK, 0) == 0;
}

/* The folder has rollback N in one form and not in the other. */
static void
form_check(unsigned n, bool is_packed)
{
	char name[64];
	snprintf(name, sizeof(name), "juniper.conf.%u.gz", n);
	assert_int_equal(is_file(name), is_packed);
	snprintf(name, sizeof(name), "juniper.conf.%u", n);
	assert_int_equal(is_file(name), !is_packed);
}

static void
rollbacks_are_packed_and_plain_ones_still_read(void **state)
{
	(void)state;
	prepare(6);
	assert_int_equal(pack(), 0);
	for (unsigned n = 1; n <= 5; n++)
		form_check(n, true);
	assert_int_equal(commit(7), 0);
	assert_int_equal(commit(8), 0);
	form_check(1, false);
	form_check(2, false);
	form_check(3, true);
	assert_int_equal(in_force(), 8);
	assert_int_equal(rollbacks_check(8), 7);
	for (unsigned n = 1; n <= 7; n++)
		is_commit(n, 8 - n);
	/* the tool that everybody has reads them */
	char command[128];
	snprintf(command, sizeof(command), "zcat %s/juniper.conf.7.gz | grep -q 'host-name g1;'",
	    folder);
	assert_int_equal(system(command), 0);
}

static void
a_damaged_rollback_is_refused(void **state)
{
	(void)state;
	struct store_meta m;
	struct text t = { 0 };
	prepare(2);
	assert_int_equal(pack(), 0);
	int fd = openat(dir, "juniper.conf.1.gz", O_RDWR);
	char c;
	assert_int_equal(pread(fd, &c, 1, 60), 1);
	c ^= 0x55;
	assert_int_equal(pwrite(fd, &c, 1, 60), 1);
	assert_int_equal(store_read(dir, 1, &m, &t), -EIO);
	assert_int_equal(ftruncate(fd, 40), 0);
	assert_int_equal(store_read(dir, 1, &m, &t), -EIO);
	close(fd);
	text_done(&t);
}

static void
rescue_is_kept_apart(void **state)
{
	(void)state;
	struct store_meta m = { .commit = 3, .when = 1227175200, .user = "bob", .client = "cli" };
	struct text t = { 0 };
	static const char text[] = "system {\n    host-name saved;\n}\n";
	prepare(3);
	assert_int_equal(store_read(dir, STORE_RESCUE, &m, &t), -ENOENT);
	assert_int_equal(store_rescue_delete(dir), -ENOENT);
	assert_int_equal(store_rescue_save(dir, &m, text, strlen(text)), 0);
	assert_int_equal(commit(4), 0);
	m = (struct store_meta){ 0 };
	assert_int_equal(store_read(dir, STORE_RESCUE, &m, &t), 0);
	assert_string_equal(text_str(&t), text);
	assert_string_equal(m.user, "bob");
	/* a failing save keeps the old one */
	for (unsigned at = 1; at <= 4; at++) {
		calls = 0;
		fail_at = at;
		fail_errno = ENOSPC;
		assert_int_equal(store_rescue_save(dir, &m, "x", 1), -ENOSPC);
		faults_none();
		text_reset(&t);
		assert_int_equal(store_read(dir, STORE_RESCUE, &m, &t), 0);
		assert_string_equal(text_str(&t), text);
	}
	assert_int_equal(store_rescue_delete(dir), 0);
	assert_int_equal(store_read_meta(dir, STORE_RESCUE, &m), -ENOENT);
	text_done(&t);
}

static void
header_is_not_part_of_the_text(void **state)
{
	(void)state;
	char date[32];
	faults_none();
	empty();
	assert_int_equal(commit(1), 0);
	is_commit(0, 1);
	assert_string_equal(store_date(1227175200, date), "2008-11-20 10:00:00 UTC");
	char buf[256] = "";
	int fd = openat(dir, "juniper.conf", O_RDONLY);
	assert_true(read(fd, buf, sizeof(buf) - 1) > 0);
	close(fd);
	assert_non_null(strstr(buf, "## Last commit: 2008-11-20 10:00:01 UTC by alice via cli\n"));
}

static void
stopped_anywhere_leaves_old_or_new(void **state)
{
	(void)state;
	static const uint32_t histories[] = { 1, 2, 5, STORE_ROLLBACK_MAX + 3 };
	for (size_t h = 0; h < 4; h++) {
		uint32_t old = histories[h];
		unsigned n_old = 0;
		unsigned n_new = 0;
		for (unsigned at = 1; at < CALLS_MAX; at++) {
			prepare(old);
			/* rollbacks of both forms */
			if (old == 5)
				assert_int_equal(pack(), 0);
			pid_t child = fork();
			if (child == 0) {
				stop_at = at;
				calls = 0;
				_exit(commit(old + 1) == 0 && pack() == 0 ? 0 : 1);
			}
			int status;
			waitpid(child, &status, 0);
			assert_true(WIFEXITED(status));
			assert_int_equal(store_repair(dir), 0);
			uint32_t now = in_force();
			assert_true(now == old || now == old + 1);
			n_old += now == old;
			n_new += now == old + 1;
			/* at most the oldest rollback is lost */
			unsigned kept = rollbacks_check(now);
			unsigned had = now - 1 < STORE_ROLLBACK_MAX ? now - 1 : STORE_ROLLBACK_MAX;
			assert_true(kept == had || (had == STORE_ROLLBACK_MAX && kept == had - 1));
			assert_int_equal(commit(now + 1), 0);
			assert_int_equal(in_force(), now + 1);
			if (WEXITSTATUS(status) == 0)
				break;
			assert_int_equal(WEXITSTATUS(status), EXIT_STOPPED);
		}
		assert_true(n_old > 3 && n_new >= 2);
	}
}

static void
failing_anywhere_is_told_and_leaves_the_old(void **state)
{
	(void)state;
	static const int errors[] = { ENOSPC, EIO, EROFS };
	for (size_t e = 0; e < 3; e++) {
		bool ended = false;
		for (unsigned at = 1; at < CALLS_MAX && !ended; at++) {
			prepare(4);
			fail_at = at;
			fail_errno = errors[e];
			calls = 0;
			int rc = commit(5);
			ended = calls < at;
			faults_none();
			assert_int_equal(store_repair(dir), 0);
			/* after the rename a failing sync of the folder is no failure */
			assert_int_equal(in_force(), rc == 0 ? 5 : 4);
			if (rc != 0)
				assert_int_equal(rc, -errors[e]);
			assert_int_equal(rollbacks_check(in_force()), rc == 0 ? 4 : 3);
		}
		assert_true(ended);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(configurations_are_kept_in_order),
		cmocka_unit_test(header_is_not_part_of_the_text),
		cmocka_unit_test(rollbacks_are_packed_and_plain_ones_still_read),
		cmocka_unit_test(a_damaged_rollback_is_refused),
		cmocka_unit_test(rescue_is_kept_apart),
		cmocka_unit_test(stopped_anywhere_leaves_old_or_new),
		cmocka_unit_test(failing_anywhere_is_told_and_leaves_the_old),
	};
	if (mkdtemp(folder) == NULL || (dir = open(folder, O_RDONLY | O_DIRECTORY)) < 0)
		return 1;
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	faults_none();
	empty();
	rmdir(folder);
	return failed;
}
