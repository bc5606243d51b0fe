# SPDX-License-Identifier: BSD-2-Clause
#
# contenders.py - what carries packets between the two gateways of gateway_bench: Sallyport, its peers, and what bounds them.
#
# A contender is made on the topology of test/net/lab/netlab.TwoGateways (host a, gateway a, gateway b, host b), carries
# everything between 10.1.0.0/16 and 10.2.0.0/16, and has taken away all it made when it is stopped, so that the next one finds the
# same namespaces. Peers are Debian's packages with the settings a user would find in their manuals; all of them are user-space
# programs, as Sallyport is.
import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[1]
BUILD = pathlib.Path(os.environ.setdefault("SALLYPORT_BUILD", str(TOP / "build-bench")))
sys.path.insert(0, str(TOP / "test/net"))
from lab import badwire, charon, gateway, junos, netlab  # noqa: E402

NET_A, NET_B = "10.1.0.0/16", "10.2.0.0/16"
SPREAD_NET, SPREAD_FIRST = "10.2.64.0/18", 64 << 8     # all of it is host b; the tunnels of SallyportMany divide it
DEVICE = "tun0"
TUN_A, TUN_B = "10.99.0.1", "10.99.0.2"


class Contender:
    """One that can be started and stopped on a TwoGateways T; .programs names its processes on the gateways."""

    title = ""
    programs = ()
    measures = ("tcp1", "tcp4", "pps", "ping")

    def __init__(self, t, options):
        self.t, self.options = t, options

    def start(self):
        """Returns when packets may be sent."""

    def stop(self):
        """Takes away all that start() made."""

    def pids(self):
        """Processes of both gateways."""
        found = []
        for ns in (self.t.gw_a, self.t.gw_b):
            for pid in netlab._run(["ip", "netns", "pids", ns.full_name]).stdout.split():
                try:
                    comm = pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
                except OSError:
                    continue
                if comm in self.programs:
                    found.append(int(pid))
        return found

    def missing(self):
        """Why it cannot be run here, or None."""
        return None

    # --- what several of them need ---

    def routes(self, dev):
        self.t.gw_a.route(NET_B, dev=dev)
        self.t.gw_b.route(NET_A, dev=dev)


class Plain(Contender):
    """Plain forwarding by the kernel: the ceiling."""

    title = "plain forwarding"
    measures = (*Contender.measures, "spread")

    def start(self):
        self.t.gw_a.route(NET_B, via=self.t.WAN_B)
        self.t.gw_b.route(NET_A, via=self.t.WAN_A)

    def stop(self):
        self.t.gw_a.ip(f"route del {NET_B}")
        self.t.gw_b.ip(f"route del {NET_A}")


class PlainTun(Contender):
    """A program between a TUN device and a socket without protection."""

    title = "plain TUN"
    programs = ("tun_relay",)
    mtu = 1472

    def command(self, here, there):
        return [BUILD / "bench/tun_relay", DEVICE, here, there, "4600"]

    def start(self):
        self.running = []
        for ns, here, there in ((self.t.gw_a, self.t.WAN_A, self.t.WAN_B), (self.t.gw_b, self.t.WAN_B, self.t.WAN_A)):
            p = ns.spawn(self.command(here, there))
            p.wait_line("ready")
            ns.ip(f"link set {DEVICE} mtu {self.mtu} up")
            self.running.append(p)
        self.routes(DEVICE)

    def stop(self):
        for p in self.running:
            p.stop(signal.SIGKILL)


class BarePump(PlainTun):
    """What every IPsec gateway in user space must do, and nothing else: see bare_pump.c."""

    title = "bare pump"
    programs = ("bare_pump",)
    options_of_it = ()
    mtu = 1438      # what leaves then has 1500 octets

    def command(self, here, there):
        return [BUILD / "bench/bare_pump", *self.options_of_it, DEVICE, here, there, "4600"]


class BarePumpTwo(BarePump):
    title = "bare pump, two threads"
    options_of_it = ("-t",)


