# SPDX-License-Identifier: BSD-2-Clause
#
# badwire.py - what may stand between two gateways: a router whose MTU changes, a wire that impairs, a translator of ports.
#
#     gwA.wan --- near, router, far --- left, impair, right --- gwB.wan
#
# The gateways keep their addresses: the router answers for the one towards the other (proxy ARP). Its ICMP and its fragments
# are those of the Linux kernel. impair.c does the rest.

import contextlib
import json
import os

from . import gateway


@contextlib.contextmanager
def translated(t):
    """While IKE begins, source port 500 of gateway a becomes another one on its way to b: both find an address translation, and
    so their ESP goes in UDP. Afterwards nothing is translated."""
    rules = ((t.gw_b, "udp sport 500 udp dport 500 udp sport set 1500"), (t.gw_a, "udp sport 500 udp dport 1500 udp dport set 500"))
    for ns, rule in rules:
        ns.run(["nft", f"table ip lab-nat {{ chain pre {{ type filter hook prerouting priority raw; iifname wan {rule}; }}; }}"])
    try:
        yield
    finally:
        for ns, _ in rules:
            ns.run(["nft", "delete table ip lab-nat"])


def program():
    """The path of the built impair."""
    build = os.path.join(os.path.dirname(gateway.program("sallyport")), os.pardir)
    return os.path.join(build, "test/net/impair")


class BadWire:
    """Takes the place of the wire of the TwoGateways T. SETTINGS are impair's; what happens is the same for the same SEED."""

    def __init__(self, t, seed=1, merges=True, **settings):
        self.t = t
        lab = t.gw_a.lab
        self.router, self.wire = lab.ns("router"), lab.ns("wire")
        for ns in (t.gw_a, t.gw_b):
            ns.run(["ip", "link", "del", "wan"], check=False)   # or it went with the other end
            ns.taps.clear()
        lab.link(t.gw_a, "wan", self.router, "near")
        lab.link(self.router, "far", self.wire, "left")
        lab.link(self.wire, "right", t.gw_b, "wan")
        t.gw_a.addr("wan", f"{t.WAN_A}/24")
        t.gw_b.addr("wan", f"{t.WAN_B}/24")
        # one frame is one packet on the wire, but the gateways may merge what arrives
        for ns, name in ((t.gw_a, "wan"), (t.gw_b, "wan"), (self.router, "near"), (self.router, "b"), (self.wire, "l"), (self.wire, "r")):
            ns.offload_off(name)
        for ns in (t.gw_a, t.gw_b) if merges else ():
            ns.merge_on("wan")
        self.router.forward()
        self.router.sysctl("net.ipv4.conf.near.proxy_arp=1", "net.ipv4.conf.far.proxy_arp=1", "net.ipv4.icmp_ratelimit=0")
        self.router.addr("near", "192.0.2.254/32")     # its ICMP comes from here
        self.mtu(1500)
        self.process = self.wire.spawn([program(), "left", "right", seed, *(f"{k}={v}" for k, v in settings.items())])
        self.process.wait_line("ready")

    def mtu(self, octets):
        """The largest packet that the router lets by, both ways."""
        self.router.ip(f"route replace {self.t.WAN_A} dev near mtu lock {octets}")
        self.router.ip(f"route replace {self.t.WAN_B} dev far mtu lock {octets}")

    def set(self, **settings):
        """From now on."""
        for name, value in settings.items():
            self.process.write(f"{name}={value}\n")

    def counters(self):
        before = len(self.process.out)
        self.process.write("show\n")
        return json.loads(self.process.wait_line(r"^(\{.*\})$", after=before)[1])
