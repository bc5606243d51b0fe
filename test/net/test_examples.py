# SPDX-License-Identifier: BSD-2-Clause
#
# test_examples.py - each pair of examples/ protects what it says it does.

import os

import pytest
from lab.gateway import TOP, Gateway
from lab.netlab import wait_until


@pytest.mark.parametrize("style", ["next-hop", "interface", "es", "dynamic", "es-dynamic"])
def test_example_protects(lab, style):
    host_a, gw_a, gw_b, host_b = (lab.ns(name) for name in ("hostA", "gwA", "gwB", "hostB"))
    lab.link(host_a, "eth0", gw_a, "ge-0-0-1")
    lab.link(gw_a, "ge-0-0-0", gw_b, "ge-0-0-0")
    lab.link(gw_b, "ge-0-0-1", host_b, "eth0")
    for host, own in ((host_a, "10.1.0"), (host_b, "10.2.0")):
        host.addr("eth0", f"{own}.10/24")
        host.route("default", via=f"{own}.1")
    gateways = []
    for ns, side in ((gw_a, "a"), (gw_b, "b")):
        with open(os.path.join(TOP, f"examples/{style}-{side}.conf"), encoding="utf-8") as f:
            gateways.append(Gateway(ns, f.read()))
    with gw_a.capture("ge-0-0-0", "ip") as wire:
        if "dynamic" in style:      # the first packet begins the negotiation
            wait_until(lambda: host_a.ping("10.2.0.10", count=1, timeout_s=1).lost == 0, what="the tunnel")
        assert host_a.ping("10.2.0.10", count=4).lost == 0
        assert host_b.ping("10.1.0.10", count=4, size=1472, df="dont").lost == 0
        if style == "interface":
            assert gw_a.ping("192.0.2.2", count=1).lost == 0, "skipped by the service filter"
    clear = [p for p in wire.packets() if p.haslayer("ICMP")]
    assert len(clear) == (2 if style == "interface" else 0)
    assert len([p for p in wire.packets() if p.haslayer("ESP")]) >= 16
    for gateway in gateways:
        assert "warning" not in "\n".join(gateway.process.err)
