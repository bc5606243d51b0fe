# SPDX-License-Identifier: BSD-2-Clause
#
# test_kernel.py - a real Linux kernel (user-mode-linux) with `ip xfrm` as the far end of our manual SAs.

import pytest
from lab import junos, uml
from lab.gateway import Gateway

pytestmark = [pytest.mark.packets, pytest.mark.slow]

WE, PEER = "192.0.2.1", "192.0.2.2"
WE6, PEER6 = "2001:db8:ff::1", "2001:db8:ff::2"
NET = {4: ("10.1.0.0/24", "10.2.0.0/24"), 6: ("fd01::/64", "fd02::/64")}
HOST = {4: ("10.1.0.10", "10.2.0.10"), 6: ("fd01::10", "fd02::10")}
OUTER = {4: (WE, PEER), 6: (WE6, PEER6)}


class Scene:
    """host -- gateway -- guest kernel (with the protected host's address on a dummy device)."""

    def __init__(self, lab, guest):
        self.guest = guest
        self.host, self.gw = lab.ns("host"), lab.ns("gw")
        lab.link(self.host, "eth0", self.gw, "lan")
        guest.attach(self.gw, "wan")
        self.gw.forward()
        self.gw.addr("lan", "10.1.0.1/24", "fd01::1/64")
        self.gw.addr("wan", f"{WE}/24", f"{WE6}/64")
        self.host.addr("eth0", "10.1.0.10/24", "fd01::10/64")
        self.host.route("default", via="10.1.0.1")
        self.host.route("default", via="fd01::1")
        guest.run(f"""
            ip addr add {PEER}/24 dev vec0; ip addr add {PEER6}/64 dev vec0 nodad
            ip link add host type dummy; ip link set host up
            ip addr add 10.2.0.10/24 dev host; ip addr add fd02::10/64 dev host nodad
            ip route add 10.1.0.0/24 via {WE} src 10.2.0.10; ip -6 route add fd01::/64 via {WE6} src fd02::10""")


@pytest.fixture
def scene(lab, guest):
    return Scene(lab, guest)


def guest_sas(sa, ours, peers, mode="tunnel", selectors=None):
    """The guest's states and policies for SA; bundles by two templates: AH around ESP."""
    script = ""
    ours_net, peers_net = selectors or (f"{ours}/{128 if ':' in ours else 32}", f"{peers}/{128 if ':' in peers else 32}")
    for way, src, dst in (("ab", ours, peers), ("ba", peers, ours)):
        if sa.protocol == "esp":
            script += uml.state(src, dst, sa.spi(way), "esp", mode, sa.enc, sa.enc_key(way), sa.auth, sa.auth_key(way))
        elif sa.protocol == "ah":
            script += uml.state(src, dst, sa.spi(way), "ah", mode, auth=sa.auth, auth_key=sa.auth_key(way))
        else:
            script += uml.state(src, dst, sa.aux(way), "esp", mode, sa.enc, sa.enc_key(way), reqid=1)
            script += uml.state(src, dst, sa.spi(way), "ah", "transport", auth=sa.auth, auth_key=sa.auth_key(way), reqid=2)
    for direction, src_net, dst_net, src, dst in (("out", peers_net, ours_net, peers, ours),
                                                  ("in", ours_net, peers_net, ours, peers)):
        templates = {"esp": [("esp", mode, src, dst, 1)], "ah": [("ah", mode, src, dst, 1)],
                     "bundle": [("esp", mode, src, dst, 1), ("ah", "transport", src, dst, 2)]}[sa.protocol]
        script += uml.policy(direction, src_net, dst_net, templates)
    return script


TUNNELS = [junos.Sa("esp", auth, enc) for auth, enc in
           [("hmac-md5-96", "des-cbc"), ("hmac-sha1-96", "3des-cbc"), ("hmac-sha-256-128", "aes-256-cbc"),
            ("hmac-sha1-96", "aes-128-cbc"), ("hmac-sha1-96", "aes-192-cbc"), ("hmac-sha1-96", None)]] + [
           junos.Sa("ah", auth, None) for auth in junos.AUTHS[1:]] + [
           junos.Sa("bundle", "hmac-sha1-96", "aes-128-cbc"), junos.Sa("bundle", "hmac-md5-96", "3des-cbc"),
           junos.Sa("esp", "hmac-sha1-96", "aes-128-cbc", bidirectional=True)]


