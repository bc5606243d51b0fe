# SPDX-License-Identifier: BSD-2-Clause
#
# test_seeing.py - commands that show what the services interface does with packets, while real ones pass.

import os
import re
import signal

import pytest
from lab import junos, tsharkesp
from lab.gateway import Gateway, program
from lab.netlab import wait_until
from lab.transfer import Carry
from scapy.layers.inet import ICMP, IP
from scapy.layers.ipsec import ESP, SecurityAssociation
from scapy.layers.l2 import Ether
from scapy.utils import PcapReader, RawPcapReader
from test_tcp_impaired import Tunnel


def start(t, **kw):
    """Two gateways with one tunnel; returns them and its SA."""
    sas = [junos.Sa(spi_ab=300, spi_ba=400, aux_ab=1300, aux_ba=1400)]
    side_a, side_b = junos.sides(t, 4, (4,))
    return Gateway(t.gw_a, junos.next_hop(side_a, sas, **kw)), Gateway(t.gw_b, junos.next_hop(side_b, sas, **kw)), sas[0]


def rows(gateway, command, root, name):
    return gateway.cli_json(command)[root][0].get(name, [])


def value(row, name):
    return row[name][0]["data"]


def test_workers_and_service_sets_show_what_they_did(two_gateways):
    t = two_gateways
    a, _, _ = start(t)
    assert t.host_a.ping(t.HOST_B, count=20, interval_s=0.05).lost == 0
    workers = rows(a, "show services workers interface sp-1/2/0", "service-worker-information", "service-worker")
    assert sum(int(value(w, "out-packets")) for w in workers) == 20
    assert sum(int(value(w, "in-packets")) for w in workers) == 20
    assert sum(int(b["burst-count"][0]["data"]) for w in workers for b in w["out-burst"]) <= 20
    assert "Interface: sp-1/2/0, Worker: 0, State: Active" in a.cli("show services workers")
    cpu = rows(a, "show services service-sets cpu-usage", "service-set-cpu-statistics-information",
               "service-set-cpu-statistics")
    assert [value(c, "service-set-name") for c in cpu] == ["ss1", "System", "Idle"]
    assert 99.9 < sum(float(value(c, "cpu-utilization-percent")) for c in cpu) < 100.1
    memory = a.cli("show services service-sets memory-usage service-set ss1")
    assert memory.startswith("Interface   Service set              Bytes used\nsp-1/2/0    ss1 "), memory


class Watch:
    """A command that goes on while packets pass; use it with `with`, then read `lines`."""

    def __init__(self, gateway, command):
        self.gateway, self.command = gateway, command

    def __enter__(self):
        self.process = self.gateway.ns.spawn([program("sallyport"), "-r", self.gateway.run_dir, "-c", self.command])
        self.process.wait_line(r"^Listening on ")
        return self

    def __exit__(self, *_):
        wait_until(lambda: not self.process.is_alive(), what=f"the end of {self.command}")
        self.lines = [line for line in self.process.out if re.match(r"\d\d:\d\d:\d\d\.\d{6} ", line)]
        self.steps = [line.split(" ", 1)[1] for line in self.lines]


def test_monitor_shows_clear_and_protected_packets(two_gateways):
    t = two_gateways
    a, _, _ = start(t)
    with Watch(a, "monitor traffic interface sp-1/2/0.1 count 4") as seen:
        assert t.host_a.ping(t.HOST_B, count=1).lost == 0
    assert [s.split(", id")[0] for s in seen.steps] == [
        "Out inner IP 10.1.0.10 > 10.2.0.10: ICMP echo request",
        "Out outer IP 192.0.2.1 > 192.0.2.2: ESP(spi=0x0000012c,seq=0x1), length 152",
        " In outer IP 192.0.2.2 > 192.0.2.1: ESP(spi=0x00000190,seq=0x1), length 152",
        " In inner IP 10.2.0.10 > 10.1.0.10: ICMP echo reply"], seen.process.out
    assert "0 records lost" in seen.process.out
    # a unit that no packet passes, and the protected ones alone
    with Watch(a, "monitor traffic interface sp-1/2/0.2 seconds 2") as nothing, \
            Watch(a, "monitor traffic interface sp-1/2/0.1 outer seconds 2") as outer:
        assert t.host_a.ping(t.HOST_B, count=3, interval_s=0.1).lost == 0
    assert nothing.steps == [] and len(outer.steps) == 6 and all("ESP(" in s for s in outer.steps), outer.steps
    rows = a.cli("monitor traffic interface sp-1/2/0.1 seconds 1 | display xml")
    assert "<monitor-end>" in rows and "<packets-shown>0</packets-shown>" in rows


