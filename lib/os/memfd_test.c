/* SPDX-License-Identifier: BSD-2-Clause
 *
 * memfd_test.c - a configuration survives its anonymous file, and only a sealed one is believed.
 */
#include "lib/base/arena.h"
#include "lib/msg/elem.h"
#include "lib/os/ipc.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

static void
test_round_trip(void **state)
{
	(void)state;
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, "configuration");
	elem_leaf(a, elem_add(a, e, "system"), "host-name", "gw1");
	int fd = memfd_from_elem(e);
	assert_true(fd >= 0);
	struct elem *back = memfd_to_elem(fd, a);
	assert_non_null(back);
	assert_string_equal(elem_value(elem_find(back, "system"), "host-name"), "gw1");
	/* sealed: neither written nor cut */
	assert_int_equal(pwrite(fd, "x", 1, 0), -1);
	assert_int_equal(ftruncate(fd, 0), -1);
	close(fd);
	arena_free(a);
}

/* Makes a file with the bytes of one empty leaf and the given seals. */
static int
file_make(int seals, const char *tail)
{
	static const char leaf[] = "\x03\x01x";
	int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	assert_int_equal(write(fd, leaf, 3), 3);
	assert_int_equal(write(fd, tail, strlen(tail)), strlen(tail));
	assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

static void
test_refused(void **state)
{
	enum { ALL = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };
	static const struct {
		int seals;
		const char *tail;
		bool is_good;
	} cases[] = {
		{ ALL, "", true }, { 0, "", false }, { ALL & ~F_SEAL_WRITE, "", false },
		{ ALL & ~F_SEAL_SHRINK, "", false }, { ALL & ~F_SEAL_GROW, "", false },
		{ ALL & ~F_SEAL_SEAL, "", false },
		{ ALL, "\x03\x01y", false }, /* a second element */
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arena *a = arena_new();
		int fd = file_make(cases[i].seals, cases[i].tail);
		assert_int_equal(memfd_to_elem(fd, a) != NULL, cases[i].is_good);
		close(fd);
		arena_free(a);
	}
}

static void
test_not_a_memfd(void **state)
{
	(void)state;
	struct arena *a = arena_new();
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_null(memfd_to_elem(fd, a));
	assert_null(memfd_to_elem(-1, a));
	close(fd);
	arena_free(a);
}

static void
test_comparing(void **state)
{
	(void)state;
	int fd = memfd_from_bytes("abc", 3);
	assert_true(fd >= 0);
	assert_int_equal(memfd_size(fd), 3);
	assert_true(memfd_holds(fd, "abc", 3));
	assert_false(memfd_holds(fd, "abd", 3));
	assert_false(memfd_holds(fd, "abcd", 4));
	assert_false(memfd_holds(fd, "ab", 2));
	assert_false(memfd_holds(fd, "", 0));
	assert_int_equal(memfd_size(-1), 0);
	assert_false(memfd_holds(-1, "abc", 3));
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_not_a_memfd),
		cmocka_unit_test(test_comparing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
