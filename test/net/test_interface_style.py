# SPDX-License-Identifier: BSD-2-Clause
#
# test_interface_style.py - service sets applied to a media interface: what leaves it is protected or dropped.

import re
import struct
import threading
import time

import pytest
from lab import junos
from lab.gateway import Gateway
from lab.netlab import wait_until
from scapy.layers.inet import IP
from scapy.layers.inet6 import IPv6

pytestmark = pytest.mark.packets


def routes(t):
    """Plain routing leads over the wan; only the service set may protect it."""
    t.gw_a.route("10.2.0.0/16", via=t.WAN_B)
    t.gw_b.route("10.1.0.0/16", via=t.WAN_A)
    t.gw_a.route("fd02::/48", via=t.WAN_B6)
    t.gw_b.route("fd01::/48", via=t.WAN_A6)


def start(t, inner=(4,), **kw):
    routes(t)
    sas = [junos.Sa(spi_ab=300 + i, spi_ba=400 + i) for i in range(len(inner))]
    side_a, side_b = junos.sides(t, 4, inner)
    return (Gateway(t.gw_a, junos.interface_style(side_a, sas, **kw)),
            Gateway(t.gw_b, junos.interface_style(side_b, sas, **kw)))


def test_traffic_is_protected_both_ways(two_gateways):
    t = two_gateways
    start(t, (4, 6))
    with t.gw_a.capture("wan", "ip or ip6") as wire:
        assert t.host_a.ping(t.HOST_B, count=5).lost == 0
        assert t.host_b.ping(t.HOST_A, count=5).lost == 0
        assert t.host_a.ping(t.HOST_B6, count=5).lost == 0
    esp = [p for p in wire.packets() if p.haslayer("ESP")]
    clear = [p for p in wire.packets() if p.haslayer("ICMP") or p.haslayer("ICMPv6EchoRequest")]
    assert len(esp) == 30 and not clear


def test_what_no_rule_matches_is_dropped_never_sent(two_gateways):
    t = two_gateways
    a, _ = start(t)
    t.host_b.addr("eth0", "10.2.9.9/32")
    with t.gw_a.capture("wan", "icmp") as wire:
        assert t.host_a.ping("10.2.9.9", count=3, timeout_s=1).received == 0
    assert len(wire.packets()) == 0
    assert "Rule lookup failures: 3" in a.cli("show services ipsec-vpn ipsec statistics")


def test_clear_text_that_should_have_been_protected_is_dropped(two_gateways):
    t = two_gateways
    routes(t)
    side_a, _ = junos.sides(t)
    a = Gateway(t.gw_a, junos.interface_style(side_a, [junos.Sa()]))
    with t.host_a.capture("eth0", "icmp") as inside:
        t.host_b.ping(t.HOST_A, count=3, timeout_s=1)
    assert len(inside.packets()) == 0
    drops = a.cli("show services service-sets statistics packet-drops")
    assert "clear" in drops.lower(), drops


def test_the_gateways_own_traffic_is_looked_at_too(two_gateways):
    t = two_gateways
    start(t)
    ping = t.gw_a.ping(t.HOST_B, count=2, options=("-I", t.LAN_A))
    assert ping.lost == 0, ping.text


@pytest.mark.packets(covering=True)
def test_big_packets_and_icmp(two_gateways):
    t = two_gateways
    start(t)
    assert t.host_a.ping(t.HOST_B, count=2, size=4000, df="dont").lost == 0
    with t.host_a.capture("eth0", "icmp[0] == 3") as errors:
        t.host_a.ping(t.HOST_B, count=1, size=1472, df="do", timeout_s=1)
    assert [p["ICMP"].nexthopmtu for p in errors.packets()] == [1438]


def test_input_direction_on_the_lan_side(two_gateways):
    """The service set on the interface that receives what shall be protected, rules with match-direction input."""
    t = two_gateways
    routes(t)
    side_a, side_b = junos.sides(t)
    text = junos.interface_style(side_a, [junos.Sa()]).replace("match-direction output", "match-direction input")
    text = text.replace("wan { unit 0", "lan { unit 0")
    Gateway(t.gw_a, text)
    Gateway(t.gw_b, junos.interface_style(side_b, [junos.Sa()]))
    with t.gw_a.capture("wan", "ip") as wire:
        assert t.host_a.ping(t.HOST_B, count=3).lost == 0
    assert not [p for p in wire.packets() if p.haslayer("ICMP")]


