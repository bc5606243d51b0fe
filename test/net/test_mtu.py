# SPDX-License-Identifier: BSD-2-Clause
#
# test_mtu.py - sizes: DF bit, tunnel-mtu, fragments before encapsulation, ICMP with the right MTU, TOS, ECN, TTL.

import pytest
from lab import junos
from lab.gateway import Gateway

pytestmark = pytest.mark.packets

# ESP tunnel, AES-CBC + HMAC-SHA1-96 over IPv4: 20 outer + 8 ESP + 16 IV + (inner + 2 padded to 16) + 12
INNER_1500 = 1438   # the largest inner packet whose encapsulation is at most 1500 octets


def start(t, **kw):
    sa = junos.Sa()
    side_a, side_b = junos.sides(t)
    return (Gateway(t.gw_a, junos.next_hop(side_a, [sa], **kw)), Gateway(t.gw_b, junos.next_hop(side_b, [sa], **kw)))


def wire_lengths(capture):
    return [len(p["IP"]) for p in capture.packets() if p.haslayer("ESP")]


def test_largest_packet_fits_exactly(two_gateways):
    t = two_gateways
    start(t)
    with t.gw_a.capture("wan", "ip proto 50") as wire:
        assert t.host_a.ping(t.HOST_B, count=1, size=INNER_1500 - 28, df="do").lost == 0
    assert max(wire_lengths(wire)) <= 1500


def test_too_big_with_df_is_answered_with_the_right_mtu(two_gateways):
    t = two_gateways
    a, _ = start(t)
    with t.host_a.capture("eth0", "icmp[0] == 3") as errors:
        ping = t.host_a.ping(t.HOST_B, count=1, size=INNER_1500 - 27, df="do", timeout_s=1)
    assert ping.received == 0
    error = errors.packets()[0]
    assert (error["ICMP"].type, error["ICMP"].code, error["ICMP"].nexthopmtu) == (3, 4, INNER_1500)
    assert "Exceeds tunnel MTU: 1" in a.cli("show services ipsec-vpn ipsec statistics")
    # the host has learned it: TCP and the next ping with discovery fit
    assert t.host_a.ping(t.HOST_B, count=2, size=INNER_1500 - 28, df="do").lost == 0


@pytest.mark.packets(covering=True)
@pytest.mark.parametrize("size", [1472, 4000, 9000])
def test_big_without_df_is_fragmented_before_encapsulation(two_gateways, size):
    t = two_gateways
    start(t)
    with t.gw_a.capture("wan", "ip proto 50") as wire:
        assert t.host_a.ping(t.HOST_B, count=3, size=size, df="dont").lost == 0
    assert max(wire_lengths(wire)) <= 1500
    assert not [p for p in wire.packets() if p["IP"].flags.MF or p["IP"].frag], "the outer packets are whole"


def test_largest_packet_of_all(two_gateways):
    t = two_gateways
    start(t)
    assert t.host_a.ping(t.HOST_B, count=2, size=65507, df="dont", timeout_s=3).lost == 0


def test_tunnel_mtu_is_the_size_on_the_wire(two_gateways):
    t = two_gateways
    start(t, term_extra="tunnel-mtu 600;")
    with t.gw_a.capture("wan", "ip proto 50") as wire:
        assert t.host_a.ping(t.HOST_B, count=2, size=1000, df="dont").lost == 0
    assert max(wire_lengths(wire)) <= 600


def test_clear_dont_fragment_bit_lets_big_packets_through(two_gateways):
    t = two_gateways
    start(t, term_extra="clear-dont-fragment-bit;")
    with t.gw_a.capture("wan", "ip proto 50") as wire:
        assert t.host_a.ping(t.HOST_B, count=2, size=1472, df="do").lost == 0
    assert not any(p["IP"].flags.DF for p in wire.packets())


@pytest.mark.parametrize("statement,inner_df,outer_df", [
    ("", "do", True), ("", "dont", False), ("copy-dont-fragment-bit;", "do", True),
    ("copy-dont-fragment-bit;", "dont", False), ("set-dont-fragment-bit;", "dont", True),
    ("clear-dont-fragment-bit;", "do", False)])
def test_df_of_the_outer_header(two_gateways, statement, inner_df, outer_df):
    t = two_gateways
    start(t, options=statement)
    with t.gw_a.capture("wan", "ip proto 50 and src 192.0.2.1") as wire:
        assert t.host_a.ping(t.HOST_B, count=1, size=100, df=inner_df).lost == 0
    assert [bool(p["IP"].flags.DF) for p in wire.packets()] == [outer_df]


def test_smaller_path_is_learned_and_reported(two_gateways):
    """The device towards the peer takes less than the tunnel: the host hears what fits."""
    t = two_gateways
    t.gw_a.ip("link set wan mtu 1300")
    t.gw_b.ip("link set wan mtu 1300")
    start(t)
    # learning costs the first packet; then the error names what fits into 1300: 20+8+16+(1230+2)+12 = 1288
    with t.host_a.capture("eth0", "icmp[0] == 3") as errors:
        t.host_a.ping(t.HOST_B, count=3, size=1300, df="do", timeout_s=1)
    found = [p["ICMP"].nexthopmtu for p in errors.packets() if p["ICMP"].code == 4]
    assert found and set(found) == {1230}, found
    assert t.host_a.ping(t.HOST_B, count=2, size=1230 - 28, df="do").lost == 0
    assert t.host_a.ping(t.HOST_B, count=2, size=1472, df="dont").lost == 0


@pytest.mark.packets(covering=True)
def test_packet_too_big_inside_ipv6(two_gateways):
    t = two_gateways
    sa = junos.Sa()
    side_a, side_b = junos.sides(t, 4, (6,))
    Gateway(t.gw_a, junos.next_hop(side_a, [sa]))
    Gateway(t.gw_b, junos.next_hop(side_b, [sa]))
    with t.host_a.capture("eth0", "icmp6 and ip6[40] == 2") as errors:
        t.host_a.ping(t.HOST_B6, count=1, size=1452, df="do", timeout_s=1)
    error = errors.packets()[0]
    assert error["ICMPv6PacketTooBig"].mtu == INNER_1500
    assert t.host_a.ping(t.HOST_B6, count=2, size=INNER_1500 - 48, df="do").lost == 0


def test_tos_ecn_and_ttl(two_gateways):
    t = two_gateways
    start(t)
    with t.gw_a.capture("wan", "ip proto 50 and src 192.0.2.1") as wire, t.host_b.capture("eth0", "icmp[0] == 8") as inside:
        assert t.host_a.ping(t.HOST_B, count=1, options=("-Q", "0xb9", "-t", "40")).lost == 0
    outer, inner = wire.packets()[0]["IP"], inside.packets()[0]["IP"]
    assert (outer.tos, outer.ttl) == (0xb9, 64)
    assert (inner.tos, inner.ttl) == (0xb9, 38), "each gateway is one hop"


@pytest.mark.parametrize("outer", [4, 6])
def test_ipv6_fragments_of_the_sender_pass(two_gateways, outer):
    """No router fragments IPv6, but a datagram that its sender has fragmented must not be lost for having been joined."""
    t = two_gateways
    sa = junos.Sa()
    side_a, side_b = junos.sides(t, outer, (6,))
    Gateway(t.gw_a, junos.next_hop(side_a, [sa]))
    Gateway(t.gw_b, junos.next_hop(side_b, [sa]))
    assert t.host_a.ping(t.HOST_B6, count=3, size=4000).lost == 0
    assert t.host_b.ping(t.HOST_A6, count=3, size=60000).lost == 0
