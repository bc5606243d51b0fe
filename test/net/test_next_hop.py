# SPDX-License-Identifier: BSD-2-Clause
#
# test_next_hop.py - two gateways with next-hop style service sets and manual SAs, judged by tshark.

import itertools

import pytest
from lab import junos, tsharkesp
from lab.gateway import Gateway
from lab.netlab import wait_until

pytestmark = pytest.mark.packets

PROTOCOLS = ["esp", "ah", "bundle"]


def start(t, outer=4, inner=(4,), sas=None, **kw):
    """Starts both gateways with one SA for each inner family; returns (gateway a, gateway b, sas)."""
    sas = sas or [junos.Sa(spi_ab=300 + 10 * i, spi_ba=400 + 10 * i, aux_ab=1300 + 10 * i, aux_ba=1400 + 10 * i)
                  for i in range(len(inner))]
    side_a, side_b = junos.sides(t, outer, inner)
    a = Gateway(t.gw_a, junos.next_hop(side_a, sas, **kw))
    b = Gateway(t.gw_b, junos.next_hop(side_b, sas, **kw))
    return a, b, sas


def targets(t, inner):
    return [t.HOST_B if family == 4 else t.HOST_B6 for family in inner]


@pytest.mark.packets(covering=True)
@pytest.mark.parametrize("outer,inner", [(4, (4, 6)), (6, (4, 6))])
def test_all_four_family_pairs_carry_pings(two_gateways, outer, inner):
    t = two_gateways
    start(t, outer, inner)
    with t.gw_a.capture("wan") as wire:
        for target in targets(t, inner):
            ping = t.host_a.ping(target, count=5)
            assert ping.lost == 0, ping.text
            ping = t.host_b.ping(t.HOST_A if target == t.HOST_B else t.HOST_A6, count=5)
            assert ping.lost == 0, ping.text
    protos = [p for p in wire.packets() if p.haslayer("ESP") or p.haslayer("ICMP") or p.haslayer("ICMPv6EchoRequest")]
    assert len(protos) == 40
    assert all(p.haslayer("ESP") for p in protos), "clear text on the wire"


COMBINATIONS = ([("esp", a, e) for a, e in itertools.product(junos.AUTHS, junos.ENCS) if a or e]
                + [("ah", a, None) for a in junos.AUTHS[1:]]
                + [("bundle", a, e) for a, e in [("hmac-md5-96", "des-cbc"), ("hmac-sha1-96", "3des-cbc"),
                                                 ("hmac-sha-256-128", "aes-256-cbc")]])


@pytest.mark.packets(covering=True)
def test_every_algorithm_carries_pings_and_tshark_agrees(two_gateways):
    """All combinations in one pair of gateways: one term, one SA and one host address for each."""
    t = two_gateways
    sas, nets_a, nets_b = [], [], []
    for i, (protocol, auth, enc) in enumerate(COMBINATIONS):
        sas.append(junos.Sa(protocol, auth, enc, 300 + i, 600 + i, 900 + i, 1200 + i))
        nets_a.append("10.1.0.0/24")
        nets_b.append(f"10.2.1.{i + 1}/32")
        t.host_b.addr("eth0", f"10.2.1.{i + 1}/32")
    t.gw_b.route("10.2.1.0/24", dev="lan")
    a = Gateway(t.gw_a, junos.next_hop(junos.Side("a", t.WAN_A, t.WAN_B, nets_a, nets_b), sas))
    b = Gateway(t.gw_b, junos.next_hop(junos.Side("b", t.WAN_B, t.WAN_A, nets_b, ["10.1.0.0/24"] * len(sas)), sas, routes=False,
                                       more="routing-options { static { route 10.1.0.0/24 next-hop sp-1/2/0.1; } }"))
    with t.gw_a.capture("wan", "ip proto 50 or ip proto 51") as wire:
        for i in range(len(sas)):
            ping = t.host_a.ping(f"10.2.1.{i + 1}", count=2, interval_s=0.02)
            if ping.lost != 0:
                said = [g.cli(f"show {what}") for g in (a, b) for what in (
                    "services ipsec-vpn ipsec statistics", "services service-sets statistics packet-drops", "interfaces sp-1/2/0")]
                raise AssertionError((COMBINATIONS[i], ping.text, *said, [bytes(p).hex() for p in wire.packets()[-5:]]))
    known = [s for sa in sas if sa.protocol != "ah" for s in sa.for_tshark(t.WAN_A, t.WAN_B)]
    seen = tsharkesp.decrypt(wire.path, known, ["esp.spi", "ip.dst", "icmp.type"], "esp")
    esp = [sa for sa in sas if sa.protocol != "ah"]
    assert len(seen) == 4 * len(esp)
    by_spi = {}
    for p in seen:
        by_spi.setdefault(int(p["esp.spi"][0], 16), []).append(p)
    for sa in esp:
        want = "good" if sa.auth and sa.protocol == "esp" else "none"
        for way, kind in (("ab", "8"), ("ba", "0")):
            spi = sa.aux(way) if sa.protocol == "bundle" else sa.spi(way)
            assert [p["icmp.type"] for p in by_spi[spi]] == [[kind], [kind]], (sa, by_spi[spi])
            assert {p["icv"] for p in by_spi[spi]} == {want}, (sa, by_spi[spi])


