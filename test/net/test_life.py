# SPDX-License-Identifier: BSD-2-Clause
#
# test_life.py - commits, crashes and ends: what may be lost, what comes back, what stays behind.

import os
import re
import signal
import time

import pytest
from lab import junos
from lab.gateway import Gateway, Refused, program
from lab.netlab import wait_until

SNAPSHOT = ("ip -o link | sed 's/^[0-9]*: //'", "ip -o addr | sed 's/valid_lft.*//; s/^[0-9]*: //'", "ip route show table all",
            "ip -6 route show table all", "ip rule", "ip -6 rule", "nft list ruleset",
            "sysctl net.ipv4.ip_forward net.ipv6.conf.all.forwarding")


def snapshot(ns):
    return {c: sorted(ns.run(c).stdout.splitlines()) for c in SNAPSHOT}


def two_tunnels(t):
    """Two terms: hostB's first address by SA 300/400, its second by 301/401."""
    t.host_b.addr("eth0", "10.2.5.5/32")
    t.gw_b.route("10.2.5.0/24", dev="lan")
    sas = [junos.Sa(spi_ab=300, spi_ba=400), junos.Sa(spi_ab=301, spi_ba=401)]
    nets_b = ["10.2.0.0/24", "10.2.5.0/24"]
    a = Gateway(t.gw_a, junos.next_hop(junos.Side("a", t.WAN_A, t.WAN_B, ["10.1.0.0/24"] * 2, nets_b), sas))
    b = Gateway(t.gw_b, junos.next_hop(junos.Side("b", t.WAN_B, t.WAN_A, nets_b, ["10.1.0.0/24"] * 2), sas, routes=False,
                                       more="routing-options { static { route 10.1.0.0/24 next-hop sp-1/2/0.1; } }"))
    return a, b


def test_commit_touches_only_what_it_changes(two_gateways):
    t = two_gateways
    a, b = two_tunnels(t)
    assert t.host_a.ping("10.2.5.5", count=2).lost == 0
    untouched = t.host_a.ping_start(t.HOST_B)
    time.sleep(0.3)
    path = "set services ipsec-vpn rule r1 term t1 then manual direction {} spi {}"
    a.configure(path.format("outbound", 501), path.format("inbound", 601))
    assert t.host_a.ping("10.2.5.5", count=1, timeout_s=1).received == 0, "the other side does not know the new SPI yet"
    b.configure(path.format("inbound", 501), path.format("outbound", 601))
    assert t.host_a.ping("10.2.5.5", count=2).lost == 0
    a.configure("set services ipsec-vpn rule r1 term t9 from source-address 10.1.0.0/24",
                "set services ipsec-vpn rule r1 term t9 from destination-address 10.2.77.0/24",
                "set services ipsec-vpn rule r1 term t9 then remote-gateway 192.0.2.2",
                "set services ipsec-vpn rule r1 term t9 then manual direction bidirectional protocol ah spi 700 "
                "authentication algorithm hmac-md5-96 key ascii-text 0123456789abcdef")
    time.sleep(0.3)
    ping = t.host_a.ping_end(untouched)
    assert ping.gaps == 0 and ping.received > 50, ping.text
    spis = re.findall(r"^ +(?:in|out)bound +(\d+)", a.cli("show services ipsec-vpn ipsec security-associations"), re.M)
    assert spis == ["400", "300", "601", "501", "700", "700"]


def test_bad_commit_changes_nothing(two_gateways):
    t = two_gateways
    a, _ = two_tunnels(t)
    before = a.cli("show configuration")
    run = a.type("configure", "set services ipsec-vpn rule r1 term t1 then manual direction inbound spi 400", "commit",
                 "exit", check=False)
    assert run.returncode == 1
    assert "commit failed" in run.stdout + run.stderr
    assert a.cli("show configuration") == before
    assert t.host_a.ping(t.HOST_B, count=2).lost == 0


@pytest.mark.parametrize("name", ["picd", "mgd"])
def test_killed_daemon_comes_back_by_itself(two_gateways, name):
    t = two_gateways
    a, _ = two_tunnels(t)
    assert t.host_a.ping(t.HOST_B, count=2).lost == 0
    ping = t.host_a.ping_start(t.HOST_B)
    time.sleep(0.3)
    (old,) = a.pids(name)
    os.kill(old, signal.SIGKILL)
    wait_until(lambda: a.pids(name) not in ([], [old]), what=f"a new {name}")
    wait_until(lambda: t.host_a.ping("10.2.5.5", count=1, timeout_s=1).received == 1, what="traffic")
    ended = t.host_a.ping_end(ping)
    if name == "mgd":
        assert ended.gaps == 0 and ended.received > 20, "killing mgd costs no packet"
    wait_until(lambda: "300" in a.cli("show services ipsec-vpn ipsec security-associations", check=False).stdout, what="show")


