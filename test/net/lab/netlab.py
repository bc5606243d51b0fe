# SPDX-License-Identifier: BSD-2-Clause
#
# netlab.py - network namespaces for one test: made, wired, used, and always removed.
#
# A Lab owns everything it makes: namespaces, the processes started in them, a temporary folder. It is
# a context manager; the pytest fixture `lab` wraps each test in one. Namespace names carry the process
# id, so that runs beside each other do not meet, and what a killed run left behind is removed by the
# next one. Needs root.

import atexit
import contextlib
import ctypes
import fcntl
import itertools
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time

PREFIX = "sptest"
PATIENCE_S = 60.0   # for what shall come soon: the machine may be slow and busy
SETTLED_S = 1.0     # a capture whose counters do not change for so long, while tcpdump answers, has all
RING_KIB = 65536    # of a capture; each packet takes a quarter of a MiB of it
_serial = itertools.count()
_libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000


class LabError(AssertionError):
    """Something the laboratory was asked to do did not work; the text has the command's own words."""


def wait_until(is_true, timeout_s=PATIENCE_S, what="the condition", step_s=0.02):
    """Calls IS_TRUE until it returns something true, which is returned; raises after TIMEOUT_S."""
    end = time.monotonic() + timeout_s
    while True:
        value = is_true()
        if value:
            return value
        if time.monotonic() > end:
            raise LabError(f"waited {timeout_s} s in vain for {what() if callable(what) else what}")
        time.sleep(step_s)


def _run(command, timeout_s=PATIENCE_S, check=True, **kw):
    run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=timeout_s,
                         check=False, **kw)
    if check and run.returncode != 0:
        raise LabError(f"{command} ended with {run.returncode}\n{run.stdout}{run.stderr}")
    return run


class Process:
    """A program running in the background; what it prints is collected line by line."""

    def __init__(self, command, **kw):
        self.command = command
        self.out = []
        self.err = []
        self.popen = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                      text=True, errors="replace", bufsize=1, **kw)
        self.readers = [threading.Thread(target=self._read, args=a, daemon=True)
                        for a in ((self.popen.stdout, self.out), (self.popen.stderr, self.err))]
        for reader in self.readers:
            reader.start()

    @staticmethod
    def _read(pipe, lines):
        with pipe:
            for line in pipe:
                lines.append(line.rstrip("\n"))

    @property
    def pid(self):
        return self.popen.pid

    def is_alive(self):
        return self.popen.poll() is None

    def write(self, text):
        self.popen.stdin.write(text)
        self.popen.stdin.flush()

    def wait_line(self, pattern, timeout_s=PATIENCE_S, where="out", after=0):
        """Waits for a line (index AFTER or later) that matches PATTERN; returns the match."""
        lines = getattr(self, where)

        def find():
            for line in lines[after:]:
                m = re.search(pattern, line)
                if m:
                    return m
            if not self.is_alive() and not any(r.is_alive() for r in self.readers):
                raise LabError(f"{self.command} ended with {self.popen.returncode} before it said {pattern!r}\n"
                               + "\n".join(self.out + self.err))
            return None
        return wait_until(find, timeout_s, f"{pattern!r} from {self.command}; it said {lines[-20:]}")

    def wait(self, timeout_s=PATIENCE_S):
        """Waits for the end; returns the exit status."""
        status = self.popen.wait(timeout_s)
        for reader in self.readers:
            reader.join(timeout_s)
        with contextlib.suppress(OSError):
            self.popen.stdin.close()
        return status

    def stop(self, sig=signal.SIGTERM, timeout_s=PATIENCE_S):
        """Ends the program, if need be with SIGKILL; returns its exit status."""
        if self.is_alive():
            self.popen.send_signal(sig)
            try:
                self.popen.wait(timeout_s)
            except subprocess.TimeoutExpired:
                self.popen.kill()
        return self.wait()


