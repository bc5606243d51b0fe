# SPDX-License-Identifier: BSD-2-Clause
#
# test_pki.py - key pairs and certificates at the command line, and tunnels between gateways that prove who they are with them.

import hashlib
import os
import re
import stat
import subprocess

import pytest

from lab import junos
from lab.ca import Authority
from lab.gateway import Gateway
from lab.netlab import wait_until

PKI = "security { pki { ca-profile root { ca-identity root; revocation-check { disable; } } } }\n"


def ike(method="rsa-signatures", local="gw", more="", mode="main"):
    return PKI + (f"services {{ ipsec-vpn {{ ike {{ proposal p1 {{ authentication-method {method}; dh-group group2; "
                  f"authentication-algorithm sha1; encryption-algorithm aes-128-cbc; }} "
                  f"policy ike1 {{ mode {mode}; proposals p1; local-certificate {local}; {more} }} }} }} }}\n")


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"))


def load(gw, ca, key, cert, name="gw"):
    out = gw.cli(f"request security pki local-certificate load certificate-id {name} filename {cert} key {key}")
    assert out == f"Local certificate {name} loaded successfully\n"
    out = gw.type(f"request security pki ca-certificate load ca-profile root filename {ca.cert}", "yes").stdout
    assert "CA certificate for profile root loaded successfully\n" in out
    assert gw.cli(f"request security pki local-certificate verify certificate-id {name}") == \
        f"Local certificate {name} verification success\n"


def pair(t, ca, **kw):
    side_a, side_b = junos.sides(t)
    a = Gateway(t.gw_a, junos.next_hop(side_a, [junos.Dynamic()], more=ike(**kw)))
    b = Gateway(t.gw_b, junos.next_hop(side_b, [junos.Dynamic()], more=ike(**kw)))
    return a, b


def come_up(t, *gateways):
    try:
        wait_until(lambda: is_up(t), 20, "the tunnel")
    except AssertionError as e:
        raise AssertionError(f"{e}\n" + "\n".join(gw.log() for gw in gateways)) from e


def is_up(t):
    return t.host_a.ping(t.HOST_B, count=1, interval_s=0.05).lost == 0


@pytest.mark.parametrize("kind, method", [("rsa:2048", "rsa-signatures"), ("dsa", "dsa-signatures")])
@pytest.mark.parametrize("mode", ["main", "aggressive"])
def test_certificates_bring_a_tunnel_up(two_gateways, ca, kind, method, mode):
    t = two_gateways
    a, b = pair(t, ca, method=method, mode=mode)
    # the address is who it says it is, wherever it stands: that is what the other one expects
    key, cert = ca.issue("gw1", "DNS:gw1.example.net,IP:192.0.2.1", kind)
    load(a, ca, key, cert)
    key, cert = ca.issue("gw2", "IP:192.0.2.2,DNS:gw2.example.net", kind)
    load(b, ca, key, cert)
    come_up(t, a, b)
    detail = a.cli("show services ipsec-vpn ike security-associations detail")
    name = {"rsa-signatures": "RSA-signatures", "dsa-signatures": "DSA-signatures"}[method]
    assert f"Exchange type: {mode.capitalize()}, Authentication method: {name}\n" in detail, detail


@pytest.mark.parametrize("fault", ["stranger", "wrong name", "expired", "usage"])
def test_a_certificate_that_proves_nothing_is_refused(two_gateways, ca, fault, tmp_path):
    t = two_gateways
    a, b = pair(t, ca)
    key, cert = ca.issue("gw1", "IP:192.0.2.1")
    load(a, ca, key, cert)
    issuer = Authority(tmp_path, "root") if fault == "stranger" else ca
    key, cert = issuer.issue("gw2", "IP:192.0.2.9" if fault == "wrong name" else "IP:192.0.2.2",
                             days=0 if fault == "expired" else 365,
                             usage="keyEncipherment" if fault == "usage" else "digitalSignature")
    b.cli(f"request security pki local-certificate load certificate-id gw filename {cert} key {key}")
    b.type(f"request security pki ca-certificate load ca-profile root filename {ca.cert}", "yes")
    why = {"stranger": "self-signed certificate|unable to get|does not end", "wrong name": "identity",
           "expired": "expired", "usage": "usage"}[fault]
    is_up(t)
    wait_until(lambda: re.search(why, a.log()), 20, lambda: a.log())
    assert not is_up(t)
    assert a.cli("show services ipsec-vpn ipsec security-associations detail").count("Installed") == 0


