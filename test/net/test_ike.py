# SPDX-License-Identifier: BSD-2-Clause
#
# test_ike.py - two gateways that negotiate, from the first packet to the screens that tell of it.

import os
import re
import signal
import time

import pytest
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


def spis(gw):
    """The SPIs of the only tunnel's SAs, inbound and outbound."""
    return re.findall(r"^ +(?:inbound|outbound) +(\d+)", gw.cli(IPSEC_SAS), re.M)


def test_a_killed_kmd_comes_back_and_finds_what_its_predecessor_made(two_gateways):
    t = two_gateways
    a, b = start(t)
    come_up(t, a)
    before = spis(a)
    assert len(before) == 2
    ping = t.host_a.ping_start(t.HOST_B, interval_s=0.05)
    old = a.pids("kmd")
    os.kill(old[0], signal.SIGKILL)
    wait_until(lambda: a.pids("kmd") and a.pids("kmd") != old, 10, "another kmd")
    wait_until(lambda: a.cli("show services ipsec-vpn ike statistics", check=False).returncode == 0, 5, "its answer")
    said = t.host_a.ping_end(ping)
    assert said.lost == 0, said.text
    assert spis(a) == before
    # no orphan, no double: what is there can be ended, and comes again
    a.cli("clear services ipsec-vpn ipsec security-associations")
    wait_until(lambda: "No IPSec SA" in a.cli(IPSEC_SAS), 5, "the SAs to go")
    come_up(t, a)
    assert len(spis(a)) == 2


def test_a_restart_keeps_the_tunnel_and_a_stop_ends_it(two_gateways):
    t = two_gateways
    a, b = start(t)
    come_up(t, a)
    before, old = spis(a), a.pids("kmd")
    said = a.cli("restart ipsec-key-management")
    assert "IPSec Key Management daemon started, pid " in said, said
    assert a.pids("kmd") != old
    assert t.host_a.ping(t.HOST_B, count=3).lost == 0
    assert spis(a) == before
    # the other end still has the IKE SA, over which it tells that it ends
    assert b.stop() == 0
    assert "KMD_STOP: peers told that " in open(f"{b.run_dir}/log/kmd", encoding="utf-8").read()


def test_the_end_of_a_gateway_is_told_to_its_peers(two_gateways):
    t = two_gateways
    a, b = start(t)
    come_up(t, a)
    assert b.stop() == 0
    wait_until(lambda: a.cli(IKE_SAS) == "", 5, "the IKE SA to go")
    wait_until(lambda: "No IPSec SA" in a.cli(IPSEC_SAS), 5, "the SAs to go")


def test_traces_follow_one_peer(two_gateways):
    t = two_gateways
    a, b = start(t, more='traceoptions { file one match "192.0.2.2"; flag ike; level all; }')
    come_up(t, a)
    with open(f"{a.run_dir}/log/one", encoding="utf-8") as f:
        lines = f.read().splitlines()
    assert lines and all("192.0.2.2" in s for s in lines)
    told = "\n".join(lines)
    assert re.search(r"out 192\.0\.2\.1:500 > 192\.0\.2\.2:500 main mode, \d+ octets, cookies [0-9a-f]{16} 0{16}: SA, VID", told), told
    assert re.search(r"quick mode, .*: encrypted$", told, re.M)
    assert re.search(r"inside .* quick mode, .*: HASH, SA, NONCE", told)
    assert "command get" not in told
    # another file has no line: nothing of the kind is asked for
    assert not a.cli("show log kmd | match \"main mode,\"")


