# SPDX-License-Identifier: BSD-2-Clause
#
# junos.py - configurations for the gateways of netlab.TwoGateways, and their keys for the judges.
#
# A Sa says what both directions of a manual SA are; manual() writes it as one side sees it. The
# builders return whole configuration texts in JUNOS's curly form. Algorithm names are JUNOS's.

import dataclasses
import hashlib

from . import tsharkesp

KEY_LEN = {
    "des-cbc": 8, "3des-cbc": 24, "aes-128-cbc": 16, "aes-192-cbc": 24, "aes-256-cbc": 32,
    "hmac-md5-96": 16, "hmac-sha1-96": 20, "hmac-sha-256-128": 32,
}
AUTHS = [None, "hmac-md5-96", "hmac-sha1-96", "hmac-sha-256-128"]
ENCS = [None, "des-cbc", "3des-cbc", "aes-128-cbc", "aes-192-cbc", "aes-256-cbc"]


def key(label, algorithm):
    """A key of the algorithm's length that is the same in every run; b"" for None."""
    return hashlib.sha512(f"{label} {algorithm}".encode()).digest()[:KEY_LEN[algorithm]] if algorithm else b""


@dataclasses.dataclass
class Sa:
    """Both directions of a manual SA between gateway a and gateway b. ab: from a to b; spi_ba == spi_ab and
    bidirectional = True make it one block with the same keys both ways."""
    protocol: str = "esp"
    auth: str = "hmac-sha1-96"
    enc: str = "aes-128-cbc"
    spi_ab: int = 300
    spi_ba: int = 400
    aux_ab: int = 1300
    aux_ba: int = 1400
    bidirectional: bool = False

    def label(self, way):
        return "both" if self.bidirectional else way

    def auth_key(self, way):
        return key(f"auth {self.label(way)}", self.auth)

    def enc_key(self, way):
        return key(f"enc {self.label(way)}", self.enc)

    def spi(self, way):
        return self.spi_ab if way == "ab" or self.bidirectional else self.spi_ba

    def aux(self, way):
        return self.aux_ab if way == "ab" or self.bidirectional else self.aux_ba

    def for_tshark(self, outer_a, outer_b):
        """What tshark needs to open esp packets of both ways (a bundle's ESP has no ICV)."""
        out = []
        for way, src, dst in (("ab", outer_a, outer_b), ("ba", outer_b, outer_a)):
            bundle = self.protocol == "bundle"
            out.append(tsharkesp.Sa(src, dst, self.aux(way) if bundle else self.spi(way), self.enc, self.enc_key(way),
                                    None if bundle else self.auth, b"" if bundle else self.auth_key(way)))
        return out


@dataclasses.dataclass
class Dynamic:
    """A tunnel whose SAs are negotiated; ike() has the policies of these names."""
    ike_policy: str = "ike1"
    ipsec_policy: str = ""


def ike(psk="swordfish", proposal="", policy="", ipsec="", more=""):
    """[edit services ipsec-vpn] for Dynamic(): one ike policy with a key, or without PSK with the certificate `gw` of the ca-profile
    `root`; PROPOSAL of phase 1 and what else stands in POLICY; without IPSEC the default proposals of phase 2. To be given to a
    builder as `more`."""
    proposals = f"proposal p1 {{ {proposal} }}" if proposal else ""
    named = "proposals p1;" if proposal else ""
    phase2 = f"ipsec {{ {ipsec} }}" if ipsec else ""
    proof = f"pre-shared-key ascii-text {psk};" if psk else "local-certificate gw;"
    pki = "" if psk else "security { pki { ca-profile root { ca-identity root; revocation-check { disable; } } } }\n"
    return (f"services {{ ipsec-vpn {{ {phase2} ike {{ {proposals} policy ike1 {{ {named} {policy} "
            f"{proof} }} }} {more} }} }}\n{pki}")


def phase1(method="pre-shared-keys", enc="3des-cbc", auth="sha1", group="group2", lifetime=None):
    """What stands in an ike proposal, for ike()."""
    return (f"authentication-method {method}; dh-group {group}; authentication-algorithm {auth}; encryption-algorithm {enc};"
            + (f" lifetime-seconds {lifetime};" if lifetime else ""))


