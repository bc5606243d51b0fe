# SPDX-License-Identifier: BSD-2-Clause
#
# test_ike.py - two gateways that negotiate, from the first packet to the screens that tell of it.

import re

from lab import junos
from lab.gateway import Gateway
from lab.netlab import wait_until

IKE_SAS = "show services ipsec-vpn ike security-associations"
IPSEC_SAS = "show services ipsec-vpn ipsec security-associations"


def start(t, **kw):
    """Both gateways with one dynamic tunnel; returns them."""
    side_a, side_b = junos.sides(t)
    more = junos.ike(**kw)
    a = Gateway(t.gw_a, junos.next_hop(side_a, [junos.Dynamic()], more=more))
    b = Gateway(t.gw_b, junos.next_hop(side_b, [junos.Dynamic()], more=more))
    return a, b


def come_up(t, gw, timeout_s=10.0):
    """The first packet begins the negotiation and is lost; returns when others come through."""
    try:
        wait_until(lambda: t.host_a.ping(t.HOST_B, count=1, interval_s=0.05).lost == 0, timeout_s, "the tunnel")
    except AssertionError as e:
        raise AssertionError(f"{e}\n{gw.log()}") from e


def test_traffic_brings_a_tunnel_up_and_screens_tell_of_it(two_gateways):
    t = two_gateways
    a, b = start(t)
    assert a.cli(IKE_SAS) == ""
    with t.gw_a.capture("wan", "udp port 500 or esp or icmp") as wire:
        come_up(t, a)
        assert t.host_a.ping(t.HOST_B, count=5).lost == 0
        assert t.host_b.ping(t.HOST_A, count=5).lost == 0
    assert not [p for p in wire.packets() if p.haslayer("ICMP") and not p.haslayer("ESP")], "clear text on the wire"
    brief = a.cli(IKE_SAS)
    m = re.fullmatch(r"Remote Address  State         Initiator cookie  Responder cookie  Exchange type\n"
                     r"192\.0\.2\.2       Matured       ([0-9a-f]{16})  ([0-9a-f]{16})  Main\n", brief)
    assert m, brief
    assert m[1] in b.cli(IKE_SAS) and m[2] in b.cli(IKE_SAS)
    detail = a.cli(IKE_SAS + " detail 192.0.2.2")
    assert "  Role: Initiator, State: Matured\n" in detail
    assert "  Local: 192.0.2.1:500, Remote: 192.0.2.2:500\n" in detail
    assert re.search(r"^  Lifetime: Expires in 35\d\d seconds$", detail, re.M), detail
    assert "  IPSec security associations: 1 created, 0 deleted\n" in detail
    assert "swordfish" not in detail + a.log() + b.log()
    sas = a.cli(IPSEC_SAS + " detail")
    assert sas.count("Type: dynamic, State: Installed") == 2, sas
    assert a.cli("show services ipsec-vpn ike sa") == brief
    assert "Delete payloads: 0 received, 0 sent" in a.cli("show services ipsec-vpn ike statistics")
    assert a.cli("show ike security-associations") == ""
