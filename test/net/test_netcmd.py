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
    for c in ("ping 192.0.2.2 count 2", "ping 192.0.2.2 rapid", "ping 192.0.2.2 rapid count 20 size 1000 do-not-fragment source 192.0.2.1 | match packets",
       "ping 192.0.2.2 count 1 interface ge-0/0/0.0", "ping 192.0.2.99 count 2", "ping 192.0.2.99 rapid", "ping 2001:db8:ff::2 count 1", "ping nosuch.invalid count 1",
       "ping 192.0.2.2 size 2000 do-not-fragment count 1",
       "traceroute 10.2.0.10", "traceroute 192.0.2.2 no-resolve", "traceroute 192.0.2.2 as-number-lookup", "ping 192.0.2.2 interface ge-9/9/9", "ping 192.0.2.2 count 0", "ping count 1",
       "ping 192.0.2.2 count 1 routing-instance x", "ping 192.0.2.2 pattern xx", "ping -f", "ping 192.0.2.2 count 1 record-route", "ping 192.0.2.2 count 1 | display xml"):
        print("=====", c)
        p = gw.gateway.cli(c, check=False)
        print(p.stdout, p.stderr, p.returncode)
    assert 0