class Ping:
    """What ping reported. A packet that could not even be sent counts as sent and lost."""

    def __init__(self, text):
        m = re.search(r"(\d+) packets transmitted, (\d+) received", text)
        if m is None:
            raise LabError(f"ping said nothing about its packets:\n{text}")
        self.text = text
        self.sent, self.received = int(m[1]), int(m[2])
        self.lost = self.sent - self.received
        answered = [int(n) for n in re.findall(r"icmp_seq=(\d+) ttl=", text)]
        # lost before the last answer: when a ping is ended, some may still be on their way
        self.gaps = max(answered, default=0) - len(set(answered))
        self.duplicates = sum(int(n) for n in re.findall(r"\+(\d+) duplicates", text))

    def hear(self, n):
        """N answers came in all, some of them after ping had gone."""
        self.received = max(self.received, n)
        self.lost = self.sent - self.received

    def __repr__(self):
        return f"<ping {self.received} of {self.sent}>"


class Answers:
    """Hears the answers to a ping with IDENTIFIER on a socket of its own. ping itself waits no longer for the last of them than
    twice what the slowest before took, and on a busy machine that is nothing."""

    def __init__(self, ns, is_ip6, identifier):
        self.is_ip6, self.identifier = is_ip6, identifier
        family, protocol = (socket.AF_INET6, socket.IPPROTO_ICMPV6) if is_ip6 else (socket.AF_INET, socket.IPPROTO_ICMP)
        with ns.inside():
            self.socket = socket.socket(family, socket.SOCK_RAW, protocol)
        self.socket.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)     # SO_RCVBUFFORCE

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def count(self, wanted, timeout_s):
        """Returns how many requests were answered, when it were WANTED or when TIMEOUT_S passed without an answer."""
        answered = set()
        self.socket.settimeout(timeout_s)
        with contextlib.suppress(TimeoutError):
            while len(answered) < wanted:
                data = self.socket.recv(70000)
                data = data if self.is_ip6 else data[(data[0] & 15) * 4:]
                kind, _, _, identifier, number = struct.unpack("!BBHHH", data[:8])
                if kind == (129 if self.is_ip6 else 0) and identifier == self.identifier:
                    answered.add(number)
        return len(answered)


class Capture:
    """tcpdump writing a pcap file; `with ns.capture("wan") as c: ...`, then c.packets()."""

    def __init__(self, ns, iface, path, expression):
        self.path = path
        self.counts, self.since = None, 0.0     # what tcpdump said of its counters, and since when
        command = ["tcpdump", "-i", iface, "-w", path, "-U", "--immediate-mode", "-s", "0", "-B", RING_KIB, "-Z", "root", "-n"]
        self.process = ns.spawn(command + ([expression] if expression else []))
        self.process.wait_line("listening on", where="err")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        if self.process.is_alive():
            time.sleep(0.1)     # what is on its way
            wait_until(self._has_all, what="what the capture ring holds")
            self.process.stop(signal.SIGINT)

    def _has_all(self):
        """Asks tcpdump for its counters: has it written what its filter let through?"""
        said = len(self.process.err)
        self.process.popen.send_signal(signal.SIGUSR1)
        counts = self.process.wait_line(r"(\d+) packets? captured, (\d+) packets? received by filter, (\d+) packets? dropped",
                                        where="err", after=said)
        if int(counts[3]) > 0:
            raise LabError(f"the ring of a capture was too small: {counts[0]}")     # or a test would not see what was dropped
        if counts[0] != self.counts:
            self.counts, self.since = counts[0], time.monotonic()
        # a packet that came while the filter was being set is counted, but tcpdump never gets it
        return int(counts[1]) >= int(counts[2]) or time.monotonic() - self.since > SETTLED_S

    def packets(self):
        """The packets captured so far, as scapy sees them."""
        # scapy knows a layer only once its module was imported
        from scapy.layers import inet, inet6, ipsec, l2  # noqa: F401
        from scapy.utils import rdpcap
        return rdpcap(self.path) if os.path.getsize(self.path) > 24 else []     # nothing behind the header yet


