# SPDX-License-Identifier: BSD-2-Clause
#
# test_ike_guest.py - strongSwan with a real kernel's plain ESP and AH, in user-mode-linux: negotiated, carried, renewed.

import pytest
from lab import charon, junos
from lab.gateway import Gateway
from lab.netlab import wait_until
from lab.outside import Outside

IKE_SAS = "show services ipsec-vpn ike security-associations"
IPSEC_SAS = "show services ipsec-vpn ipsec security-associations"

pytestmark = [pytest.mark.slow, pytest.mark.skipif(charon.missing() is not None, reason=str(charon.missing()))]

#  protocol encryption   icv              pfs     outer, inner family
CASES = """
  esp      3des-cbc     hmac-sha1-96     none    4 4
  esp      aes-128-cbc  hmac-sha-256-128 group14 4 6
  esp      aes-256-cbc  hmac-md5-96      group19 6 4
  esp      des-cbc      hmac-sha1-96     group2  6 6
  esp      aes-128-gcm  none             group14 4 4
  esp      aes-256-gcm  none             none    6 4
  ah       none         hmac-md5-96      none    4 4
  ah       none         hmac-sha1-96     group14 4 6
  ah       none         hmac-sha-256-128 group20 6 6
"""


@pytest.fixture
def scene(lab, guest):
    return Outside(lab, guest)


@pytest.mark.parametrize("protocol, enc, icv, pfs, outer, inner", [line.split() for line in CASES.strip().split("\n")])
def test_plain_packets(scene, protocol, enc, icv, pfs, outer, inner):
    """We begin; then all is ended and strongSwan begins."""
    s, pfs = scene, None if pfs == "none" else pfs
    side = s.side(int(outer), (int(inner),))
    a = Gateway(s.gw, junos.next_hop(side, [junos.Dynamic(ipsec_policy="i1")], more=junos.ike(
        ipsec=junos.phase2(protocol, enc, icv, pfs))))
    words = [charon.ENC.get(enc), charon.HASH.get(icv), charon.GROUP.get(pfs)]
    text = charon.connection(
        side.peer, side.wan, side.peer_nets[0], side.nets[0], encap=False, esp="-".join(word for word in words if word),
        ah="-".join(word for word in words[1:] if word) if protocol == "ah" else "")
    with charon.GuestCharon(s.guest, text) as b:
        with s.gw.capture("wan", "not arp and not udp and not multicast and not (icmp6 and ip6[40] > 132)") as wire:
            s.carried(a, b, inner)
        header = "AH" if protocol == "ah" else "ESP"
        assert wire.packets() and not [p for p in wire.packets() if not p.haslayer(header)]
        b.terminate()
        wait_until(lambda: a.cli(IKE_SAS) == "", 5, "the SA to go")
        b.initiate("net")
        s.carried(a, b, inner)
        assert "  Role: Responder, State: Matured\n" in a.cli(IKE_SAS + " detail")
        assert s.guest.errors() == {}


def test_several_subnets_under_one_ike_sa(scene):
    """Four terms, one IKE SA; either side begins two of them."""
    s = scene
    nets = ["10.1.0.0/24", "10.1.0.0/24", "fd01::/64", "fd01::/64"]
    peer_nets = ["10.2.0.0/24", "10.2.1.0/24", "fd02::/64", "fd02:1::/64"]
    s.guest.run("ip addr add 10.2.1.10/24 dev host; ip addr add fd02:1::10/64 dev host nodad")
    side = junos.Side("a", s.WE, s.PEER, nets, peer_nets)
    a = Gateway(s.gw, junos.next_hop(side, [junos.Dynamic()] * 4, more=junos.ike()))
    children = {f"net{i}": (theirs, ours) for i, (ours, theirs) in enumerate(zip(nets, peer_nets))}
    with charon.GuestCharon(s.guest, charon.connection(s.PEER, s.WE, "", "", encap=False, children=children)) as b:
        b.initiate("net1")
        b.initiate("net3")
        for host in ("10.2.0.10", "10.2.1.10", "fd02::10", "fd02:1::10"):
            s.reached(a, b, host)
        assert a.cli(IPSEC_SAS + " detail").count("State: Installed") == 8
        assert a.cli(IKE_SAS).count("192.0.2.2") == 1, a.cli(IKE_SAS)
        assert b.sas().count("INSTALLED") == 4, b.sas()
        assert s.guest.errors() == {}


@pytest.mark.parametrize("protocol", ["esp", "ah"])
def test_renewed_by_strongswan_without_a_lost_packet(scene, protocol):
    """The peer renews its SAs each 4 seconds or so, and its IKE SA, too; packets go on both ways."""
    s = scene
    side = s.side()
    a = Gateway(s.gw, junos.next_hop(side, [junos.Dynamic(ipsec_policy="i1")], more=junos.ike(
        ipsec=junos.phase2(protocol, "aes-128-cbc", "hmac-sha1-96", "group2"))))
    text = charon.connection(
        side.peer, side.wan, side.peer_nets[0], side.nets[0], encap=False, esp="aes128-sha1-modp1024",
        ah="sha1-modp1024" if protocol == "ah" else "", more="rekey_time = 9s\nrand_time = 0s",
        child="rekey_time = 4s\nrand_time = 0s\nlife_time = 30s")
    with charon.GuestCharon(s.guest, text) as b:
        s.carried(a, b)
        ping = s.host.ping_start("10.2.0.10", interval_s=0.1)
        wait_until(lambda: b.log().count("established with SPIs") >= 5, 40, "four renewals", 1)
        said = s.host.ping_end(ping)
        assert said.gaps == 0 and said.received > 100, said.text[-300:] + a.log() + b.log()
        assert b.log().count("IKE_SA gw[") > 2
        assert a.cli(IPSEC_SAS + " detail").count("Direction: outbound") >= 1
        assert s.guest.errors() == {}
