/* SPDX-License-Identifier: BSD-2-Clause
 *
 * checked_test.c - what was checked is given back for the same file only, once, and never for another.
 */
#include "lib/base/arena.h"
#include "lib/base/report.h"
#include "lib/base/text.h"
#include "lib/conf/conf.h"
#include "lib/msg/elem.h"
#include "lib/os/checked.h"
#include "lib/os/ipc.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
	uv_loop_t loop;
	struct checked k;
};

static struct conf *
conf_make(int *out_fd)
{
	struct arena *a = arena_new();
	struct report r = { 0 };
	struct elem *root = elem_new(a, "configuration");
	*out_fd = memfd_from_elem(root);
	struct conf *c = conf_load(root, &r);
	assert_non_null(c);
	assert_true(*out_fd >= 0);
	report_done(&r);
	arena_free(a);
	return c;
}

static void
start(struct fixture *f)
{
	uv_loop_init(&f->loop);
	checked_init(&f->k, &f->loop);
}

static void
end(struct fixture *f)
{
	checked_done(&f->k);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
}

/* Keeps a configuration; returns another descriptor of its file. */
static int
keep(struct fixture *f, struct conf **out)
{
	int fd;
	*out = conf_make(&fd);
	int second = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	struct ipc_msg m = { .fd = fd };
	checked_keep(&f->k, *out, &m);
	assert_int_equal(m.fd, -1);
	return second;
}

static void
the_same_file_brings_it_back_once(void **state)
{
	(void)state;
	struct fixture f;
	struct conf *c;
	start(&f);
	int fd = keep(&f, &c);
	assert_ptr_equal(checked_take(&f.k, &(struct ipc_msg){ .fd = fd }), c);
	assert_null(checked_take(&f.k, &(struct ipc_msg){ .fd = fd }));
	conf_free(c);
	close(fd);
	end(&f);
}

static void
another_file_of_the_same_contents_does_not(void **state)
{
	(void)state;
	struct fixture f;
	struct conf *c;
	int other;
	start(&f);
	int fd = keep(&f, &c);
	conf_free(conf_make(&other));
	assert_null(checked_take(&f.k, &(struct ipc_msg){ .fd = other }));
	assert_null(checked_take(&f.k, &(struct ipc_msg){ .fd = fd }));
	close(fd);
	fd = keep(&f, &c);
	assert_null(checked_take(&f.k, &(struct ipc_msg){ .fd = -1 }));
	close(fd);
	close(other);
	end(&f);
}

static void
the_latest_check_counts(void **state)
{
	(void)state;
	struct fixture f;
	struct conf *first;
	struct conf *second;
	start(&f);
	int fd1 = keep(&f, &first);
	int fd2 = keep(&f, &second);
	assert_ptr_equal(checked_take(&f.k, &(struct ipc_msg){ .fd = fd2 }), second);
	conf_free(second);
	close(fd1);
	close(fd2);
	close(keep(&f, &first)); /* and what nobody takes is freed at the end */
	end(&f);
}

static void
what_is_no_configuration_is_refused(void **state)
{
	struct text why = { 0 };
	struct ipc_msg m = { .fd = -1 };
	(void)state;
	assert_null(checked_load(&m, &why));
	assert_string_equal(text_str(&why), "the configuration cannot be read");
	text_done(&why);
	conf_free(conf_make(&m.fd));
	struct conf *c = checked_load(&m, &why);
	assert_non_null(c);
	assert_int_equal(why.len, 0);
	conf_free(c);
	close(m.fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_configuration_is_refused),
		cmocka_unit_test(the_same_file_brings_it_back_once),
		cmocka_unit_test(another_file_of_the_same_contents_does_not),
		cmocka_unit_test(the_latest_check_counts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