def test_ttl_that_ends_at_the_gateway(two_gateways):
    """Entering packets have not been routed when they are looked at: the services interface is the hop."""
    t = two_gateways
    routes(t)
    side_a, _ = junos.sides(t)
    text = junos.interface_style(side_a, [junos.Sa()]).replace("match-direction output", "match-direction input")
    Gateway(t.gw_a, text.replace("wan { unit 0", "lan { unit 0"))
    run = t.host_a.run(["ping", "-n", "-c", "1", "-t", "1", "-W", "1", t.HOST_B], check=False)
    assert "Time to live exceeded" in run.stdout, run.stdout


def test_service_filter_skips(two_gateways):
    t = two_gateways
    routes(t)
    side_a, _ = junos.sides(t)
    text = junos.interface_style(side_a, [junos.Sa()], more="""
firewall { family inet { service-filter only-lan {
    term lan { from { source-address { 10.1.0.0/24; } destination-address { 10.2.0.0/24; } }
               then { count from-lan; service; } }
    term rest { then { count others; skip; } }
} } }""").replace("output { service-set ss1; }", "output { service-set ss1 service-filter only-lan; }").replace(
        "input { service-set ss1; }", "input { service-set ss1 service-filter only-lan; }")
    a = Gateway(t.gw_a, text)
    assert t.gw_a.ping(t.WAN_B, count=2).lost == 0, "the gateway's own ping is skipped"
    with t.gw_a.capture("wan", "ip") as wire:
        t.host_a.ping(t.HOST_B, count=2, timeout_s=1)
    assert [p["IP"].proto for p in wire.packets() if p["IP"].src == t.WAN_A] == [50, 50]
    wait_until(lambda: re.search(r"^from-lan +\d+ +2$", a.cli("show firewall"), re.M), 5, lambda: a.cli("show firewall"))
    assert re.search(r"^others +\d+ +[1-9]\d*$", a.cli("show firewall"), re.M)
    a.configure("set interfaces lan unit 0 family inet address 10.77.0.1/24")
    assert re.search(r"^from-lan +\d+ +2$", a.cli("show firewall filter only-lan"), re.M), "a commit keeps the count"


@pytest.mark.parametrize("family", [4, 6])
def test_a_service_filter_tells_esp_from_ah(two_gateways, family):
    """The same number is an SPI of either protocol: only ESP with it is left alone, AH with it is protected."""
    t = two_gateways
    routes(t)
    side_a, _ = junos.sides(t, 4, (family,))
    fam = "inet" if family == 4 else "inet6"
    text = junos.interface_style(side_a, [junos.Sa()], more=f"""
firewall {{ family {fam} {{ service-filter foreign {{
    term esp {{ from {{ esp-spi [ 900 950-960 ]; }} then {{ count foreign-esp; skip; }} }}
    term rest {{ then service; }}
}} }} }}""").replace("output { service-set ss1; }", "output { service-set ss1 service-filter foreign; }")
    a = Gateway(t.gw_a, text)
    dst = t.HOST_B if family == 4 else t.HOST_B6
    src = t.HOST_A if family == 4 else t.HOST_A6
    mac = bytes.fromhex(t.gw_a.mac("lan").replace(":", "")) + bytes.fromhex(t.host_a.mac("eth0").replace(":", ""))
    mac += b"\x08\x00" if family == 4 else b"\x86\xdd"
    with t.gw_a.capture("wan", "ip or ip6") as wire, t.host_a.wire("eth0") as eth:
        for spi in (900, 955, 901):
            for proto, header in ((50, struct.pack("!II", spi, 1)), (51, struct.pack("!BBHII", 17, 4, 0, spi, 1))):
                ip = IP(src=src, dst=dst, proto=proto) if family == 4 else IPv6(src=src, dst=dst, nh=proto)
                eth.send(mac + bytes(ip / (header + b"x" * 40)))
        layer = "IP" if family == 4 else "IPv6"

        def clear():
            return [p["ESP"].spi for p in wire.packets() if p.haslayer(layer) and p[layer].dst == dst]

        def ours():
            return [p["ESP"].spi for p in wire.packets() if p.haslayer("IP") and p["IP"].src == t.WAN_A and p["IP"].proto == 50]
        wait_until(lambda: len(clear()) >= 2 and len(ours()) >= 4, what="the packets")
    assert clear() == [900, 955] and ours() == [300] * 4
    assert re.search(r"^foreign-esp +\d+ +2$", a.cli("show firewall"), re.M)


