# SPDX-License-Identifier: BSD-2-Clause
#
# test_ike_tshark.py - tshark judges what we said to strongSwan: decrypted with the key that strongSwan's log has.

import os
import re
import subprocess

import pytest
from lab import charon, junos
from lab.gateway import Gateway
from lab.netlab import wait_until

pytestmark = pytest.mark.skipif(charon.missing() is not None, reason=str(charon.missing()))

IKE_SAS = "show services ipsec-vpn ike security-associations"
HASH, NOTIFY, DELETE = "8", "11", "12"
MAIN, AGGRESSIVE, INFORMATIONAL, QUICK = "2", "4", "5", "32"
FIELDS = ["ip.src", "isakmp.ispi", "isakmp.exchangetype", "isakmp.flag_e", "isakmp.typepayload", "isakmp.extradata",
          "_ws.malformed", "_ws.expert.severity", "_ws.expert.message"]


def keys(log):
    """The encryption keys of the IKE SAs, in order, as charon's log has them: a heading, then lines of octets."""
    found = []
    for block in re.findall(r"encryption key Ka => \d+ bytes @ \S+\n((?:.*\[IKE\] +\d+: .*\n)+)", log):
        octets = [re.findall(r"\b[0-9A-F]{2}\b", line.split("[IKE]")[1].split(":", 1)[1][:49]) for line in block.splitlines()]
        found.append("".join("".join(line) for line in octets).lower())
    return found


def dissect(folder, capture, table):
    """tshark's word on each IKE message of the file CAPTURE: {field: [values]}."""
    home = os.path.join(folder, "tshark")
    os.makedirs(f"{home}/wireshark", exist_ok=True)
    with open(f"{home}/wireshark/ikev1_decryption_table", "w", encoding="ascii") as f:
        f.write("".join(f"{cookie},{key}\n" for cookie, key in table.items()))
    command = ["tshark", "-n", "-r", capture, "-Y", "isakmp", "-T", "fields", "-E", "separator=/t"]
    for field in FIELDS:
        command += ["-e", field]
    run = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60,
                         env={**os.environ, "HOME": home, "XDG_CONFIG_HOME": home})
    return [dict(zip(FIELDS, (v.split(",") if v else [] for v in line.split("\t")))) for line in run.stdout.splitlines()]


@pytest.mark.parametrize("mode", ["main", "aggressive"])
def test_what_we_say_is_as_the_rfc_has_it(two_gateways, mode):
    """Both begin once; each message is decrypted and nothing in it is malformed."""
    t = two_gateways
    side, _ = junos.sides(t)
    a = Gateway(t.gw_a, junos.next_hop(side, [junos.Dynamic(ipsec_policy="i1")], more=junos.ike(
        proposal=junos.phase1(enc="aes-256-cbc", auth="sha-256", group="group14"), policy=f"mode {mode};",
        ipsec=junos.phase2("esp", "aes-128-cbc", "hmac-sha-256-128", "group14"))))
    b = charon.Charon(t.gw_b, charon.connection(
        t.WAN_B, t.WAN_A, "10.2.0.0/24", "10.1.0.0/24", ike="aes256-sha256-modp2048", esp="aes128-sha256-modp2048",
        more=f"aggressive = {'yes' if mode == 'aggressive' else 'no'}"), level=4)
    with t.gw_a.capture("wan", "udp port 500 or udp port 4500") as wire:
        for role in ("Initiator", "Responder"):
            if role == "Responder":
                b.terminate()
                wait_until(lambda: a.cli(IKE_SAS) == "", 5, "the SA to go")
                b.initiate("net")
            wait_until(lambda: t.host_a.ping(t.HOST_B, count=1, timeout_s=1).lost == 0, 15, f"the tunnel\n{a.log()}")
            assert f"Role: {role}" in a.cli(IKE_SAS + " detail")
        a.cli("clear services ipsec-vpn ipsec security-associations")
        a.cli("clear services ipsec-vpn ike security-associations")
        wait_until(lambda: "ESTABLISHED" not in b.sas(), 5, "strongSwan to hear of the end")
    # Linux's ISAKMP over 4500 has ESP beside it, which the filter `isakmp` leaves out
    seen = dissect(t.gw_a.lab.folder, wire.path, {})
    cookies = list(dict.fromkeys(p["isakmp.ispi"][0] for p in seen))
    found = keys(b.log())
    assert len(cookies) == len(found) == 2, (cookies, found)
    seen = dissect(t.gw_a.lab.folder, wire.path, dict(zip(cookies, found)))
    kinds = [p["isakmp.exchangetype"][0] for p in seen if p["ip.src"][0] == t.WAN_A]
    # two as initiator and one as responder; what the peer was not ready for comes again
    assert kinds.count(QUICK) >= 3, kinds
    assert kinds.count(MAIN if mode == "main" else AGGRESSIVE) >= (6 if mode == "main" else 3), kinds
    assert INFORMATIONAL in kinds
    for n, p in enumerate(seen):
        assert p["isakmp.ispi"][0] in cookies
        assert not p["_ws.malformed"], (n, p, [(q["ip.src"][0][-1], q["isakmp.exchangetype"], q["isakmp.flag_e"], q["isakmp.typepayload"]) for q in seen])
        if p["isakmp.flag_e"][0] not in ("1", "True"):
            continue
        payloads = p["isakmp.typepayload"]
        first = payloads[0] if payloads else None
        assert first == ("5" if p["isakmp.exchangetype"][0] == MAIN else HASH), (n, p)
        if p["ip.src"][0] == t.WAN_A:
            assert "".join(p["isakmp.extradata"]).strip("0") == "", (n, p)
    ours = [p for p in seen if p["ip.src"][0] == t.WAN_A and p["isakmp.exchangetype"][0] == INFORMATIONAL]
    assert any(DELETE in p["isakmp.typepayload"] for p in ours), ours
