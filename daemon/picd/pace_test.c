/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pace_test.c - when a worker makes a pause, and when it must not.
 */
#include "daemon/picd/pace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

/* N_TURNS turns with N packets of so many octets each in the millisecond MS; returns how many pauses there were. */
static unsigned
turns_of(struct pace *p, uint64_t ms, unsigned n_turns, unsigned n, unsigned octets)
{
	unsigned pauses = 0;
	for (unsigned i = 0; i < n_turns; i++)
		pauses += pace_turn(p, ms, p->seen + n, p->seen_octets + (uint64_t)n * octets);
	return pauses;
}

static unsigned
turns(struct pace *p, uint64_t ms, unsigned n_turns, unsigned n)
{
	return turns_of(p, ms, n_turns, n, 100);
}

static void
fast_packets_gather(void **state)
{
	struct pace p = { .ms = 1000 };
	(void)state;
	assert_int_equal(turns(&p, 1000, 40, 2), 0); /* nobody knew it before */
	assert_int_equal(turns(&p, 1001, 20, 5), 20);
	assert_int_equal(turns(&p, 1002, 1, PACE_FULL), 0); /* there are more */
	assert_int_equal(turns(&p, 1002, 1, 0), 0);
	assert_int_equal(turns(&p, 1003, 1, 1), 1);
}

static void
slow_packets_do_not_wait(void **state)
{
	struct pace p = { .ms = 1000 };
	(void)state;
	for (unsigned ms = 1000; ms < 1100; ms++)
		assert_int_equal(turns(&p, ms, PACE_PACKETS - 1, 1), 0);
	/* many, but long ago */
	assert_int_equal(turns(&p, 1100, 100, 1), 0);
	assert_int_equal(turns(&p, 1102, 1, 1), 0);
}

static void
much_does_not_wait(void **state)
{
	struct pace p = { .ms = 1000 };
	(void)state;
	for (unsigned ms = 1000; ms < 1010; ms++)
		assert_int_equal(turns_of(&p, ms, 40, 2, 60000), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fast_packets_gather),
		cmocka_unit_test(slow_packets_do_not_wait),
		cmocka_unit_test(much_does_not_wait),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