@pytest.mark.packets(covering=True)
def test_tcp_carries_a_file_intact(two_gateways):
    t = two_gateways
    start(t)
    t.host_a.run("head -c 20000000 /dev/urandom > %s/sent" % t.host_a.lab.folder)
    server = t.host_b.spawn(["bash", "-c", f"exec python3 -m http.server 8000 --bind 10.2.0.10 -d {t.host_b.lab.folder}"])
    wait_until(lambda: ":8000" in t.host_b.run("ss -ltn").stdout, what="the web server")
    t.host_a.run(["/usr/bin/python3", "-c",
                  "import urllib.request,hashlib,sys;"
                  "d=urllib.request.urlopen('http://10.2.0.10:8000/sent',timeout=60).read();"
                  f"sys.exit(d!=open('{t.host_a.lab.folder}/sent','rb').read())"], timeout_s=90)
    server.stop()


def test_first_matching_term_wins_and_no_match_is_dropped(two_gateways):
    t = two_gateways
    t.host_b.addr("eth0", "10.2.9.9/32")
    t.gw_b.route("10.2.9.0/24", dev="lan")
    sas = [junos.Sa(spi_ab=300, spi_ba=400), junos.Sa(spi_ab=301, spi_ba=401)]
    nets_b = ["10.2.0.10/32", "10.2.0.0/24"]
    a = Gateway(t.gw_a, junos.next_hop(junos.Side("a", t.WAN_A, t.WAN_B, ["10.1.0.0/24"] * 2, nets_b), sas,
                                       more="routing-options { static { route 10.2.9.0/24 next-hop sp-1/2/0.1; } }"))
    Gateway(t.gw_b, junos.next_hop(junos.Side("b", t.WAN_B, t.WAN_A, nets_b, ["10.1.0.0/24"] * 2), sas, routes=False,
                                   more="routing-options { static { route 10.1.0.0/24 next-hop sp-1/2/0.1; } }"))
    with t.gw_a.capture("wan", "ip") as wire:
        assert t.host_a.ping(t.HOST_B, count=3).lost == 0
        assert t.host_a.ping("10.2.9.9", count=3, timeout_s=1).received == 0
    spis = {p["ESP"].spi for p in wire.packets() if p.haslayer("ESP")}
    assert spis == {300, 400}
    assert not [p for p in wire.packets() if p.haslayer("ICMP")]
    text = a.cli("show services ipsec-vpn ipsec statistics")
    assert "Rule lookup failures: 3" in text, text


