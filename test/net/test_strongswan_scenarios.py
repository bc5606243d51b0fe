# SPDX-License-Identifier: BSD-2-Clause
#
# test_strongswan_scenarios.py - strongSwan's own IKEv1 scenarios, with one of the two gateways replaced by ours.
#
# Named as in strongSwan's test suite (testing/tests/ikev1): each test below is the scenario of its name, - written _.
#
#   with user-space ESP:    net2net-psk  net2net-psk-fail  net2net-psk-aggressive  net2net-cert  rw-psk-fqdn  rw-cert
#                           rw-cert-aggressive  alg-sha256  alg-modp-subgroup  net2net-pfs  net2net-subnets  multi-level-ca
#                           net2net-fragmentation  nat-rw  nat-rw-reversed  double-nat  dpd-clear  dpd-restart
#   with a real kernel:     net2net-ah  host2host-ah  host2host-cert  rw-psk-ipv4
#
# "rw" is a road warrior: there one with an address that we know. host2host is in tunnel mode, as only that is negotiated here.

import pytest
from lab import charon, junos
from lab.ca import Authority, load
from lab.gateway import Gateway
from lab.netlab import wait_until
from lab.outside import Outside

IKE_SAS = "show services ipsec-vpn ike security-associations"
IPSEC_SAS = "show services ipsec-vpn ipsec security-associations"
RSA = "rsa-signatures"

pytestmark = pytest.mark.skipif(charon.missing() is not None, reason=str(charon.missing()))
slow = pytest.mark.slow


class Moon:
    """Ours is moon, strongSwan is sun or carol; both start with what the scenario says."""

    def __init__(self, t, ca=None, policy="", ike=None, ipsec="", options="", term="", more="", swan=None, end_swan=None, **kw):
        self.t = t
        side, _ = junos.sides(t)
        dynamic = junos.Dynamic(ipsec_policy="i1" if ipsec else "")
        conf = junos.ike(None if ca else "swordfish", junos.phase1(RSA if ca else "pre-shared-keys", **(ike or {})), policy, ipsec,
                         more)
        self.a = Gateway(t.gw_a, junos.next_hop(side, [dynamic], options=options, term_extra=term, more=conf))
        credentials = ()
        if ca:
            load(self.a, ca, *ca.moon)
            credentials = charon.credentials(ca.root, *ca.sun, more=ca.between)
        self.b = charon.Charon(t.gw_b, charon.connection(
            t.WAN_B, t.WAN_A, side.peer_nets[0], side.nets[0], None if ca else "swordfish", **(swan or {})),
            credentials=credentials, **kw)

    def told(self, e):
        return AssertionError(f"{e}\n{self.a.log()}\n{self.b.log()[-14000:]}\n{self.b.sas()}")

    def is_up(self):
        return self.t.host_a.ping(self.t.HOST_B, count=1, interval_s=0.05, timeout_s=1).lost == 0

    def carries(self, timeout_s=15):
        try:
            wait_until(self.is_up, timeout_s, "the tunnel")
            assert self.t.host_a.ping(self.t.HOST_B, count=3).lost == 0
            assert self.t.host_b.ping(self.t.HOST_A, count=3).lost == 0
        except AssertionError as e:
            raise self.told(e) from e

    def both_begin(self):
        """Sun begins, all is ended, and moon begins."""
        try:
            self.b.initiate("net")
        except AssertionError as e:
            raise self.told(e) from e
        self.carries()
        assert "  Role: Responder, State: Matured\n" in self.a.cli(IKE_SAS + " detail")
        self.b.terminate()
        wait_until(lambda: self.a.cli(IKE_SAS) == "", 5, "the SA to go")
        self.carries()
        assert "  Role: Initiator, State: Matured\n" in self.a.cli(IKE_SAS + " detail")


class Certificates:
    """The root, and key pairs with certificates for moon and sun; with INTERMEDIATE ones, of an authority below the root each."""

    def __init__(self, folder, kind="rsa:2048", intermediate=False):
        self.root = Authority(folder)
        self.cert = self.root.cert
        self.between = []
        issuers = [self.root, self.root]
        if intermediate:
            issuers = [self.root.below(name, kind) for name in ("research", "sales")]
            self.between = [i.cert for i in issuers]
        self.issuers = issuers
        self.moon = issuers[0].issue("moon", "IP:192.0.2.1,DNS:moon.example.net", kind)
        self.sun = issuers[1].issue("sun", "IP:192.0.2.2,DNS:sun.example.net,email:carol@example.net", kind)


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("ca"))


