# SPDX-License-Identifier: BSD-2-Clause
#
# test_closed.py - what shall be protected never leaves in clear: not while a gateway starts or one of its daemons is
# gone, not from a device that has just come, not in a form that looks like the link's own business.

import os
import re
import signal
import time

import pytest
from lab import junos
from lab.gateway import Gateway
from lab.netlab import wait_until
from scapy.layers.inet6 import ICMPv6ND_NS, IPv6

CLEAR = "icmp[0] == 8 or (ip6 and host fd02::10)"


def plain_routes(t):
    """The way without Sallyport: over the wan, in clear."""
    t.gw_a.route("default", via=t.WAN_B)
    t.gw_a.route("default", via=t.WAN_B6)


def config(t, style):
    side_a, _ = junos.sides(t)
    return (junos.next_hop if style == "next-hop" else junos.interface_style)(side_a, [junos.Sa()])


@pytest.mark.parametrize("style", ["next-hop", "interface"])
@pytest.mark.parametrize("name", ["netd", "picd", "mgd"])
def test_a_killed_daemon_opens_nothing(two_gateways, style, name):
    t = two_gateways
    plain_routes(t)
    a = Gateway(t.gw_a, config(t, style))
    with t.gw_a.capture("wan", CLEAR) as wire:
        ping = t.host_a.ping_start(t.HOST_B, interval_s=0.002)
        time.sleep(0.2)
        for _ in range(3):
            (old,) = a.pids(name)
            os.kill(old, signal.SIGKILL)
            wait_until(lambda: a.pids(name) not in ([], [old]), what=f"a new {name}")
            wait_until(lambda: "300" in a.cli("show services ipsec-vpn ipsec security-associations",
                                              check=False).stdout, what="its rows")
            time.sleep(0.3)
        t.host_a.ping_end(ping)
    assert len(wire.packets()) == 0


@pytest.mark.parametrize("style,family", [("next-hop", 4), ("next-hop", 6), ("es", 4)])
def test_a_killed_netd_opens_nothing_for_the_gateway_itself(two_gateways, style, family):
    """Its own packets are not forwarded, they only follow the routes: those must not be missing for a moment."""
    t = two_gateways
    plain_routes(t)
    side_a, _ = junos.sides(t, 4, (family,))
    if style == "es":   # a route to an address at the other end of the unit
        text = junos.es_style(side_a, junos.Sa())
    else:
        text = junos.next_hop(side_a, [junos.Sa()])
    unit = "es-0-0-0.0" if style == "es" else "sp-1-2-0.1"
    a = Gateway(t.gw_a, text + "interfaces { sp-1/2/0 { " + " ".join(
        f"unit {n} {{ family inet; }}" for n in range(100, 200)) + " } }")
    net = "10.2." if family == 4 else "fd02:"
    host, me = (t.HOST_B, t.LAN_A) if family == 4 else (t.HOST_B6, t.LAN_A6)
    with t.gw_a.capture("wan", CLEAR) as wire, t.gw_a.capture("wan", "esp") as esp:
        ping = t.gw_a.ping_start(host, interval_s=0.002, options=("-I", me))
        time.sleep(0.2)
        for _ in range(3):
            (old,) = a.pids("netd")
            os.kill(old, signal.SIGKILL)
            wait_until(lambda: a.pids("netd") not in ([], [old]), what="a new netd")
            wait_until(lambda: re.search(rf"^{net}.* {unit} ", t.gw_a.run("ip route; ip -6 route").stdout, re.M), what="its routes")
            time.sleep(0.3)
        t.gw_a.ping_end(ping)
        n_before = len(esp.packets())
        t.gw_a.ping(host, count=3, timeout_s=1, options=("-I", me))
        wait_until(lambda: len(esp.packets()) > n_before > 20, what="protected again")
    assert len(wire.packets()) == 0
    assert "blackhole" not in t.gw_a.run("ip route show table all; ip -6 route show table all").stdout


@pytest.mark.parametrize("style", ["next-hop", "interface"])
def test_a_start_forwards_nothing_before_it_protects(two_gateways, style):
    """The host was no router: what makes it one comes with what protects."""
    t = two_gateways
    plain_routes(t)
    t.gw_a.sysctl("net.ipv4.ip_forward=0", "net.ipv6.conf.all.forwarding=0")
    text = config(t, style)
    if style == "next-hop":     # many devices to make between the first item and the routes
        text += "interfaces { sp-1/2/0 { " + " ".join(f"unit {n} {{ family inet; }}" for n in range(100, 200)) + " } }"
    with t.gw_a.capture("wan", CLEAR) as wire:
        ping = t.host_a.ping_start(t.HOST_B, interval_s=0.002)
        Gateway(t.gw_a, text)
        time.sleep(0.2)
        t.host_a.ping_end(ping)
    assert len(wire.packets()) == 0


