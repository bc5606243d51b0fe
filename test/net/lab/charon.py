# SPDX-License-Identifier: BSD-2-Clause
#
# charon.py - strongSwan in a namespace or in the guest kernel: an outside peer that negotiates, and carries packets.
#
# In a namespace its ESP is that of the kernel-libipsec plugin, which knows only ESP in UDP; so connections say `encap`, and there
# is a NAT between the peers as far as both can tell. A mount namespace of its own keeps its pid file apart from that of another
# charon. In the guest (GuestCharon) it has a real kernel's plain ESP and AH; those connections say encap=False.

import contextlib
import os
import shlex
import signal

from .netlab import LabError, wait_until

CHARON = "/usr/lib/ipsec/charon"
SWANCTL = "/usr/sbin/swanctl"
PLUGINS = ("random nonce aes des md5 sha1 sha2 hmac kdf gmp openssl pem pkcs1 pkcs8 x509 pubkey constraints revocation "
           "{ipsec}kernel-netlink socket-default vici updown")

# strongSwan's names for JUNOS's algorithms and groups
ENC = {"des-cbc": "des", "3des-cbc": "3des", "aes-128-cbc": "aes128", "aes-192-cbc": "aes192", "aes-256-cbc": "aes256",
       "aes-128-gcm": "aes128gcm16", "aes-192-gcm": "aes192gcm16", "aes-256-gcm": "aes256gcm16"}
HASH = {"md5": "md5", "sha1": "sha1", "sha-256": "sha256", "sha-384": "sha384",
        "hmac-md5-96": "md5", "hmac-sha1-96": "sha1", "hmac-sha-256-128": "sha256"}
GROUP = {"group1": "modp768", "group2": "modp1024", "group5": "modp1536", "group14": "modp2048", "group15": "modp3072",
         "group16": "modp4096", "group19": "ecp256", "group20": "ecp384", "group24": "modp2048s256"}


def missing():
    """Why it cannot be run here, or None."""
    for path in (CHARON, SWANCTL, "/usr/lib/ipsec/plugins/libstrongswan-kernel-libipsec.so"):
        if not os.path.exists(path):
            return f"{path} is not installed"
    return None


def settings(folder, plugins, extra="", level=1):
    """A strongswan.conf with everything in FOLDER."""
    return f"""
charon {{
    load = {plugins}
    filelog {{ log {{ path = {folder}/log
        default = 1
        ike = {max(level, 2)}
        cfg = 2
        enc = 1
        flush_line = yes }} }}
    plugins {{ vici {{ socket = unix://{folder}/vici }} }}
    i_dont_care_about_security_and_use_aggressive_mode_psk = yes
    {extra}
}}
"""


class _Swanctl:
    """What can be asked of a running charon; the two classes below know how to run swanctl beside it."""

    def swanctl(self, *args, check=True):
        run = self._swanctl(args)
        if check and run[0] != 0:
            raise LabError(f"swanctl {' '.join(args)}\n{run[1]}\n{self.log()}")
        return run[1]

    def initiate(self, child, check=True):
        return self.swanctl("--initiate", "--child", child, "--timeout", "10", check=check)

    def terminate(self, *args):
        """Ends its SAs, or what ARGS of --terminate name."""
        return self.swanctl("--terminate", *(args or ("--ike", "gw")), check=False)

    def sas(self):
        return self.swanctl("--list-sas")

    def wait_log(self, text, timeout_s=10.0):
        try:
            wait_until(lambda: text in self.log(), timeout_s, f"{text!r} in charon's log")
        except LabError as e:
            raise LabError(f"{e}\n{self.log()}") from e


