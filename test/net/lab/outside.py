# SPDX-License-Identifier: BSD-2-Clause
#
# outside.py - a gateway of ours and the guest kernel as the other end, with whatever negotiates there.
#
#     host --- gw ---(wan)--- guest (its protected host is an address on a dummy device)

from . import junos
from .netlab import wait_until


class Outside:
    """The topology, dual-stack, with the addresses of netlab.TwoGateways."""

    WE, PEER = "192.0.2.1", "192.0.2.2"
    WE6, PEER6 = "2001:db8:ff::1", "2001:db8:ff::2"
    NETS = {4: ("10.1.0.0/24", "10.2.0.0/24"), 6: ("fd01::/64", "fd02::/64")}
    HOSTS = {4: ("10.1.0.10", "10.2.0.10"), 6: ("fd01::10", "fd02::10")}

    def __init__(self, lab, guest):
        self.guest = guest
        self.host, self.gw = lab.ns("host"), lab.ns("gw")
        lab.link(self.host, "eth0", self.gw, "lan")
        guest.attach(self.gw, "wan")
        self.gw.forward()
        self.gw.addr("lan", "10.1.0.1/24", "fd01::1/64")
        self.gw.addr("wan", f"{self.WE}/24", f"{self.WE6}/64")
        self.host.addr("eth0", "10.1.0.10/24", "fd01::10/64")
        self.host.route("default", via="10.1.0.1")
        self.host.route("default", via="fd01::1")
        guest.run(f"""
            ip addr add {self.PEER}/24 dev vec0; ip addr add {self.PEER6}/64 dev vec0 nodad
            ip link add host type dummy; ip link set host up
            ip addr add 10.2.0.10/24 dev host; ip addr add fd02::10/64 dev host nodad
            ip route add 10.1.0.0/24 via {self.WE} src 10.2.0.10; ip -6 route add fd01::/64 via {self.WE6} src fd02::10""")

    def side(self, outer=4, inner=(4,)):
        """Our junos.Side."""
        ends = (self.WE, self.PEER) if outer == 4 else (self.WE6, self.PEER6)
        return junos.Side("a", *ends, [self.NETS[f][0] for f in inner], [self.NETS[f][1] for f in inner])

    def reached(self, a, b, target, timeout_s=15):
        """Waits until TARGET answers through the tunnel, then wants every packet to come. A and B have logs to show."""
        try:
            wait_until(lambda: self.host.ping(target, count=1, interval_s=0.05, timeout_s=1).lost == 0, timeout_s, "the tunnel")
            assert self.host.ping(target, count=3).lost == 0
        except AssertionError as e:
            raise AssertionError(f"{e}\n{self.guest.errors()}\n{a.log()}\n{b.log()[-8000:]}\n{b.sas()}") from e

    def carried(self, a, b, inner=4):
        """Both ways: to the host behind the guest, and from it."""
        ours, theirs = self.HOSTS[int(inner)]
        self.reached(a, b, theirs)
        self.guest.run(f"ping -q -c 2 -i 0.1 -W 2 -I {theirs} {ours}")
