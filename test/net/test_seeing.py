# SPDX-License-Identifier: BSD-2-Clause
#
# test_seeing.py - commands that show what the services interface does with packets, while real ones pass.

from lab import junos
from lab.gateway import Gateway
from lab.netlab import wait_until


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
