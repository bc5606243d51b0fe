# SPDX-License-Identifier: BSD-2-Clause
#
# test_stalled.py - a worker thread that does not go on, in the middle of whatever it does: others do, and nothing is lost uncounted.

import contextlib
import ctypes
import os
import re
import time

from lab import junos
from lab.gateway import Gateway
from lab.nat import Nat
from lab.netlab import wait_until
from lab.transfer import Carry

N = 16              # tunnels: with two workers each has some
STOPS = 100
TRAIN = 64          # the most packets that a helper has in its hands
STOP_S = 0.35       # more than an owner waits for a helper, 250 ms
SEIZE, INTERRUPT, DETACH = 0x4206, 0x4207, 17
WALL = 0x40000000   # wait for a thread
_libc = ctypes.CDLL(None, use_errno=True)


def ptrace(request, tid):
    if _libc.ptrace(request, tid, None, None) != 0:
        raise OSError(ctypes.get_errno(), f"ptrace {request:#x} of {tid}")


@contextlib.contextmanager
def stopped(tid):
    """The thread TID stands still, and no other of its process."""
    ptrace(SEIZE, tid)
    try:
        ptrace(INTERRUPT, tid)
        os.waitpid(tid, WALL)
        yield
    finally:
        ptrace(DETACH, tid)


def workers(gateway):
    """The threads of its picd that carry packets."""
    pid, = gateway.pids("picd")
    return [tid for tid in sorted(int(t) for t in os.listdir(f"/proc/{pid}/task")) if tid != pid]


def start(t):
    """Two gateways with N tunnels that differ in the address of host b, of an algorithm that takes its time."""
    nets_b = [f"10.2.1.{i + 1}/32" for i in range(N)]
    sas = [junos.Sa(enc="3des-cbc", spi_ab=300 + i, spi_ba=400 + i) for i in range(N)]
    t.host_b.addr("eth0", *nets_b)
    t.gw_b.route("10.2.1.0/24", dev="lan")
    back = "routing-options { static { route 10.1.0.0/24 next-hop sp-1/2/0.1; } }"
    a = junos.next_hop(junos.Side("a", t.WAN_A, t.WAN_B, ["10.1.0.0/24"] * N, nets_b), sas)
    b = junos.next_hop(junos.Side("b", t.WAN_B, t.WAN_A, nets_b, ["10.1.0.0/24"] * N), sas, routes=False, more=back)
    return [Gateway(ns, text.replace("sp-1/2/0 {", "sp-1/2/0 { services-options { workers 2; help-threshold 1; }", 1))
            for ns, text in ((t.gw_a, a), (t.gw_b, b))]


def late(gateway):
    """How many packets were lost because who helped with them did not come back."""
    found = re.findall(r"helper-late +(\d+)", gateway.cli("show services service-sets statistics packet-drops"))
    return sum(int(n) for n in found)


def passes(t, i):
    return t.host_a.ping(f"10.2.1.{i + 1}", count=2, interval_s=0.02, timeout_s=0.3).lost == 0


# Trains of datagrams on several flows, as many as keep a worker busy for half of the time; they do not slow down when some are lost.
LOAD = """
import socket, time
flows = []
for i in range(8):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(17, 103, 1200)     # UDP_SEGMENT
    s.connect(("10.2.1.1", 6000 + i))
    flows.append(s)
print("begins", flush=True)
while True:
    for s in flows:
        try:
            s.send(bytes(40 * 1200))
        except OSError:
            pass    # what came back as an error
        time.sleep(0.002)
"""


def test_a_helper_that_stops_in_the_middle(two_gateways):
    """Its owner gives up what it had, which is one train, and nothing else; and says so."""
    t = two_gateways
    a, _ = start(t)
    assert all(passes(t, i) for i in range(N))
    load = t.host_a.spawn(["/usr/bin/python3", "-c", LOAD])
    load.wait_line("begins")
    lost = []
    while len([n for n in lost if n]) < 3:
        assert len(lost) < STOPS, "no helper was met in the middle of a task"
        before = late(a)
        with stopped(workers(a)[len(lost) % 2]):
            time.sleep(STOP_S)
            assert late(a) <= before + TRAIN, "and commands are answered"
        time.sleep(0.05)
        lost.append(late(a) - before)
    load.stop()
    assert max(lost) <= TRAIN, lost
    wait_until(lambda: all(passes(t, i) for i in range(N)), what="all tunnels")
    Carry(t.host_a, t.host_b, "10.2.1.1", 5001, 8).check(60)


# --- a worker that others have nothing to do with ---

IPSEC_SAS = "show services ipsec-vpn ipsec security-associations detail"


def start_in_udp(t):
    """The same with SAs that are negotiated, for ESP in UDP, which comes to the worker of its SPI. Returns gateway a and, for each of
    its workers, the addresses behind the tunnels that are its."""
    Nat(t)
    nets_b = [f"10.2.1.{i + 1}/32" for i in range(N)]
    t.host_b.addr("eth0", *nets_b)
    t.gw_b.route("10.2.1.0/24", dev="lan")
    back = "routing-options { static { route 10.1.0.0/24 next-hop sp-1/2/0.1; } }"
    side_a = junos.Side("a", t.WAN_A, t.WAN_B, ["10.1.0.0/24"] * N, nets_b)
    side_b = junos.Side("b", t.WAN_B, t.WAN_A, nets_b, ["10.1.0.0/24"] * N)
    Gateway(t.gw_b, junos.next_hop(side_b, [junos.Dynamic()] * N, routes=False, more=junos.ike() + back))
    text = junos.next_hop(side_a, [junos.Dynamic()] * N, more=junos.ike(more="establish-tunnels immediately;"))
    a = Gateway(t.gw_a, text.replace("sp-1/2/0 {", "sp-1/2/0 { services-options { workers 2; }", 1))
    wait_until(lambda: a.cli(IPSEC_SAS).count("Direction: outbound") == N, 20, lambda: f"all tunnels\n{a.log()}")
    found = re.findall(r"Remote identity: ipv4\(any:0,\[0\.\.3\]=([0-9.]+)\)\n\n +Direction: inbound, SPI: (\d+)", a.cli(IPSEC_SAS))
    assert len(found) == N
    return a, [[address for address, spi in found if int(spi) % 2 == worker] for worker in range(2)]


def test_a_worker_that_stops_stops_its_own_tunnels_only(two_gateways):
    """A file goes through the tunnel of one worker while the other one stands still: idle, and with traffic of its own that waits."""
    t = two_gateways
    a, tunnels = start_in_udp(t)
    for still in range(2):
        stuck, moving = tunnels[still][0], tunnels[1 - still][0]
        for is_busy in (False, True):
            ping = t.host_a.ping_start(stuck, interval_s=0.02) if is_busy else None
            file = Carry(t.host_a, t.host_b, moving, 5001, 24)
            wait_until(lambda: open_octets(t.host_b) > 1 << 20, what="the file to be on its way")
            with stopped(workers(a)[still]):
                assert not file.is_done()
                file.check(30)
                assert "dynamic" in a.cli(IPSEC_SAS), "and commands are answered"
                assert t.host_a.ping(stuck, count=2, interval_s=0.05, timeout_s=0.3).lost == 2, "it did not stand still"
            if is_busy:
                wait_until(lambda: t.host_a.ping(stuck, count=1, interval_s=0.05, timeout_s=0.3).lost == 0, what="the other tunnel")
                t.host_a.ping_end(ping)


def open_octets(ns):
    """How much the connections of NS have received."""
    return sum(int(n) for n in re.findall(r"bytes_received:(\d+)", ns.run("ss -tniH").stdout))