def test_net2net_psk(two_gateways):
    Moon(two_gateways).both_begin()


@slow
def test_net2net_psk_fail(two_gateways):
    """The keys differ: nothing comes up, whoever begins, and we say why."""
    m = Moon(two_gateways)
    m.a.configure("set services ipsec-vpn ike policy ike1 pre-shared-key ascii-text sawfish")
    m.b.initiate("net", check=False)
    assert not m.is_up()
    assert "ESTABLISHED" not in m.b.sas()
    wait_until(lambda: "Phase-1 Failure" in m.a.cli("show log messages"), 15, "the reason")
    assert "No IPSec SA" in m.a.cli(IPSEC_SAS)
    assert "sawfish" not in m.a.log()


@slow
def test_net2net_psk_aggressive(two_gateways):
    Moon(two_gateways, policy="mode aggressive;", swan={"more": "aggressive = yes"}).both_begin()


def test_net2net_cert(two_gateways, ca):
    names = ('"moon.example.net"', '"sun.example.net"')
    Moon(two_gateways, ca, "local-id fqdn moon.example.net; remote-id { fqdn sun.example.net; }",
         swan={"ids": names[::-1]}).both_begin()


@slow
def test_rw_psk_fqdn(two_gateways):
    Moon(two_gateways, policy="local-id fqdn moon.example.net; remote-id { fqdn carol@example.net; }",
         swan={"ids": ("carol@example.net", "moon.example.net")}).both_begin()


@slow
@pytest.mark.parametrize("mode", ["main", "aggressive"])
def test_rw_cert(two_gateways, ca, mode):
    """The road warrior is known by the mail address in its certificate."""
    Moon(two_gateways, ca, f"mode {mode}; local-id fqdn moon.example.net; remote-id {{ fqdn carol@example.net; }}",
         swan={"ids": ("carol@example.net", "moon.example.net"), "more": f"aggressive = {'yes' if mode == 'aggressive' else 'no'}"}
         ).both_begin()


@slow
def test_alg_sha256(two_gateways):
    Moon(two_gateways, ike={"enc": "aes-128-cbc", "auth": "sha-256", "group": "group14"},
         ipsec=junos.phase2("esp", "aes-128-cbc", "hmac-sha-256-128"),
         swan={"ike": "aes128-sha256-modp2048", "esp": "aes128-sha256"}).both_begin()


@slow
def test_alg_modp_subgroup(two_gateways):
    Moon(two_gateways, ike={"enc": "aes-192-cbc", "auth": "sha-384", "group": "group24"},
         ipsec=junos.phase2("esp", "aes-192-cbc", "hmac-sha-256-128"),
         swan={"ike": "aes192-sha384-modp2048s256", "esp": "aes192-sha256"}).both_begin()


@slow
def test_net2net_pfs(two_gateways):
    """Group 14 in quick mode; a peer that wants less is refused with a reason, one with another group, too."""
    m = Moon(two_gateways, ipsec=junos.phase2(pfs="group14"), swan={"esp": "3des-sha1-modp2048"})
    m.both_begin()
    m.b.terminate()
    with open(m.b.config, encoding="utf-8") as f:
        text = f.read()
    for esp in ("3des-sha1", "3des-sha1-modp1024"):
        with open(m.b.config, "w", encoding="utf-8") as f:
            f.write(text.replace("3des-sha1-modp2048", esp))
        m.b.swanctl("--load-all", "--file", m.b.config)
        m.b.initiate("net", check=False)
        assert "INSTALLED" not in m.b.sas()
    lines = [s for s in m.a.cli("show log messages").splitlines() if "group14" in s and "KMD_" in s]
    assert len(lines) >= 2, m.a.log()


