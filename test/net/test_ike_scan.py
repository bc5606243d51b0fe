# SPDX-License-Identifier: BSD-2-Clause
#
# test_ike_scan.py - what a stranger with ike-scan learns, and what it costs us.
#
# ike-scan stands at gateway b's address, which is a configured peer, or at another one, which is not.

import re
import shutil

import pytest
from lab import junos
from lab.gateway import Gateway

pytestmark = pytest.mark.skipif(shutil.which("ike-scan") is None, reason="ike-scan is not installed")

# encryption, hash, authentication, group; attribute 14 is the key length
OURS = "5,2,1,2"


def start(t, **kw):
    side, _ = junos.sides(t)
    return Gateway(t.gw_a, junos.next_hop(side, [junos.Dynamic()], more=junos.ike(**kw)))


def scan(t, *options, source=None):
    """What ike-scan says of us, and the datagrams of both directions (lengths)."""
    with t.gw_a.capture("wan", "udp port 500") as wire:
        said = t.gw_b.run(["ike-scan", "--retry=1", "--timeout=700", *options, *(["--sourceip", source] if source else []),
                           t.WAN_A], check=False)
    lengths = {True: [], False: []}
    for p in wire.packets():
        lengths[p["IP"].src == t.WAN_A].append(p["UDP"].len)
    return said.stdout + said.stderr, lengths[False], lengths[True]


def test_a_configured_peer_that_only_probes(two_gateways):
    """The answer is not larger than the question, and is not repeated: who we are cannot be told by our patience."""
    t = two_gateways
    a = start(t)
    text, asked, answered = scan(t, f"--trans={OURS}", "--showbackoff=6")
    assert "Main Mode Handshake returned" in text, text + a.log()
    assert "Enc=3DES Hash=SHA1 Auth=PSK Group=2:modp1024" in text
    assert len(answered) == 1, answered
    vendors = re.findall(r"VID=(\w+)", text)
    known = {"4a131c81070358455c5728f20e95452f", "afcad71368a1f1c96b8696fc77570100", "90cb80913ebb696e086381b5ec427b1f",
             "cd60464335df21f87cfdb2fc68b6a448", "4048b7d56ebce88525e7de7f00d6c2d3", "4048b7d56ebce88525e7de7f00d6c2d380000000"}
    assert not [v for v in vendors if v not in known], f"tells more than what it can do: {text}"


@pytest.mark.slow
def test_probes_of_every_kind_are_answered_with_less(two_gateways):
    t = two_gateways
    a = start(t)
    for options in ([], ["--trans=1,1,1,1"], ["--trans=7/256,5,1,14"], ["--aggressive", "--id=gw", "--dhgroup=2", f"--trans={OURS}"],
                    ["--vendor=" + "ab" * 400], ["--ikev2"], ["--doi=9"], ["--situation=7"], ["--protocol=3"], ["--transid=9"],
                    ["--spisize=8"], ["--hdrflags=255"], ["--hdrmsgid=77"], ["--cookie=0000000000000000"], ["--exchange=99"],
                    ["--nextpayload=200"], ["--headerlen=+60000"], ["--mbz=255"], ["--headerver=0x30"], ["--bindip=0.0.0.0"]):
        text, asked, answered = scan(t, *options)
        assert len(answered) <= len(asked) and sum(answered) <= max(sum(asked), 1), (options, asked, answered, text)
    assert a.pids("kmd") and "SUPER_EXIT" not in a.log()
    assert a.cli("show services ipsec-vpn ike security-associations").count("Matured") == 0


def test_a_stranger_learns_nothing(two_gateways):
    """Nobody has configured this address: no proposal, no identity, nothing more than that there is nothing."""
    t = two_gateways
    start(t)
    t.gw_b.addr("wan", "192.0.2.77/24")
    for options in ([f"--trans={OURS}"], ["--aggressive", "--id=gw", f"--trans={OURS}", "--dhgroup=2"]):
        text, asked, answered = scan(t, *options, source="192.0.2.77")
        assert "Handshake returned" not in text
        assert sum(answered) <= sum(asked)


@pytest.mark.parametrize("identity, is_known", [("192.0.2.2", True), ("192.0.2.3", False)])
def test_aggressive_mode_wants_the_right_name(two_gateways, identity, is_known):
    """A wrong identity gets no hash that could be used to guess the key."""
    t = two_gateways
    start(t, policy="mode aggressive;")
    octets = "".join(f"{int(n):02x}" for n in identity.split("."))
    text, _, _ = scan(t, "--aggressive", f"--id=0x{octets}", "--idtype=1", "--dhgroup=2", f"--trans={OURS}")
    assert ("Aggressive Mode Handshake returned" in text) == is_known, text