@pytest.mark.parametrize("sa", TUNNELS, ids=lambda s: f"{s.protocol}-{s.auth}-{s.enc}{'-both' if s.bidirectional else ''}")
def test_tunnel_with_the_kernel(scene, sa):
    side = junos.Side("a", WE, PEER, [NET[4][0]], [NET[4][1]])
    Gateway(scene.gw, junos.next_hop(side, [sa]))
    scene.guest.run(guest_sas(sa, WE, PEER, selectors=NET[4]))
    ping = scene.host.ping("10.2.0.10", count=5)
    assert ping.lost == 0, (ping.text, scene.guest.errors())
    assert scene.host.ping("10.2.0.10", count=2, size=5000, df="dont").lost == 0
    assert scene.guest.errors() == {}


@pytest.mark.parametrize("outer,inner", [(4, 6), (6, 4), (6, 6)])
@pytest.mark.parametrize("protocol", ["esp", "ah"])
def test_address_families_with_the_kernel(scene, protocol, outer, inner):
    sa = junos.Sa(protocol, "hmac-sha1-96", "aes-128-cbc")
    side = junos.Side("a", *OUTER[outer], [NET[inner][0]], [NET[inner][1]])
    Gateway(scene.gw, junos.next_hop(side, [sa]))
    scene.guest.run(guest_sas(sa, *OUTER[outer], selectors=NET[inner]))
    ping = scene.host.ping(HOST[inner][1], count=5)
    assert ping.lost == 0, (ping.text, scene.guest.errors())
    assert scene.guest.errors() == {}


@pytest.mark.parametrize("sa", [junos.Sa("esp", "hmac-sha1-96", "aes-128-cbc"), junos.Sa("ah", "hmac-sha-256-128", None),
                                junos.Sa("bundle", "hmac-sha1-96", "3des-cbc")], ids=lambda s: s.protocol)
def test_transport_mode_with_the_kernel(scene, sa):
    Gateway(scene.gw, f"""
interfaces {{ lo0 {{ unit 0 {{ family inet {{ filter {{ output to-sa; }} }} }} }} }}
security {{ ipsec {{ security-association host {{ mode transport; {junos.manual(sa, "a")} }} }} }}
firewall {{ filter to-sa {{
    term peer {{ from {{ destination-address {{ {PEER}/32; }} protocol icmp; }} then ipsec-sa host; }}
    term rest {{ then accept; }}
}} }}
""")
    scene.guest.run(guest_sas(sa, WE, PEER, mode="transport"))
    ping = scene.gw.ping(PEER, count=5)
    assert ping.lost == 0, (ping.text, scene.guest.errors())
    assert scene.guest.errors() == {}


def test_es_style_with_the_kernel(scene):
    sa = junos.Sa()
    side = junos.Side("a", WE, PEER, [NET[4][0]], [NET[4][1]])
    Gateway(scene.gw, junos.es_style(side, sa))
    scene.guest.run(guest_sas(sa, WE, PEER, selectors=NET[4]))
    ping = scene.host.ping("10.2.0.10", count=5)
    assert ping.lost == 0, (ping.text, scene.guest.errors())


def test_wrong_key_is_refused_by_the_kernel(scene):
    """The judge can say no: a key that differs in one bit carries nothing."""
    sa = junos.Sa()
    side = junos.Side("a", WE, PEER, [NET[4][0]], [NET[4][1]])
    text = junos.next_hop(side, [sa])
    k = sa.auth_key("ab").hex()
    Gateway(scene.gw, text.replace(k, k[:-1] + ("0" if k[-1] != "0" else "1")))
    scene.guest.run(guest_sas(sa, WE, PEER, selectors=NET[4]))
    assert scene.host.ping("10.2.0.10", count=2, timeout_s=1).received == 0
    assert "XfrmInStateProtoError" in scene.guest.errors()
