/* SPDX-License-Identifier: BSD-2-Clause
 *
 * replay_test.c - the window against a table of sequences and against a plain memory of all
 * numbers.
 */
#include "lib/esp/replay.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct step {
	uint32_t seq;
	enum drop verdict;
};

struct row {
	const char *what;
	uint32_t window;
	struct step steps[8];
};

static const struct row rows[] = {
	{ "first number may be any", 32, { { 1000, DROP_NONE }, { 1000, DROP_REPLAY_SEEN } } },
	{ "zero never comes", 32,
	    { { 0, DROP_SEQ_ZERO }, { 1, DROP_NONE }, { 0, DROP_SEQ_ZERO } } },
	{ "last number inside the window", 32,
	    { { 32, DROP_NONE }, { 1, DROP_NONE }, { 33, DROP_NONE }, { 1, DROP_REPLAY_OLD },
		{ 2, DROP_NONE }, { 2, DROP_REPLAY_SEEN } } },
	{ "old number in window refused", 64,
	    { { 100, DROP_NONE }, { 37, DROP_NONE }, { 36, DROP_REPLAY_OLD },
		{ 37, DROP_REPLAY_SEEN } } },
	{ "a jump forgets everything", 64,
	    { { 1, DROP_NONE }, { 2, DROP_NONE }, { 1000000, DROP_NONE }, { 2, DROP_REPLAY_OLD },
		{ 999999, DROP_NONE }, { 999999, DROP_REPLAY_SEEN }, { 999937, DROP_NONE },
		{ 999936, DROP_REPLAY_OLD } } },
	{ "a jump of exactly the ring", 64,
	    { { 5, DROP_NONE }, { 5 + 128, DROP_NONE }, { 5 + 128 - 63, DROP_NONE },
		{ 5 + 128, DROP_REPLAY_SEEN }, { 5, DROP_REPLAY_OLD } } },
	{ "the end of the numbers", 4096,
	    { { 0xfffffffe, DROP_NONE }, { 0xffffffff, DROP_NONE },
		{ 0xffffffff, DROP_REPLAY_SEEN }, { 0xfffff000, DROP_NONE },
		{ 0xffffefff, DROP_REPLAY_OLD }, { 1, DROP_REPLAY_OLD } } },
	{ "no window takes everything", 0,
	    { { 7, DROP_NONE }, { 7, DROP_NONE }, { 0, DROP_NONE }, { 7, DROP_NONE } } },
};

static void
every_row_of_the_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		_Atomic uint64_t words[REPLAY_WORDS_MAX] = { 0 };
		struct replay r;
		replay_init(&r, rows[i].window, words);
		for (size_t k = 0; k < 8; k++) {
			const struct step *s = &rows[i].steps[k];
			if (s->seq == 0 && s->verdict == DROP_NONE && rows[i].window != 0)
				break; /* end of the row */
			if (replay_check(&r, s->seq) != s->verdict)
				fail_msg("%s: check of step %zu", rows[i].what, k);
			if (replay_accept(&r, s->seq) != s->verdict)
				fail_msg("%s: step %zu", rows[i].what, k);
		}
	}
}

static void
every_window_size_agrees_with_a_plain_memory(void **state)
{
	(void)state;
	enum { SPAN = 20000 };
	static bool seen[SPAN];
	srand(1);
	for (uint32_t window = 32; window <= REPLAY_WINDOW_MAX; window += 32) {
		_Atomic uint64_t words[REPLAY_WORDS_MAX] = { 0 };
		struct replay r;
		assert_true(replay_words(window) <= REPLAY_WORDS_MAX);
		replay_init(&r, window, words);
		memset(seen, 0, sizeof(seen));
		uint32_t top = 0;
		for (int i = 0; i < 3000; i++) {
			uint32_t near = top > window + 70 ? top - window - 70 : 1;
			uint32_t seq = near + (uint32_t)rand() % (window + 150);
			if (rand() % 500 == 0)
				seq = top + (uint32_t)rand() % 5000;
			if (seq == 0 || seq >= SPAN)
				continue;
			enum drop want = DROP_NONE;
			if (seq <= top && top - seq >= window)
				want = DROP_REPLAY_OLD;
			else if (seen[seq])
				want = DROP_REPLAY_SEEN;
			assert_int_equal(replay_accept(&r, seq), want);
			seen[seq] = true;
			if (seq > top)
				top = seq;
		}
	}
}

static void
checking_changes_nothing(void **state)
{
	(void)state;
	_Atomic uint64_t words[2] = { 0 };
	struct replay r;
	replay_init(&r, 64, words);
	assert_int_equal(replay_check(&r, 5000), DROP_NONE);
	assert_int_equal(replay_check(&r, 5000), DROP_NONE);
	assert_int_equal(replay_accept(&r, 1), DROP_NONE);
}

static void
an_heir_refuses_what_was_seen_and_takes_what_was_missing(void **state)
{
	(void)state;
	static const uint32_t windows[][2] = { { 64, 64 }, { 64, 256 }, { 256, 64 }, { 0, 64 },
		{ 64, 0 } };
	for (size_t i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
		_Atomic uint64_t words[2][REPLAY_WORDS_MAX] = { 0 };
		struct replay from, to;
		replay_init(&from, windows[i][0], words[0]);
		replay_init(&to, windows[i][1], words[1]);
		for (uint32_t seq = 1; seq <= 1000; seq++)
			if (seq % 3 != 0)
				assert_int_equal(replay_accept(&from, seq), DROP_NONE);
		replay_inherit(&to, &from);
		assert_int_equal(to.top, from.top);
		for (uint32_t seq = 1; seq <= 1000 && windows[i][1] > 0; seq++) {
			bool is_new = replay_check(&to, seq) == DROP_NONE;
			bool was_new = windows[i][0] > 0 && replay_check(&from, seq) == DROP_NONE;
			assert_int_equal(is_new, was_new && from.top - seq < windows[i][1]);
		}
		assert_int_equal(replay_accept(&to, 1001), DROP_NONE);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_heir_refuses_what_was_seen_and_takes_what_was_missing),
		cmocka_unit_test(every_row_of_the_table),
		cmocka_unit_test(every_window_size_agrees_with_a_plain_memory),
		cmocka_unit_test(checking_changes_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
