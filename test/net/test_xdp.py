# SPDX-License-Identifier: BSD-2-Clause
#
# test_xdp.py - plain ESP by AF_XDP: the same packets as by raw sockets, and nothing left behind.

import os
import signal

import pytest
from lab import junos, tsharkesp
from lab.gateway import Gateway, program
from lab.netlab import PATIENCE_S, wait_until

AF_XDP = "services-options { plain-esp-io af-xdp; }"
RAW = "services-options { plain-esp-io raw; }"


def config(text, io):
    return text.replace("sp-1/2/0 {", f"sp-1/2/0 {{ {io}", 1)


def start(t, io_a=AF_XDP, io_b=AF_XDP, outer=4, inner=(4, 6)):
    """Starts both gateways with manual SAs; returns (gateway a, gateway b, sas)."""
    sas = [junos.Sa(spi_ab=300 + 10 * i, spi_ba=400 + 11 * i) for i in range(len(inner))]
    side_a, side_b = junos.sides(t, outer, inner)
    a = Gateway(t.gw_a, config(junos.next_hop(side_a, sas), io_a))
    b = Gateway(t.gw_b, config(junos.next_hop(side_b, sas), io_b))
    return a, b, sas


def has_program(ns):
    return "prog/xdp" in ns.ip("link show wan")


def io(gateway):
    """The rows of the outside of `show services packet-io`: {name: (mode, reason)}."""
    rows = gateway.cli("show services packet-io").splitlines()[1:]
    return {line[20:53].strip(): (line[54:81].strip(), line[90:].strip()) for line in rows if line[12:19].strip() == "outside"}


def carried(t, target=None):
    """Sends pings until the way by AF_XDP is known to both, and some more."""
    target = target or t.HOST_B
    assert t.host_a.ping(target, count=3, interval_s=0.1).lost == 0
    ping = t.host_a.ping(target, count=20, interval_s=0.02)
    assert ping.lost == 0, ping.text


@pytest.mark.parametrize("outer", [4, 6])
def test_packets_pass_by_the_stack_of_both(two_gateways, outer):
    t = two_gateways
    a, b, _ = start(t, outer=outer)
    carried(t)
    carried(t, t.HOST_B6)
    wan = (t.WAN_A, t.WAN_B) if outer == 4 else (t.WAN_A6, t.WAN_B6)
    for ns, gateway, ends in ((t.gw_a, a, wan), (t.gw_b, b, wan[::-1])):
        wait_until(lambda: has_program(ns), what="the program")
        shown = io(gateway)
        assert shown["wan"][0] == "af-xdp native", shown
        assert shown[f"{ends[0]} to {ends[1]}"] == ("af-xdp on wan", ""), shown
    # the stack sees one a second, which keeps the neighbour known
    with t.gw_a.capture("wan", "ip proto 50 or ip6 proto 50") as wire:
        assert t.host_a.ping(t.HOST_B, count=100, interval_s=0.01).lost == 0
    assert 0 < len(wire.packets()) < 20


def test_what_leaves_is_what_a_raw_socket_sends(two_gateways):
    """The far end has raw sockets, so tshark sees the frames that it gets, and judges them."""
    t = two_gateways
    a, b, sas = start(t, io_b=RAW, inner=(4,))
    carried(t)
    assert io(a)["wan"][0] == "af-xdp native"
    assert not has_program(t.gw_b)
    assert io(b)[f"{t.WAN_B} to {t.WAN_A}"] == ("raw", "raw sockets are configured")
    with t.gw_b.capture("wan", "ip proto 50") as wire:
        for size in (0, 1, 100, 1300):
            assert t.host_a.ping(t.HOST_B, count=10, interval_s=0.01, size=size).lost == 0
    seen = tsharkesp.decrypt(wire.path, [s for sa in sas for s in sa.for_tshark(t.WAN_A, t.WAN_B)], ["ip.dst", "icmp.type"], "esp")
    assert [p["icv"] for p in seen] == ["good"] * 80
    assert [p["icmp.type"] for p in seen].count(["8"]) == 40
    frames = [p for p in wire.packets() if p["IP"].src == t.WAN_A]
    assert {(p["Ether"].src, p["Ether"].dst) for p in frames} == {(t.gw_a.mac("wan"), t.gw_b.mac("wan"))}


@pytest.mark.parametrize("io_a,io_b", [(AF_XDP, AF_XDP), (AF_XDP, RAW), (RAW, AF_XDP)])
def test_tcp_carries_a_file_intact(two_gateways, io_a, io_b):
    t = two_gateways
    start(t, io_a, io_b)
    folder = t.host_a.lab.folder
    t.host_a.run(f"head -c 20000000 /dev/urandom > {folder}/sent")
    t.host_b.spawn(["bash", "-c", f"exec python3 -m http.server 8000 --bind 10.2.0.10 -d {folder}"])
    wait_until(lambda: ":8000" in t.host_b.run("ss -ltn").stdout, what="the web server")
    t.host_a.run(["/usr/bin/python3", "-c", "import urllib.request,sys;"
                  "d=urllib.request.urlopen('http://10.2.0.10:8000/sent',timeout=60).read();"
                  f"sys.exit(d!=open('{folder}/sent','rb').read())"], timeout_s=90)