class Sallyport(Contender):
    """Two of ours, with one negotiated tunnel."""

    programs = ("picd",)
    in_udp = True
    io = ""

    workers = 0     # as many as the options say
    term_extra = ""

    def config(self, side):
        return self.text(side)

    def text(self, side, establish="", routes=None):
        """The configuration of SIDE with a tunnel for each of its nets; ROUTES instead of one for each."""
        algorithm = self.options.algorithm
        auth = "" if "gcm" in algorithm or "poly" in algorithm else "hmac-sha1-96"
        phase2 = junos.phase2("esp", algorithm, auth)
        if not auth:
            phase2 = phase2.replace("authentication-algorithm ;", "")
        more = junos.ike(proposal=junos.phase1(enc="aes-128-cbc", group="group14"), ipsec=phase2,
                         more=f"establish-tunnels {establish};" if establish else "")
        text = junos.next_hop(side, [junos.Dynamic(ipsec_policy="i1")] * len(side.nets), term_extra=self.term_extra,
                              more=more + (routes or ""), routes=not routes)
        workers = self.workers or self.options.workers
        options = (f"workers {workers};" if workers else "") + self.io + self.options.statement
        return text.replace("sp-1/2/0 {", f"sp-1/2/0 {{ services-options {{ {options} }}", 1) if options else text

    def start(self):
        t = self.t
        side_a = junos.Side("a", t.WAN_A, t.WAN_B, [NET_A], [NET_B])
        side_b = junos.Side("b", t.WAN_B, t.WAN_A, [NET_B], [NET_A])
        with badwire.translated(t) if self.in_udp else contextlib.nullcontext():
            self.b = gateway.Gateway(t.gw_b, self.config(side_b))
            self.a = gateway.Gateway(t.gw_a, self.config(side_a))
            self.wait_up()
        shown = self.a.cli("show services ipsec-vpn ipsec security-associations detail")
        if (shown.count("UDP encapsulate: Enabled") == shown.count("Tunnel index:")) != self.in_udp:
            raise netlab.LabError(f"not the encapsulation that was wanted:\n{shown[:2000]}")

    def wait_up(self):
        netlab.wait_until(lambda: self.t.host_a.ping(self.t.HOST_B, count=1, interval_s=0.1, timeout_s=1).lost == 0, 20,
                          lambda: "a ping through the tunnel\n" + self.a.log())

    def stop(self):
        for gw in (self.a, self.b):
            gw.stop()
            shutil.rmtree(gw.run_dir, ignore_errors=True)


class SallyportUdp(Sallyport):
    title = "Sallyport, ESP in UDP"
    measures = (*Contender.measures, "spread")


class SallyportEsp(Sallyport):
    title = "Sallyport, plain ESP"
    in_udp = False
    io = "plain-esp-io af-xdp;"  # the devices here are veth, which is left alone unless it is said


class SallyportMany(SallyportUdp):
    """Ten thousand tunnels of one IKE SA, one for each address of host b."""

    title = "Sallyport, many tunnels"
    measures = ("spread",)

    def terms(self):
        """(net of a, net of b) for each; the first is for whoever begins."""
        there = [f"10.2.{(SPREAD_FIRST + i) >> 8}.{i & 255}/32" for i in range(self.options.tunnels)]
        return [(NET_A, "10.2.0.0/24")] + [(NET_A, net) for net in there]

    def config(self, side):
        side.nets, side.peer_nets = zip(*self.terms()) if side.name == "a" else list(zip(*self.terms()))[::-1]
        routes = f"routing-options {{ static {{ route {NET_B if side.name == 'a' else NET_A} next-hop sp-1/2/0.1; }} }}"
        return self.text(side, "immediately" if side.name == "a" else "responder-only", routes)

    def wait_up(self):
        """An IKE SA has at most some thousand tunnels: all must be there before translation ends."""
        wanted = self.options.tunnels + 1
        netlab.wait_until(lambda: self.n_up() >= wanted, 300, lambda: f"{wanted} tunnels; {self.n_up()} are there", 1)

    def n_up(self):
        said = self.a.cli("show services ipsec-vpn ipsec security-associations | match outbound | count")
        return int(re.search(r"Count: (\d+)", said)[1])


class OneWorker(SallyportUdp):
    title = "ESP in UDP, one worker"
    measures = ("seal", "sealed", "open", "opened")
    workers = 1
    term_extra = "no-anti-replay;"      # for what is sent again

    def kill_a(self):
        """Nothing is said to gateway b, and nobody is there who knows its port."""
        os.kill(self.a.pids("sallyportd")[0], signal.SIGSTOP)   # starts nobody again
        for pid in self.t.gw_a.run(["ip", "netns", "pids", self.t.gw_a.full_name]).stdout.split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        netlab.wait_until(lambda: not self.a.pids("picd") + self.a.pids("kmd") + self.a.pids("netd"), 10, "the end of gateway a")


class TwoWorkers(OneWorker):
    """The cores are theirs: they help each other as on a machine that has some to spare."""
    title = "ESP in UDP, two workers"
    workers = 2
    io = SallyportUdp.io + "help-threshold 25;"


