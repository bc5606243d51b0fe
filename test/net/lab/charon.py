# SPDX-License-Identifier: BSD-2-Clause
#
# charon.py - strongSwan in a namespace: an outside peer that negotiates, and carries packets in user space.
#
# Its ESP is that of the kernel-libipsec plugin, which knows only ESP in UDP; so connections say `encap`, and there is a NAT between
# the peers as far as both can tell. A mount namespace of its own keeps its pid file apart from that of another charon.

import os

from .netlab import LabError

CHARON = "/usr/lib/ipsec/charon"
SWANCTL = "/usr/sbin/swanctl"
PLUGINS = ("random nonce aes des md5 sha1 sha2 hmac kdf gmp openssl pem pkcs1 pkcs8 x509 pubkey constraints revocation "
           "kernel-libipsec kernel-netlink socket-default vici updown")


def missing():
    """Why it cannot be run here, or None."""
    for path in (CHARON, SWANCTL, "/usr/lib/ipsec/plugins/libstrongswan-kernel-libipsec.so"):
        if not os.path.exists(path):
            return f"{path} is not installed"
    return None


class Charon:
    """charon in the namespace NS, with the connections and secrets of CONFIG (a swanctl.conf). Stopped with the lab."""

    def __init__(self, ns, config, extra=""):
        folder = os.path.join(ns.lab.folder, f"charon-{ns.name}")
        os.mkdir(folder)
        self.ns, self.log_path, self.uri = ns, f"{folder}/log", f"unix://{folder}/vici"
        settings = ns.lab.file(f"charon-{ns.name}.conf", f"""
charon {{
    load = {PLUGINS}
    filelog {{ log {{ path = {self.log_path}
        default = 1
        ike = 2
        cfg = 2
        enc = 1
        flush_line = yes }} }}
    plugins {{ vici {{ socket = {self.uri} }} }}
    {extra}
}}
""")
        self.config = ns.lab.file(f"swanctl-{ns.name}.conf", config)
        os.makedirs(f"{folder}/run")
        self.process = ns.spawn(["sh", "-c", f"mount --bind {folder}/run /run && STRONGSWAN_CONF={settings} exec {CHARON}"])
        self.wait_log("spawning")
        self.swanctl("--load-all", "--file", self.config, retry=True)

    def swanctl(self, *args, check=True, retry=False):
        for _ in range(100 if retry else 1):
            run = self.ns.run([SWANCTL, *args, "--uri", self.uri], check=False)
            if run.returncode == 0:
                break
        if check and run.returncode != 0:
            raise LabError(f"swanctl {' '.join(args)}\n{run.stdout}{run.stderr}\n{self.log()}")
        return run.stdout

    def initiate(self, child, check=True):
        return self.swanctl("--initiate", "--child", child, "--timeout", "10", check=check)

    def sas(self):
        return self.swanctl("--list-sas")

    def log(self):
        try:
            with open(self.log_path, encoding="utf-8", errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def wait_log(self, text, timeout_s=10.0):
        from .netlab import wait_until
        try:
            wait_until(lambda: text in self.log(), timeout_s, f"{text!r} in charon's log")
        except LabError as e:
            raise LabError(f"{e}\n{self.log()}\n{self.process.out}{self.process.err}") from e


def connection(local, remote, local_ts, remote_ts, psk="swordfish", ike="3des-sha1-modp1024", esp="3des-sha1-modp1024",
               more="", child="", ids=("", "")):
    """A swanctl.conf with one IKEv1 connection `gw` with a child `net`, authenticated by a key."""
    local_id = f"id = {ids[0]}" if ids[0] else ""
    remote_id = f"id = {ids[1]}" if ids[1] else ""
    return f"""
connections {{
    gw {{
        version = 1
        local_addrs = {local}
        remote_addrs = {remote}
        encap = yes
        proposals = {ike}
        {more}
        local {{
            auth = psk
            {local_id}
        }}
        remote {{
            auth = psk
            {remote_id}
        }}
        children {{
            net {{
                local_ts = {local_ts}
                remote_ts = {remote_ts}
                esp_proposals = {esp}
                {child}
            }}
        }}
    }}
}}
secrets {{
    ike-gw {{ secret = {psk} }}
}}
"""