class Wire:
    """A bare packet socket on an interface: scapy's hands. The kernel of the namespace takes no part in it, as long as
    the interface has no address. `with ns.wire("wan") as w: w.send(frame); answer = w.receive(...)`."""

    ETH_P_ALL = 3

    def __init__(self, ns, iface):
        with ns.inside():
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(self.ETH_P_ALL))
        self.socket.bind((iface, 0))
        self.mac = ns.mac(iface)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, frame):
        """Sends FRAME (a scapy Ether, or bytes) as it is."""
        self.socket.send(bytes(frame))

    def receive(self, is_wanted, timeout_s=3.0):
        """Returns the first received frame (a scapy Ether) that IS_WANTED, or None. Our own frames do not count."""
        from scapy.layers.l2 import Ether
        end = time.monotonic() + timeout_s
        while (left := end - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                data, sender = self.socket.recvfrom(70000)
            except TimeoutError:
                break
            if sender[2] == socket.PACKET_OUTGOING:
                continue
            frame = Ether(data)
            if is_wanted(frame):
                return frame
        return None


class Namespace:
    """One network namespace. Made by Lab.ns()."""

    def __init__(self, lab, name, full_name):
        self.lab, self.name, self.full_name = lab, name, full_name
        self.taps = {}      # {interface: (namespace, interface)} where its packets are captured: AF_XDP goes past a capture
        _run(["ip", "netns", "add", full_name])
        self.ip("link set lo up")
        # Addresses are usable at once; asymmetric routes of a test are meant.
        self.sysctl("net.ipv6.conf.all.accept_dad=0", "net.ipv6.conf.default.accept_dad=0",
                    "net.ipv6.conf.default.dad_transmits=0",
                    "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.default.rp_filter=0")

    def __repr__(self):
        return f"<namespace {self.full_name}>"

    # --- programs ---

    def _command(self, command):
        if isinstance(command, str):
            command = ["bash", "-c", command]
        return ["ip", "netns", "exec", self.full_name, *map(str, command)]

    def run(self, command, timeout_s=PATIENCE_S, check=True, **kw):
        """Runs COMMAND (a list, or a string for bash) here; returns the subprocess.CompletedProcess."""
        return _run(self._command(command), timeout_s, check, **kw)

    def spawn(self, command, **kw):
        """Starts COMMAND in the background; it is ended with the lab at the latest."""
        process = Process(self._command(command), **kw)
        self.lab.processes.append(process)
        return process

    @contextlib.contextmanager
    def inside(self):
        """Moves this thread into the namespace: sockets opened in the block belong to it."""
        with open("/proc/thread-self/ns/net") as home, open(f"/run/netns/{self.full_name}") as there:
            _setns(there)
            try:
                yield self
            finally:
                _setns(home)

    # --- configuration ---

    def ip(self, arguments):
        """`ip ARGUMENTS` here; returns what it printed."""
        return _run(["ip", "-n", self.full_name, *arguments.split()]).stdout

    def sysctl(self, *settings):
        self.run(["sysctl", "-qw", *settings])

    def addr(self, iface, *addresses):
        """Gives IFACE the ADDRESSES (with prefix length) and sets it up."""
        self.ip(f"link set {iface} up")
        for address in addresses:
            self.ip(f"addr add {address} dev {iface}" + (" nodad" if ":" in address else ""))

    def route(self, destination, via=None, dev=None):
        family = "-6" if ":" in f"{destination}{via}" else "-4"
        self.ip(f"{family} route replace {destination}" + (f" via {via}" if via else "") + (f" dev {dev}" if dev else ""))

    def forward(self):
        """Makes a router of the namespace."""
        self.sysctl("net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")

    def offload_off(self, iface):
        """Has IFACE send finished checksums and single packets, as a wire would carry them."""
        # ETHTOOL_STXCSUM, _STSO, _SGSO, _SGRO of linux/ethtool.h
        self._ethtool(iface, (0x17, 0x1f, 0x24, 0x2c), 0)

    def offload_on(self, iface):
        """The opposite, which is how a veth begins; but what arrives is not merged."""
        self._ethtool(iface, (0x17, 0x1f, 0x24), 1)

    def merge_on(self, iface):
        """Has IFACE merge packets of a flow that arrive together (GRO), as a fast network card's driver does."""
        self._ethtool(iface, (0x2c,), 1)

    def _ethtool(self, iface, commands, value):
        with self.inside(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            for command in commands:
                setting = ctypes.create_string_buffer(struct.pack("II", command, value))
                request = struct.pack("16sP8x", iface.encode(), ctypes.addressof(setting))
                with contextlib.suppress(OSError):
                    fcntl.ioctl(s, 0x8946, request)     # SIOCETHTOOL

    # --- traffic and what can be seen ---

    def ping(self, target, count=3, interval_s=0.05, size=None, df=None, timeout_s=2, options=()):
        """Pings TARGET and returns a Ping. DF: "do", "want" or "dont" of ping -M. SIZE: bytes of ICMP data."""
        identifier = 1 + (os.getpid() * 251 + next(_serial)) % 65535
        command = ["ping", "-n", "-q", "-e", identifier, "-c", count, "-i", interval_s, "-W", timeout_s, *options]
        command += ["-s", size] if size is not None else []
        command += ["-M", df] if df else []
        with Answers(self, ":" in target, identifier) as answers:
            run = self.run([*command, target], timeout_s=count * interval_s + timeout_s + PATIENCE_S, check=False)
            if "packets transmitted" not in run.stdout:
                raise LabError(f"ping {target}: {run.stdout}{run.stderr}")
            ping = Ping(run.stdout)
            if 0 < ping.received < ping.sent:
                ping.hear(answers.count(ping.sent, timeout_s))
        return ping

    def ping_start(self, target, interval_s=0.01, options=()):
        """Starts a ping that goes on; end it with ping_end()."""
        return self.spawn(["ping", "-n", "-i", str(interval_s), "-W", "1", *options, target])

    @staticmethod
    def ping_end(process):
        process.stop(signal.SIGINT)
        return Ping("\n".join(process.out))

    def mac(self, iface):
        """The hardware address of IFACE."""
        return self.run(["cat", f"/sys/class/net/{iface}/address"]).stdout.strip()

    def wire(self, iface):
        """A bare packet socket on IFACE."""
        return Wire(self, iface)

    def capture(self, iface, expression=""):
        """Captures on IFACE into a pcap file of the lab's folder."""
        path = os.path.join(self.lab.folder, f"{self.name}-{iface}-{next(_serial)}.pcap")
        where, port = self.taps.get(iface, (self, iface))
        return Capture(where, port, path, expression)


def _setns(handle):
    if _libc.setns(handle.fileno(), CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


class Lab:
    """The owner of namespaces, processes and a temporary folder."""

    def __init__(self):
        _remove_left_behind()
        self.prefix = f"{PREFIX}-{os.getpid()}-{next(_serial)}"
        self.namespaces = {}
        self.processes = []
        # Not pytest's tmp_path: unprivileged daemons must get in, and a socket path has 108 bytes.
        self.folder = tempfile.mkdtemp(prefix="sp-", dir="/tmp")
        os.chmod(self.folder, 0o755)
        atexit.register(self.close)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def ns(self, name):
        """Makes the namespace NAME, or returns it if the lab has it."""
        if name not in self.namespaces:
            self.namespaces[name] = Namespace(self, name, f"{self.prefix}-{name}")
        return self.namespaces[name]

    def link(self, a, a_iface, b, b_iface, mtu=None):
        """Joins the namespaces A and B by a veth pair and sets both ends up."""
        ends = f"{a_iface} netns {a.full_name} type veth peer name {b_iface} netns {b.full_name}"
        _run(["ip", "link", "add", *ends.split()])
        for ns, iface in ((a, a_iface), (b, b_iface)):
            ns.ip(f"link set {iface}" + (f" mtu {mtu}" if mtu else "") + " up")

    def bridge(self, name, a, a_iface, b, b_iface):
        """Joins A and B by a bridge in the namespace NAME, where captures of these interfaces take place."""
        middle = self.ns(name)
        middle.ip("link add name br0 up type bridge mcast_snooping 0")
        for ns, iface, port in ((a, a_iface, "port-a"), (b, b_iface, "port-b")):
            self.link(ns, iface, middle, port)
            middle.ip(f"link set {port} master br0")
            ns.taps[iface] = (middle, port)

    def file(self, name, text):
        """Writes TEXT to the file NAME of the lab's folder; returns its path."""
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    def close(self):
        """Ends and removes everything. May be called twice."""
        atexit.unregister(self.close)
        for process in reversed(self.processes):
            with contextlib.suppress(Exception):
                process.stop()
        self.processes.clear()
        for ns in self.namespaces.values():
            _remove(ns.full_name)
        self.namespaces.clear()
        shutil.rmtree(self.folder, ignore_errors=True)


def _remove(full_name):
    """Removes a namespace and whatever still runs in it."""
    pids = _run(["ip", "netns", "pids", full_name], check=False).stdout.split()
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)
    _run(["ip", "netns", "del", full_name], check=False)


def _remove_left_behind():
    """Removes namespaces of runs that were killed: their process id is gone."""
    for line in _run(["ip", "netns", "list"]).stdout.splitlines():
        m = re.match(rf"({PREFIX}-(\d+)-\S+)", line)
        if m and not os.path.exists(f"/proc/{m[2]}"):
            _remove(m[1])


class TwoGateways:
    """The usual topology, dual-stack; no route leads through the tunnel yet.

        hostA --- gwA ---(wan)--- gwB --- hostB
        .0.10  .0.1  .1         .2  .0.1  .0.10

    inside: 10.1.0.0/24, fd01::/64 and 10.2.0.0/24, fd02::/64; wan: 192.0.2.0/24, 2001:db8:ff::/64. The gateways' Linux
    interfaces are `lan` and `wan`, the hosts' `eth0`. Hosts send everything to their gateway.
    """

    HOST_A, HOST_B = "10.1.0.10", "10.2.0.10"
    HOST_A6, HOST_B6 = "fd01::10", "fd02::10"
    LAN_A, LAN_B = "10.1.0.1", "10.2.0.1"
    LAN_A6, LAN_B6 = "fd01::1", "fd02::1"
    WAN_A, WAN_B = "192.0.2.1", "192.0.2.2"
    WAN_A6, WAN_B6 = "2001:db8:ff::1", "2001:db8:ff::2"

    def __init__(self, lab, has_taps=False):
        self.host_a, self.gw_a, self.gw_b, self.host_b = (lab.ns(n) for n in ("hostA", "gwA", "gwB", "hostB"))
        lab.link(self.host_a, "eth0", self.gw_a, "lan")
        if has_taps:
            lab.bridge("taps", self.gw_a, "wan", self.gw_b, "wan")
        else:
            lab.link(self.gw_a, "wan", self.gw_b, "wan")
        lab.link(self.gw_b, "lan", self.host_b, "eth0")
        for host, gw, host4, host6, lan4, lan6 in (
                (self.host_a, self.gw_a, self.HOST_A, self.HOST_A6, self.LAN_A, self.LAN_A6),
                (self.host_b, self.gw_b, self.HOST_B, self.HOST_B6, self.LAN_B, self.LAN_B6)):
            gw.forward()
            gw.addr("lan", f"{lan4}/24", f"{lan6}/64")
            host.addr("eth0", f"{host4}/24", f"{host6}/64")
            host.route("default", via=lan4)
            host.route("default", via=lan6)
        self.gw_a.addr("wan", f"{self.WAN_A}/24", f"{self.WAN_A6}/64")
        self.gw_b.addr("wan", f"{self.WAN_B}/24", f"{self.WAN_B6}/64")
