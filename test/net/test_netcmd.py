# SPDX-License-Identifier: BSD-2-Clause
#
# test_netcmd.py - show interfaces, show route, show arp, ping and traceroute against what the kernel says.

import json

import pytest
from lab import junos
from lab.gateway import Gateway


CONFIG = """
interfaces {
    ge-0/0/0 { description "to the provider"; device wan; unit 0 { description outside; family inet; family inet6; } }
    sp-1/2/0 { unit 1 { family inet; service-domain inside; } unit 2 { family inet; service-domain outside; } }
    lo0 { unit 0 { family inet { address 10.255.0.1/32; } } }
}
"""


@pytest.fixture
def gw(two_gateways):
    t = two_gateways
    t.gateway = Gateway(t.gw_a, CONFIG)
    return t


def kernel(t, command):
    return json.loads(t.gw_a.run(["ip", "-j", *command.split()]).stdout)


def test_look(gw):
    gw.gw_a.run(["ip", "route", "add", "10.78.0.0/16", "proto", "ospf", "metric", "20", "nexthop", "via", "192.0.2.9", "nexthop", "via", "10.1.0.7"])
    gw.gateway.configure("set routing-options static route 10.2.0.0/16 next-hop sp-1/2/0.1", "set routing-options static route 10.3.0.0/16 discard", "set routing-options static route 0.0.0.0/0 next-hop 192.0.2.2",
       "set routing-options rib inet6.0 static route 2001:db8:7::/48 reject")
    gw.gw_a.ping(gw.WAN_B, count=1)
    gw.gw_a.ping(gw.WAN_B6, count=1)
    for c in ("", "terse", "detail 10/7", "10.2.3.4", "10.0.0.0/8 terse", "summary", "forwarding-table", "protocol static", "exact 0.0.0.0/0"):
        print("=====", c)
        print(gw.gateway.cli(f"show route {c}", check=False).stdout)
    for c in ("show arp", "show arp no-resolve", "show ipv6 neighbors", "show route 10.2.3.4 | display xml", "show route 10.2.3.4 | display json", "show arp | display xml"):
        print("=====", c)
        print(gw.gateway.cli(c))
    assert 0
