# SPDX-License-Identifier: BSD-2-Clause
#
# nat.py - a NAT in front of gateway a, made of rules at both ends of the wire.

import contextlib

ELSEWHERE = "192.0.2.99"    # an address that it may give a, in the net of the wire


class Nat:
    """What b sees of a: port 500 as 1500, and port 4500 as one that can change, like the address. The way back leads to the present
    ones only."""

    def __init__(self, t):
        self.t = t
        t.gw_b.ip(f"neigh replace {ELSEWHERE} lladdr {t.gw_a.mac('wan')} dev wan nud permanent")
        self.map(14500)

    def map(self, port, address=None):
        at, moved = address or self.t.WAN_A, ""
        if address:
            moved = f" ip saddr set {address}"
        out = f"udp sport 500 udp dport 500 udp sport set 1500{moved}; udp sport 4500 udp dport 4500 udp sport set {port}{moved};"
        back = (f"ip daddr != {at} udp sport {{ 500, 4500 }} drop; udp sport 500 udp dport 1500 udp dport set 500 ip daddr set {self.t.WAN_A};"
                "udp sport 4500 udp dport 4500 drop;"
                f"udp dport {port} udp dport set 4500 ip daddr set {self.t.WAN_A};")
        for ns, rules in ((self.t.gw_b, out), (self.t.gw_a, back)):
            with contextlib.suppress(AssertionError):
                ns.run(["nft", "delete table ip lab-nat"])
            rules = " ".join(f"iifname wan {rule};" for rule in rules.split(";") if rule.strip())
            ns.run(["nft", f"table ip lab-nat {{ chain pre {{ type filter hook prerouting priority raw; {rules} }}; }}"])