def test_keys_stay_where_they_are(two_gateways, ca, tmp_path):
    """Only pkid's user can look at the folder, and nothing that the gateway says or logs has a key or a passphrase in it."""
    t = two_gateways
    a, _ = pair(t, ca)
    key, cert = ca.issue("gw1", "IP:192.0.2.1")
    locked = tmp_path / "locked.key"
    subprocess.run(["openssl", "pkey", "-in", key, "-aes256", "-passout", "pass:open-sesame", "-out", locked], check=True)
    no = a.cli(f"request security pki local-certificate load certificate-id gw filename {cert} key {locked} "
               "passphrase wrong", check=False)
    assert no.returncode == 1 and "not with this passphrase" in no.stderr
    a.cli(f"request security pki local-certificate load certificate-id gw filename {cert} key {locked} "
          "passphrase open-sesame")
    folder = os.path.join(a.run_dir, "pki")
    assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700
    assert {stat.S_IMODE(os.stat(os.path.join(folder, f)).st_mode) for f in os.listdir(folder)} == {0o600}
    assert sorted(os.listdir(folder)) == ["gw.crt", "gw.key"]
    logs = subprocess.run(["grep", "-rl", "open-sesame", os.path.join(a.run_dir, "log")], capture_output=True, text=True)
    assert logs.stdout == ""
    # it is there after a restart of the gateway
    a.stop()
    a.start()
    assert "Certificate identifier: gw\n" in a.cli("show security pki local-certificate")
    a.cli("clear security pki key-pair certificate-id gw")
    assert os.listdir(folder) == []


def test_a_request_is_signed_by_a_ca(two_gateways, ca, tmp_path):
    t = two_gateways
    a, _ = pair(t, ca)
    assert a.cli("request security pki generate-key-pair certificate-id new size 2048") == \
        "Generated key pair new, key size 2048 bits\n"
    no = a.cli("request security pki generate-key-pair certificate-id new", check=False)
    assert "already exists" in no.stderr
    out = a.cli('request security pki generate-certificate-request certificate-id new subject "CN=new,O=Example" '
                "domain-name new.example.net ip-address 192.0.2.1")
    csr = tmp_path / "new.csr"
    csr.write_text(out[out.index("-----BEGIN"):])
    text = subprocess.run(["openssl", "req", "-in", csr, "-noout", "-text", "-verify"], capture_output=True, text=True)
    assert "DNS:new.example.net, IP Address:192.0.2.1" in text.stdout
    cert = ca.sign(str(csr), str(tmp_path / "new.pem"), "DNS:new.example.net")
    assert a.cli(f"request security pki local-certificate load certificate-id new filename {cert}") == \
        "Local certificate new loaded successfully\n"
    brief = a.cli("show security pki local-certificate")
    assert brief.startswith("Certificate identifier: new\n  Issued to: new, Issued by: C = us, O = Example, CN = root\n"), brief
    assert "  Public key algorithm: rsaEncryption(2048 bits)\n" in brief
    assert "Certificate identifier: new\n  Issued to: new\n" in a.cli("show security pki certificate-request")
    detail = a.cli("show security pki certificate-request detail")
    assert "  Alternate subject: email empty, new.example.net, 192.0.2.1, ipv6 empty\n" in detail, detail
    assert "  Public key verification status: Passed\n" in detail and "  Use for key: Digital signature\n" in detail
    digest = subprocess.run(["openssl", "req", "-in", csr, "-outform", "DER"], capture_output=True).stdout
    assert hashlib.sha1(digest).hexdigest() in detail.replace(":", "")


def test_files_that_are_none_are_refused(two_gateways, ca, tmp_path):
    t = two_gateways
    a, _ = pair(t, ca)
    key, cert = ca.issue("gw1", "IP:192.0.2.1")
    rubbish, large = tmp_path / "rubbish", tmp_path / "large"
    rubbish.write_text("not a certificate\n")
    large.write_bytes(b"x" * 70000)

    def refused(what, why):
        no = a.cli("request security pki " + what, check=False)
        assert no.returncode == 1 and why in no.stderr, no

    refused(f"ca-certificate load ca-profile root filename {rubbish}", "not a certificate in PEM or DER")
    refused(f"ca-certificate load ca-profile root filename {large}", "file too large")
    refused(f"ca-certificate load ca-profile root filename {tmp_path}", "not a regular file")
    refused(f"ca-certificate load ca-profile root filename {tmp_path}/none", "No such file or directory")
    refused(f"ca-certificate load ca-profile root filename {cert}", "not the certificate of a CA")
    refused(f"ca-certificate load ca-profile other filename {ca.cert}", "ca-profile other is not configured")
    refused(f"local-certificate load certificate-id gw filename {cert}", "Keypair doesn't exist for certificate gw")
    refused(f"local-certificate load certificate-id gw filename {cert} key {ca.key}", "does not belong to the key pair")
    refused("local-certificate verify certificate-id gw", "not found in local database")
    refused("ca-certificate verify ca-profile root", "not found in local database")
    refused("generate-key-pair certificate-id a/b", "Must not contain")
    assert a.cli("show security pki local-certificate") == ""