class StrongSwan(Contender):
    """charon with its ESP in user space, which knows only ESP in UDP."""

    title = "strongSwan"
    programs = ("charon",)

    def missing(self):
        return charon.missing()

    def start(self):
        t = self.t
        esp = "aes128gcm16" if self.options.peer_gcm else "aes128-sha1"
        self.running = []
        for ns, here, there, ours, theirs in ((t.gw_b, t.WAN_B, t.WAN_A, NET_B, NET_A), (t.gw_a, t.WAN_A, t.WAN_B, NET_A, NET_B)):
            text = charon.connection(here, there, ours, theirs, ike="aes128-sha1-modp2048", esp=esp)
            self.running.append(charon.Charon(ns, text.replace("version = 1", "version = 2"), level=0))
        self.running[1].initiate("net")

    def stop(self):
        for c in self.running:
            c.process.stop(signal.SIGTERM)
            shutil.rmtree(c.folder)


class WireGuardGo(Contender):
    title = "wireguard-go"
    programs = ("wireguard-go",)

    def missing(self):
        return None if shutil.which("wireguard-go") and shutil.which("wg") else "wireguard-go or wg is not installed"

    def start(self):
        t = self.t
        self.running = []
        keys = {}
        for name in "ab":
            private = subprocess.run(["wg", "genkey"], check=True, capture_output=True).stdout
            keys[name] = private, subprocess.run(["wg", "pubkey"], input=private, check=True, capture_output=True).stdout
        for name, other, ns, there, theirs in (("a", "b", t.gw_a, t.WAN_B, NET_B), ("b", "a", t.gw_b, t.WAN_A, NET_A)):
            dev = f"wg{name}{os.getpid()}"      # its control socket is in the file system, where all namespaces meet
            p = ns.spawn(["wireguard-go", "-f", dev], env=dict(os.environ, LOG_LEVEL="error"))
            self.running.append((p, ns, dev))
            netlab.wait_until(lambda dev=dev: os.path.exists(f"/var/run/wireguard/{dev}.sock"), 10, "wireguard-go")
            ns.run(["wg", "set", dev, "listen-port", "51820", "private-key", "/dev/stdin", "peer",
                    keys[other][1].decode().strip(), "endpoint", f"{there}:51820", "allowed-ips", theirs],
                   input=keys[name][0].decode())
            ns.ip(f"link set {dev} up")
            ns.route(theirs, dev=dev)

    def stop(self):
        for p, _, dev in self.running:
            p.stop(signal.SIGTERM)
            pathlib.Path(f"/var/run/wireguard/{dev}.sock").unlink(missing_ok=True)


class OpenVpn(Contender):
    title = "OpenVPN"
    programs = ("openvpn",)
    OPTIONS = ("--proto udp --port 1194 --data-ciphers AES-128-GCM --disable-dco --dh none --auth-nocache --verb 1 "
               "--dev-type tun --ping 10").split()

    def missing(self):
        return None if shutil.which("openvpn") else "openvpn is not installed"

    def start(self):
        t = self.t
        folder = t.gw_a.lab.folder
        prints = {}
        for name in "ab":
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                            "-keyout", f"{folder}/ovpn-{name}.key", "-out", f"{folder}/ovpn-{name}.crt", "-subj", f"/CN={name}",
                            "-days", "2"], check=True, capture_output=True)
            said = subprocess.run(["openssl", "x509", "-in", f"{folder}/ovpn-{name}.crt", "-noout", "-fingerprint", "-sha256"],
                                  check=True, capture_output=True, text=True).stdout
            prints[name] = said.split("=")[1].strip()
        self.running = []
        for name, other, ns, here, there, tun, far, role, net in (
                ("b", "a", t.gw_b, t.WAN_B, t.WAN_A, TUN_B, TUN_A, "--tls-server", NET_A),
                ("a", "b", t.gw_a, t.WAN_A, t.WAN_B, TUN_A, TUN_B, "--tls-client", NET_B)):
            p = ns.spawn(["openvpn", "--dev", DEVICE, "--local", here, "--remote", there, "--ifconfig", tun, far, role,
                          "--cert", f"{folder}/ovpn-{name}.crt", "--key", f"{folder}/ovpn-{name}.key",
                          "--peer-fingerprint", prints[other], "--route", net.split("/")[0], "255.255.0.0", *self.OPTIONS])
            self.running.append(p)
        for p in self.running:
            p.wait_line("Initialization Sequence Completed", 30)

    def stop(self):
        for p in self.running:
            p.stop(signal.SIGTERM)


ALL = {"plain": Plain, "tun": PlainTun, "bare": BarePump, "bare2": BarePumpTwo, "udp": SallyportUdp, "esp": SallyportEsp,
       "strongswan": StrongSwan, "wireguard": WireGuardGo, "openvpn": OpenVpn, "many": SallyportMany, "workers1": OneWorker,
       "workers2": TwoWorkers}
