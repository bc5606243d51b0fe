# SPDX-License-Identifier: BSD-2-Clause
#
# test_lab.py - proves the laboratory itself, without any Sallyport: what the other tests take for granted.
#
# scapy builds an IPsec packet in a namespace, the guest kernel opens it, answers, and scapy opens the answer:
# two implementations that are not ours agree, so either may judge ours.

import os
import time

import pytest
from lab import netlab, tsharkesp, uml
from lab.scapyesp import ESP_PAIRS, KEY, LAYER, sa, seal, unseal
from scapy.layers.inet import ICMP, IP
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6EchoRequest, IPv6
from scapy.layers.ipsec import AH, ESP
from scapy.layers.l2 import Ether

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")

WE, GUEST = "192.0.2.1", "192.0.2.2"
WE6, GUEST6 = "2001:db8:ff::1", "2001:db8:ff::2"
HOST, GUEST_HOST = "10.1.0.10", "10.2.0.10"
HOST6, GUEST_HOST6 = "fd01::10", "fd02::10"
SPI_OUT, SPI_IN = 0x1001, 0x2001     # as we see them


# --- namespaces ---

def test_two_gateways_reach_each_other(two_gateways):
    t = two_gateways
    t.gw_a.route("10.2.0.0/24", via=t.WAN_B)
    t.gw_b.route("10.1.0.0/24", via=t.WAN_A)
    t.gw_a.route("fd02::/64", via=t.WAN_B6)
    t.gw_b.route("fd01::/64", via=t.WAN_A6)
    with t.gw_a.capture("wan", "icmp or (icmp6 and (ip6[40] = 128 or ip6[40] = 129))") as c:
        for target in (t.HOST_B, t.HOST_B6):
            ping = t.host_a.ping(target, count=3)
            assert (ping.sent, ping.lost) == (3, 0)
    assert len(c.packets()) == 12


def test_ping_into_nowhere_is_lost(two_gateways):
    ping = two_gateways.host_a.ping(two_gateways.HOST_B, count=2, timeout_s=1)
    assert (ping.sent, ping.received) == (2, 0)


LATE = """
import socket, struct, time
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
print("ready", flush=True)
while True:
    data, sender = s.recvfrom(2048)
    kind, _, given, identifier, number = struct.unpack("!BBHHH", data[20:28])
    if kind == 8 and number != 2:
        time.sleep(0.3 if number == 3 else 0)
        s.sendto(struct.pack("!BBHHH", 0, 0, given + 0x800 if given < 0xf800 else given - 0xf7ff, identifier, number) + data[28:], sender)
"""


def test_an_answer_that_comes_late_is_not_lost(two_gateways):
    """ping goes away when the third of three is not there after twice the time that the first one took."""
    t = two_gateways
    t.gw_a.sysctl("net.ipv4.icmp_echo_ignore_all=1")
    t.gw_a.spawn(["/usr/bin/python3", "-c", LATE]).wait_line("ready")
    ping = t.host_a.ping(t.LAN_A, count=3, interval_s=0.02)
    assert " 1 received" in ping.text and ping.received == 2 and ping.lost == 1, ping.text


def test_endless_ping_counts_what_was_lost(two_gateways):
    t = two_gateways
    process = t.host_a.ping_start(t.LAN_A)
    time.sleep(0.3)
    t.gw_a.ip(f"addr del {t.LAN_A}/24 dev lan")
    time.sleep(0.3)
    ping = t.host_a.ping_end(process)
    assert ping.received > 5 and ping.lost > 5


def test_endless_ping_counts_what_could_not_be_sent(two_gateways):
    t = two_gateways
    process = t.host_a.ping_start(t.LAN_A)
    time.sleep(0.3)
    t.host_a.ip("route flush table main")
    time.sleep(0.3)
    ping = t.host_a.ping_end(process)
    assert ping.received > 5 and ping.lost > 5


def test_nothing_is_left_behind():
    with netlab.Lab() as lab:
        ns = lab.ns("gone")
        sleeper = ns.spawn(["sleep", "1000"])
        name, folder = ns.full_name, lab.folder
        assert os.path.exists(f"/run/netns/{name}")
    assert not os.path.exists(f"/run/netns/{name}")
    assert not os.path.exists(folder)
    assert not sleeper.is_alive()


def test_namespaces_of_a_killed_run_are_removed():
    dead = netlab.Process(["true"])
    dead.wait()
    name = f"{netlab.PREFIX}-{dead.pid}-0-old"
    netlab._run(["ip", "netns", "add", name])
    with netlab.Lab():
        assert not os.path.exists(f"/run/netns/{name}")


def test_failed_command_shows_its_words(lab):
    with pytest.raises(netlab.LabError, match="no such thing"):
        lab.ns("x").run("echo no such thing >&2; exit 3")


# --- the guest kernel against scapy ---

