# SPDX-License-Identifier: BSD-2-Clause
#
# test_shared_gateway.py - two services interfaces with one local gateway, ESP in UDP: each gets its own packets, trains included.
#
# Gateway a has sp-1/2/0 for the net 10.2.0.0/24 behind gateway b and sp-2/2/0 for 10.2.1.0/24, which b has at two
# addresses.

import re

import pytest
from lab import gateway, junos
from lab.badwire import translated
from lab.netlab import wait_until
from lab.transfer import Carry

HOST_B2 = "10.2.1.10"
WAN_B2 = "192.0.2.3"
IO = "show services packet-io"
IPSEC_SAS = "show services ipsec-vpn ipsec security-associations"
AES = junos.phase2("esp", "aes-128-cbc", "hmac-sha1-96")


def second(local, remote, net, peer_net):
    """Another services interface beside that of junos.next_hop()."""
    return f"""
interfaces {{
    sp-2/2/0 {{
        services-options {{ workers 1; }}
        unit 0 {{ family inet; }}
        unit 1 {{ family inet; service-domain inside; }}
        unit 2 {{ family inet; service-domain outside; }}
    }}
}}
routing-options {{ static {{ route {peer_net} next-hop sp-2/2/0.1; }} }}
services {{
    service-set ss2 {{
        next-hop-service {{ inside-service-interface sp-2/2/0.1; outside-service-interface sp-2/2/0.2; }}
        ipsec-vpn-options {{ local-gateway {local}; }}
        ipsec-vpn-rules r2;
    }}
    ipsec-vpn {{
        rule r2 {{
            term t0 {{
                from {{ source-address {{ {net}; }} destination-address {{ {peer_net}; }} }}
                then {{ remote-gateway {remote}; dynamic {{ ike-policy ike1; ipsec-policy i1; }} }}
            }}
            match-direction input;
        }}
    }}
}}
"""


class Shared:
    def __init__(self, t):
        self.t = t
        side_a, side_b = junos.sides(t)
        ike = junos.ike(ipsec=AES)
        t.gw_b.ip("addr add 10.2.1.1/24 dev lan")
        t.gw_b.ip(f"addr add {WAN_B2}/24 dev wan")
        t.host_b.ip(f"addr add {HOST_B2}/24 dev eth0")
        t.gw_a.ip("addr add 10.1.1.1/24 dev lan")
        t.host_a.ip("addr add 10.1.1.10/24 dev eth0")
        t.host_a.ip(f"route add 10.2.1.0/24 via {t.LAN_A} src 10.1.1.10")
        text = junos.next_hop(side_a, [junos.Dynamic(ipsec_policy="i1")], more=ike).replace(
            "sp-1/2/0 {", "sp-1/2/0 { services-options { workers 2; }", 1)
        with translated(t):
            self.b = gateway.Gateway(t.gw_b, junos.next_hop(side_b, [junos.Dynamic(ipsec_policy="i1")], more=ike)
                                     + second(WAN_B2, t.WAN_A, "10.2.1.0/24", "10.1.1.0/24"))
            self.a = gateway.Gateway(t.gw_a, text + second(t.WAN_A, WAN_B2, "10.1.1.0/24", "10.2.1.0/24"))
            self.come_up(t.HOST_B)
            self.come_up(HOST_B2)
        assert self.a.cli(IPSEC_SAS + " detail").count("UDP encapsulate: Enabled") == 2

    def come_up(self, address, timeout_s=20):
        wait_until(lambda: self.t.host_a.ping(address, count=1, interval_s=0.05, timeout_s=1).lost == 0, timeout_s,
                   lambda: f"the tunnel to {address}\n{self.a.log()}")

    def queues(self):
        """How many UDP sockets each services interface has: [2, 1]."""
        found = re.findall(r"^ *(\S+) +outside +192\.0\.2\.1 +udp\b.*?(\d+) *$", self.a.cli(IO), re.M)
        return {pic: int(n) for pic, n in found}

    def wait_queues(self, want):
        wait_until(lambda: self.queues() == want, 20, lambda: f"{want}\n{self.a.cli(IO)}\n{self.a.log()}")

    def carry(self, megabytes=4):
        """Files both ways through both tunnels, at once."""
        t = self.t
        files = [Carry(t.host_a, t.host_b, t.HOST_B, 5001, megabytes), Carry(t.host_b, t.host_a, t.HOST_A, 5002, megabytes),
                 Carry(t.host_a, t.host_b, HOST_B2, 5003, megabytes)]
        for f in files:
            f.check(60)


@pytest.mark.parametrize("what", ["restart", "commits"])
def test_each_gets_its_own(two_gateways, what):
    s = Shared(two_gateways)
    t = two_gateways
    both = {"sp-1/2/0": 2, "sp-2/2/0": 1}
    s.wait_queues(both)
    s.carry()
    if what == "restart":
        for pid in s.a.pids("picd"):
            stream = t.host_a.ping_start(t.HOST_B)
            t.gw_a.run(["kill", "-9", str(pid)])
            wait_until(lambda: len(s.a.pids("picd")) == 2 and pid not in s.a.pids("picd"), 10, "another picd")
            t.host_a.ping_end(stream)
            s.come_up(t.HOST_B)
            s.come_up(HOST_B2)
        s.wait_queues(both)
        s.carry()
        return
    stream = t.host_a.ping_start(t.HOST_B)
    s.a.configure("delete services service-set ss2", "delete interfaces sp-2/2/0", "delete routing-options static route 10.2.1.0/24")
    s.wait_queues({"sp-1/2/0": 2})
    s.a.configure("rollback 1")
    s.wait_queues(both)
    assert t.host_a.ping_end(stream).gaps == 0          # who was there first keeps its sockets
    s.come_up(HOST_B2)
    s.carry()
    s.a.configure("set interfaces sp-1/2/0 services-options workers 1")    # the others move up
    s.wait_queues({"sp-1/2/0": 1, "sp-2/2/0": 1})
    s.come_up(HOST_B2)
    s.carry()
