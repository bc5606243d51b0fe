/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pic_test.c - what life says becomes messages, and messages become what life hears. The life of this test only notes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/kmd/kmd.h"
#include "lib/base/text.h"
#include "lib/msg/elem.h"
#include "lib/msg/msg.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static struct text heard;

uint64_t
kmd_now(void)
{
	return 5000;
}

/* --- a life that notes what it is told --- */

void
life_pic_up(struct life *l, uint64_t now_ms, const char *pic)
{
	(void)l;
	text_printf(&heard, "up %s at %llu\n", pic, (unsigned long long)now_ms);
}

void
life_pic_down(struct life *l, uint64_t now_ms, const char *pic)
{
	(void)l;
	(void)now_ms;
	text_printf(&heard, "down %s\n", pic);
}

void
life_held(struct life *l, uint64_t now_ms, const struct life_sa *sa)
{
	(void)l;
	(void)now_ms;
	text_printf(&heard, "held %s %s %u by %s\n", sa->tunnel, sa->is_out ? "out" : "in", sa->spi,
	    sa->pic);
}

void
life_held_end(struct life *l, uint64_t now_ms, const char *pic)
{
	(void)l;
	(void)now_ms;
	text_printf(&heard, "held-end %s\n", pic);
}

bool
life_is_of_pic(const struct life *l, const char *tunnel, const char *pic)
{
	(void)l;
	return strcmp(tunnel, "other/r/t") != 0 || strcmp(pic, "sp-1/2/0") != 0;
}

void
life_acquire(struct life *l, uint64_t now_ms, const char *tunnel)
{
	(void)l;
	(void)now_ms;
	text_printf(&heard, "acquire %s\n", tunnel);
}

void
life_idle(struct life *l, uint64_t now_ms, const char *tunnel)
{
	(void)l;
	(void)now_ms;
	text_printf(&heard, "idle %s\n", tunnel);
}

void
life_spent(struct life *l, uint64_t now_ms, const char *tunnel, uint32_t spi, bool is_hard)
{
	(void)l;
	(void)now_ms;
	text_printf(&heard, "spent %s %u %s\n", tunnel, spi, is_hard ? "hard" : "soft");
}

void
life_sa_failed(struct life *l, uint64_t now_ms, const char *tunnel, uint32_t spi, const char *why)
{
	(void)l;
	(void)now_ms;
	text_printf(&heard, "failed %s %u: %s\n", tunnel, spi, why);
}

void
life_bad_spi(struct life *l, uint64_t now_ms, enum v1_protocol protocol, uint32_t spi,
    struct addr local, struct addr remote)
{
	char a[ADDR_STRLEN];
	char b[ADDR_STRLEN];
	(void)l;
	(void)now_ms;
	text_printf(&heard, "bad-spi %s %u %s %s\n", protocol == V1_PROTO_AH ? "ah" : "esp", spi,
	    addr_print(local, a), addr_print(remote, b));
}

void
life_moved(struct life *l, uint64_t now_ms, const char *tunnel, uint32_t spi,
    const struct natt_end *remote)
{
	char a[ADDR_STRLEN];
	(void)l;
	(void)now_ms;
	text_printf(
	    &heard, "moved %s %u %s %u\n", tunnel, spi, addr_print(remote->addr, a), remote->port);
}

/* --- a picd at the other end --- */

struct other {
	uv_loop_t loop;
	struct pics pics;
	struct ipc *end;
	struct text got; /* messages, one line each */
	uint32_t seq;    /* of the last one */
};

static void
elem_line(struct text *out, const struct elem *e)
{
	for (const struct elem *c = e != NULL ? e->child : NULL; c != NULL; c = c->next)
		text_printf(out, " %s=%s", c->name, c->value != NULL ? c->value : "");
	text_putc(out, '\n');
}

static void
on_message(struct ipc *c, struct ipc_msg *m, void *arg)
{
	struct other *o = arg;
	(void)c;
	text_printf(&o->got, "%u", m->type);
	elem_line(&o->got, m->body);
	o->seq = m->seq;
}

