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