def test_forged_and_clear_packets_do_not_come_in(two_gateways):
    """Wrong inner addresses under the right keys, a replayed number, flipped bits, an unknown SPI, clear text."""
    from scapy.layers.inet import ICMP, IP
    from scapy.layers.ipsec import ESP, SecurityAssociation
    from scapy.layers.l2 import Ether
    t = two_gateways
    sa = junos.Sa()
    side_a, side_b = junos.sides(t)
    b = Gateway(t.gw_b, junos.next_hop(side_b, [sa]))
    crypt = SecurityAssociation(ESP, spi=300, crypt_algo="AES-CBC", crypt_key=sa.enc_key("ab"), auth_algo="HMAC-SHA1-96",
                                auth_key=sa.auth_key("ab"), tunnel_header=IP(src=t.WAN_A, dst=t.WAN_B))
    good = crypt.encrypt(IP(src="10.1.0.10", dst=t.HOST_B) / ICMP(id=7))
    wrong = crypt.encrypt(IP(src="10.1.9.10", dst=t.HOST_B) / ICMP(id=7))
    flipped = IP(bytes(good)[:-1] + bytes([bytes(good)[-1] ^ 1]))
    alien = crypt.encrypt(IP(src="10.1.0.10", dst=t.HOST_B) / ICMP(id=7))
    alien[ESP].spi = 0x7777
    frame = Ether(src=t.gw_a.mac("wan"), dst=t.gw_b.mac("wan"))
    with t.host_b.capture("eth0", "icmp") as inside:
        wire = t.gw_a.wire("wan")
        for p in (wrong, flipped, alien, good):
            wire.send(frame / p)
        wait_until(lambda: [p for p in inside.packets() if p["ICMP"].type == 8], what="the good one, which is the last")
    requests = [p for p in inside.packets() if p["ICMP"].type == 8]
    assert [p["IP"].src for p in requests] == ["10.1.0.10"]
    drops = b.cli("show services service-sets statistics packet-drops")
    text = b.cli("show services ipsec-vpn ipsec statistics")
    assert "ESP authentication failures: 1" in text, text
    assert "No SA errors: 1" in text, text + drops


def test_sas_are_shown_with_xml_and_json(two_gateways):
    import xml.etree.ElementTree as ET
    t = two_gateways
    a, _, _ = start(t)
    assert t.host_a.ping(t.HOST_B, count=4).lost == 0
    text = a.cli("show services ipsec-vpn ipsec security-associations")
    assert text == """\
Service set: ss1

  Rule: r1, Term: t0, Tunnel index: 1
  Local gateway: 192.0.2.1, Remote gateway: 192.0.2.2
  IPSec inside interface: sp-1/2/0.1
    Direction SPI         AUX-SPI     Mode       Type     Protocol
    inbound   400         0           tunnel     manual   ESP
    outbound  300         0           tunnel     manual   ESP
"""
    detail = a.cli("show services ipsec-vpn ipsec security-associations detail ss1")
    for line in ("    Direction: inbound, SPI: 400, AUX-SPI: 0", "    Mode: tunnel, Type: manual, State: Installed",
                 "    Protocol: ESP, Authentication: hmac-sha1-96, Encryption: aes-128-cbc",
                 "    Anti-replay service: Disabled",
                 "  Local identity: ipv4_subnet(any:0,[0..7]=10.1.0.0/24)"):
        assert line in detail, detail
    root = ET.fromstring(a.cli("show services ipsec-vpn ipsec security-associations | display xml"))
    spis = [e.text for e in root.iter() if e.tag.endswith("sa-spi")]
    assert spis == ["400", "300"]
    reply = a.cli_json("show services ipsec-vpn ipsec statistics")
    assert "esp-encrypted-packets" in str(reply)
    statistics = a.cli("show services ipsec-vpn ipsec statistics")
    assert "Encrypted packets:              4" in statistics, statistics
    a.cli("clear services ipsec-vpn ipsec statistics")
    assert "Encrypted packets:              0" in a.cli("show services ipsec-vpn ipsec statistics")
    assert "sp-1/2/0.1" in a.cli("show interfaces terse")
