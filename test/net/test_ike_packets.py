# SPDX-License-Identifier: BSD-2-Clause
#
# test_ike_packets.py - what negotiated SAs do to packets: both styles, ESP in UDP, and while a process is away.

import os
import re
import signal
import time

import pytest
from lab import charon, junos
from lab.gateway import Gateway
from lab.netlab import wait_until

IPSEC_SAS = "show services ipsec-vpn ipsec security-associations"
CLEAR = "clear services ipsec-vpn ipsec security-associations"
MATCH = "show services ipsec-vpn match-rules source-ip 10.1.0.10 destination-ip "

needs_charon = pytest.mark.skipif(charon.missing() is not None, reason=str(charon.missing()))


def plain_routes(t):
    """For the interface style: only the service set may protect what is routed over the wan."""
    t.gw_a.route("10.2.0.0/16", via=t.WAN_B)
    t.gw_b.route("10.1.0.0/16", via=t.WAN_A)


def both(t, style, family_outer=4, **kw):
    side_a, side_b = junos.sides(t, family_outer)
    return (Gateway(t.gw_a, style(side_a, [junos.Dynamic()], more=junos.ike(), **kw)),
            Gateway(t.gw_b, style(side_b, [junos.Dynamic()], more=junos.ike(), **kw)))


def come_up(t, gw, timeout_s=15.0):
    try:
        wait_until(lambda: t.host_a.ping(t.HOST_B, count=1, interval_s=0.05, timeout_s=1).lost == 0, timeout_s, "the tunnel")
    except AssertionError as e:
        raise AssertionError(f"{e}\n{gw.log()}") from e


def no_clear(wire):
    return [p for p in wire.packets() if p.haslayer("ICMP") and p["ICMP"].type in (0, 8)] == []


def kill(gw, name):
    """Kills a process of the gateway and waits for its successor."""
    before = gw.pids(name)
    assert before, f"no {name}"
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: gw.pids(name) and not set(gw.pids(name)) & set(before), 10, f"another {name}")


@pytest.mark.packets
def test_interface_style_lets_ike_by(two_gateways):
    t = two_gateways
    plain_routes(t)
    with t.gw_a.capture("wan", "ip") as wire:
        a, _ = both(t, junos.interface_style)
        come_up(t, a)
        assert t.host_a.ping(t.HOST_B, count=5).lost == 0
        assert t.host_b.ping(t.HOST_A, count=5).lost == 0
    assert no_clear(wire)
    assert a.cli(IPSEC_SAS).count("dynamic") == 2


@needs_charon
@pytest.mark.packets(udp=True)
def test_interface_style_lets_esp_in_udp_by(two_gateways):
    t = two_gateways
    plain_routes(t)
    side_a, _ = junos.sides(t)
    a = Gateway(t.gw_a, junos.interface_style(side_a, [junos.Dynamic()], more=junos.ike()))
    b = charon.Charon(t.gw_b, charon.connection(t.WAN_B, t.WAN_A, "10.2.0.0/24", "10.1.0.0/24"))
    with t.gw_a.capture("wan", "ip") as wire:
        come_up(t, a)
        assert t.host_a.ping(t.HOST_B, count=5).lost == 0
        assert t.host_a.ping(t.HOST_B, count=3, size=3000).lost == 0
        assert t.host_b.ping(t.HOST_A, count=5).lost == 0
    assert no_clear(wire), b.log()
    assert "UDP encapsulate: Enabled, UDP Destination port: 4500" in a.cli(IPSEC_SAS + " detail")


@pytest.mark.packets
def test_both_gateways_are_ipv6(two_gateways):
    t = two_gateways
    a, _ = both(t, junos.next_hop, 6)
    come_up(t, a)
    assert t.host_a.ping(t.HOST_B, count=5).lost == 0