def test_the_log_names_a_stranger(two_gateways):
    t = two_gateways
    side_a, side_b = junos.sides(t)
    side_b.peer = "192.0.2.77"
    Gateway(t.gw_a, junos.next_hop(side_a, [junos.Dynamic()], more=junos.ike()))
    b = Gateway(t.gw_b, junos.next_hop(side_b, [junos.Dynamic()], more=junos.ike()))
    t.host_a.ping(t.HOST_B, count=1, timeout_s=1)
    line = "KMD_PM_P1_POLICY_LOOKUP_FAILURE: no tunnel goes to this peer (192.0.2.2 > 192.0.2.1)\n"
    wait_until(lambda: line in b.cli("show log messages"), 5, f"a line\n{b.log()}")


def test_a_switch_without_a_backup_gateway_is_refused(two_gateways):
    t = two_gateways
    a, b = start(t)
    r = a.cli("request services ipsec-vpn ipsec switch tunnel local-gateway 192.0.2.1 remote-gateway 192.0.2.2", check=False)
    assert r.returncode == 1 and "no tunnel between these gateways has a backup remote gateway" in r.stderr, r.stderr
    r = a.cli("request ipsec switch interface es-0/0/0", check=False)
    assert r.returncode == 1 and "es-0/0/0 has no backup interface" in r.stderr, r.stderr


def test_a_commit_of_other_things_leaves_kmd_alone(two_gateways):
    t = two_gateways
    a, b = start(t, more="traceoptions { flag parse; level all; }")
    come_up(t, a)
    before = spis(a)
    a.configure("set system host-name other")
    a.configure("set interfaces lo0 unit 0 description x")
    assert spis(a) == before
    assert len([s for s in a.cli("show log kmd").splitlines() if "tunnels with dynamic SAs" in s and "commit" in s]) <= 2
    a.configure("set services ipsec-vpn ike policy ike1 pre-shared-key ascii-text other")
    wait_until(lambda: "No IPSec SA" in a.cli(IPSEC_SAS), 5, "the SAs to go")


def test_es_units_have_commands_of_their_own(two_gateways):
    t = two_gateways
    gateways = [Gateway(ns, junos.es_style(side, junos.Dynamic(ike_policy=""), net=side.nets[0], peer_net=side.peer_nets[0], more=f"""
        security {{ ike {{ policy {side.peer} {{ pre-shared-key ascii-text swordfish; }} }} }}"""))
                for ns, side in zip((t.gw_a, t.gw_b), junos.sides(t))]
    a = gateways[0]
    come_up(t, a)
    assert t.host_b.ping(t.HOST_A, count=3).lost == 0
    assert "192.0.2.2       Matured" in a.cli("show ike security-associations")
    assert a.cli(IKE_SAS) == ""
    assert a.cli("show ipsec security-associations sa-peer").count("dynamic") == 2
    assert a.cli("show ipsec redundancy security-associations") == (
        "Security association: sa-peer, Failover counter: 0\n  Local address: 192.0.2.1\n"
        "  Primary remote gateway: 192.0.2.2, State: Active\n  Backup remote gateway: Not configured\n")
    a.cli("clear services ipsec-vpn ike security-associations")
    a.cli("clear services ipsec-vpn ipsec security-associations")
    assert a.cli("show ipsec security-associations").count("dynamic") == 2
    a.cli("clear ipsec security-associations sa-peer")
    wait_until(lambda: "dynamic" not in a.cli("show ipsec security-associations"), 5, "the SAs to go")
    a.cli("clear ike security-associations 192.0.2.2")
    assert a.cli("show ike security-associations") == ""
    come_up(t, a)


def test_kmd_sleeps_when_nothing_is_to_be_done(two_gateways):
    t = two_gateways
    a, _ = start(t)
    come_up(t, a)

    def cpu():
        with open(f"/proc/{a.pids('kmd')[0]}/stat", encoding="utf-8") as f:
            return sum(int(n) for n in f.read().rsplit(")", 1)[1].split()[11:13])

    before = cpu()
    time.sleep(3)
    assert cpu() - before <= 3  # hundredths of a second