class ScapyPeer:
    """scapy as the gateway WE and the host behind it, on a wire to the guest; no kernel of ours answers anything."""

    def __init__(self, lab, guest):
        ns = lab.ns("scapy")
        guest.attach(ns, "wan")
        ns.ip("link set wan addrgenmode none")
        self.guest = guest
        self.wire = ns.wire("wan")
        guest.run(f"""
            ip addr add {GUEST}/24 dev vec0; ip addr add {GUEST6}/64 dev vec0 nodad
            ip link add host type dummy; ip link set host up
            ip addr add {GUEST_HOST}/24 dev host; ip addr add {GUEST_HOST6}/64 dev host nodad
            ip neigh replace {WE} lladdr {self.wire.mac} dev vec0; ip neigh replace {WE6} lladdr {self.wire.mac} dev vec0
            ip route add 10.1.0.0/24 via {WE}; ip -6 route add fd01::/64 via {WE6}""")
        self.guest_mac = guest.run("cat /sys/class/net/vec0/address").strip()

    def exchange(self, packet, is_answer):
        """Sends PACKET to the guest and returns the IP layer of the answer, or None."""
        self.wire.send(Ether(src=self.wire.mac, dst=self.guest_mac) / packet)
        frame = self.wire.receive(lambda f: f.src == self.guest_mac and is_answer(f), timeout_s=2)
        return frame.payload if frame else None


@pytest.fixture
def peer(lab, guest):
    peer = ScapyPeer(lab, guest)
    yield peer
    peer.wire.socket.close()


def guest_setup(peer, proto, mode, enc, auth, ends, hosts):
    """Gives the guest the pair of SAs of PROTO between ENDS and the policies for the traffic between HOSTS."""
    (we, they), (host, guest_host) = ends, hosts
    keys = {"enc": enc, "enc_key": KEY[enc], "auth": auth, "auth_key": KEY[auth]}
    templates = [(proto, mode, we, they, 1)], [(proto, mode, they, we, 1)]
    peer.guest.run(uml.state(we, they, SPI_OUT, proto, mode, **keys) + uml.state(they, we, SPI_IN, proto, mode, **keys)
                   + uml.policy("in", host, guest_host, templates[0]) + uml.policy("out", guest_host, host, templates[1]))


def echo(src, dst, data=b"x" * 100):
    if ":" in src:
        return IPv6(src=src, dst=dst) / ICMPv6EchoRequest(id=5, seq=1, data=data)
    return IP(src=src, dst=dst) / ICMP(id=5, seq=1) / data


def is_reply(packet):
    return ICMPv6EchoReply in packet or (ICMP in packet and packet[ICMP].type == 0)


@pytest.mark.slow
@pytest.mark.parametrize("enc, auth", ESP_PAIRS)
def test_kernel_and_scapy_agree_on_esp(enc, auth, peer):
    guest_setup(peer, "esp", "tunnel", enc, auth, (WE, GUEST), (HOST, GUEST_HOST))
    sealed = seal(sa("esp", SPI_OUT, enc, auth=auth, outer=(WE, GUEST)), echo(HOST, GUEST_HOST))
    answer = peer.exchange(sealed, lambda f: ESP in f)
    assert answer is not None, peer.guest.errors()
    inner = unseal(sa("esp", SPI_IN, enc, auth=auth, outer=(GUEST, WE)), answer)
    assert is_reply(inner)
    assert (inner.src, inner.dst) == (GUEST_HOST, HOST)
    assert bytes(inner[ICMP].payload) == b"x" * 100


@pytest.mark.slow
@pytest.mark.parametrize("auth", ["hmac-md5-96", "hmac-sha1-96", "hmac-sha-256-128"])
@pytest.mark.parametrize("ends", [(WE, GUEST), (WE6, GUEST6)], ids=["v4", "v6"])
def test_kernel_and_scapy_agree_on_ah(ends, auth, peer):
    """Each ICV length on each family: 16 octets need padding in IPv6 and must have none in IPv4."""
    guest_setup(peer, "ah", "tunnel", None, auth, ends, (HOST, GUEST_HOST))
    sealed = seal(sa("ah", SPI_OUT, auth=auth, outer=ends), echo(HOST, GUEST_HOST))
    answer = peer.exchange(sealed, lambda f: AH in f)
    assert answer is not None, peer.guest.errors()
    assert is_reply(unseal(sa("ah", SPI_IN, auth=auth, outer=ends[::-1]), answer))


