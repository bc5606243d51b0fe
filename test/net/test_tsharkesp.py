# SPDX-License-Identifier: BSD-2-Clause
#
# test_tsharkesp.py - proves the judge: tshark opens what scapy sealed, and says so when it cannot.

import pytest
from lab import tsharkesp
from lab.scapyesp import AEAD, AUTH, ENC, KEY, sa, seal
from scapy.layers.inet import ICMP, IP
from scapy.layers.inet6 import ICMPv6EchoRequest, IPv6
from scapy.utils import wrpcap

SRC, DST = "192.0.2.1", "192.0.2.2"
SRC6, DST6 = "2001:db8:ff::1", "2001:db8:ff::2"


def sealed(enc, auth, inner, outer=(SRC, DST)):
    return seal(sa("esp", 0x1234, enc, auth=auth, outer=outer, seq=7), inner)


def judge(path, packet, enc, auth, auth_key=None, src=SRC, dst=DST):
    wrpcap(str(path), [packet])
    key = tsharkesp.Sa(src, dst, 0x1234, enc, KEY[enc], auth, auth_key or KEY[auth])
    fields = ["ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "icmp.seq", "icmpv6.echo.sequence_number", "esp.sequence"]
    return tsharkesp.decrypt(path, [key], fields)[0]


@pytest.mark.parametrize("auth", AUTH)
@pytest.mark.parametrize("enc", ENC)
def test_opens_every_algorithm(enc, auth, tmp_path):
    packet = sealed(enc, auth, IP(src="10.1.0.10", dst="10.2.0.10") / ICMP(seq=99) / (b"x" * 56))
    seen = judge(tmp_path / "one.pcap", packet, enc, auth)
    assert seen["ip.src"] == [SRC, "10.1.0.10"]
    assert seen["ip.dst"] == [DST, "10.2.0.10"]
    assert seen["icmp.seq"] == ["99"]
    assert seen["esp.sequence"] == ["7"]
    assert seen["icv"] == ("good" if auth else "none")


@pytest.mark.parametrize("enc", AEAD)
def test_opens_every_aead(enc, tmp_path):
    packet = sealed(enc, None, IP(src="10.1.0.10", dst="10.2.0.10") / ICMP(seq=99) / (b"x" * 56))
    seen = judge(tmp_path / "one.pcap", packet, enc, None)
    assert seen["ip.src"] == [SRC, "10.1.0.10"]
    assert seen["icmp.seq"] == ["99"]
    assert seen["icv"] == "good"
    wrong = KEY[enc][:-1] + b"!"   # of the salt
    wrpcap(str(tmp_path / "two.pcap"), [packet])
    seen = tsharkesp.decrypt(tmp_path / "two.pcap", [tsharkesp.Sa(SRC, DST, 0x1234, enc, wrong)], ["ip.src"])[0]
    assert seen["icv"] == "bad"


def test_opens_ipv6_in_ipv6_and_ipv4_in_ipv6(tmp_path):
    enc, auth = "aes-128-cbc", "hmac-sha1-96"
    outer = SRC6, DST6
    packet = sealed(enc, auth, IPv6(src="fd01::10", dst="fd02::10") / ICMPv6EchoRequest(seq=5), outer)
    seen = judge(tmp_path / "six.pcap", packet, enc, auth, src=SRC6, dst=DST6)
    assert seen["ipv6.src"] == [SRC6, "fd01::10"]
    assert seen["icmpv6.echo.sequence_number"] == ["5"]
    assert seen["icv"] == "good"
    packet = sealed(enc, auth, IP(src="10.1.0.10", dst="10.2.0.10") / ICMP(seq=6), outer)
    seen = judge(tmp_path / "mixed.pcap", packet, enc, auth, src=SRC6, dst=DST6)
    assert seen["ip.src"] == ["10.1.0.10"]
    assert seen["icv"] == "good"


def test_wrong_authentication_key_is_bad(tmp_path):
    packet = sealed("aes-128-cbc", "hmac-sha1-96", IP(src="10.1.0.10", dst="10.2.0.10") / ICMP())
    seen = judge(tmp_path / "bad.pcap", packet, "aes-128-cbc", "hmac-sha1-96", auth_key=bytes(20))
    assert seen["icv"] == "bad"


def test_wrong_encryption_key_shows_nothing(tmp_path):
    packet = sealed("aes-128-cbc", "hmac-sha1-96", IP(src="10.1.0.10", dst="10.2.0.10") / ICMP())
    wrpcap(str(tmp_path / "key.pcap"), [packet])
    key = tsharkesp.Sa(SRC, DST, 0x1234, "aes-128-cbc", bytes(16), "hmac-sha1-96", KEY["hmac-sha1-96"])
    seen = tsharkesp.decrypt(tmp_path / "key.pcap", [key], ["ip.src"])[0]
    assert seen["ip.src"] == [SRC]


def test_line_that_tshark_refuses_is_an_error(tmp_path, monkeypatch):
    packet = sealed(None, "hmac-sha1-96", IP(src="10.1.0.10", dst="10.2.0.10") / ICMP())
    monkeypatch.setitem(tsharkesp.ENC, None, "no such algorithm")
    with pytest.raises(AssertionError, match="tshark"):
        judge(tmp_path / "refused.pcap", packet, None, "hmac-sha1-96")