FAILURES = {
    # what differs: (what the initiator has, what the responder has, what the initiator says, what the responder says)
    "phase 1": (
        dict(proposal=junos.phase1(enc="aes-128-cbc")), dict(proposal=junos.phase1(enc="aes-256-cbc")),
        "the peer refuses: the peer answers NO-PROPOSAL-CHOSEN, without proof; offered pre-shared-keys aes-128-cbc sha1 group2",
        "no proposal chosen: encryption-algorithm differs: peer aes-128-cbc, allowed aes-256-cbc; "
        "peer offered pre-shared-keys aes-128-cbc sha1 group2; allowed pre-shared-keys aes-256-cbc sha1 group2"),
    "who begins": (
        dict(policy="local-id fqdn gw1.example.net;"), dict(),
        "the peer refuses: the peer answers INVALID-ID-INFORMATION",
        "the identity is not the expected one: the peer says it is fqdn(any:0,[0..14]=gw1.example.net), "
        "allowed ipv4(any:0,[0..3]=192.0.2.1)"),
    "who answers": (
        dict(policy="remote-id { fqdn [ gw2.example.net gw3.example.net ]; }"), dict(),
        "the identity is not the expected one: the peer says it is ipv4(any:0,[0..3]=192.0.2.2), "
        "allowed fqdn(any:0,[0..14]=gw2.example.net), fqdn(any:0,[0..14]=gw3.example.net)",
        "the peer refuses: the peer answers INVALID-ID-INFORMATION"),
    "phase 2": (
        dict(ipsec=junos.phase2(enc="aes-128-cbc")), dict(ipsec=junos.phase2(enc="aes-256-cbc")),
        "the peer answers NO-PROPOSAL-CHOSEN; offered esp aes-128-cbc hmac-sha1-96 none tunnel",
        "no proposal chosen: encryption-algorithm differs: peer aes-128-cbc, allowed aes-256-cbc; "
        "peer offered esp aes-128-cbc hmac-sha1-96 none tunnel; allowed esp aes-256-cbc hmac-sha1-96 none tunnel"),
    "selectors": (
        dict(ipsec=junos.phase2()), dict(ipsec=junos.phase2()),
        "the peer answers INVALID-ID-INFORMATION; proposed our 10.1.0.0/24 with its 10.2.0.0/24",
        "no tunnel has these proxy identities: peer proposed its 10.1.0.0/24 with our 10.2.0.0/24, "
        "allowed its 10.1.0.0/16 with our 10.2.0.0/24 (ss1/r1/t0)"),
}


@pytest.mark.parametrize("what", FAILURES)
def test_both_ends_say_why_nothing_comes_up(two_gateways, what):
    t = two_gateways
    side_a, side_b = junos.sides(t)
    has_a, has_b, says_a, says_b = FAILURES[what]
    if what == "selectors":
        side_b.peer_nets = ["10.1.0.0/16"]
    tunnel = junos.Dynamic(ipsec_policy="i1" if "ipsec" in has_a else "")
    a = Gateway(t.gw_a, junos.next_hop(side_a, [tunnel], more=junos.ike(**has_a)))
    b = Gateway(t.gw_b, junos.next_hop(side_b, [tunnel], more=junos.ike(**has_b)))
    assert t.host_a.ping(t.HOST_B, count=1, timeout_s=1).lost == 1
    for gw, says in ((a, says_a), (b, says_b)):
        try:
            wait_until(lambda: f"  Last failure: {says}\n" in gw.cli(IKE_SAS + " detail"), 5, says)
        except AssertionError as e:
            raise AssertionError(f"{e}\n{gw.cli(IKE_SAS + ' detail')}\n{gw.log()}") from e
        assert f"Failure: {says} (" in gw.log()
    assert ("State: Matured" in a.cli(IKE_SAS + " detail")) == (what in ("phase 2", "selectors"))
    assert ("State: Matured" in b.cli(IKE_SAS + " detail")) == (what in ("phase 2", "selectors", "who answers"))