@needs_charon
@pytest.mark.packets(udp=True)
def test_esp_in_udp_of_ipv6(two_gateways):
    t = two_gateways
    side_a, _ = junos.sides(t, 6)
    a = Gateway(t.gw_a, junos.next_hop(side_a, [junos.Dynamic()], more=junos.ike()))
    charon.Charon(t.gw_b, charon.connection(t.WAN_B6, t.WAN_A6, "10.2.0.0/24", "10.1.0.0/24"))
    come_up(t, a)
    assert t.host_a.ping(t.HOST_B, count=5).lost == 0
    assert t.host_b.ping(t.HOST_A, count=5).lost == 0
    assert "UDP encapsulate: Enabled" in a.cli(IPSEC_SAS + " detail")


@pytest.mark.packets
def test_kmd_may_be_away(two_gateways):
    t = two_gateways
    a, _ = both(t, junos.next_hop)
    come_up(t, a)
    stream = t.host_a.ping_start(t.HOST_B, interval_s=0.01)
    sas = re.findall(r"(?:in|out)bound +(\d+)", a.cli(IPSEC_SAS))
    kill(a, "kmd")
    time.sleep(1)
    ping = t.host_a.ping_end(stream)
    assert ping.gaps == 0 and ping.received > 50, ping.text
    assert re.findall(r"(?:in|out)bound +(\d+)", a.cli(IPSEC_SAS)) == sas


@pytest.mark.packets
def test_netd_may_be_away(two_gateways):
    """The sockets of kmd and of picd work on; those of the next netd take their places."""
    t = two_gateways
    a, _ = both(t, junos.next_hop)
    come_up(t, a)
    kill(a, "netd")
    come_up(t, a)
    a.cli(CLEAR)
    come_up(t, a)
    assert t.host_a.ping(t.HOST_B, count=5).lost == 0


@pytest.mark.packets
def test_a_picd_that_comes_back_gets_other_sas(two_gateways):
    t = two_gateways
    a, _ = both(t, junos.next_hop)
    come_up(t, a)
    sas = a.cli(IPSEC_SAS)
    kill(a, "picd")
    come_up(t, a)
    assert a.cli(IPSEC_SAS).count("dynamic") >= 2
    assert a.cli(IPSEC_SAS) != sas


def test_the_command_that_answers_why(two_gateways):
    t = two_gateways
    a, _ = both(t, junos.next_hop)
    assert a.cli(MATCH + t.HOST_B) == (
        "Service set: ss1, Direction: Input\n"
        "  Rule: r1, Term: t0, Tunnel index: 1\n"
        "  Local gateway: 192.0.2.1, Remote gateway: 192.0.2.2\n"
        "  Interface: sp-1/2/0.1\n"
        "  Result: Dropped, the tunnel of the matching term has no SA\n"
        "  Note: a packet would start negotiation, unless the tunnel only responds\n")
    come_up(t, a)
    spi = re.search(r"outbound +(\d+)", a.cli(IPSEC_SAS))[1]
    answer = a.cli(MATCH + t.HOST_B + " interface sp-1/2/0.1 protocol icmp")
    assert f"  SPI: {spi}, AUX-SPI: 0, Protocol: ESP, Authentication: hmac-sha1-96, Encryption: 3des-cbc\n" in answer
    assert answer.endswith("  Result: Protected\n")
    assert a.cli(MATCH + "10.9.0.1") == (
        "Service set: ss1, Direction: Input\n"
        "  Result: Dropped, no rule of the service set matches\n"
        "  Note: rule r1 term t0 comes nearest, has destination-address 10.2.0.0/24\n")
    assert "Direction: Inbound" in a.cli("show services ipsec-vpn match-rules source-ip 10.2.0.10 destination-ip 10.1.0.10")
    assert "<match-verdict>protected</match-verdict>" in a.cli(MATCH + t.HOST_B + " | display xml")
    nobody = a.cli(MATCH + t.HOST_B + " interface lan")
    assert nobody == "Result: Not protected, no service set and no security association is met by such a packet\n"
    refused = a.cli("show services ipsec-vpn match-rules source-ip 10.1.0.1", check=False)
    assert "Result" not in refused.stdout
    assert "source-ip and destination-ip are needed" in refused.stdout + refused.stderr
