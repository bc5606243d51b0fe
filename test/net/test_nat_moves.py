# SPDX-License-Identifier: BSD-2-Clause
#
# test_nat_moves.py - the NAT before gateway a gives it another port in the middle of traffic: gateway b follows ESP, and nothing else.

import os
import signal
import time

import pytest
from lab import gateway, junos
from lab.nat import ELSEWHERE, Nat
from lab.netlab import wait_until
from lab.transfer import Carry

IPSEC_SAS = "show services ipsec-vpn ipsec security-associations detail"
IKE_SAS = "show services ipsec-vpn ike security-associations"


class Moving:
    def __init__(self, t):
        self.t = t
        self.nat = Nat(t)
        side_a, side_b = junos.sides(t)
        self.b = gateway.Gateway(t.gw_b, junos.next_hop(side_b, [junos.Dynamic()], more=junos.ike()))
        self.a = gateway.Gateway(t.gw_a, junos.next_hop(side_a, [junos.Dynamic()], more=junos.ike()))
        wait_until(self.carries, 20, lambda: f"the tunnel\n{self.a.log()}")
        assert self.peer_port() == 14500

    def carries(self):
        return self.t.host_a.ping(self.t.HOST_B, count=1, interval_s=0.05, timeout_s=1).lost == 0

    def peer_port(self):
        """Where b sends what is for a."""
        text = self.b.cli(IPSEC_SAS)
        return int(text.rsplit("UDP Destination port: ", 1)[1].split()[0].rstrip(","))

    def peer_address(self):
        return self.b.cli(IPSEC_SAS).rsplit("Remote gateway: ", 1)[1].split()[0].rstrip(",")

    def moves(self):
        return self.b.cli("show log messages").count("KMD_PM_NAT_MOVED")


@pytest.fixture
def moving(two_gateways):
    return Moving(two_gateways)


def test_the_tunnel_follows_the_nat(moving):
    m, t = moving, moving.t
    stream = t.host_a.ping_start(t.HOST_B, interval_s=0.02)
    m.nat.map(24500)
    wait_until(lambda: m.peer_port() == 24500, 10, lambda: f"the other port\n{m.b.log()}")
    wait_until(m.carries, 5, "packets")
    t.host_a.ping_end(stream)
    file = Carry(t.host_a, t.host_b, t.HOST_B, 5001, 16)
    m.nat.map(34500)
    file.check(60)
    assert m.peer_port() == 34500
    assert 2 <= m.moves() <= 4


def test_a_recording_moves_nothing(moving):
    from scapy.all import IP, UDP, Ether, Raw
    m, t = moving, moving.t
    with t.gw_b.capture("wan", "udp dst port 4500 and src host 192.0.2.1") as wire:
        assert t.host_a.ping(t.HOST_B, count=3).lost == 0
    esp = [bytes(p[UDP].payload) for p in wire.packets() if p.haslayer(UDP) and bytes(p[UDP].payload)[:4] != bytes(4)]
    assert esp
    forged = [e[:4] + (int.from_bytes(e[4:8], "big") + 1000).to_bytes(4, "big") + e[8:] for e in esp]
    with t.gw_a.wire("wan") as w:
        for payload in esp + forged:
            w.send(Ether(dst=t.gw_b.mac("wan"), src=t.gw_a.mac("wan")) / IP(src=t.WAN_A, dst=t.WAN_B)
                   / UDP(sport=5555, dport=4500) / Raw(payload))
    wait_until(m.carries, 5, "packets")
    assert m.peer_port() == 14500
    assert m.moves() == 0


def test_what_was_kept_back_of_the_pair_before_moves_nothing(moving):
    """The last packets of a pair are authentic and the newest that it has; b gets them when there is another pair, from elsewhere."""
    from scapy.all import IP, UDP, Ether, Raw
    m, t = moving, moving.t
    m.a.configure("set interfaces sp-1/2/0 services-options no-outside-offload")    # each packet by itself
    with t.gw_b.capture("wan", "udp dst port 4500 and src host 192.0.2.1") as wire:
        wait_until(m.carries, 5, "packets")
    spi, = {bytes(p[UDP].payload)[:4] for p in wire.packets() if bytes(p[UDP].payload)[:4] != bytes(4)}
    with t.gw_b.capture("wan", "udp src port 4500 and src host 192.0.2.1") as wire:
        m.nat.map(24500)
        # the first ones say that there is another port; what follows of the pair is kept back, and IKE until all has been sent
        for table, rule in (("kept-back", f"@th,64,32 0x{spi.hex()} quota over 500 bytes drop"), ("no-ike", "@th,64,32 0 drop")):
            t.gw_b.run(["nft", f"table ip {table} {{ chain pre {{ type filter hook prerouting priority -350; "
                        f"iifname wan udp dport 4500 {rule}; }}; }}"])
        t.host_a.run(["/usr/bin/python3", "-c", f"import socket; s = socket.socket(2, 2); s.connect(('{t.HOST_B}', 9));"
                      "[s.send(bytes(100)) for _ in range(50)]"])
        wait_until(lambda: m.moves() == 1, 10, lambda: f"the move\n{m.b.log()}")
        t.gw_b.run(["nft", "delete table ip no-ike"])
        wait_until(lambda: m.peer_port() == 24500, 10, lambda: f"the other port\n{m.b.log()}")
    t.gw_b.run(["nft", "delete table ip kept-back"])
    wait_until(m.carries, 5, "packets")
    kept = [bytes(p[UDP].payload) for p in wire.packets() if bytes(p[UDP].payload)[:4] == spi]
    assert len(kept) > 1, "none was kept back"
    moves = m.moves()
    time.sleep(2)   # no more than one is told in a second
    before = m.b.cli("show services ipsec-vpn ipsec statistics")
    with t.gw_a.wire("wan") as w:
        w.send(Ether(dst=t.gw_b.mac("wan"), src=t.gw_a.mac("wan")) / IP(src=t.WAN_A, dst=t.WAN_B)
               / UDP(sport=5555, dport=4500) / Raw(kept[-1]))
    wait_until(lambda: m.b.cli("show services ipsec-vpn ipsec statistics") != before, 5, "the packet to be counted")
    wait_until(m.carries, 5, "packets")
    assert (m.moves(), m.peer_port()) == (moves, 24500)


def test_another_address_for_good(moving):
    """b begins phase 1 anew with where a is now, and goes on with that when its kmd has forgotten everything."""
    m, t = moving, moving.t
    m.nat.map(24500, ELSEWHERE)
    stream = t.host_a.ping_start(t.HOST_B, interval_s=0.02)
    wait_until(lambda: m.peer_address() == ELSEWHERE, 10, lambda: f"the other address\n{m.b.log()}")
    old, = m.b.pids("kmd")
    os.kill(old, signal.SIGKILL)
    wait_until(lambda: m.b.pids("kmd") not in ([], [old]), 10, "another kmd")
    wait_until(lambda: f"{ELSEWHERE}      Matured" in m.b.cli(IKE_SAS, check=False).stdout, 10, lambda: f"an IKE SA\n{m.b.log()}")
    wait_until(m.carries, 5, "packets")
    # and a may begin from there
    old, = m.a.pids("kmd")
    sas = m.b.cli(IKE_SAS).count("Matured")
    os.kill(old, signal.SIGKILL)
    wait_until(lambda: m.a.pids("kmd") not in ([], [old]), 10, "another kmd")
    wait_until(lambda: m.b.cli(IKE_SAS, check=False).stdout.count("Matured") > sas, 10, lambda: f"another IKE SA\n{m.b.log()}")
    assert m.carries()
    t.host_a.ping_end(stream)
