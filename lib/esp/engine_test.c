/* SPDX-License-Identifier: BSD-2-Clause
 *
 * engine_test.c - the engines agree: what one seals the other opens, also in one burst; the choice among them.
 */
#include "lib/esp/engine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/esp/in.h"
#include "lib/esp/ip.h"
#include "lib/esp/out.h"
#include "lib/esp/sad.h"
#include "lib/esp/test_util.h"
#include "lib/esp/worker_priv.h"

static struct esp_worker *
worker_of(const char *name)
{
	setenv("SALLYPORT_ENGINE", name, 1);
	return test_worker(80);
}

/* One packet of each of 40 lengths, with DF and without, from one worker to the other. */
static void
carry(struct esp_worker *from, struct esp_worker *to, const struct sa_params *params)
{
	struct sa_params p = *params;
	p.direction = SA_OUT;
	struct sa *out = test_sa(from, &p);
	p.direction = SA_IN;
	struct sa *in = test_sa(to, &p);
	struct sad *sad = sad_new(1);
	assert_int_equal(sad_add(sad, in), SAD_OK);
	struct pkt *pkts[40];
	struct pkt *got[40];
	for (unsigned i = 0; i < 40; i++) {
		pkts[i] = test_packet(from, i % 2 ? 4 : 6, 48 + i * i);
		pkts[i]->sa = out;
	}
	out_burst(from, pkts, 40);
	for (unsigned i = 0; i < 40; i++) {
		assert_int_equal(pkts[i]->verdict, DROP_NONE);
		got[i] = test_bytes(to, pkt_data(pkts[i]), pkts[i]->len);
		pkt_put(esp_worker_pool(from), pkts[i]);
	}
	in_burst(to, sad, got, 40);
	for (unsigned i = 0; i < 40; i++) {
		struct pkt *want = test_packet(from, i % 2 ? 4 : 6, 48 + i * i);
		assert_int_equal(got[i]->verdict, DROP_NONE);
		assert_int_equal(got[i]->len, want->len);
		assert_memory_equal(pkt_data(got[i]), pkt_data(want), want->len);
		pkt_put(esp_worker_pool(from), want);
		pkt_put(esp_worker_pool(to), got[i]);
	}
	sad_free(sad);
	sa_free(out);
	sa_free(in);
}

static void
what_one_seals_the_other_opens(void **state)
{
	struct esp_worker *mb = worker_of("ipsec-mb");
	struct esp_worker *ssl = worker_of("openssl");
	unsigned n = 0;
	(void)state;
	for (enum sa_protocol proto = SA_ESP; proto <= SA_BUNDLE; proto++) {
		for (unsigned suite = 0; suite < ENC_MAX * AUTH_MAX; suite++) {
			struct sa_params p = test_params(SA_OUT);
			struct sa *sa;
			p.protocol = proto;
			p.enc = suite / AUTH_MAX;
			p.auth = suite % AUTH_MAX;
			p.window = 0;
			p.tunnel_mtu = 9000;
			if (sa_new(mb, &p, &sa) != SA_OK)
				continue;
			sa_free(sa);
			carry(mb, ssl, &p);
			carry(ssl, mb, &p);
			n++;
		}
	}
	assert_int_equal(n, (ENC_AES_128_GCM * AUTH_MAX - 1 + 4) + ENC_MAX * (AUTH_MAX - 1) +
				(ENC_AES_128_GCM - 1) * (AUTH_MAX - 1));
	assert_string_equal(esp_worker_engine(ssl), "OpenSSL");
	assert_string_not_equal(esp_worker_engine(mb), "OpenSSL");
	esp_worker_free(mb);
	esp_worker_free(ssl);
}