static void
on_closed(struct ipc *c, const char *why, void *arg)
{
	(void)c;
	(void)why;
	(void)arg;
}

static const struct ipc_ops other_ops = { .on_message = on_message, .on_closed = on_closed };

static void
turn(struct other *o)
{
	for (unsigned i = 0; i < 4; i++)
		uv_run(&o->loop, UV_RUN_NOWAIT);
}

static void
link_to(struct other *o, const char *instance)
{
	int sv[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
	ipc_free(o->end);
	o->end = ipc_new(&o->loop, sv[1], &other_ops, o);
	pics_link(&o->pics, instance, sv[0]);
}

static int
setup(void **state)
{
	static struct other o;
	o = (struct other){ 0 };
	uv_loop_init(&o.loop);
	pics_init(&o.pics, &o.loop, NULL);
	text_reset(&heard);
	link_to(&o, "sp-1/2/0");
	*state = &o;
	return 0;
}

static int
teardown(void **state)
{
	struct other *o = *state;
	pics_done(&o->pics);
	ipc_free(o->end);
	uv_run(&o->loop, UV_RUN_DEFAULT);
	uv_loop_close(&o->loop);
	text_done(&o->got);
	text_done(&heard);
	return 0;
}

/* Sends a message with leaves "name=value ..." from the picd. */
static void
say(struct other *o, uint16_t type, uint32_t seq, const char *leaves)
{
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, "m");
	char copy[1024];
	char *save = NULL;
	snprintf(copy, sizeof(copy), "%s", leaves);
	for (char *w = strtok_r(copy, " ", &save); w != NULL; w = strtok_r(NULL, " ", &save)) {
		char *value = strchr(w, '=');
		*value++ = '\0';
		elem_leaf(a, e, w, value);
	}
	assert_int_equal(ipc_send(o->end, type, seq, e, -1), 0);
	arena_free(a);
	turn(o);
}

static const uint8_t auth_key[20] = "abcdefghijklmnopqrst";
static const uint8_t enc_key[24] = "ABCDEFGHIJKLMNOPQRSTUVWX";

static struct life_sa
sa_new(void)
{
	struct life_sa sa = {
		.pic = "sp-1/2/0",
		.tunnel = "ss/r/t",
		.is_out = true,
		.protocol = P2_ESP,
		.auth = AUTH_HMAC_SHA1_96,
		.enc = ENC_3DES_CBC,
		.spi = 3735928559,
		.auth_key = auth_key,
		.enc_key = enc_key,
		.window = 64,
		.soft_s = 3465,
		.hard_s = 3600,
		.tag = "a1b2",
	};
	assert_true(addr_parse("192.0.2.1", &sa.local.addr));
	assert_true(addr_parse("198.51.100.7", &sa.remote.addr));
	assert_true(prefix_parse("10.1.0.0/16", &sa.local_net));
	assert_true(prefix_parse("10.2.0.0/16", &sa.remote_net));
	return sa;
}

#define HELD                                                                  \
	"tunnel=ss/r/t direction=in spi=4097 protocol=bundle aux-spi=4098 "   \
	"authentication=hmac-md5-96 "                                         \
	"encryption=aes-256-cbc local=192.0.2.1 remote=2001:db8::1 window=0 " \
	"local-selector=10.1.0.0/16 "                                         \
	"remote-selector=::/0 role=responder soft=1 hard=2 tag=x"

/* --- tests --- */

static void
an_sa_is_told_with_its_keys(void **state)
{
	struct other *o = *state;
	struct life_sa sa = sa_new();
	pics_open(&o->pics);
	pics_sa_add(&o->pics, &sa);
	turn(o);
	assert_string_equal(text_str(&o->got),
	    "48 tunnel=ss/r/t direction=out spi=3735928559 protocol=esp "
	    "authentication=hmac-sha1-96 encryption=3des-cbc "
	    "authentication-key=6162636465666768696a6b6c6d6e6f7071727374 "
	    "encryption-key=4142434445464748494a4b4c4d4e4f505152535455565758 "
	    "local=192.0.2.1 remote=198.51.100.7 window=64 local-selector=10.1.0.0/16 "
	    "remote-selector=10.2.0.0/16 role=responder soft=3465 hard=3600 tag=a1b2\n");
}

