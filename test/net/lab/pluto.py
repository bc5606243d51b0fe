# SPDX-License-Identifier: BSD-2-Clause
#
# pluto.py - libreswan in the guest kernel: a second outside peer that negotiates.
#
# Debian's package cannot be installed beside strongSwan; tools/install-deps unpacks it into a folder of its own. The guest puts it
# where its programs look for each other. Certificates are in its NSS database, made by certutil and pk12util.

import os
import shutil

from .netlab import LabError, _run

UNPACKED = "/var/cache/sallyport/libreswan/usr/libexec/ipsec"
FOLDER = "/run/pluto"


def missing():
    """Why it cannot be run here, or None."""
    if not os.path.exists(f"{UNPACKED}/pluto"):
        return f"{UNPACKED} is not there: tools/install-deps test"
    return None if shutil.which("certutil") else "certutil is not installed"


def certificates(folder, ca, key, cert, name="gw"):
    """Makes an NSS database in FOLDER (of the host) with a key pair and the root of CA; returns its path."""
    database = os.path.join(folder, "nss")
    os.mkdir(database)
    for command in (["certutil", "-N", "-d", f"sql:{database}", "--empty-password"],
                    ["openssl", "pkcs12", "-export", "-inkey", key, "-in", cert, "-name", name, "-out", f"{folder}/p12",
                     "-passout", "pass:x"],
                    ["pk12util", "-i", f"{folder}/p12", "-d", f"sql:{database}", "-W", "x"],
                    ["certutil", "-A", "-n", "root", "-t", "CT,,", "-a", "-i", ca.cert, "-d", f"sql:{database}"]):
        _run(command)
    return database


class Pluto:
    """pluto in the GUEST with the connection `net` of these settings (text). stop() it before the next one."""

    def __init__(self, guest, settings, secrets="", nss=None):
        self.guest = guest
        fill = f"certutil -N -d sql:{FOLDER}/nss --empty-password"
        if nss:
            shared = guest.put(nss)
            fill = f"cp {shared}/* {FOLDER}/nss"
        guest.run(f"""
            mountpoint -q /usr/libexec || {{ mount -t tmpfs tmpfs /usr/libexec; ln -s {UNPACKED} /usr/libexec/ipsec; }}
            rm -rf {FOLDER}; mkdir -p {FOLDER}/nss
            {fill}
            cat >{FOLDER}/secrets <<'END-OF-FILE'
{secrets}
END-OF-FILE
            cat >{FOLDER}/conf <<'END-OF-FILE'
config setup
    ikev1-policy=accept
    nssdir={FOLDER}/nss
conn net
    ikev2=no
    leftupdown=%disabled
    auto=add
{settings}
END-OF-FILE
            setsid {UNPACKED}/pluto --config {FOLDER}/conf --nofork --stderrlog --nssdir sql:{FOLDER}/nss \
                --secretsfile {FOLDER}/secrets --rundir {FOLDER} </dev/null >{FOLDER}/log 2>&1 &
            for i in $(seq 100); do grep -q 'listening for IKE' {FOLDER}/log && break; sleep 0.1
                {UNPACKED}/whack --listen >/dev/null 2>&1 || true; done""")
        self.whack("--rereadsecrets")
        said = guest.run(f"{UNPACKED}/addconn --config {FOLDER}/conf --ctlsocket {FOLDER}/pluto.ctl net", check=False)
        if "added" not in self.log():
            raise LabError(f"{said}\n{self.log()}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.guest.run(f"{UNPACKED}/whack --shutdown; while pidof pluto >/dev/null; do sleep 0.1; done", check=False)

    def whack(self, *args):
        return self.guest.run(f"{UNPACKED}/whack {' '.join(args)}", check=False)

    def initiate(self):
        return self.guest.run(f"timeout 15 {UNPACKED}/whack --initiate --name net", check=False)

    def terminate(self):
        return self.whack("--terminate", "--name", "net")

    def sas(self):
        return self.whack("--trafficstatus")

    def log(self):
        return self.guest.run(f"grep -v 'testing\\|RFC\\|bytes with\\|IKEv1:' {FOLDER}/log", check=False)