@pytest.mark.packets
def test_monitor_writes_a_file_that_others_read(two_gateways):
    t = two_gateways
    a, _, sa = start(t)
    path = os.path.join(t.host_a.lab.folder, "seen.pcap")
    with Watch(a, f"monitor traffic interface sp-1/2/0.1 count 40 write-file {path}") as seen:
        assert t.host_a.ping(t.HOST_B, count=10, size=1000, interval_s=0.02).lost == 0
    assert seen.lines == [] and "40 packets written" in seen.process.out
    packets = list(PcapReader(path))
    inner = [p for p in packets if p.haslayer("ICMP")]
    assert len(packets) == 40 and len(inner) == 20 and {len(p) for p in inner} == {1028}
    assert sum(p["IP"].proto == 50 for p in packets) == 20
    opened = tsharkesp.decrypt(path, sa.for_tshark(t.WAN_A, t.WAN_B), ["esp.spi", "icmp.type"], "esp")
    assert [p["icv"] for p in opened] == ["good"] * 20
    wrong = a.cli(f"monitor traffic interface sp-1/2/0.1 count 1 write-file {path}/x", check=False)
    assert wrong.returncode != 0 and "Not a directory" in wrong.stderr, wrong


def test_who_gives_up_ends_the_monitor(two_gateways):
    t = two_gateways
    a, _, _ = start(t)
    for _ in range(6):  # more than there may be at once
        process = a.ns.spawn([program("sallyport"), "-r", a.run_dir, "-c", "monitor traffic interface sp-1/2/0.1"])
        process.wait_line(r"^Listening on ")
        process.stop(signal.SIGKILL)
        assert t.host_a.ping(t.HOST_B, count=1).lost == 0  # its filter is free again when the workers have turned
    many = [a.ns.spawn([program("sallyport"), "-r", a.run_dir, "-c", "monitor traffic interface sp-1/2/0.1"])
            for _ in range(4)]
    for process in many:
        process.wait_line(r"^Listening on ")
    refused = a.cli("monitor traffic interface sp-1/2/0.1", check=False)
    assert "packets are being watched by too many commands" in refused.stderr + refused.stdout
    for process in many:
        process.stop(signal.SIGINT)


def test_a_trace_shows_each_step_and_the_verdict(two_gateways):
    t = two_gateways
    a, b, _ = start(t)
    with Watch(a, "monitor services packet-trace interface sp-1/2/0 destination-prefix 10.2.0.0/24 count 1") as out, \
            Watch(b, "monitor services packet-trace interface sp-1/2/0 spi 300 count 1") as into:
        assert t.host_a.ping(t.HOST_B, count=1).lost == 0
    steps = [re.sub(r"worker \d+", "worker N", s) for s in out.steps]
    assert [s.split(" ")[3] for s in steps if "handed-over" not in s] == ["arrived:", "matched:", "sent:"], steps
    assert "service set ss1, rule r1, term t0, tunnel 1, SPI 300" in " ".join(steps)
    assert "ESP(spi=0x0000012c,seq=0x1)" in steps[-1]
    assert [s.split(" ")[3] for s in into.steps] == ["received:", "delivered:"], into.steps
    assert "IP 10.1.0.10 > 10.2.0.10: ICMP echo request" in into.steps[1]


