# SPDX-License-Identifier: BSD-2-Clause
#
# test_es.py - ES PIC style: security associations on es- units, reached by routing and by firewall filters.

import re

import pytest
from lab import junos
from lab.gateway import Gateway

pytestmark = pytest.mark.packets


def start(t, by_filter, sa=None):
    sa = sa or junos.Sa()
    side_a, side_b = junos.sides(t)
    a = Gateway(t.gw_a, junos.es_style(side_a, sa, by_filter))
    b = Gateway(t.gw_b, junos.es_style(side_b, sa, by_filter, peer_net="10.1.0.0/24", net="10.2.0.0/24"))
    return a, b


@pytest.mark.parametrize("by_filter", [False, True])
def test_pings_go_protected(two_gateways, by_filter):
    t = two_gateways
    a, _ = start(t, by_filter)
    with t.gw_a.capture("wan", "ip") as wire:
        assert t.host_a.ping(t.HOST_B, count=5).lost == 0
    kinds = [p.haslayer("ESP") for p in wire.packets() if p.haslayer("ESP") or p.haslayer("ICMP")]
    assert len(kinds) == 10 and all(kinds)
    assert a.cli("show ipsec security-associations") == """\
Security association: sa-peer, Interface family: Up
  Direction SPI         AUX-SPI     Mode       Type     Protocol
  inbound   400         0           tunnel     manual   ESP
  outbound  300         0           tunnel     manual   ESP
"""
    assert "Local gateway: 192.0.2.1, Remote gateway: 192.0.2.2" in a.cli("show ipsec security-associations detail")


def test_filter_counts_what_it_sends_to_the_sa(two_gateways):
    t = two_gateways
    a, _ = start(t, True)
    assert t.host_a.ping(t.HOST_B, count=4).lost == 0
    text = a.cli("show firewall")
    assert "to-peer" in text
    m = re.search(r"^protected\s+(\d+)\s+(\d+)\s*$", text, re.M)
    assert m and int(m[2]) == 4 and int(m[1]) == 4 * 84, text
    assert "protected" in str(a.cli_json("show firewall"))


def test_input_filter_of_the_es_unit_judges_decrypted_packets(two_gateways):
    t = two_gateways
    sa = junos.Sa()
    side_a, side_b = junos.sides(t)
    guard = """
firewall { filter guard {
    term ok { from { source-address { 10.1.0.10/32; } } then { count good; accept; } }
    term bad { then { count refused; discard; } }
} }"""
    text = junos.es_style(side_b, sa, peer_net="10.1.0.0/24", net="10.2.0.0/24").replace(
        "ipsec-sa sa-peer; address", "filter { input guard; } ipsec-sa sa-peer; address") + guard
    Gateway(t.gw_a, junos.es_style(side_a, sa))
    b = Gateway(t.gw_b, text)
    t.host_a.addr("eth0", "10.1.0.11/24")
    assert t.host_a.ping(t.HOST_B, count=2, options=("-I", "10.1.0.10")).lost == 0
    assert t.host_a.ping(t.HOST_B, count=2, timeout_s=1, options=("-I", "10.1.0.11")).received == 0
    shown = b.cli("show firewall filter guard")
    assert re.search(r"^refused\s+168\s+2\s*$", shown, re.M), shown
    assert re.search(r"^good\s+168\s+2\s*$", shown, re.M), shown


@pytest.mark.parametrize("protocol", ["esp", "ah", "bundle"])
def test_transport_mode_between_two_hosts(lab, protocol):
    """Host to host: a filter on lo0's output sends ping between the two to a transport mode SA."""
    a, b = lab.ns("a"), lab.ns("b")
    lab.link(a, "wan", b, "wan")
    a.addr("wan", "192.0.2.1/24")
    b.addr("wan", "192.0.2.2/24")
    sa = junos.Sa(protocol=protocol)

    def config(side, peer):
        return f"""
interfaces {{ lo0 {{ unit 0 {{ family inet {{ filter {{ output to-sa; }} }} }} }} }}
security {{ ipsec {{ security-association host {{ mode transport; {junos.manual(sa, side)} }} }} }}
firewall {{ filter to-sa {{
    term peer {{ from {{ destination-address {{ {peer}/32; }} protocol icmp; }} then {{ count sent; ipsec-sa host; }} }}
    term rest {{ then accept; }}
}} }}
"""
    gw_a = Gateway(a, config("a", "192.0.2.2"))
    Gateway(b, config("b", "192.0.2.1"))
    with a.capture("wan", "ip") as wire:
        assert a.ping("192.0.2.2", count=4).lost == 0
        assert b.ping("192.0.2.1", count=4, size=1000).lost == 0
    layer = "ESP" if protocol == "esp" else "AH"
    packets = wire.packets()
    assert len([p for p in packets if p.haslayer(layer)]) == 16
    if protocol != "ah":
        assert not [p for p in packets if p.haslayer("ICMP")]
    text = gw_a.cli("show ipsec security-associations")
    assert text.startswith("Security association: host\n") and "transport" in text, text
