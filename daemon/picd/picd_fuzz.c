/* SPDX-License-Identifier: BSD-2-Clause
 *
 * picd_fuzz.c - any message body into the handlers, any octets into every port.
 *
 * The first octet says what the rest is: a body for one of netd's, mgd's or kmd's messages (an encoded element; a
 * configuration comes sealed as mgd sends it), or packets for the inside unit, a capture port and the raw
 * socket. One gateway with a real configuration lives through all inputs.
 */
#include "daemon/picd/test_gw.h"
#include "daemon/picd/workers.h"
#include "lib/msg/elem.h"
#include "lib/msg/msg.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__asan_default_options(void);

/* The gateway lives on between inputs, and what only its mapped memory refers to looks like a leak. */
const char *
__asan_default_options(void)
{
	return "detect_leaks=0";
}

static const char configuration[] = "interfaces\n"
				    "  interface ge-0/0/0\n"
				    "    unit 0\n"
				    "      family\n"
				    "        inet\n"
				    "          service\n"
				    "            input\n"
				    "              service-set si:\n"
				    "            output\n"
				    "              service-set si:\n"
				    "  interface sp-1/2/0\n"
				    "    unit 0\n"
				    "      family\n"
				    "        inet:\n"
				    "    unit 1\n"
				    "      family\n"
				    "        inet:\n"
				    "      service-domain inside\n"
				    "    unit 2\n"
				    "      family\n"
				    "        inet:\n"
				    "      service-domain outside\n"
				    "services\n"
				    "  service-set ss\n"
				    "    next-hop-service\n"
				    "      inside-service-interface sp-1/2/0.1\n"
				    "      outside-service-interface sp-1/2/0.2\n"
				    "    ipsec-vpn-options\n"
				    "      local-gateway:\n"
				    "        address 192.0.2.1\n"
				    "    ipsec-vpn-rules r\n"
				    "  service-set si\n"
				    "    interface-service\n"
				    "      service-interface sp-1/2/0\n"
				    "    ipsec-vpn-options\n"
				    "      local-gateway:\n"
				    "        address 192.0.2.9\n"
				    "    ipsec-vpn-rules o\n"
				    "  ipsec-vpn\n"
				    "    ike\n"
				    "      policy p\n"
				    "        pre-shared-key\n"
				    "          ascii-text secretsecret\n"
				    "    rule r\n"
				    "      term d\n"
				    "        from\n"
				    "          destination-address 10.99.0.0/16:\n"
				    "        then\n"
				    "          remote-gateway 192.0.2.4\n"
				    "          dynamic\n"
				    "            ike-policy p\n"
				    "      term a\n"
				    "        then\n"
				    "          remote-gateway 192.0.2.2\n"
				    "          manual\n"
				    "            direction bidirectional\n"
				    "              protocol ah\n"
				    "              spi 256\n"
				    "              authentication\n"
				    "                algorithm hmac-md5-96\n"
				    "                key:\n"
				    "                  ascii-text 0123456789abcdef\n"
				    "          syslog\n"
				    "      match-direction input\n"
				    "    rule o\n"
				    "      term a\n"
				    "        from\n"
				    "          source-address 10.0.0.0/8:\n"
				    "        then\n"
				    "          remote-gateway 192.0.2.3\n"
				    "          manual\n"
				    "            direction bidirectional\n"
				    "              protocol esp\n"
				    "              spi 257\n"
				    "              authentication\n"
				    "                algorithm hmac-md5-96\n"
				    "                key:\n"
				    "                  ascii-text 0123456789abcdef\n"
				    "      match-direction output\n";

static struct gw gw;
static int ports[4];
static int wire;

static void
stop(void)
{
	gw_done(&gw);
}

static void
start(void)
{
	static const char *const raw[] = { "kind", "esp", "family", "4", NULL };
	static const char *const send4[] = { "kind", "send4", NULL };
	gw_init(&gw, "sp-1/2/0");
	if (gw_commit(&gw, configuration) != NULL)
		abort();
	ports[0] = gw_unit(&gw, "sp-1/2/0.1");
	ports[1] = gw_capture(&gw, "capture-in", "si");
	ports[2] = gw_capture(&gw, "capture-out", "si");
	ports[3] = gw_give_pair(&gw, MSG_SOCKET, raw);
	wire = gw_give_pair(&gw, MSG_SOCKET, send4);
	gw_kmd(&gw);
	gw_sync(&gw);
	atexit(stop);
}

static void
drain(int fd)
{
	static uint8_t sink[1 << 16];
	while (recv(fd, sink, sizeof(sink), MSG_DONTWAIT) > 0)
		;
}

static void
message(uint8_t kind, const uint8_t *data, size_t size)
{
	static const uint16_t netd[] = { MSG_DEVICE, MSG_SOCKET, MSG_DEVICE_GONE, MSG_SOCKET_GONE,
		MSG_NET_SYNC, MSG_STOP, MSG_HOP };
	static const uint16_t mgd[] = { MSG_RPC, MSG_CONF_CHECK, MSG_CONF_APPLY };
	static const uint16_t kmd[] = { MSG_SA_ADD, MSG_SA_DEL, MSG_WATCH, MSG_REDUNDANCY,
		MSG_SA_HELD };
	struct arena *a = arena_new();
	struct rd r = rd_init(data, size);
	struct ipc_msg m = { .body = elem_decode(a, &r), .fd = -1, .seq = 1 };
	if ((kind & 0x40) != 0) {
		m.type = kmd[kind % (sizeof(kmd) / sizeof(kmd[0]))];
		control_kmd(&gw.p, &m);
		dynamic_tick(&gw.p);
	} else if (m.body != NULL && kind % 2 == 0) {
		m.type = netd[kind / 2 % (sizeof(netd) / sizeof(netd[0]))];
		/* a descriptor that can be read, of the test's own */
		m.fd = m.type == MSG_DEVICE || m.type == MSG_SOCKET ? dup(ports[0]) : -1;
		control_netd(&gw.p, &m);
		hops_age(&gw.p);
	} else if (m.body != NULL) {
		m.type = mgd[kind / 2 % (sizeof(mgd) / sizeof(mgd[0]))];
		m.fd = m.type == MSG_RPC ? -1 : memfd_from_elem(m.body);
		control_mgd(&gw.p, &m);
	}
	if (m.fd >= 0)
		close(m.fd);
	arena_free(a);
	uv_run(&gw.p.daemon.loop, UV_RUN_NOWAIT);
	drain(gw.mgd_fd);
	drain(gw.kmd_fd);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool is_started;
	if (!is_started)
		start();
	is_started = true;
	if (size == 0)
		return 0;
	if ((data[0] & 0x80) != 0)
		message(data[0] & 0x7f, data + 1, size - 1);
	else if (write(ports[data[0] & 3], data + 1, size - 1) < 0)
		return 0;
	gw_turns(&gw);
	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++)
		drain(ports[i]);
	drain(wire);
	test_now_ms += 100;
	return 0;
}
