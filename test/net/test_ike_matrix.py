# SPDX-License-Identifier: BSD-2-Clause
#
# test_ike_matrix.py - what can be negotiated, with strongSwan, in both roles.
#
# Not the full product: a row a case, chosen so that each value of each column is there, with others beside it each time. ESP is in UDP
# here (that is what strongSwan can do in a namespace); plain ESP and AH are in test_ike_guest.py.

import pytest
from lab import charon, junos
from lab.ca import Authority, load
from lab.gateway import Gateway
from lab.netlab import wait_until

IKE_SAS = "show services ipsec-vpn ike security-associations"
IPSEC_SAS = "show services ipsec-vpn ipsec security-associations"

pytestmark = pytest.mark.skipif(charon.missing() is not None, reason=str(charon.missing()))

#  mode        id           encryption   hash    group    ESP          ICV              PFS     outer, inner family
PSK = """
  main         address      3des-cbc     sha1    group2   3des-cbc     hmac-sha1-96     none    4 4
  main         fqdn         aes-128-cbc  sha-256 group14  aes-128-cbc  hmac-sha-256-128 group14 4 4
  main         user-fqdn    aes-256-cbc  sha-384 group20  aes-256-cbc  hmac-sha-256-128 group20 4 6
  main         key-id       des-cbc      md5     group1   des-cbc      hmac-md5-96      group1  4 4
  main         ipv4         aes-192-cbc  sha1    group5   aes-192-cbc  hmac-sha1-96     group5  4 6
  main         ipv6         aes-128-cbc  sha-384 group15  3des-cbc     hmac-md5-96      group15 6 6
  main         address      aes-256-cbc  md5     group16  aes-128-cbc  hmac-md5-96      group16 6 4
  main         ipv4         aes-128-cbc  sha-256 group19  aes-256-cbc  hmac-sha1-96     group19 4 4
  main         fqdn         3des-cbc     sha-384 group24  aes-192-cbc  hmac-sha-256-128 group24 4 4
  main         ipv4         aes-256-cbc  sha-256 group14  aes-128-gcm  none             group14 4 4
  main         fqdn         aes-128-cbc  sha1    group19  aes-256-gcm  none             none    6 6
  aggressive   address      aes-128-cbc  sha1    group2   aes-128-cbc  hmac-sha1-96     none    4 4
  aggressive   fqdn         aes-256-cbc  sha-256 group14  aes-256-cbc  hmac-sha-256-128 group2  4 4
  aggressive   fqdn         aes-128-cbc  sha-256 group14  aes-192-gcm  none             group2  4 6
  aggressive   user-fqdn    3des-cbc     md5     group5   3des-cbc     hmac-md5-96      group5  4 4
  aggressive   key-id       aes-192-cbc  sha-384 group19  des-cbc      hmac-sha1-96     group14 4 6
  aggressive   ipv6         aes-256-cbc  sha1    group20  aes-256-cbc  hmac-sha1-96     group24 6 6
  aggressive   ipv4         des-cbc      sha-256 group24  aes-128-cbc  hmac-sha-256-128 group19 4 4
"""
RSA = """
  main         address      3des-cbc     sha1    group2   3des-cbc     hmac-sha1-96     none    4 4
  main         fqdn         aes-128-cbc  sha-256 group14  aes-128-cbc  hmac-sha-256-128 group14 4 4
  main         dn-exact     aes-256-cbc  sha-384 group19  aes-256-cbc  hmac-sha1-96     group5  4 4
  main         dn-container aes-192-cbc  md5     group5   aes-192-cbc  hmac-md5-96      none    6 4
  main         dn-wildcard  aes-128-cbc  sha-256 group20  aes-128-cbc  hmac-sha-256-128 group19 4 6
  main         user-fqdn    aes-256-cbc  sha1    group16  3des-cbc     hmac-sha1-96     group2  4 4
  aggressive   dn-exact     aes-128-cbc  sha1    group2   aes-128-cbc  hmac-sha1-96     none    4 4
  aggressive   address      aes-256-cbc  sha-256 group15  aes-256-cbc  hmac-sha-256-128 group16 4 4
  aggressive   dn-container 3des-cbc     sha-384 group24  3des-cbc     hmac-md5-96      group1  4 4
  aggressive   fqdn         aes-192-cbc  md5     group14  aes-128-cbc  hmac-sha1-96     group15 6 6
"""
CORE = ("main-fqdn-aes-128-cbc", "-aes-128-gcm", "aggressive-fqdn-aes-256-cbc", "main-dn-exact", "main-dn-container")

SUBJECT = "O=Example, CN={}"


def rows(table, kind):
    """The lines of a table as pytest's parameters; those that are not of the core are slow."""
    for line in table.split("\n"):
        words = line.split()
        if words:
            name = f"{kind}-{'-'.join(words)}"
            core = any(c in name for c in CORE)
            yield pytest.param(kind, *words, id=name, marks=[] if core else [pytest.mark.slow])