static void
ports_are_told_where_esp_goes_in_udp(void **state)
{
	struct arena *a = arena_new_secret();
	struct life_sa sa = sa_new();
	(void)state;
	sa.is_udp = true;
	sa.local.port = 4500;
	sa.remote.port = 31000;
	struct elem *e = pic_sa_build(a, &sa);
	assert_string_equal(elem_value(e, "local-port"), "4500");
	assert_string_equal(elem_value(e, "remote-port"), "31000");
	struct life_sa back;
	assert_true(pic_sa_parse(e, "sp-1/2/0", &back));
	assert_true(back.is_udp && back.is_out && !back.is_initiator);
	assert_int_equal(back.remote.port, 31000);
	assert_int_equal(back.spi, sa.spi);
	assert_int_equal(back.hard_s, 3600);
	assert_true(prefix_eq(back.remote_net, sa.remote_net));
	assert_null(back.auth_key);
	arena_free(a);
}

static void
what_a_picd_holds_waits_for_a_configuration(void **state)
{
	struct other *o = *state;
	say(o, MSG_SA_HELD, 0, HELD);
	say(o, MSG_SA_HELD_END, 0, "");
	assert_string_equal(text_str(&heard), "");
	pics_open(&o->pics);
	turn(o);
	assert_string_equal(text_str(&heard),
	    "up sp-1/2/0 at 5000\nheld ss/r/t in 4097 by sp-1/2/0\nheld-end sp-1/2/0\n");
}

static void
what_makes_no_sense_is_not_held(void **state)
{
	/* instead of the right value; without a value: not there */
	static const char *const wrong[] = { "spi", "spi=0", "spi=4294967296", "protocol",
		"protocol=bundl", "authentication=rot13", "encryption", "remote=nowhere",
		"local-selector=10.1.0.0/33", "hard=-2", "window=70000", "tag", "role",
		"direction" };
	struct other *o = *state;
	pics_open(&o->pics);
	text_reset(&heard);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char all[1024] = " " HELD;
		char name[32];
		snprintf(name, sizeof(name), " %.*s=", (int)strcspn(wrong[i], "="), wrong[i]);
		char *at = strstr(all, name);
		char *end = at + 1 + strcspn(at + 1, " ");
		memmove(at, end, strlen(end) + 1);
		if (strchr(wrong[i], '=') != NULL)
			snprintf(all + strlen(all), sizeof(all) - strlen(all), " %s", wrong[i]);
		say(o, MSG_SA_HELD, 0, all);
		if (heard.len > 0)
			fail_msg("%s: %s", wrong[i], text_str(&heard));
	}
	say(o, MSG_SA_HELD, 0, HELD);
	assert_string_equal(text_str(&heard), "held ss/r/t in 4097 by sp-1/2/0\n");
}

static void
a_refusal_is_told_with_its_sa(void **state)
{
	struct other *o = *state;
	struct life_sa sa = sa_new();
	pics_open(&o->pics);
	text_reset(&heard);
	pics_sa_add(&o->pics, &sa);
	turn(o);
	uint32_t first = o->seq;
	sa.spi = 4242;
	sa.tunnel = "ss/r/other";
	pics_sa_add(&o->pics, &sa);
	turn(o);
	/* not in the order of the questions */
	say(o, MSG_SA_DONE, o->seq, "status=error text=full");
	say(o, MSG_SA_DONE, first, "status=ok");
	say(o, MSG_SA_DONE, first, "status=error");
	assert_string_equal(text_str(&heard), "failed ss/r/other 4242: full\n");
}