def test_auto_leaves_a_pair_alone(two_gateways):
    t = two_gateways
    a, _, _ = start(t, "", "")
    carried(t)
    assert not has_program(t.gw_a)
    assert io(a)[f"{t.WAN_A} to {t.WAN_B}"] == ("raw", "a veth interface: only if af-xdp is configured")


class Weak(Gateway):
    """A gateway where not even root has the rights that AF_XDP needs."""

    def start(self, timeout_s=PATIENCE_S):
        self.process = self.ns.spawn(["setpriv", "--bounding-set", "-bpf,-ipc_lock", program("sallyportd"), "-r", self.run_dir,
                                      "-c", self.config_path])
        self.process.wait_line(r"^ready$", timeout_s)


def test_without_the_rights_raw_sockets_do_it(two_gateways):
    t = two_gateways
    side_a, side_b = junos.sides(t)
    a = Weak(t.gw_a, config(junos.next_hop(side_a, [junos.Sa()]), AF_XDP))
    Gateway(t.gw_b, config(junos.next_hop(side_b, [junos.Sa()]), AF_XDP))
    carried(t)
    assert not has_program(t.gw_a)
    assert io(a)[f"{t.WAN_A} to {t.WAN_B}"] == ("raw", "Operation not permitted")


def test_filters_of_the_interface_still_see_packets(two_gateways):
    t = two_gateways
    a, _, _ = start(t)
    carried(t)
    wait_until(lambda: has_program(t.gw_a), what="the program")
    a.configure("set firewall family inet filter f term t then accept", "set interfaces ge-0/0/9 device wan",
                "set interfaces ge-0/0/9 unit 0 family inet filter input f")
    wait_until(lambda: not has_program(t.gw_a), what="the program to go")
    assert t.host_a.ping(t.HOST_B, count=5, interval_s=0.05).lost == 0
    assert "filters" in io(a)[f"{t.WAN_A} to {t.WAN_B}"][1]
    a.configure("delete interfaces ge-0/0/9")
    wait_until(lambda: has_program(t.gw_a), what="the program to come back")
    carried(t)


def test_what_is_too_big_is_answered_as_ever(two_gateways):
    t = two_gateways
    start(t)
    carried(t)
    for ns in (t.gw_a, t.gw_b):
        ns.ip("link set wan mtu 1300")
    # the first one is lost to the new size
    t.host_a.ping(t.HOST_B, count=2, interval_s=0.2, size=1400, timeout_s=1)
    out = t.host_a.run(["ping", "-c1", "-W1", "-Mdo", "-s1400", t.HOST_B], check=False)
    assert "mtu" in out.stdout.lower() + out.stderr.lower(), out.stdout + out.stderr
    assert t.host_a.ping(t.HOST_B, count=3, interval_s=0.1, size=1400, df="dont").lost == 0


def test_a_neighbour_that_changes_is_followed(two_gateways):
    t = two_gateways
    start(t)
    carried(t)
    t.gw_b.ip("link set wan address 02:00:00:00:77:01")
    t.gw_a.ip(f"neigh replace {t.WAN_B} lladdr 02:00:00:00:77:01 dev wan")
    wait_until(lambda: t.host_a.ping(t.HOST_B, count=1, timeout_s=1).lost == 0, what="the first ping after the change")
    wait_until(lambda: has_program(t.gw_b), what="the program for the new address")
    carried(t)


def test_a_route_that_moves_is_followed(two_gateways):
    t = two_gateways
    a, _, _ = start(t)
    carried(t)
    t.gw_a.ip(f"route add blackhole {t.WAN_B}/32")
    wait_until(lambda: io(a)[f"{t.WAN_A} to {t.WAN_B}"][0] == "raw", what="the way to be given up")
    assert t.host_a.ping(t.HOST_B, count=2, interval_s=0.1, timeout_s=1).received == 0
    t.gw_a.ip(f"route del blackhole {t.WAN_B}/32")
    wait_until(lambda: io(a)[f"{t.WAN_A} to {t.WAN_B}"][0] == "af-xdp on wan", what="the way to be taken again")
    carried(t)


def test_the_program_goes_with_the_gateway(two_gateways):
    t = two_gateways
    a, b, _ = start(t)
    carried(t)
    assert a.stop() == 0
    assert not has_program(t.gw_a)
    for name in ("sallyportd", "netd", "picd"):
        for pid in b.pids(name):
            os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not b.pids("netd"), what="everything to end")
    assert not has_program(t.gw_b)


@pytest.mark.parametrize("name", ["picd", "netd"])
def test_a_killed_daemon_comes_back_to_its_sockets(two_gateways, name):
    t = two_gateways
    a, _, _ = start(t)
    carried(t)
    old = a.pids(name)
    os.kill(old[0], signal.SIGKILL)
    wait_until(lambda: a.pids(name) and a.pids(name) != old, what=f"another {name}")
    wait_until(lambda: t.host_a.ping(t.HOST_B, count=1, timeout_s=1).lost == 0, what="a ping")
    wait_until(lambda: io(a).get(f"{t.WAN_A} to {t.WAN_B}", [""])[0] == "af-xdp on wan", what="AF_XDP")
    assert has_program(t.gw_a)
    carried(t)