class Charon(_Swanctl):
    """charon in the namespace NS, with the connections and secrets of CONFIG (a swanctl.conf) and CREDENTIALS (see credentials()).
    Stopped with the lab."""

    def __init__(self, ns, config, extra="", credentials=(), level=1):
        self.folder = os.path.join(ns.lab.folder, f"charon-{ns.name}")
        self.ns = ns
        os.makedirs(f"{self.folder}/run")
        for path, source in credentials:
            os.makedirs(os.path.dirname(f"{self.folder}/{path}"), exist_ok=True)
            with open(source, encoding="utf-8") as f, open(f"{self.folder}/{path}", "w", encoding="utf-8") as out:
                out.write(f.read())
        self.config = f"{self.folder}/swanctl.conf"     # swanctl looks for credentials beside it
        with open(self.config, "w", encoding="utf-8") as f:
            f.write(config)
        self.settings = ns.lab.file(f"charon-{ns.name}.conf",
                                    settings(self.folder, PLUGINS.format(ipsec="kernel-libipsec "), extra, level))
        self.start()

    def start(self):
        self.process = self.ns.spawn(
            ["sh", "-c", f"mount --bind {self.folder}/run /run && STRONGSWAN_CONF={self.settings} exec {CHARON}"])
        wait_until(lambda: self._swanctl(["--stats"])[0] == 0, 20, "charon's answer", 0.1)
        self.swanctl("--load-all", "--file", self.config)

    def kill(self):
        """Lets it die without a word to anybody."""
        self.process.stop(signal.SIGKILL)
        for name in ("vici", "run/charon.pid"):
            with contextlib.suppress(FileNotFoundError):
                os.remove(f"{self.folder}/{name}")

    def _swanctl(self, args):
        run = self.ns.run([SWANCTL, *args, "--uri", f"unix://{self.folder}/vici"], check=False)
        return run.returncode, run.stdout + run.stderr

    def log(self):
        try:
            with open(f"{self.folder}/log", encoding="utf-8", errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""


class GuestCharon(_Swanctl):
    """charon in the user-mode-linux GUEST, with its kernel's ESP and AH. stop() it before the next one."""

    FOLDER = "/run/charon"      # in the guest's memory: hostfs would remember files that were not there

    def __init__(self, guest, config, extra="", credentials=()):
        self.guest = guest
        script = f"rm -rf {self.FOLDER}; mkdir -p {self.FOLDER}\n"
        files = [("swanctl.conf", config), ("charon.conf", settings(self.FOLDER, PLUGINS.format(ipsec=""), extra))]
        for path, source in credentials:
            with open(source, encoding="utf-8") as f:
                files.append((path, f.read()))
        for path, text in files:
            script += f"mkdir -p $(dirname {self.FOLDER}/{path}); cat >{self.FOLDER}/{path} <<'END-OF-FILE'\n{text}\nEND-OF-FILE\n"
        script += (f"STRONGSWAN_CONF={self.FOLDER}/charon.conf setsid {CHARON} >/dev/null 2>&1 </dev/null &\n"
                   f"for i in $(seq 100); do [ -S {self.FOLDER}/vici ] && break; sleep 0.1; done\n")
        guest.run(script)
        self.swanctl("--load-all", "--file", f"{self.FOLDER}/swanctl.conf")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.guest.run("pid=$(cat /run/charon.pid) && kill $pid && while [ -d /proc/$pid ]; do sleep 0.1; done", check=False)

    def _swanctl(self, args):
        command = " ".join(shlex.quote(a) for a in args)
        said = self.guest.run(f"{SWANCTL} {command} --uri unix://{self.FOLDER}/vici; echo status $?",
                              check=False)
        text, _, status = said.rpartition("status ")
        return int(status), text

    def log(self):
        return self.guest.run(f"cat {self.FOLDER}/log", check=False)


def credentials(ca, key, cert, more=()):
    """What charon shall find in its folder: the root, its key and certificate, and MORE intermediate CAs."""
    found = [("x509ca/root.pem", ca.cert), ("private/gw.key", key), ("x509/gw.pem", cert)]
    return found + [(f"x509ca/{os.path.basename(path)}", path) for path in more]


def connection(local, remote, local_ts, remote_ts, psk="swordfish", ike="3des-sha1-modp1024", esp="3des-sha1-modp1024",
               more="", child="", ids=("", ""), encap=True, ah="", children=None):
    """A swanctl.conf with one IKEv1 connection `gw`, authenticated by a key, or without PSK by the certificate x509/gw.pem.
    It has a child `net`, or CHILDREN {name: (local_ts, remote_ts)}."""
    auth = "auth = psk" if psk else "auth = pubkey"
    local_id = f"id = {ids[0]}" if ids[0] else ""
    remote_id = f"id = {ids[1]}" if ids[1] else ""
    proposals = f"ah_proposals = {ah}" if ah else f"esp_proposals = {esp}"
    nets = "".join(f"{name} {{\nlocal_ts = {ours}\nremote_ts = {theirs}\n{proposals}\n{child}\n}}\n"
                   for name, (ours, theirs) in (children or {"net": (local_ts, remote_ts)}).items())
    return f"""
connections {{
    gw {{
        version = 1
        local_addrs = {local}
        remote_addrs = {remote}
        encap = {"yes" if encap else "no"}
        proposals = {ike}
        {more}
        local {{
            {auth}
            {"" if psk else "certs = gw.pem"}
            {local_id}
        }}
        remote {{
            {auth}
            {remote_id}
        }}
        children {{
            {nets}
        }}
    }}
}}
secrets {{
    {f"ike-gw {{ secret = {psk} }}" if psk else ""}
}}
"""