static void
everything_else_is_heard(void **state)
{
	struct other *o = *state;
	pics_open(&o->pics);
	text_reset(&heard);
	say(o, MSG_ACQUIRE, 0, "tunnel=ss/r/t");
	say(o, MSG_IDLE, 0, "tunnel=a tunnel=b");
	say(o, MSG_SA_SPENT, 0, "tunnel=ss/r/t spi=77 degree=hard");
	say(o, MSG_PEER_MOVED, 0, "tunnel=ss/r/t spi=78 remote=198.51.100.7 remote-port=4501");
	/* not its business, or not all that belongs to it */
	say(o, MSG_PEER_MOVED, 0, "tunnel=other/r/t spi=78 remote=198.51.100.7 remote-port=4501");
	say(o, MSG_PEER_MOVED, 0, "tunnel=ss/r/t remote=198.51.100.7 remote-port=4501");
	say(o, MSG_PEER_MOVED, 0, "tunnel=ss/r/t spi=78 remote=198.51.100.7 remote-port=0");
	say(o, MSG_ACQUIRE, 0, "tunnel=other/r/t");
	say(o, MSG_IDLE, 0, "tunnel=other/r/t");
	say(o, MSG_SA_SPENT, 0, "tunnel=other/r/t spi=77 degree=hard");
	say(o, MSG_BAD_SPI, 0, "protocol=ah spi=99 local=192.0.2.1 remote=198.51.100.7");
	say(o, MSG_BAD_SPI, 0, "protocol=ah spi=99 local=192.0.2.1");
	assert_string_equal(text_str(&heard),
	    "acquire ss/r/t\nidle a\nidle b\nspent ss/r/t 77 hard\n"
	    "moved ss/r/t 78 198.51.100.7 4501\n"
	    "bad-spi ah 99 192.0.2.1 198.51.100.7\n");
}

static void
what_life_wants_is_said(void **state)
{
	struct other *o = *state;
	struct life_redundancy r = {
		.pic = "sp-1/2/0",
		.tunnel = "ss/r/t",
		.is_backup_active = true,
		.failovers = 3,
	};
	assert_true(addr_parse("198.51.100.7", &r.primary));
	assert_true(addr_parse("203.0.113.9", &r.backup));
	pics_open(&o->pics);
	pics_sa_del(&o->pics, "sp-1/2/0", "ss/r/t", false, 300);
	pics_sa_del(&o->pics, "sp-1/2/0", "ss/r/t", false, 0);
	pics_watch(&o->pics, "sp-1/2/0", "ss/r/t", 10);
	pics_redundancy(&o->pics, &r);
	pics_watch(&o->pics, "sp-9/9/9", "ss/r/t", 10); /* nobody is there */
	turn(o);
	assert_string_equal(text_str(&o->got),
	    "50 tunnel=ss/r/t direction=in spi=300\n50 tunnel=ss/r/t\n"
	    "54 tunnel=ss/r/t interval=10\n"
	    "58 tunnel=ss/r/t primary=198.51.100.7 primary-state=standby backup=203.0.113.9 "
	    "backup-state=active failovers=3\n");
	assert_int_equal(o->pics.n_lost, 1);
}

static void
a_new_channel_takes_the_place_of_the_old(void **state)
{
	struct other *o = *state;
	pics_open(&o->pics);
	ipc_free(o->end);
	o->end = NULL;
	turn(o);
	link_to(o, "sp-1/2/0");
	turn(o);
	assert_string_equal(
	    text_str(&heard), "up sp-1/2/0 at 5000\ndown sp-1/2/0\nup sp-1/2/0 at 5000\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_sa_is_told_with_its_keys, setup, teardown),
		cmocka_unit_test(ports_are_told_where_esp_goes_in_udp),
		cmocka_unit_test_setup_teardown(
		    what_a_picd_holds_waits_for_a_configuration, setup, teardown),
		cmocka_unit_test_setup_teardown(what_makes_no_sense_is_not_held, setup, teardown),
		cmocka_unit_test_setup_teardown(a_refusal_is_told_with_its_sa, setup, teardown),
		cmocka_unit_test_setup_teardown(everything_else_is_heard, setup, teardown),
		cmocka_unit_test_setup_teardown(what_life_wants_is_said, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    a_new_channel_takes_the_place_of_the_old, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