/* A worker with all engines and an SA of each, in one burst. */
static void
engines_share_a_burst(void **state)
{
	struct esp_worker *w = worker_of("fastest");
	struct sa *sas[ENGINE_MAX][2];
	struct sad *sad = sad_new(ENGINE_MAX);
	const char *flavour;
	(void)state;
	for (unsigned id = 0; id < ENGINE_MAX; id++) {
		struct sa_params p = test_params(SA_OUT);
		if (w->engines.of[id].ops == NULL)
			assert_true(id == ENGINE_OPENSSL
					? engine_ssl_init(&w->engines.of[id])
					: engine_mb_init(&w->engines.of[id], id, &flavour));
		memset(w->engines.pick, (int)id, sizeof(w->engines.pick));
		p.spi = 0x1000 + id;
		sas[id][SA_OUT] = test_sa(w, &p);
		assert_int_equal(sas[id][SA_OUT]->engine, id);
		p.direction = SA_IN;
		sas[id][SA_IN] = test_sa(w, &p);
		assert_int_equal(sad_add(sad, sas[id][SA_IN]), SAD_OK);
	}
	struct pkt *pkts[ESP_BURST_MAX];
	for (unsigned i = 0; i < ESP_BURST_MAX; i++) {
		pkts[i] = test_packet(w, 4, 60 + i);
		pkts[i]->sa = sas[i % ENGINE_MAX][SA_OUT];
	}
	out_burst(w, pkts, ESP_BURST_MAX);
	in_burst(w, sad, pkts, ESP_BURST_MAX);
	for (unsigned i = 0; i < ESP_BURST_MAX; i++) {
		struct pkt *want = test_packet(w, 4, 60 + i);
		assert_int_equal(pkts[i]->verdict, DROP_NONE);
		assert_ptr_equal(pkts[i]->sa, sas[i % ENGINE_MAX][SA_IN]);
		assert_int_equal(pkts[i]->len, want->len);
		assert_memory_equal(pkt_data(pkts[i]), pkt_data(want), want->len);
		pkt_put(w->pool, want);
		pkt_put(w->pool, pkts[i]);
	}
	sad_free(sad);
	for (unsigned id = 0; id < ENGINE_MAX; id++) {
		sa_free(sas[id][SA_OUT]);
		sa_free(sas[id][SA_IN]);
	}
	esp_worker_free(w);
}

/* Packets of SAs with other keys come in turn, and in between the worker forgets what it had. */
static void
keys_take_turns(void **state)
{
	static const enum enc_alg algorithms[] = { ENC_AES_128_CBC, ENC_AES_256_GCM,
		ENC_CHACHA20_POLY1305 };
	struct esp_worker *w = worker_of("openssl");
	struct esp_worker *peer = worker_of("ipsec-mb");
	(void)state;
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
		struct sa *out[2];
		struct sa *in[2];
		struct sad *sad = sad_new(2);
		for (unsigned k = 0; k < 2; k++) {
			struct sa_params p = test_params(SA_OUT);
			p.enc = algorithms[i];
			p.auth = enc_is_aead(p.enc) ? AUTH_NONE : p.auth;
			p.spi = 0x1000 + k;
			p.enc_key[0] = (uint8_t)(k + 1);
			out[k] = test_sa(w, &p);
			p.direction = SA_IN;
			in[k] = test_sa(peer, &p);
			assert_int_equal(sad_add(sad, in[k]), SAD_OK);
		}
		for (unsigned k = 0; k < 12; k++) {
			struct pkt *p = test_packet(w, 4, 200);
			struct pkt *want = test_packet(w, 4, 200);
			p->sa = out[k / 2 % 2];
			out_burst(w, &p, 1);
			in_burst(peer, sad, &p, 1);
			assert_int_equal(p->verdict, DROP_NONE);
			assert_int_equal(p->len, want->len);
			assert_memory_equal(pkt_data(p), pkt_data(want), want->len);
			pkt_put(w->pool, p);
			pkt_put(w->pool, want);
			if (k % 3 == 0)
				esp_worker_rest(w);
		}
		sad_free(sad);
		for (unsigned k = 0; k < 2; k++) {
			sa_free(out[k]);
			sa_free(in[k]);
		}
	}
	esp_worker_free(w);
	esp_worker_free(peer);
}

/* Every choice is an engine that is there, and the second worker of a process does what the first found. */
static void
what_is_picked_is_there(void **state)
{
	struct esp_worker *a = worker_of("fastest");
	struct esp_worker *b = worker_of("fastest");
	(void)state;
	for (unsigned i = 0; i < ENC_MAX * AUTH_MAX; i++) {
		uint8_t id = a->engines.pick[i / AUTH_MAX][i % AUTH_MAX];
		assert_true(id < ENGINE_MAX);
		assert_non_null(a->engines.of[id].ops);
		assert_non_null(b->engines.of[id].ops);
	}
	assert_memory_equal(a->engines.pick, b->engines.pick, sizeof(a->engines.pick));
	esp_worker_free(a);
	esp_worker_free(b);
}

static void
engines_have_names(void **state)
{
	enum esp_engine e;
	(void)state;
	assert_true(esp_engine_by_name(NULL, &e));
	assert_int_equal(e, ESP_ENGINE_FASTEST);
	assert_true(esp_engine_by_name("openssl", &e));
	assert_int_equal(e, ESP_ENGINE_OPENSSL);
	assert_true(esp_engine_by_name("ipsec-mb", &e));
	assert_int_equal(e, ESP_ENGINE_MB);
	assert_false(esp_engine_by_name("abacus", &e));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_one_seals_the_other_opens),
		cmocka_unit_test(engines_share_a_burst),
		cmocka_unit_test(keys_take_turns),
		cmocka_unit_test(what_is_picked_is_there),
		cmocka_unit_test(engines_have_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