def test_a_filter_forgets_no_packet_when_links_come_and_go(two_gateways):
    """netd writes its filters anew at each change of the links; what passes meanwhile is counted all the same."""
    t = two_gateways
    routes(t)
    side_a, _ = junos.sides(t)
    text = junos.interface_style(side_a, [junos.Sa()], more="""
firewall { family inet { service-filter foreign {
    term esp { from { esp-spi 900; } then { count foreign-esp; skip; } }
    term rest { then service; }
} } }""").replace("output { service-set ss1; }", "output { service-set ss1 service-filter foreign; }")
    a = Gateway(t.gw_a, text)
    mac = bytes.fromhex(t.gw_a.mac("lan").replace(":", "")) + bytes.fromhex(t.host_a.mac("eth0").replace(":", "")) + b"\x08\x00"
    frame = mac + bytes(IP(src=t.HOST_A, dst=t.HOST_B, proto=50) / (struct.pack("!II", 900, 1) + b"x" * 40))
    n_sent = 0
    done = threading.Event()

    def send(eth):
        nonlocal n_sent
        while not done.is_set():
            eth.send(frame)
            n_sent += 1
            time.sleep(0.0002)
    with t.host_a.wire("eth0") as eth:
        sender = threading.Thread(target=send, args=(eth,))
        sender.start()
        for i in range(20):
            t.gw_a.run(f"ip link add come{i} type veth peer name go{i}; sleep 0.12; ip link del come{i}; sleep 0.12")
        done.set()
        sender.join()
    wait_until(lambda: re.search(rf"^foreign-esp +\d+ +{n_sent}$", a.cli("show firewall"), re.M), 5,
               lambda: f"{n_sent} sent" + a.cli("show firewall"))


def test_two_service_sets_share_a_services_interface(two_gateways):
    """What comes out of either set may leave by the interface on whose way in the set stands."""
    t = two_gateways
    routes(t)
    t.host_a.ip("link add second type veth peer name second netns " + t.gw_a.full_name)
    t.host_a.addr("second", "10.1.7.10/24")
    t.gw_a.addr("second", "10.1.7.1/24")
    t.host_a.run("ip rule add from 10.1.7.10 table 7; ip route add default via 10.1.7.1 table 7")
    sas = [junos.Sa(), junos.Sa(spi_ab=301, spi_ba=401)]
    side_a, side_b = junos.sides(t)
    one = junos.interface_style(side_a, sas[:1]).replace("match-direction output", "match-direction input").replace(
        "wan { unit 0", "lan { unit 0")
    second = junos.interface_style(junos.Side("a", t.WAN_A, t.WAN_B, ["10.1.7.0/24"], side_a.peer_nets), sas[1:]).replace(
        "match-direction output", "match-direction input").replace("wan { unit 0", "second { unit 0")
    Gateway(t.gw_a, one + second.replace("ss1", "ss2").replace("rule r1", "rule r2").replace("rules r1", "rules r2"))
    Gateway(t.gw_b, junos.interface_style(junos.Side("b", t.WAN_B, t.WAN_A, side_b.nets * 2, ["10.1.0.0/24", "10.1.7.0/24"]),
                                          sas))
    assert t.host_a.ping(t.HOST_B, count=2).lost == 0
    assert t.host_a.ping(t.HOST_B, count=2, options=("-I", "10.1.7.10")).lost == 0
