# SPDX-License-Identifier: BSD-2-Clause
#
# test_tsharkesp.py - proves the judge: tshark opens what scapy sealed, and says so when it cannot.

import pytest
from lab import tsharkesp
from scapy.layers.inet import ICMP, IP
from scapy.layers.inet6 import ICMPv6EchoRequest, IPv6
from scapy.layers.ipsec import ESP, SecurityAssociation
from scapy.utils import wrpcap

ENC_KEY = {None: b"", "des-cbc": bytes(range(1, 9)), "3des-cbc": bytes(range(1, 25)), "aes-128-cbc": bytes(range(16)),
           "aes-192-cbc": bytes(range(24)), "aes-256-cbc": bytes(range(32))}
AUTH_KEY = {None: b"", "hmac-md5-96": bytes(range(100, 116)), "hmac-sha1-96": bytes(range(100, 120)),
            "hmac-sha-256-128": bytes(range(100, 132))}
SCAPY_ENC = {None: "NULL", "des-cbc": "DES", "3des-cbc": "3DES", "aes-128-cbc": "AES-CBC", "aes-192-cbc": "AES-CBC",
             "aes-256-cbc": "AES-CBC"}
SCAPY_AUTH = {None: "NULL", "hmac-md5-96": "HMAC-MD5-96", "hmac-sha1-96": "HMAC-SHA1-96",
              "hmac-sha-256-128": "SHA2-256-128"}
SRC, DST = "192.0.2.1", "192.0.2.2"
SRC6, DST6 = "2001:db8:ff::1", "2001:db8:ff::2"


def sealed(enc, auth, outer, inner):
    sa = SecurityAssociation(ESP, spi=0x1234, seq_num=7, tunnel_header=outer, crypt_algo=SCAPY_ENC[enc],
                             crypt_key=ENC_KEY[enc], auth_algo=SCAPY_AUTH[auth], auth_key=AUTH_KEY[auth])
    return sa.encrypt(inner)


def judge(path, packet, enc, auth, auth_key=None, src=SRC, dst=DST):
    wrpcap(str(path), [packet])
    sa = tsharkesp.Sa(src, dst, 0x1234, enc, ENC_KEY[enc], auth, auth_key or AUTH_KEY[auth])
    fields = ["ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "icmp.seq", "icmpv6.echo.sequence_number", "esp.sequence"]
    return tsharkesp.decrypt(path, [sa], fields)[0]


@pytest.mark.parametrize("auth", SCAPY_AUTH)
@pytest.mark.parametrize("enc", SCAPY_ENC)
def test_opens_every_algorithm(enc, auth, tmp_path):
    packet = sealed(enc, auth, IP(src=SRC, dst=DST), IP(src="10.1.0.10", dst="10.2.0.10") / ICMP(seq=99) / (b"x" * 56))
    seen = judge(tmp_path / "one.pcap", packet, enc, auth)
    assert seen["ip.src"] == [SRC, "10.1.0.10"]
    assert seen["ip.dst"] == [DST, "10.2.0.10"]
    assert seen["icmp.seq"] == ["99"]
    assert seen["esp.sequence"] == ["7"]
    assert seen["icv"] == ("good" if auth else "none")


def test_opens_ipv6_in_ipv6_and_ipv4_in_ipv6(tmp_path):
    enc, auth = "aes-128-cbc", "hmac-sha1-96"
    outer = IPv6(src=SRC6, dst=DST6)
    packet = sealed(enc, auth, outer, IPv6(src="fd01::10", dst="fd02::10") / ICMPv6EchoRequest(seq=5))
    seen = judge(tmp_path / "six.pcap", packet, enc, auth, src=SRC6, dst=DST6)
    assert seen["ipv6.src"] == [SRC6, "fd01::10"]
    assert seen["icmpv6.echo.sequence_number"] == ["5"]
    assert seen["icv"] == "good"
    packet = sealed(enc, auth, outer, IP(src="10.1.0.10", dst="10.2.0.10") / ICMP(seq=6))
    seen = judge(tmp_path / "mixed.pcap", packet, enc, auth, src=SRC6, dst=DST6)
    assert seen["ip.src"] == ["10.1.0.10"]
    assert seen["icv"] == "good"


def test_wrong_authentication_key_is_bad(tmp_path):
    packet = sealed("aes-128-cbc", "hmac-sha1-96", IP(src=SRC, dst=DST), IP(src="10.1.0.10", dst="10.2.0.10") / ICMP())
    seen = judge(tmp_path / "bad.pcap", packet, "aes-128-cbc", "hmac-sha1-96", auth_key=bytes(20))
    assert seen["icv"] == "bad"


def test_wrong_encryption_key_shows_nothing(tmp_path):
    packet = sealed("aes-128-cbc", "hmac-sha1-96", IP(src=SRC, dst=DST), IP(src="10.1.0.10", dst="10.2.0.10") / ICMP())
    wrpcap(str(tmp_path / "key.pcap"), [packet])
    sa = tsharkesp.Sa(SRC, DST, 0x1234, "aes-128-cbc", bytes(16), "hmac-sha1-96", AUTH_KEY["hmac-sha1-96"])
    seen = tsharkesp.decrypt(tmp_path / "key.pcap", [sa], ["ip.src"])[0]
    assert seen["ip.src"] == [SRC]


def test_line_that_tshark_refuses_is_an_error(tmp_path, monkeypatch):
    packet = sealed(None, "hmac-sha1-96", IP(src=SRC, dst=DST), IP(src="10.1.0.10", dst="10.2.0.10") / ICMP())
    monkeypatch.setitem(tsharkesp.ENC, None, "no such algorithm")
    with pytest.raises(AssertionError, match="tshark"):
        judge(tmp_path / "refused.pcap", packet, None, "hmac-sha1-96")