def phase2(protocol="esp", enc="3des-cbc", auth="hmac-sha1-96", pfs=None, lifetime=None):
    """An ipsec proposal p2 and the policy i1 that names it, for ike() and Dynamic(ipsec_policy="i1")."""
    encryption = f"encryption-algorithm {enc};" if protocol != "ah" else ""
    icv = "" if enc and enc.endswith("-gcm") else f"authentication-algorithm {auth};"
    life = f"lifetime-seconds {lifetime};" if lifetime else ""
    secrecy = f"perfect-forward-secrecy {{ keys {pfs}; }}" if pfs else ""
    return (f"proposal p2 {{ protocol {protocol}; {icv} {encryption} {life} }} "
            f"policy i1 {{ proposals p2; {secrecy} }}")


def _direction(sa, name, way):
    lines = [f"direction {name} {{", f"protocol {sa.protocol};", f"spi {sa.spi(way)};"]
    if sa.protocol == "bundle":
        lines.append(f"auxiliary-spi {sa.aux(way)};")
    if sa.auth:
        lines.append(f"authentication {{ algorithm {sa.auth}; key hexadecimal {sa.auth_key(way).hex()}; }}")
    if sa.enc and sa.protocol != "ah":
        lines.append(f"encryption {{ algorithm {sa.enc}; key hexadecimal {sa.enc_key(way).hex()}; }}")
    return "\n".join(lines + ["}"])


def manual(sa, side):
    """The block `manual { ... }` as gateway SIDE ("a" or "b") has it; of a Dynamic, `dynamic { ... }`."""
    if isinstance(sa, Dynamic) and not sa.ike_policy:
        return "dynamic { replay-window-size 64; }"  # es-: the policy is that of the peer
    if isinstance(sa, Dynamic):
        ipsec = f"ipsec-policy {sa.ipsec_policy}; " if sa.ipsec_policy else ""
        return f"dynamic {{ ike-policy {sa.ike_policy}; {ipsec}}}"
    if sa.bidirectional:
        return "manual {\n" + _direction(sa, "bidirectional", "ab") + "\n}"
    inbound, outbound = ("ba", "ab") if side == "a" else ("ab", "ba")
    return "manual {\n" + _direction(sa, "inbound", inbound) + "\n" + _direction(sa, "outbound", outbound) + "\n}"


@dataclasses.dataclass
class Side:
    """One gateway of the topology, for the builders."""
    name: str
    wan: str
    peer: str
    nets: list       # protected prefixes here, one for each term
    peer_nets: list  # the same on the other side


def term(name, side, sa, source=None, destination=None, inside=None, extra=""):
    """One term of a rule: SOURCE and DESTINATION prefixes (None = not written)."""
    froms = ""
    if source:
        froms += f"source-address {{ {source}; }} "
    if destination:
        froms += f"destination-address {{ {destination}; }} "
    if inside:
        froms += f"ipsec-inside-interface {inside}; "
    where = f"from {{ {froms}}}\n" if froms else ""
    return (f"term {name} {{\n{where}then {{\nremote-gateway {side.peer};\n{manual(sa, side.name)}\n{extra}\n}}\n}}\n")


def _family(prefix):
    return "inet6" if ":" in prefix else "inet"