def test_sigterm_leaves_nothing_behind(two_gateways):
    t = two_gateways
    before = snapshot(t.gw_a)
    a, _ = two_tunnels(t)
    assert t.host_a.ping(t.HOST_B, count=2).lost == 0
    assert snapshot(t.gw_a) != before
    files = set(os.listdir(a.run_dir))
    assert a.stop() == 0
    assert snapshot(t.gw_a) == before
    assert set(os.listdir(a.run_dir)) <= {"config", "log", "pki"}, files
    assert not [p for p in ("sallyportd", "netd", "mgd", "picd") if a.pids(p)]


def test_committed_configuration_is_there_after_a_restart(two_gateways):
    t = two_gateways
    a, _ = two_tunnels(t)
    a.configure("set system host-name renamed")
    shown = a.cli("show configuration")
    a.stop()
    process = t.gw_a.spawn([program("sallyportd"), "-r", a.run_dir])
    process.wait_line("^ready$")
    assert a.cli("show configuration") == shown
    assert t.host_a.ping(t.HOST_B, count=2).lost == 0


def test_configuration_that_does_not_pass_is_refused_with_its_errors(lab):
    with pytest.raises(Refused) as refused:
        Gateway(lab.ns("gw"), """
services { ipsec-vpn { rule r1 { term t1 { then { remote-gateway 192.0.2.2; manual { direction inbound {
    protocol ah; spi 5; } } } } match-direction input; } } }""")
    text = "\n".join(refused.value.errors)
    assert "not within range (256..16639)" in text, text
    assert "Outbound block must be configured" in text or "spi" in text


def test_no_key_is_ever_shown_or_logged(two_gateways):
    t = two_gateways
    a, _ = two_tunnels(t)
    t.host_a.ping(t.HOST_B, count=2)
    sa = junos.Sa(spi_ab=300, spi_ba=400)
    secrets = [k.hex() for way in ("ab", "ba") for k in (sa.auth_key(way), sa.enc_key(way))]
    shown = a.cli("show configuration") + a.cli("show configuration | display set") + a.cli("show configuration | display xml")
    shown += a.cli("show services ipsec-vpn ipsec security-associations extensive") + a.log()
    for folder, _, names in os.walk(os.path.join(a.run_dir, "log")):
        for name in names:
            with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as f:
                shown += f.read()
    assert "SECRET-DATA" in shown
    assert not [s for s in secrets if s in shown]


def test_what_a_killed_gateway_left_gives_way(two_gateways):
    """Nothing of it stays, not even what holds the places of its routes until the next one works."""
    t = two_gateways
    before = snapshot(t.gw_a)
    side_a, _ = junos.sides(t, 4, (4, 6))
    text = junos.next_hop(side_a, [junos.Sa(), junos.Sa(spi_ab=301, spi_ba=401)])
    a = Gateway(t.gw_a, text + "routing-options { static { route 10.99.0.0/16 discard; } }")
    os.kill(a.process.popen.pid, signal.SIGSTOP)
    for pid in a.pids("netd") + a.pids("sallyportd") + a.pids("mgd") + a.pids("picd"):
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not a.pids("netd") and not a.pids("picd"), what="everything is dead")
    text = text.replace("10.2.0.0/16", "10.2.0.0/17").replace("10.2.0.0/24", "10.2.0.0/25")
    b = Gateway(t.gw_a, text)
    routes = t.gw_a.run("ip route show table all; ip -6 route show table all").stdout
    assert "blackhole" not in routes and "10.99" not in routes and "sp-1-2-0.1" in routes, routes
    assert b.stop() == 0
    assert snapshot(t.gw_a) == before


def test_many_units_go_at_once(two_gateways):
    """One by one the kernel takes 20 ms for each."""
    t = two_gateways
    side_a, _ = junos.sides(t)
    text = junos.next_hop(side_a, [junos.Sa()])
    a = Gateway(t.gw_a, text + "interfaces { sp-1/2/0 { " + " ".join(
        f"unit {n} {{ family inet; }}" for n in range(100, 1100)) + " } }")
    begin = time.monotonic()
    a.configure(*[f"delete interfaces sp-1/2/0 unit {n}" for n in range(100, 600)])
    assert "sp-1-2-0.599:" not in t.gw_a.run("ip -o link").stdout
    middle = time.monotonic()
    assert a.stop() == 0
    assert "sp-1-2-0" not in t.gw_a.run("ip -o link").stdout
    assert middle - begin < 5 and time.monotonic() - middle < 5