def test_a_trace_tells_why_a_packet_is_dropped(two_gateways):
    t = two_gateways
    a, b, sa = start(t)
    crypt = SecurityAssociation(ESP, spi=300, crypt_algo="AES-CBC", crypt_key=sa.enc_key("ab"), auth_algo="HMAC-SHA1-96",
                                auth_key=sa.auth_key("ab"), tunnel_header=IP(src=t.WAN_A, dst=t.WAN_B))
    good = crypt.encrypt(IP(src="10.1.0.10", dst=t.HOST_B) / ICMP(id=7))
    wrong = crypt.encrypt(IP(src="10.1.9.10", dst=t.HOST_B) / ICMP(id=7))
    flipped = IP(bytes(good)[:-1] + bytes([bytes(good)[-1] ^ 1]))
    frame = Ether(src=t.gw_a.mac("wan"), dst=t.gw_b.mac("wan"))
    with Watch(b, "monitor services packet-trace interface sp-1/2/0 spi 0x12c count 2") as seen:
        wire = t.gw_a.wire("wan")
        for p in (wrong, flipped):
            wire.send(frame / p)
    drops = [s for s in seen.steps if " dropped: " in s]
    assert len(drops) == 2, seen.steps
    assert "selector-mismatch: the decrypted packet does not fit the selectors of its tunnel" in " ".join(drops)
    assert "esp-authentication: " in " ".join(drops)
    # an SPI that nobody has
    alien = crypt.encrypt(IP(src="10.1.0.10", dst=t.HOST_B) / ICMP(id=7))
    alien[ESP].spi = 0x7777
    with Watch(b, "monitor services packet-trace interface sp-1/2/0 spi 0x7777 count 1") as seen:
        wire.send(frame / alien)
    assert "unknown-spi: " in seen.steps[-1], seen.steps
    # out: too big and not to be fragmented
    with Watch(a, "monitor services packet-trace interface sp-1/2/0 source-prefix 10.1.0.10 count 1") as seen:
        t.host_a.run(["ping", "-c1", "-W1", "-M", "do", "-s", "1472", t.HOST_B], check=False)
    assert "exceeds-tunnel-mtu: " in seen.steps[-1] and ", sender is told 1" in seen.steps[-1], seen.steps


@pytest.mark.packets
@pytest.mark.parametrize("in_udp", [False, True], ids=["esp", "udp"])
def test_a_file_arrives_while_its_packets_are_watched(two_gateways, in_udp):
    t = two_gateways
    tunnel = Tunnel(t, in_udp, direct=True)
    path = os.path.join(t.host_a.lab.folder, "many.pcap")
    to_file = tunnel.a.ns.spawn([program("sallyport"), "-r", tunnel.a.run_dir, "-c",
                                 f"monitor traffic interface sp-1/2/0 seconds 8 write-file {path}"])
    to_file.wait_line(r"^Listening on ")
    with Watch(tunnel.a, "monitor traffic interface sp-1/2/0.1 seconds 8") as seen:
        Carry(t.host_a, t.host_b, t.HOST_B, 7001, 30).check(60)
        Carry(t.host_b, t.host_a, t.HOST_A, 7002, 10).check(60)
    wait_until(lambda: not to_file.is_alive(), what="the end of the file")
    inner = [s for s in seen.steps if "inner" in s and ".7001: tcp" in s]
    outer = [s for s in seen.steps if "Out outer" in s]
    assert inner and any(" in segments of " in s for s in inner), seen.steps[:50]
    assert outer and all(("UDP-encap: ESP(" if in_udp else ": ESP(") in s for s in outer), outer[:10]
    assert any(s.startswith(" In outer") and ("UDP-encap: ESP(" in s) == in_udp for s in seen.steps)
    written = int(next(line for line in to_file.out if line.endswith(" packets written")).split()[0])
    assert written > 100 and sum(1 for _ in RawPcapReader(path)) == written