def test_net2net_subnets(two_gateways):
    """Two networks on either side: four terms, four pairs of SAs, one IKE SA."""
    t = two_gateways
    t.host_a.addr("eth0", "10.1.1.10/24")
    t.host_b.addr("eth0", "10.2.1.10/24")
    t.gw_a.addr("lan", "10.1.1.1/24")
    t.gw_b.addr("lan", "10.2.1.1/24")
    nets = [(f"10.1.{i}.0/24", f"10.2.{j}.0/24") for i in (0, 1) for j in (0, 1)]
    side = junos.Side("a", t.WAN_A, t.WAN_B, [n[0] for n in nets], [n[1] for n in nets])
    a = Gateway(t.gw_a, junos.next_hop(side, [junos.Dynamic()] * 4, more=junos.ike()))
    b = charon.Charon(t.gw_b, charon.connection(t.WAN_B, t.WAN_A, "", "", children={
        f"net{i}": (theirs, ours) for i, (ours, theirs) in enumerate(nets)}))
    b.initiate("net0")
    for i in (0, 1):
        for j in (0, 1):
            wait_until(lambda: t.host_a.ping(f"10.2.{j}.10", count=1, timeout_s=1, options=("-I", f"10.1.{i}.10")).lost == 0, 15,
                       f"from {i} to {j}\n{a.log()}\n{b.log()[-5000:]}")
    assert a.cli(IPSEC_SAS + " detail").count("State: Installed") == 8
    assert len(a.cli(IKE_SAS).splitlines()) == 2, a.cli(IKE_SAS)
    assert b.sas().count("INSTALLED") == 4


@slow
def test_multi_level_ca(two_gateways, tmp_path):
    """Either end is certified by another authority below the root that both trust."""
    ca = Certificates(tmp_path / "ca", intermediate=True)
    Moon(two_gateways, ca, swan={"ids": ("192.0.2.2", "192.0.2.1")}).both_begin()


@slow
def test_net2net_fragmentation(two_gateways, tmp_path):
    """Large certificates and a way that loses every IP fragment."""
    ca = Certificates(tmp_path / "ca", kind="rsa:4096", intermediate=True)
    t = two_gateways
    for gw in (t.gw_a, t.gw_b):
        gw.run("nft 'add table ip pieces; add chain ip pieces pre { type filter hook prerouting priority -500; }; "
               "add rule ip pieces pre ip frag-off & 0x3fff != 0 counter drop'")
    with t.gw_a.capture("wan", "udp") as wire:
        Moon(t, ca, swan={"ids": ("192.0.2.2", "192.0.2.1"), "more": "fragmentation = yes"}).both_begin()
    assert not [p for p in wire.packets() if p.haslayer("IP") and (p["IP"].frag or "MF" in p["IP"].flags)], "IP fragments"


# --- a NAT between the two ---

class BehindNat:
    """gwA (wan 192.0.2.1) - NAT - gwB (wan 10.9.0.2): the NAT hides whoever stands at `inner`."""

    def __init__(self, lab, nat_a=False, nat_b=True):
        self.host_a, self.gw_a, self.gw_b, self.host_b = (lab.ns(n) for n in ("hostA", "gwA", "gwB", "hostB"))
        self.middle = lab.ns("middle")
        self.HOST_A, self.HOST_B = "10.1.0.10", "10.2.0.10"
        self.addr_a, self.seen_a = self._connect(lab, self.gw_a, "a", 1, nat_a)
        self.addr_b, self.seen_b = self._connect(lab, self.gw_b, "b", 2, nat_b)
        for n, host, gw in ((1, self.host_a, self.gw_a), (2, self.host_b, self.gw_b)):
            lab.link(host, "eth0", gw, "lan")
            gw.forward()
            gw.addr("lan", f"10.{n}.0.1/24")
            host.addr("eth0", f"10.{n}.0.10/24")
            host.route("default", via=f"10.{n}.0.1")
        self.middle.forward()

    def _connect(self, lab, gw, name, n, is_hidden):
        """Returns the gateway's address and that which the other end sees."""
        if not is_hidden:
            lab.link(gw, "wan", self.middle, f"to-{name}")
            gw.addr("wan", f"192.0.{n}.1/24")
            self.middle.addr(f"to-{name}", f"192.0.{n}.254/24")
            gw.route("default", via=f"192.0.{n}.254")
            return f"192.0.{n}.1", f"192.0.{n}.1"
        nat = lab.ns(f"nat{name}")
        lab.link(gw, "wan", nat, "inside")
        lab.link(nat, "outside", self.middle, f"to-{name}")
        gw.addr("wan", f"10.9.{n}.2/24")
        nat.addr("inside", f"10.9.{n}.1/24")
        nat.addr("outside", f"192.0.{n}.1/24")
        self.middle.addr(f"to-{name}", f"192.0.{n}.254/24")
        nat.forward()
        gw.route("default", via=f"10.9.{n}.1")
        nat.route("default", via=f"192.0.{n}.254")
        nat.run("nft 'add table ip nat; add chain ip nat post { type nat hook postrouting priority 100; }; "
                f"add rule ip nat post oifname outside ip protocol udp masquerade to :{20000 * n}-{20000 * n + 9999}'")
        return f"10.9.{n}.2", f"192.0.{n}.1"