def next_hop(side, sas, options="", term_extra="", more="", routes=True):
    """A next-hop style gateway: term tN protects nets[N] <-> peer_nets[N] with sas[N], routed to sp-1/2/0.1."""
    terms = "".join(term(f"t{i}", side, sa, net, peer_net, extra=term_extra)
                    for i, (sa, net, peer_net) in enumerate(zip(sas, side.nets, side.peer_nets)))
    static = {"inet": "", "inet6": ""}
    for net in side.peer_nets:
        static[_family(net)] += f"route {net} next-hop sp-1/2/0.1;\n"
    routing = ""
    if routes and static["inet"]:
        routing += f"static {{ {static['inet']} }}\n"
    if routes and static["inet6"]:
        routing += f"rib inet6.0 {{ static {{ {static['inet6']} }} }}\n"
    routing = f"routing-options {{ {routing} }}\n" if routing else ""
    return f"""
system {{ host-name gw-{side.name}; }}
interfaces {{
    sp-1/2/0 {{
        unit 0 {{ family inet; }}
        unit 1 {{ family inet; family inet6; service-domain inside; }}
        unit 2 {{ family inet; family inet6; service-domain outside; }}
    }}
}}
{routing}
services {{
    service-set ss1 {{
        next-hop-service {{
            inside-service-interface sp-1/2/0.1;
            outside-service-interface sp-1/2/0.2;
        }}
        ipsec-vpn-options {{
            local-gateway {side.wan};
            {options}
        }}
        ipsec-vpn-rules r1;
    }}
    ipsec-vpn {{
        rule r1 {{
            {terms}
            match-direction input;
        }}
    }}
}}
{more}
"""


def interface_style(side, sas, options="", term_extra="", more=""):
    """An interface style gateway: service set on unit 0 of the Linux device `wan`, both ways."""
    terms = "".join(term(f"t{i}", side, sa, net, peer_net, extra=term_extra)
                    for i, (sa, net, peer_net) in enumerate(zip(sas, side.nets, side.peer_nets)))
    families = sorted({_family(net) for net in side.nets})
    attached = "".join(f"family {f} {{ service {{ input {{ service-set ss1; }} output {{ service-set ss1; }} }} }}\n"
                       for f in families)
    return f"""
system {{ host-name gw-{side.name}; }}
interfaces {{
    sp-1/2/0 {{ unit 0 {{ family inet; family inet6; }} }}
    wan {{ unit 0 {{ {attached} }} }}
}}
services {{
    service-set ss1 {{
        interface-service {{ service-interface sp-1/2/0; }}
        ipsec-vpn-options {{ local-gateway {side.wan}; {options} }}
        ipsec-vpn-rules r1;
    }}
    ipsec-vpn {{ rule r1 {{ {terms} match-direction output; }} }}
}}
{more}
"""


def es_style(side, sa, by_filter=False, peer_net="10.2.0.0/24", net="10.1.0.0/24", more=""):
    """An ES PIC style gateway. Plaintext reaches es-0/0/0.0 by a route, or by a filter on the lan interface."""
    local, remote = ("172.16.0.1", "172.16.0.2") if side.name == "a" else ("172.16.0.2", "172.16.0.1")
    if by_filter:
        steer = f"""
firewall {{
    filter to-peer {{
        term protect {{
            from {{ source-address {{ {net}; }} destination-address {{ {peer_net}; }} }}
            then {{ count protected; ipsec-sa sa-peer; }}
        }}
        term other {{ then accept; }}
    }}
}}"""
        lan = "lan { unit 0 { family inet { filter { input to-peer; } } } }"
    else:
        steer = f"routing-options {{ static {{ route {peer_net} next-hop {remote}; }} }}"
        lan = ""
    return f"""
system {{ host-name gw-{side.name}; }}
interfaces {{
    es-0/0/0 {{
        unit 0 {{
            tunnel {{ source {side.wan}; destination {side.peer}; }}
            family inet {{ ipsec-sa sa-peer; address {local}/32 {{ destination {remote}; }} }}
        }}
    }}
    {lan}
}}
security {{ ipsec {{ security-association sa-peer {{ mode tunnel; {manual(sa, side.name)} }} }} }}
{steer}
{more}
"""


def sides(t, family_outer=4, families_inner=(4,)):
    """The two Sides of a netlab.TwoGateways T."""
    wan_a, wan_b = (t.WAN_A, t.WAN_B) if family_outer == 4 else (t.WAN_A6, t.WAN_B6)
    nets = {4: ("10.1.0.0/24", "10.2.0.0/24"), 6: ("fd01::/64", "fd02::/64")}
    nets_a = [nets[f][0] for f in families_inner]
    nets_b = [nets[f][1] for f in families_inner]
    return Side("a", wan_a, wan_b, nets_a, nets_b), Side("b", wan_b, wan_a, nets_b, nets_a)
