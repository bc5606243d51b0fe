# SPDX-License-Identifier: BSD-2-Clause
#
# ca.py - a certification authority for tests, by the openssl program.

import os
import subprocess


class Authority:
    """A root CA in FOLDER; issue() makes certificates. Nothing here is ours: the files are what an administrator has."""

    def __init__(self, folder, name="root", days=3650):
        self.folder, self.name = str(folder), name
        os.makedirs(self.folder, exist_ok=True)
        self.cert, self.key = self.path(f"{name}.pem"), self.path(f"{name}.key")
        self._openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", self.key, "-out", self.cert, "-subj",
                      f"/C=us/O=Example/CN={name}", "-days", str(days),
                      "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def path(self, name):
        return os.path.join(self.folder, name)

    def _openssl(self, *args):
        subprocess.run(["openssl", *args], check=True, capture_output=True, cwd=self.folder)

    def issue(self, name, alternate="", kind="rsa:2048", days=365, usage="digitalSignature", intermediate=False):
        """Key pair and certificate CN=NAME; returns their paths. ALTERNATE: "DNS:gw1.example.net,IP:192.0.2.1"."""
        key, csr, cert = (self.path(f"{name}.{x}") for x in ("key", "csr", "pem"))
        if kind == "dsa":
            params = self.path("dsa.params")
            if not os.path.exists(params):
                self._openssl("dsaparam", "-out", params, "1024")
            self._openssl("gendsa", "-out", key, params)
        else:
            self._openssl("genrsa", "-out", key, kind.split(":")[1])
        self._openssl("req", "-new", "-key", key, "-out", csr, "-subj", f"/O=Example/CN={name}")
        return key, self.sign(csr, cert, alternate, days, usage, intermediate)

    def below(self, name, kind="rsa:2048"):
        """Another authority, certified by this one."""
        other = object.__new__(Authority)
        other.folder, other.name = self.folder, name
        other.key, other.cert = self.issue(name, kind=kind, intermediate=True)
        return other

    def sign(self, csr, cert, alternate="", days=365, usage="digitalSignature", intermediate=False):
        """A certificate for a request; returns its path."""
        with open(self.path("ext"), "w") as f:
            if alternate:
                f.write(f"subjectAltName={alternate}\n")
            f.write("basicConstraints=critical,CA:TRUE\n" if intermediate else f"keyUsage={usage}\n")
        self._openssl("x509", "-req", "-in", csr, "-CA", self.cert, "-CAkey", self.key, "-CAcreateserial", "-out", cert,
                      "-days", str(days), "-extfile", self.path("ext"))
        return cert


def load(gw, ca, key, cert, name="gw"):
    """Gives the gateway GW its key pair and certificate NAME and the root of the ca-profile `root`, by its command line."""
    gw.cli(f"request security pki local-certificate load certificate-id {name} filename {cert} key {key}")
    gw.type(f"request security pki ca-certificate load ca-profile root filename {ca.cert}", "yes")