@pytest.mark.parametrize("nat_a, nat_b", [pytest.param(False, True, id="nat_rw"), pytest.param(True, False, id="nat_rw_reversed")])
def test_nat(lab, nat_a, nat_b):
    """Whoever is behind the NAT begins, and is known by its address there. IKE and ESP go over port 4500; packets in both
    directions keep the way open."""
    t = BehindNat(lab, nat_a, nat_b)
    side = junos.Side("a", t.addr_a, t.seen_b, ["10.1.0.0/24"], ["10.2.0.0/24"])
    policy = f"remote-id {{ ipv4_addr {t.addr_b}; }}"
    a = Gateway(t.gw_a, junos.next_hop(side, [junos.Dynamic()], options="nat-keepalive 2;" if nat_a else "",
                                       more=junos.ike(policy=policy)))
    b = charon.Charon(t.gw_b, charon.connection(t.addr_b, t.seen_a, "10.2.0.0/24", "10.1.0.0/24", ids=("", t.addr_a)))
    with t.middle.capture("to-a", "ip") as wire:
        if nat_b:
            b.initiate("net")
        try:
            wait_until(lambda: t.host_a.ping(t.HOST_B, count=1, timeout_s=1).lost == 0, 15, "the tunnel")
            assert t.host_b.ping(t.HOST_A, count=3).lost == 0
        except AssertionError as e:
            raise AssertionError(f"{e}\n{a.log()}\n{b.log()[-6000:]}") from e
        if nat_a:
            wait_until(lambda: [p for p in wire.packets() if p.haslayer("UDP") and bytes(p["UDP"].payload)[:1] == b"\xff"
                                and p["UDP"].len == 9], 10, "a keepalive")
    detail = a.cli(IKE_SAS + " detail")
    assert f"Local: {t.addr_a}:4500" in detail, detail
    if nat_b:
        assert f"Remote: {t.seen_b}:4" in detail, detail
    assert not [p for p in wire.packets() if not p.haslayer("UDP")], "something else than UDP"


@slow
def test_double_nat(lab):
    """Both are behind a NAT; that in front of the one who answers passes the ports on."""
    t = BehindNat(lab, True, True)
    nat = lab.namespaces["natb"]
    nat.run("nft 'add chain ip nat pre { type nat hook prerouting priority -100; }; "
            f"add rule ip nat pre iifname outside udp dport {{ 500, 4500 }} dnat to {t.addr_b}'")
    side = junos.Side("a", t.addr_a, t.seen_b, ["10.1.0.0/24"], ["10.2.0.0/24"])
    a = Gateway(t.gw_a, junos.next_hop(side, [junos.Dynamic()], more=junos.ike(policy=f"remote-id {{ ipv4_addr {t.addr_b}; }}")))
    b = charon.Charon(t.gw_b, charon.connection(t.addr_b, "%any", "10.2.0.0/24", "10.1.0.0/24"))
    try:
        wait_until(lambda: t.host_a.ping(t.HOST_B, count=1, timeout_s=1).lost == 0, 15, "the tunnel")
        assert t.host_b.ping(t.HOST_A, count=3).lost == 0
    except AssertionError as e:
        raise AssertionError(f"{e}\n{a.log()}\n{b.log()[-6000:]}") from e


# --- a peer that is gone ---

WATCH = "initiate-dead-peer-detection; dead-peer-detection { interval 1; threshold 3; }"
DROP = "nft 'add table inet gone; add chain inet gone in { type filter hook input priority 0; policy drop; }'"


def test_dpd_clear(two_gateways):
    """The peer falls silent: it is found dead and its SAs are removed; when it is there again, traffic brings them back."""
    m = Moon(two_gateways, term=WATCH)
    m.carries()
    m.t.gw_b.run(DROP)
    wait_until(lambda: "No IPSec SA" in m.a.cli(IPSEC_SAS), 15, "the SAs to go")
    assert m.a.cli(IKE_SAS).count("Matured") == 0
    assert "KMD_DPD_PEER_DOWN" in m.a.cli("show log messages")
    m.t.gw_b.run("nft delete table inet gone")
    m.b.terminate()
    m.carries(25)


