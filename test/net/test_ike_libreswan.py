# SPDX-License-Identifier: BSD-2-Clause
#
# test_ike_libreswan.py - a second opinion: libreswan in the guest, as the one who begins and the one who answers.

import pytest
from lab import junos, pluto
from lab.ca import Authority, load
from lab.gateway import Gateway
from lab.netlab import wait_until
from lab.outside import Outside

IKE_SAS = "show services ipsec-vpn ike security-associations"

pytestmark = [pytest.mark.slow, pytest.mark.skipif(pluto.missing() is not None, reason=str(pluto.missing()))]

NETS = """
    left=192.0.2.2
    leftsubnet=10.2.0.0/24
    right=192.0.2.1
    rightsubnet=10.1.0.0/24
"""
SECRET = ': PSK "swordfish"'


def both_begin(s, a, b, mode="Main"):
    s.reached(a, b, "10.2.0.10")
    assert "  Role: Initiator, State: Matured\n" in a.cli(IKE_SAS + " detail")
    assert f"Exchange type: {mode}" in a.cli(IKE_SAS + " detail")
    s.guest.run("ping -q -c 2 -i 0.1 -W 2 -I 10.2.0.10 10.1.0.10")
    b.terminate()
    wait_until(lambda: a.cli(IKE_SAS) == "", 5, "the SA to go")
    said = b.initiate()
    try:
        s.reached(a, b, "10.2.0.10")
    except AssertionError as e:
        raise AssertionError(f"{e}\n{said}") from e
    assert "  Role: Responder, State: Matured\n" in a.cli(IKE_SAS + " detail")
    assert s.guest.errors() == {}


@pytest.mark.parametrize("enc, auth, group, esp, icv, pfs, theirs", [
    ("aes-128-cbc", "sha1", "group14", "aes-128-cbc", "hmac-sha1-96", None,
     "ike=aes128-sha1;modp2048\n    esp=aes128-sha1\n    pfs=no"),
    ("aes-256-cbc", "sha-256", "group19", "aes-256-cbc", "hmac-sha-256-128", "group14",
     "ike=aes256-sha2_256;dh19\n    esp=aes256-sha2_256;modp2048"),
    ("3des-cbc", "md5", "group5", "3des-cbc", "hmac-md5-96", "group5", "ike=3des-md5;modp1536\n    esp=3des-md5;modp1536"),
    ("aes-192-cbc", "sha-384", "group20", "aes-192-cbc", "hmac-sha1-96", "group16",
     "ike=aes192-sha2_384;dh20\n    esp=aes192-sha1;modp4096"),
])
def test_main_mode(lab, guest, enc, auth, group, esp, icv, pfs, theirs):
    s = Outside(lab, guest)
    a = Gateway(s.gw, junos.next_hop(s.side(), [junos.Dynamic(ipsec_policy="i1")], more=junos.ike(
        proposal=junos.phase1(enc=enc, auth=auth, group=group), ipsec=junos.phase2("esp", esp, icv, pfs))))
    with pluto.Pluto(guest, f"{NETS}\n    authby=secret\n    {theirs}", SECRET) as b:
        both_begin(s, a, b)


def test_ah(lab, guest):
    s = Outside(lab, guest)
    a = Gateway(s.gw, junos.next_hop(s.side(), [junos.Dynamic(ipsec_policy="i1")], more=junos.ike(
        proposal=junos.phase1(group="group14"), ipsec=junos.phase2("ah", auth="hmac-sha1-96", pfs="group14"))))
    with pluto.Pluto(guest, f"{NETS}\n    authby=secret\n    ike=3des-sha1;modp2048\n    ah=sha1;modp2048\n    phase2=ah",
                     SECRET) as b:
        both_begin(s, a, b)


def test_aggressive_mode(lab, guest):
    s = Outside(lab, guest)
    a = Gateway(s.gw, junos.next_hop(s.side(), [junos.Dynamic(ipsec_policy="i1")], more=junos.ike(
        proposal=junos.phase1(enc="aes-128-cbc", group="group14"), ipsec=junos.phase2("esp", "aes-128-cbc"),
        policy="mode aggressive; local-id fqdn moon.example.net; remote-id { fqdn sun.example.net; }")))
    with pluto.Pluto(guest, f"{NETS}\n    authby=secret\n    aggressive=yes\n    leftid=@sun.example.net\n"
                     "    rightid=@moon.example.net\n    ike=aes128-sha1;modp2048\n    esp=aes128-sha1\n    pfs=no", SECRET) as b:
        both_begin(s, a, b, "Aggressive")


def test_certificates(lab, guest, tmp_path):
    s = Outside(lab, guest)
    ca = Authority(tmp_path / "ca")
    a = Gateway(s.gw, junos.next_hop(s.side(), [junos.Dynamic(ipsec_policy="i1")], more=junos.ike(
        None, junos.phase1("rsa-signatures", "aes-128-cbc", "sha1", "group14"), ipsec=junos.phase2("esp", "aes-128-cbc"),
        policy='local-id distinguished-name; remote-id { distinguished-name { container "O=Example"; } }')))
    load(a, ca, *ca.issue("moon", "IP:192.0.2.1"))
    nss = pluto.certificates(str(tmp_path), ca, *ca.issue("sun", "IP:192.0.2.2"), name="sun")
    with pluto.Pluto(guest, f"{NETS}\n    authby=rsasig\n    leftcert=sun\n    leftid=%fromcert\n    rightid=\"O=Example, CN=moon\"\n"
                     "    rightca=%same\n    ike=aes128-sha1;modp2048\n    esp=aes128-sha1\n    pfs=no", nss=nss) as b:
        both_begin(s, a, b)
