# SPDX-License-Identifier: BSD-2-Clause
#
# test_ways.py - the ways of lab/ways.py are what they say: each pair of values occurs, and gateways do it as they are told.

import itertools

import pytest
from lab import junos, ways
from lab.gateway import Gateway


@pytest.mark.parametrize("factors", [["engine", "workers", "inside", "plain"], list(ways.FACTORS)])
def test_every_pair_of_values_occurs(factors):
    chosen = ways.covering(factors)
    assert len(chosen) <= 8 and chosen[0] == ways.Way()
    for f, g in itertools.combinations(factors, 2):
        assert {(getattr(w, f), getattr(w, g)) for w in chosen} == set(itertools.product(ways.FACTORS[f], ways.FACTORS[g]))
    assert len(ways.every(factors)) == 2 ** len(factors)


@pytest.mark.packets(covering=True)
def test_gateways_do_it_this_way(two_gateways, way):
    t = two_gateways
    side_a, side_b = junos.sides(t)
    a = Gateway(t.gw_a, junos.next_hop(side_a, [junos.Sa()]))
    Gateway(t.gw_b, junos.next_hop(side_b, [junos.Sa()]))
    with t.gw_a.capture("wan", "ip proto 50") as wire:
        for _ in range(2):      # AF_XDP takes over when the way is known
            assert t.host_a.ping(t.HOST_B, count=10).lost == 0
    assert len(wire.packets()) == 40
    shown = a.cli("show services packet-io")
    assert ("af-xdp on wan" in shown) == (way.plain == "af-xdp"), shown
    assert ("superpackets" in shown) == (way.inside == "trains"), shown
    active = a.cli("show services workers").count("State: Active")
    assert active == way.workers, a.cli("show services workers")
    for pid in a.pids("picd"):
        with open(f"/proc/{pid}/environ", encoding="utf-8") as f:
            assert f"SALLYPORT_ENGINE={way.engine}" in f.read().split("\0")
