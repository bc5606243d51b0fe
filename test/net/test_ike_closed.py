# SPDX-License-Identifier: BSD-2-Clause
#
# test_ike_closed.py - nothing leaves in clear whose SAs are negotiated: not before there is one, not while one is renewed or
# has been cleared, not while a process is away; and what looks like IKE is only let by for the gateway itself.

import os
import signal
import time

import pytest
from lab import junos
from lab.gateway import Gateway
from lab.netlab import wait_until

CLEAR = "clear services ipsec-vpn ipsec security-associations"
CLEAR_ES = "clear ipsec security-associations sa-peer"
SECRETS = "swordfish"

# Datagrams of all that IKE and ESP in UDP look like, whole and in fragments, no faster than a capture can follow.
TALK = """
import socket, sys, time
to = sys.argv[1:]
bodies = [b"\\0" * 4 + b"x" * 60, b"\\0\\0\\1\\0" + b"x" * 60, b"\\xff", b"x" * 3000]
socks = []
for host in to:
    for port in (500, 4500, 5000):
        s = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        if ":" in host:
            s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        s.bind(("", port))
        socks.append((s, (host, port)))
print("ready", flush=True)
while True:
    for s, at in socks:
        for b in bodies:
            try:
                s.sendto(b, at)
            except OSError:
                pass
            time.sleep(0.005)
"""


def plain_routes(t):
    """The ways without Sallyport: over the wan, in clear."""
    t.gw_a.route("default", via=t.WAN_B)
    t.gw_a.route("default", via=t.WAN_B6)
    t.gw_b.route("default", via=t.WAN_A)
    t.gw_b.route("default", via=t.WAN_A6)


def config(side, style, lifetime=3600):
    ipsec = f"policy p2 {{ proposals q; }} proposal q {{ protocol esp; lifetime-seconds {lifetime}; }}"
    if style == "es":
        return junos.es_style(side, junos.Dynamic(ike_policy=""), net=side.nets[0], peer_net=side.peer_nets[0], more=f"""
            security {{ ike {{ policy {side.peer} {{ pre-shared-key ascii-text {SECRETS}; }} }} }}""")
    make = junos.next_hop if style == "next-hop" else junos.interface_style
    return make(side, [junos.Dynamic(ipsec_policy="p2")] * len(side.nets), more=junos.ike(SECRETS, ipsec=ipsec))


def talk(host, *to):
    p = host.spawn(["/usr/bin/python3", "-c", TALK, *to])
    p.wait_line("ready")
    return p


def kill(gw, name):
    before = gw.pids(name)
    assert before, f"no {name}"
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: gw.pids(name) and not set(gw.pids(name)) & set(before), 10, f"another {name}")


def come_up(t, gw):
    try:
        wait_until(lambda: t.host_a.ping(t.HOST_B, count=1, interval_s=0.05, timeout_s=1).lost == 0, 15, "the tunnel")
    except AssertionError as e:
        raise AssertionError(f"{e}\n{gw.log()}") from e


@pytest.mark.parametrize("style", ["next-hop", "interface", "es"])
def test_nothing_leaves_in_clear(two_gateways, style):
    t = two_gateways
    plain_routes(t)
    families = (4,) if style == "es" else (4, 6)
    side_a, side_b = junos.sides(t, 4, families)
    to = [t.HOST_B] if style == "es" else [t.HOST_B, t.HOST_B6]
    a = Gateway(t.gw_a, config(side_a, style))
    inner = " or ".join(f"host {h}" for h in to + ([t.HOST_A] if style == "es" else [t.HOST_A, t.HOST_A6]))
    with t.gw_a.capture("wan", inner) as wire, t.gw_a.capture("wan", "esp") as esp:
        p = talk(t.host_a, *to)
        time.sleep(1)                   # nobody answers
        b = Gateway(t.gw_b, config(side_b, style))
        come_up(t, a)
        for _ in range(3):              # renewed
            a.cli(CLEAR_ES if style == "es" else CLEAR)
            time.sleep(0.3)
        come_up(t, a)
        for name in ("kmd", "picd", "netd"):
            kill(a, name)
            time.sleep(0.5)
            come_up(t, a)
        if style != "es":               # another tunnel, and with others than before
            a.configure("set services ipsec-vpn rule r1 term t0 from source-address 10.1.0.0/25",
                        "delete services ipsec-vpn rule r1 term t0 from source-address 10.1.0.0/24", "commit")
            time.sleep(0.5)
            a.configure("set services ipsec-vpn rule r1 term t0 from source-address 10.1.0.0/24",
                        "delete services ipsec-vpn rule r1 term t0 from source-address 10.1.0.0/25", "commit")
            come_up(t, a)
        b.stop()                        # it tells that its SAs are gone
        time.sleep(1)
        p.stop()
    leaked = [x.summary() for x in wire.packets()]
    assert leaked == []
    assert len(esp.packets()) > 100


def test_what_looks_like_ike_comes_in_for_the_gateway_only(two_gateways):
    """An interface style set protects what comes in, too: only what is for the gateway itself needs no tunnel."""
    t = two_gateways
    plain_routes(t)
    side_a, _ = junos.sides(t, 4, (4, 6))
    a = Gateway(t.gw_a, config(side_a, "interface"))
    with t.host_a.capture("eth0", f"src {t.HOST_B} or src {t.HOST_B6}") as lan, \
            t.gw_a.capture("wan", f"src {t.HOST_B} or src {t.HOST_B6}") as wan:
        p = talk(t.host_b, t.HOST_A, t.HOST_A6)
        time.sleep(1)
        p.stop()
    assert len(wan.packets()) > 100
    assert [x.summary() for x in lan.packets()] == []
    assert a.pids("kmd")