def test_a_device_that_comes_later_is_closed_at_once(two_gateways):
    t = two_gateways
    text = config(t, "interface").replace("wan { unit 0", "later0 { unit 0")
    a = Gateway(t.gw_a, text)
    up = ("sysctl -qw net.ipv6.conf.default.disable_ipv6=1; ip link add later0 type veth peer name later1; ip link set later1 up; ip link set later0 up arp off; "
          "ip route add 10.2.0.0/16 dev later0; ping -c 3 -i 0.002 -W 0.01 -n 10.2.0.10 >/dev/null; "
          "cat /sys/class/net/later0/statistics/tx_packets")
    assert t.gw_a.run(up, check=False).stdout.strip() == "0"
    # and again in the place of one that was captured
    wait_until(lambda: "egress device \"later0\"" in t.gw_a.run("nft list ruleset").stdout, what="the capture")
    assert t.gw_a.run("ip link del later0; " + up, check=False).stdout.strip() == "0"
    wait_until(lambda: "egress device \"later0\"" in t.gw_a.run("nft list ruleset").stdout, what="the capture")
    t.gw_a.ping(t.HOST_B, count=2, timeout_s=1, options=("-I", t.LAN_A))
    assert "Rule lookup failures: 0" in a.cli("show services ipsec-vpn ipsec statistics")


def test_neighbor_discovery_of_others_is_no_way_out(two_gateways):
    """A host behind the gateway may call its data what it likes: only the link's own messages pass a capture."""
    t = two_gateways
    plain_routes(t)
    side_a, _ = junos.sides(t, 4, (6,))
    Gateway(t.gw_a, junos.interface_style(side_a, [junos.Sa()]))
    with t.gw_a.capture("wan", "ip6 host fd02::10") as wire, t.host_a.wire("eth0") as eth:
        frame = IPv6(src=t.HOST_A6, dst=t.HOST_B6, hlim=255) / ICMPv6ND_NS(tgt=t.HOST_B6) / (b"secret" * 20)
        mac = bytes.fromhex(t.gw_a.mac("lan").replace(":", "")) + bytes.fromhex(t.host_a.mac("eth0").replace(":", ""))
        eth.send(mac + b"\x86\xdd" + bytes(frame))
        time.sleep(0.3)
    assert len(wire.packets()) == 0


def test_from_one_tunnel_into_the_next(two_gateways):
    """A hub: what came out of a tunnel and leaves by the same interface is protected like everything else there."""
    t = two_gateways
    t.gw_a.route("default", via=t.WAN_B)
    t.gw_b.route("10.3.0.0/24", via=t.WAN_A)
    sas = [junos.Sa(), junos.Sa(spi_ab=301, spi_ba=401)]
    Gateway(t.gw_a, junos.interface_style(
        junos.Side("a", t.WAN_A, t.WAN_B, ["10.0.0.0/8", "10.2.0.0/24"], ["10.2.0.0/24", "10.3.0.0/24"]), sas))
    Gateway(t.gw_b, junos.interface_style(junos.Side("b", t.WAN_B, t.WAN_A, ["10.2.0.0/24"], ["10.0.0.0/8"]), sas))
    with t.gw_a.capture("wan", "icmp or esp") as wire:
        t.host_b.ping("10.3.0.1", count=3, timeout_s=1)
    assert not [p for p in wire.packets() if p.haslayer("ICMP") and p["ICMP"].type == 8]
    assert [p["ESP"].spi for p in wire.packets() if p.haslayer("ESP")] == [400, 301] * 3


@pytest.mark.parametrize("style,family", [("service-filter", 4), ("service-filter", 6), ("ipsec-sa", 4), ("ipsec-sa", 6)])
def test_fragments_without_ports_follow_the_first(two_gateways, style, family):
    """A term with ports says what is protected; the rest of such a packet has no ports to look at."""
    t = two_gateways
    plain_routes(t)
    fam = "inet" if family == 4 else "inet6"
    where = "protocol udp;" if family == 4 else "next-header udp;"
    if style == "service-filter":
        side_a, _ = junos.sides(t, 4, (family,))
        text = junos.interface_style(side_a, [junos.Sa()]).replace(
            "output { service-set ss1; }", "output { service-set ss1 service-filter udp; }") + f"""
            firewall {{ family {fam} {{ service-filter udp {{
                term udp {{ from {{ {where} destination-port 5000; }} then service; }}
                term rest {{ then skip; }} }} }} }}"""
    else:
        text = junos.es_style(junos.sides(t)[0], junos.Sa(), by_filter=True)
        text = text[:text.index("firewall {")] + f"""firewall {{ family {fam} {{ filter to-peer {{
            term udp {{ from {{ {where} destination-port 5000; }} then {{ ipsec-sa sa-peer; }} }}
            term rest {{ then accept; }} }} }} }}"""
        if family == 6:
            text = text.replace("lan { unit 0 { family inet {", "lan { unit 0 { family inet6 {")
            text = text.replace("destination 172.16.0.2; } }", "destination 172.16.0.2; } } family inet6 { ipsec-sa sa-peer; }")
    Gateway(t.gw_a, text)
    host = t.HOST_B if family == 4 else t.HOST_B6
    with t.gw_a.capture("wan", f"host {host}") as wire, t.gw_a.capture("wan", "esp") as esp:
        t.host_a.run(["/usr/bin/python3", "-c", "import socket, sys\n"
                      f"s = socket.socket(socket.AF_INET{'6' if family == 6 else ''}, socket.SOCK_DGRAM)\n"
                      f"for _ in range(2): s.sendto(b'x' * 3000, ('{host}', 5000))"])
        wait_until(lambda: len(esp.packets()) >= 6, what="every fragment")
    assert len(wire.packets()) == 0
