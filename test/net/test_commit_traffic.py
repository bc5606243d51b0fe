# SPDX-License-Identifier: BSD-2-Clause
#
# test_commit_traffic.py - a commit of one changed rule under traffic: nothing of the other tunnels is lost or comes twice.
import time

import pytest
from lab import junos
from lab.gateway import Gateway
from lab.numbered import Streams

pytestmark = pytest.mark.packets

N = 5               # tunnels; the last one is the one that changes
TERM = "services ipsec-vpn rule r1 term {}"
ROUNDS = 5


def address(i):
    return f"10.2.1.{i + 1}"


def start(t, workers):
    """Two gateways with N tunnels that differ in the address of host b."""
    sas = [junos.Sa(spi_ab=300 + i, spi_ba=400 + i) for i in range(N)]
    nets_a, nets_b = ["10.1.0.0/24"] * N, [f"{address(i)}/32" for i in range(N)]
    t.host_b.addr("eth0", *nets_b)
    t.gw_b.route("10.2.1.0/24", dev="lan")
    back = "routing-options { static { route 10.1.0.0/24 next-hop sp-1/2/0.1; } }"
    texts = [junos.next_hop(junos.Side("a", t.WAN_A, t.WAN_B, nets_a, nets_b), sas),
             junos.next_hop(junos.Side("b", t.WAN_B, t.WAN_A, nets_b, nets_a), sas, routes=False, more=back)]
    gateways = []
    for ns, text in zip((t.gw_a, t.gw_b), texts):
        options = f"services-options {{ workers {workers}; }}"
        gateways.append(Gateway(ns, text.replace("sp-1/2/0 {", f"sp-1/2/0 {{ {options}", 1)))
        # the test is not about how long a busy machine lets packets wait
        ns.ip("link set sp-1-2-0.1 txqueuelen 20000")
    return gateways


def changes():
    """Lines for gateway a, a commit each: a term changes in its size, its key and its place, others come and go."""
    changed, fresh = TERM.format(f"t{N - 1}"), TERM.format("fresh")
    key = junos.key("another", "hmac-sha1-96").hex()
    manual = f"{fresh} then manual direction bidirectional"
    yield [f"set {changed} then tunnel-mtu 1300"]
    yield [f"set {changed} then manual direction outbound authentication key hexadecimal {key}"]
    yield [f"set {fresh} from destination-address 10.2.9.0/24", f"set {fresh} then remote-gateway 198.51.100.9",
           f"set {manual} protocol esp", f"set {manual} spi 900", f"set {manual} authentication algorithm hmac-sha1-96",
           f"set {manual} authentication key hexadecimal {key}", f"insert {fresh} before term t0"]
    yield [f"delete {fresh} from destination-address 10.2.9.0/24", f"set {fresh} from destination-address 10.2.8.0/24"]
    yield [f"delete {fresh}"]
    yield [f"delete {changed}"]
    yield ["rollback 6"]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_commit_of_one_rule_loses_no_packet_of_other_tunnels(two_gateways, workers):
    t = two_gateways
    a, _ = start(t, workers)
    others = [address(i) for i in range(N - 1)]
    for to in others:
        assert t.host_a.ping(to, count=2).lost == 0
    there = Streams(t.host_a, t.host_b, others)
    back = Streams(t.host_b, t.host_a, [f"{t.HOST_A}={x}" for x in others])
    n_commits = 0
    for _ in range(ROUNDS):
        for lines in changes():
            a.configure(*lines)
            n_commits += 1
            time.sleep(0.03)    # 150 packets; a commit may take less
    drops = a.cli("show services service-sets statistics packet-drops")
    for what, (sent, came) in (("there", there.end()), ("back", back.end())):
        assert sum(sent) > 50 * n_commits, sent      # it was traffic; 5,000 a second, if the machine has the time
        assert came == [[n, 0] for n in sent], (what, sent, came, drops)
    assert t.host_a.ping(address(N - 1), count=2).lost == 0      # it is what it was
