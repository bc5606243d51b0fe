# SPDX-License-Identifier: BSD-2-Clause
#
# test_ike_strongswan.py - a gateway and strongSwan negotiate, each of them as the one that begins.

import pytest
from lab import charon, junos
from lab.gateway import Gateway
from lab.netlab import wait_until

IKE_SAS = "show services ipsec-vpn ike security-associations"
IPSEC_SAS = "show services ipsec-vpn ipsec security-associations"

pytestmark = pytest.mark.skipif(charon.missing() is not None, reason=str(charon.missing()))


def start(t, **kw):
    """Ours at gateway a, strongSwan at gateway b."""
    side_a, _ = junos.sides(t)
    a = Gateway(t.gw_a, junos.next_hop(side_a, [junos.Dynamic()], more=junos.ike()))
    return a, charon.Charon(t.gw_b, charon.connection(t.WAN_B, t.WAN_A, "10.2.0.0/24", "10.1.0.0/24", **kw))


def carried(t, a, b):
    try:
        wait_until(lambda: t.host_a.ping(t.HOST_B, count=1, interval_s=0.05).lost == 0, 15, "the tunnel")
        assert t.host_a.ping(t.HOST_B, count=5).lost == 0
        assert t.host_b.ping(t.HOST_A, count=5).lost == 0
    except AssertionError as e:
        raise AssertionError(f"{e}\n{a.log()}\n{b.log()}\n{b.sas()}") from e


def test_we_begin_and_strongswan_answers(two_gateways):
    t = two_gateways
    a, b = start(t)
    with t.gw_a.capture("wan", "not arp") as wire:
        carried(t, a, b)
    assert not [p for p in wire.packets() if p.haslayer("ICMP") and p["ICMP"].type in (0, 8)], "clear text on the wire"
    assert "  Role: Initiator, State: Matured\n" in a.cli(IKE_SAS + " detail")
    assert "  Local: 192.0.2.1:4500, Remote: 192.0.2.2:4500\n" in a.cli(IKE_SAS + " detail")
    assert "ESTABLISHED, IKEv1" in b.sas()
    a.cli("clear services ipsec-vpn ipsec security-associations")
    a.cli("clear services ipsec-vpn ike security-associations")
    wait_until(lambda: "ESTABLISHED" not in b.sas(), 5, "strongSwan to hear that the SA is gone")
    carried(t, a, b)


def test_strongswan_begins_and_we_answer(two_gateways):
    t = two_gateways
    a, b = start(t)
    b.initiate("net")
    carried(t, a, b)
    assert "  Role: Responder, State: Matured\n" in a.cli(IKE_SAS + " detail")
    assert a.cli(IPSEC_SAS).count("dynamic") == 2
    b.swanctl("--terminate", "--ike", "gw")
    wait_until(lambda: a.cli(IKE_SAS) == "", 5, "the SA to go")
    assert "No IPSec SA information" in a.cli(IPSEC_SAS)


def test_the_first_mismatch_is_told(two_gateways):
    t = two_gateways
    a, b = start(t, ike="aes128-sha1-modp1024")
    b.initiate("net", check=False)
    line = wait_until(lambda: [s for s in a.cli("show log messages").splitlines() if "KMD_" in s and "aes-128-cbc" in s], 5,
                      "a line about the refusal")
    assert "3des-cbc" in line[0], line
    t.host_a.ping(t.HOST_B, count=1)
    detail = wait_until(lambda: [s for s in a.cli(IKE_SAS + " detail").splitlines() if "Last failure: " in s], 15,
                        "the failure in detail")
    assert detail