@slow
def test_dpd_restart(two_gateways):
    """strongSwan watches us; while the way is cut it gives up and begins again and again, until we answer."""
    m = Moon(two_gateways, swan={"more": "dpd_delay = 1s\ndpd_timeout = 4s\nkeyingtries = 0", "child": "dpd_action = restart"},
             extra="retransmit_timeout = 1.0\nretransmit_base = 1\nretransmit_tries = 3")
    m.carries()
    wait_until(lambda: "DPD" in m.b.log() and m.b.log().count("INFORMATIONAL_V1") > 4, 10, "questions and answers")
    assert "ESTABLISHED" in m.b.sas()
    m.t.gw_b.run(DROP)
    wait_until(lambda: m.b.log().count("initiating Main Mode") >= 1 and "ESTABLISHED" not in m.b.sas(), 20, "it to begin again")
    m.t.gw_b.run("nft delete table inet gone")
    wait_until(lambda: "ESTABLISHED" in m.b.sas(), 20, "a new IKE SA")
    m.carries()


# --- with a real kernel as the other end ---

@slow
def test_net2net_ah(lab, guest):
    s = Outside(lab, guest)
    side = s.side()
    a = Gateway(s.gw, junos.next_hop(side, [junos.Dynamic(ipsec_policy="i1")], more=junos.ike(
        ipsec=junos.phase2("ah", auth="hmac-sha1-96"))))
    with charon.GuestCharon(guest, charon.connection(side.peer, side.wan, side.peer_nets[0], side.nets[0], encap=False,
                                                     ah="sha1")) as b:
        b.initiate("net")
        s.carried(a, b)
        assert guest.errors() == {}


def host_to_host(lab, guest, tmp_path, ipsec, ah="", ca=None):
    """The tunnel is for the gateways themselves: IKE goes between the same addresses, beside it."""
    s = Outside(lab, guest)
    side = junos.Side("a", s.WE, s.PEER, [f"{s.WE}/32"], [f"{s.PEER}/32"])
    method = RSA if ca else "pre-shared-keys"
    a = Gateway(s.gw, junos.interface_style(side, [junos.Dynamic(ipsec_policy="i1")], more=junos.ike(
        None if ca else "swordfish", junos.phase1(method), ipsec=ipsec)))
    credentials = ()
    if ca:
        load(a, ca, *ca.moon)
        credentials = charon.credentials(ca.root, *ca.sun)
    text = charon.connection(s.PEER, s.WE, f"{s.PEER}/32", f"{s.WE}/32", None if ca else "swordfish", encap=False, esp="3des-sha1",
                             ah=ah, ids=(s.PEER, s.WE))
    with charon.GuestCharon(guest, text, credentials=credentials) as b:
        with s.gw.capture("wan", "icmp") as wire:
            b.initiate("net")
            try:
                wait_until(lambda: s.gw.ping(s.PEER, count=1, timeout_s=1).lost == 0, 15, "the tunnel")
                assert s.gw.ping(s.PEER, count=3).lost == 0
            except AssertionError as e:
                raise AssertionError(f"{e}\n{guest.errors()}\n{a.log()}\n{b.log()[-6000:]}") from e
            guest.run(f"ping -q -c 2 -i 0.1 -W 2 {s.WE}")
        assert not wire.packets(), "clear text on the wire"
        b.terminate()
        wait_until(lambda: a.cli(IKE_SAS) == "", 5, "the SA to go")
        wait_until(lambda: s.gw.ping(s.PEER, count=1, timeout_s=1).lost == 0, 15, "the tunnel, begun here")


@slow
def test_host2host_ah(lab, guest, tmp_path):
    host_to_host(lab, guest, tmp_path, junos.phase2("ah", auth="hmac-sha1-96"), ah="sha1")


@slow
def test_host2host_cert(lab, guest, tmp_path, ca):
    host_to_host(lab, guest, tmp_path, junos.phase2(), ca=ca)


@slow
def test_rw_psk_ipv4(lab, guest):
    """The road warrior has no network behind it: the tunnel is for its own address."""
    s = Outside(lab, guest)
    side = junos.Side("a", s.WE, s.PEER, ["10.1.0.0/24"], [f"{s.PEER}/32"])
    a = Gateway(s.gw, junos.interface_style(side, [junos.Dynamic()], more=junos.ike()))
    with charon.GuestCharon(guest, charon.connection(s.PEER, s.WE, f"{s.PEER}/32", "10.1.0.0/24", encap=False)) as b:
        guest.run(f"ip route replace 10.1.0.0/24 via {s.WE}")
        b.initiate("net")
        s.reached(a, b, s.PEER)
        guest.run("ping -q -c 2 -i 0.1 -W 2 10.1.0.10")
        assert guest.errors() == {}