def identities(kind, t, side):
    """What we and strongSwan call ourselves and each other: (our policy's statements, strongSwan's local and remote id)."""
    if kind == "address":   # our default; that of strongSwan is the certificate's subject if there is one
        return "", (side.peer, side.wan)
    if kind.startswith("dn-"):
        allowed = {"dn-exact": 'exact-match "O=Example,CN=gw2"', "dn-container": 'container "O=Example"',
                   "dn-wildcard": 'wildcard "CN=gw2"'}[kind]
        return (f"local-id distinguished-name; remote-id {{ distinguished-name {{ {allowed}; }} }}",
                (f'"{SUBJECT.format("gw2")}"', f'"{SUBJECT.format("gw1")}"'))
    word, ours, theirs = {
        "ipv4": ("ipv4_addr", "198.51.100.1", "198.51.100.2"),
        "ipv6": ("ipv6-addr", t.WAN_A6, t.WAN_B6),
        "fqdn": ("fqdn", "gw1.example.net", "gw2.example.net"),
        "user-fqdn": ("fqdn", "gw1@example.net", "gw2@example.net"),
        "key-id": ("key-id", "a1b2c3", "d4e5f6"),
    }[kind]
    mark = "@#" if kind == "key-id" else ""
    return f"local-id {word} {ours}; remote-id {{ {word} {theirs}; }}", (f'"{mark}{theirs}"', f'"{mark}{ours}"')


def configurations(t, kind, mode, who, enc, auth, group, esp, icv, pfs, outer, inner):
    outer, inner = int(outer), int(inner)
    pfs = None if pfs == "none" else pfs
    side, _ = junos.sides(t, outer, (inner,))
    policy, ids = identities(who, t, side)
    psk = "swordfish" if kind == "psk" else None
    method = "pre-shared-keys" if psk else "rsa-signatures"
    ours = junos.next_hop(side, [junos.Dynamic(ipsec_policy="i1")], more=junos.ike(
        psk, junos.phase1(method, enc, auth, group), f"mode {mode}; {policy}", junos.phase2("esp", esp, icv, pfs)))
    words = [charon.ENC[esp], charon.HASH.get(icv), charon.GROUP.get(pfs)]
    proposal = "-".join(word for word in words if word)
    theirs = charon.connection(
        side.peer, side.wan, side.peer_nets[0], side.nets[0], psk, f"{charon.ENC[enc]}-{charon.HASH[auth]}-{charon.GROUP[group]}",
        proposal, "aggressive = yes" if mode == "aggressive" else "", ids=ids)
    return ours, theirs


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """A CA and certificates for gw1 and gw2 with all the names that the rows use."""
    ca = Authority(tmp_path_factory.mktemp("ca"))
    names = "IP:192.0.2.{0},IP:2001:db8:ff::{0},DNS:gw{0}.example.net,email:gw{0}@example.net"
    return ca, ca.issue("gw1", names.format(1)), ca.issue("gw2", names.format(2))


@pytest.mark.parametrize("kind, mode, who, enc, auth, group, esp, icv, pfs, outer, inner",
                         [*rows(PSK, "psk"), *rows(RSA, "rsa")])
def test_matrix(two_gateways, request, kind, mode, who, enc, auth, group, esp, icv, pfs, outer, inner):
    """We begin; then all is ended and strongSwan begins."""
    t = two_gateways
    ours, theirs = configurations(t, kind, mode, who, enc, auth, group, esp, icv, pfs, outer, inner)
    a = Gateway(t.gw_a, ours)
    credentials = ()
    if kind == "rsa":
        ca, gw1, gw2 = request.getfixturevalue("certificates")
        load(a, ca, *gw1)
        credentials = charon.credentials(ca, *gw2)
    b = charon.Charon(t.gw_b, theirs, credentials=credentials)
    host_a, host_b = (t.HOST_A6, t.HOST_B6) if inner == "6" else (t.HOST_A, t.HOST_B)

    def is_up(role):
        try:
            wait_until(lambda: t.host_a.ping(host_b, count=1, interval_s=0.05, timeout_s=1).lost == 0, 15, "the tunnel")
            assert t.host_b.ping(host_a, count=2).lost == 0
            detail = a.cli(IKE_SAS + " detail")
            assert f"  Role: {role}, State: Matured\n" in detail, detail
            assert f"Exchange type: {mode.capitalize()}" in detail
            sas = a.cli(IPSEC_SAS + " detail")
            assert sas.count("Type: dynamic, State: Installed") == 2, sas
        except AssertionError as e:
            raise AssertionError(f"{e}\n{a.log()}\n{b.log()[-6000:]}\n{b.sas()}") from e

    is_up("Initiator")
    b.terminate()
    wait_until(lambda: a.cli(IKE_SAS) == "", 5, "the SA to go")
    b.initiate("net")
    is_up("Responder")