FAMILIES = {"v4-in-v4": ((WE, GUEST), (HOST, GUEST_HOST)), "v6-in-v4": ((WE, GUEST), (HOST6, GUEST_HOST6)),
            "v4-in-v6": ((WE6, GUEST6), (HOST, GUEST_HOST)), "v6-in-v6": ((WE6, GUEST6), (HOST6, GUEST_HOST6))}


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("proto", ["esp", "ah"])
def test_kernel_and_scapy_agree_on_tunnels(proto, family, peer):
    ends, hosts = FAMILIES[family]
    enc, auth = "aes-128-cbc", "hmac-sha1-96"
    guest_setup(peer, proto, "tunnel", enc, auth, ends, hosts)
    sealed = seal(sa(proto, SPI_OUT, enc, auth=auth, outer=ends), echo(*hosts))
    answer = peer.exchange(sealed, lambda f: LAYER[proto] in f)
    assert answer is not None, peer.guest.errors()
    inner = unseal(sa(proto, SPI_IN, enc, auth=auth, outer=ends[::-1]), answer)
    assert is_reply(inner)
    assert inner.src == hosts[1]


@pytest.mark.slow
@pytest.mark.parametrize("ends", [(WE, GUEST), (WE6, GUEST6)], ids=["v4", "v6"])
@pytest.mark.parametrize("proto", ["esp", "ah"])
def test_kernel_and_scapy_agree_on_transport_mode(proto, ends, peer):
    enc, auth = "3des-cbc", "hmac-md5-96"
    guest_setup(peer, proto, "transport", enc, auth, ends, ends)
    sealed = seal(sa(proto, SPI_OUT, enc, auth=auth), echo(*ends))
    answer = peer.exchange(sealed, lambda f: LAYER[proto] in f)
    assert answer is not None, peer.guest.errors()
    inner = unseal(sa(proto, SPI_IN, enc, auth=auth), answer)
    assert is_reply(inner)


@pytest.mark.slow
def test_kernel_refuses_a_changed_packet(peer):
    """The judge can say no: the same packet with one bit turned gets no answer and is counted."""
    enc, auth = "aes-128-cbc", "hmac-sha1-96"
    guest_setup(peer, "esp", "tunnel", enc, auth, (WE, GUEST), (HOST, GUEST_HOST))
    sealed = bytearray(bytes(seal(sa("esp", SPI_OUT, enc, auth=auth, outer=(WE, GUEST)), echo(HOST, GUEST_HOST))))
    sealed[-20] ^= 1
    assert peer.guest.errors() == {}
    assert peer.exchange(IP(bytes(sealed)), lambda f: ESP in f) is None
    assert peer.guest.errors() == {"XfrmInStateProtoError": 1}


@pytest.mark.slow
@pytest.mark.parametrize("auth", ["hmac-md5-96", "hmac-sha1-96", "hmac-sha-256-128"])
def test_kernel_and_scapy_agree_on_bundles(auth, peer):
    """AH in transport mode around ESP in tunnel mode: two templates for the kernel, two SAs in turn for scapy."""
    enc, script = "aes-256-cbc", ""
    for src, dst, esp_spi, ah_spi in ((WE, GUEST, SPI_OUT, 0x1002), (GUEST, WE, SPI_IN, 0x2002)):
        script += uml.state(src, dst, esp_spi, "esp", "tunnel", enc=enc, enc_key=KEY[enc], reqid=1)
        script += uml.state(src, dst, ah_spi, "ah", "transport", auth=auth, auth_key=KEY[auth], reqid=2)
    for way, src, dst, outer in (("in", HOST, GUEST_HOST, (WE, GUEST)), ("out", GUEST_HOST, HOST, (GUEST, WE))):
        script += uml.policy(way, src, dst, [("esp", "tunnel", *outer, 1), ("ah", "transport", *outer, 2)])
    peer.guest.run(script)
    sealed = seal(sa("esp", SPI_OUT, enc, outer=(WE, GUEST)), echo(HOST, GUEST_HOST))
    sealed = seal(sa("ah", 0x1002, auth=auth), sealed)
    answer = peer.exchange(sealed, lambda f: AH in f)
    assert answer is not None, peer.guest.errors()
    inner = unseal(sa("esp", SPI_IN, enc, outer=(GUEST, WE)), unseal(sa("ah", 0x2002, auth=auth), answer))
    assert is_reply(inner) and (inner.src, inner.dst) == (GUEST_HOST, HOST)


@pytest.mark.slow
def test_tshark_opens_what_the_kernel_sealed(lab, peer):
    enc, auth = "aes-256-cbc", "hmac-sha-256-128"
    guest_setup(peer, "esp", "tunnel", enc, auth, (WE, GUEST), (HOST, GUEST_HOST))
    with lab.ns("scapy").capture("wan", "esp") as c:
        peer.guest.run(f"ping -c 2 -i 0.2 -W 1 -I {GUEST_HOST} {HOST}", check=False)
    key = tsharkesp.Sa(GUEST, WE, SPI_IN, enc, KEY[enc], auth, KEY[auth])
    seen = tsharkesp.decrypt(c.path, [key], ["ip.src", "icmp.seq"])
    assert [(p["ip.src"], p["icmp.seq"], p["icv"]) for p in seen] == [
        ([GUEST, GUEST_HOST], ["1"], "good"), ([GUEST, GUEST_HOST], ["2"], "good")]
