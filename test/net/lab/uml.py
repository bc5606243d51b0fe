# SPDX-License-Identifier: BSD-2-Clause
#
# uml.py - a real Linux kernel as outside peer: a user-mode-linux guest that runs our scripts.
#
# The host's kernel may have no ESP; the guest's has ESP and AH, IPv4 and IPv6, tunnel, transport, and
# bundles by two templates. It boots once for many tests: a bridge in a namespace of its own joins the
# guest's vec0 to whatever namespace a test attaches. Scripts are bash, run as root in the guest:
#
#   uml.attach(gw, "wan")
#   uml.run("ip addr add 192.0.2.2/24 dev vec0; ip xfrm state add ...")

import itertools
import os
import shutil

from .netlab import LabError, _run

HERE = os.path.dirname(os.path.abspath(__file__))
BOOT_S = 60
CLEAN = """
ip xfrm policy flush; ip xfrm state flush
for n in $(ip netns list | cut -d' ' -f1); do ip netns del $n; done
for d in $(ip -o link show type dummy | awk -F': ' '{print $2}'); do ip link del $d; done
ip addr flush dev vec0; ip link set vec0 mtu 1500 down
ip route flush table main; ip -6 route flush table main
sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0
ip link set vec0 up
true
"""


def missing():
    """Why no guest can run here, or None."""
    if shutil.which("linux.uml") is None:
        return "user-mode-linux is not installed"
    if not os.path.isdir("/usr/lib/uml/modules"):
        return "the modules of user-mode-linux are not installed"
    return None


class GuestError(LabError):
    """A script failed in the guest."""


class Uml:
    """A running guest. LAB lives as long as the guest; it is not the lab of one test."""

    def __init__(self, lab):
        self.lab = lab
        self.net = lab.ns("uml")
        self.share = os.path.join(lab.folder, "share")
        os.mkdir(self.share)
        self._numbers = itertools.count(1)
        self._ports = itertools.count(1)
        self.net.ip("link add br0 type bridge forward_delay 0")
        self.net.ip("link set br0 addrgenmode none up")
        self.net.ip("link add guest type veth peer name port0")
        self.net.ip("link set port0 master br0 addrgenmode none up")
        self.process = self.net.spawn([os.path.join(HERE, "uml-peer.sh"), "guest", self.share])
        self.release = self.process.wait_line(r"guest-ready (\S+)", BOOT_S)[1]
        lacks = [line for line in self.process.out + self.process.err if "guest-lacks" in line]
        if lacks:
            raise GuestError("\n".join(lacks))
        self._errors_before = {}
        self.clean()

    def run(self, script, timeout_s=60, check=True):
        """Runs SCRIPT (bash) in the guest; returns what it printed. Each line must succeed, if CHECK."""
        number = next(self._numbers)
        path = os.path.join(self.share, f"{number}.sh")
        with open(path, "w", encoding="utf-8") as f:
            f.write(("set -e\n" if check else "") + script + "\n")
        self.process.write(f"{number}\n")
        status = int(self.process.wait_line(rf"guest-done {number} (\d+)", timeout_s)[1])
        with open(os.path.join(self.share, f"{number}.out"), encoding="utf-8", errors="replace") as f:
            output = f.read()
        if check and status != 0:
            raise GuestError(f"script ended with {status} in the guest\n{script}\n---\n{output}")
        return output

    def put(self, folder):
        """Copies FOLDER of the host to where the guest sees it; returns that path."""
        name = f"put-{next(self._numbers)}"
        shutil.copytree(folder, os.path.join(self.share, name))
        return f"/run/share/{name}"

    def clean(self):
        """Takes every address, SA, policy, route and namespace of the last test away."""
        self.run(CLEAN, check=False)
        self._errors_before = self._errors_read()

    def attach(self, ns, iface):
        """Makes IFACE in the namespace NS and joins it with the guest's vec0."""
        port = f"port{next(self._ports)}"
        _run(["ip", "link", "add", iface, "netns", ns.full_name, "type", "veth",
              "peer", "name", port, "netns", self.net.full_name])
        self.net.ip(f"link set {port} master br0 addrgenmode none up")
        ns.offload_off(iface)
        ns.ip(f"link set {iface} up")

    def _errors_read(self):
        pairs = (line.split() for line in self.run("cat /proc/net/xfrm_stat").splitlines())
        return {name: int(value) for name, value in pairs}

    def errors(self):
        """{counter: how often} of the guest's IPsec errors since the last clean(), from /proc/net/xfrm_stat."""
        now = self._errors_read()
        return {name: now[name] - self._errors_before.get(name, 0) for name in now
                if now[name] != self._errors_before.get(name, 0)}


# The guest's names for JUNOS's algorithms.
ENC = {None: "ecb(cipher_null)", "des-cbc": "cbc(des)", "3des-cbc": "cbc(des3_ede)", "aes-128-cbc": "cbc(aes)",
       "aes-192-cbc": "cbc(aes)", "aes-256-cbc": "cbc(aes)"}
AUTH = {"hmac-md5-96": ("hmac(md5)", 96), "hmac-sha1-96": ("hmac(sha1)", 96), "hmac-sha-256-128": ("hmac(sha256)", 128)}


def _key(key):
    return f"0x{key.hex()}" if key else "''"


def state(src, dst, spi, proto="esp", mode="tunnel", enc=None, enc_key=b"", auth=None, auth_key=b"", reqid=1, extra=""):
    """The `ip xfrm state add` command of one direction of an SA. PROTO: "esp" or "ah"."""
    flags = []
    if mode == "tunnel":
        flags.append("af-unspec")       # may carry the other address family
    if proto == "ah" and ":" not in src:
        flags.append("align4")          # RFC 4302; Linux pads IPv4's AH to 8 octets if not told
    algorithms = " flag " + " ".join(flags) if flags else ""
    if proto == "esp":
        algorithms += f" enc '{ENC[enc]}' {_key(enc_key)}"
    if auth:
        name, bits = AUTH[auth]
        algorithms += f" auth-trunc '{name}' {_key(auth_key)} {bits}"
    return (f"ip xfrm state add src {src} dst {dst} proto {proto} spi {spi:#x} mode {mode} reqid {reqid} "
            f"replay-window 64{algorithms} {extra}\n")


def policy(direction, src, dst, templates, extra=""):
    """The `ip xfrm policy add` command. DIRECTION: in, out, fwd. TEMPLATES: (proto, mode, outer src, outer dst, reqid)
    in the order they are applied when sending."""
    line = f"ip xfrm policy add dir {direction} src {src} dst {dst} {extra}"
    for proto, mode, outer_src, outer_dst, reqid in templates:
        ends = f"src {outer_src} dst {outer_dst} " if mode == "tunnel" else ""
        line += f" tmpl {ends}proto {proto} mode {mode} reqid {reqid} level required"
    return line + "\n"
