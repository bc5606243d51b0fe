# SPDX-License-Identifier: BSD-2-Clause
#
# test_tcp_impaired.py - a real file through the tunnel, both ways at once, over a wire that does everything a wire may do.
#
# What arrives is compared by checksum. Frames are lost, repeated, altered, delayed and overtaken by badwire.BadWire, the same for the
# same seed; the path MTU changes, and SAs are renewed, while the file is on its way. Hosts send superpackets and what arrives is
# merged, so that segmentation and merging of the gateways are in the path.

import contextlib
import time

import pytest
from lab import charon, gateway, junos
from lab.badwire import BadWire, translated
from lab.netlab import wait_until
from lab.transfer import Carry

IPSEC_SAS = "show services ipsec-vpn ipsec security-associations"
CLEAR = "clear services ipsec-vpn ipsec security-associations"
TIMEOUT_S = 120
AES = junos.phase2("esp", "aes-128-cbc", "hmac-sha1-96")

# What the wire does (parts of 1). Loss of one in a hundred is what a bad radio link has.
WIRES = {
    "clean": {},
    "loss": {"loss": 0.01, "delay_us": 500},
    "duplicates": {"duplicate": 0.1},
    "reordered": {"reorder": 0.05, "hold_us": 1000},
    "altered": {"corrupt": 0.01},
    "all": {"loss": 0.003, "duplicate": 0.02, "reorder": 0.02, "hold_us": 800, "corrupt": 0.003, "delay_us": 200},
}
# How the far gateway does it: threads, and trains of segments or single packets inside and outside.
WAYS = {
    "one-worker": "services-options { workers 1; }",
    "two-workers": "services-options { workers 2; }",
    "no-inside-offload": "services-options { workers 2; no-inside-offload; }",
    "no-outside-offload": "services-options { workers 2; no-outside-offload; }",
    "no-offload": "services-options { workers 1; no-inside-offload; no-outside-offload; }",
}
COUNTED = {"loss": "lost", "duplicate": "duplicated", "reorder": "reordered", "corrupt": "corrupted"}


class Tunnel:
    """Two of ours with a negotiated tunnel over a BadWire."""

    def __init__(self, t, in_udp=True, wire=None, seed=1, far_statement="", plain_hosts=False, direct=False):
        self.t = t
        self.wire = None if direct else BadWire(t, seed)
        if plain_hosts:
            for ns, iface in ((t.host_a, "eth0"), (t.host_b, "eth0"), (t.gw_a, "lan"), (t.gw_b, "lan")):
                ns.offload_off(iface)
        side_a, side_b = junos.sides(t)
        with translated(t) if in_udp else contextlib.nullcontext():
            self.b = gateway.Gateway(t.gw_b, self.config(side_b, far_statement))
            self.a = gateway.Gateway(t.gw_a, self.config(side_a))
            self.come_up()
        assert ("UDP encapsulate: Enabled" in self.a.cli(IPSEC_SAS + " detail")) == in_udp
        self.settings = WIRES[wire or "clean"]
        if self.wire:
            self.wire.set(**self.settings)

    @staticmethod
    def config(side, statement=""):
        text = junos.next_hop(side, [junos.Dynamic(ipsec_policy="i1")], more=junos.ike(ipsec=AES))
        return text.replace("sp-1/2/0 {", f"sp-1/2/0 {{ {statement}", 1)

    def come_up(self):
        wait_until(lambda: self.t.host_a.ping(self.t.HOST_B, count=1, interval_s=0.05, timeout_s=1).lost == 0, 20,
                   lambda: f"the tunnel\n{self.a.log()}")

    def carry(self, megabytes):
        """A file each way."""
        t = self.t
        return [Carry(t.host_a, t.host_b, t.HOST_B, 5001, megabytes), Carry(t.host_b, t.host_a, t.HOST_A, 5002, megabytes)]

    def check(self, files):
        try:
            for f in files:
                f.check(TIMEOUT_S)
        except AssertionError as e:
            raise AssertionError(f"{e}\n{self.wire and self.wire.counters()}\n{self.a.cli('show services ipsec-vpn ipsec statistics')}\n"
                                 f"{self.b.cli('show services ipsec-vpn ipsec statistics')}") from e
        if not self.wire:
            return
        seen = self.wire.counters()
        assert seen["frames"] > 1000 and seen["overflow"] == 0, seen
        for setting, counter in COUNTED.items():
            assert (seen[counter] > 0) == (setting in self.settings), seen


def changes(files, *steps, pause_s=0.3, most=200):
    """Does STEPS one after the other, again and again, at MOST so often, while FILES are on their way; returns how often."""
    n = 0
    while n < most and not all(f.is_done() for f in files):
        steps[n % len(steps)]()
        n += 1
        time.sleep(pause_s)
    return n


@pytest.mark.packets(covering=True)
@pytest.mark.parametrize("in_udp", [True, False], ids=["udp", "esp"])
def test_everything_at_once(two_gateways, in_udp):
    s = Tunnel(two_gateways, in_udp, "all")
    s.check(s.carry(8))


@pytest.mark.slow
@pytest.mark.packets
@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("in_udp", [True, False], ids=["udp", "esp"])
def test_each(two_gateways, in_udp, wire):
    s = Tunnel(two_gateways, in_udp, wire, seed=7)
    s.check(s.carry(16))


@pytest.mark.slow
@pytest.mark.parametrize("far", WAYS)
@pytest.mark.parametrize("in_udp", [True, False], ids=["udp", "esp"])
def test_trains_arrive_as_they_were_sent(two_gateways, in_udp, far):
    """Between virtual machines the kernel may hand over a train of segments uncut, to whoever it is."""
    s = Tunnel(two_gateways, in_udp, far_statement=WAYS[far], direct=True)
    s.check(s.carry(8))


@pytest.mark.slow
@pytest.mark.packets
@pytest.mark.parametrize("in_udp", [True, False], ids=["udp", "esp"])
def test_hosts_that_send_single_packets(two_gateways, in_udp):
    s = Tunnel(two_gateways, in_udp, "all", seed=3, plain_hosts=True)
    s.check(s.carry(16))


@pytest.mark.slow
@pytest.mark.parametrize("in_udp", [True, False], ids=["udp", "esp"])
def test_the_path_becomes_narrow_and_wide(two_gateways, in_udp):
    s = Tunnel(two_gateways, in_udp)
    s.wire.set(delay_us=3000)           # so that it takes a while
    files = s.carry(256)
    assert changes(files, lambda: s.wire.mtu(1300), lambda: s.wire.mtu(1500), lambda: s.wire.mtu(1000), most=20) >= 3
    s.check(files)


@pytest.mark.slow
@pytest.mark.parametrize("in_udp", [True, False], ids=["udp", "esp"])
def test_sas_are_cleared(two_gateways, in_udp):
    """Each time all SAs are gone, and others are negotiated."""
    s = Tunnel(two_gateways, in_udp)
    s.wire.set(delay_us=3000)
    files = s.carry(64)
    assert changes(files, lambda: s.a.cli(CLEAR), lambda: s.b.cli(CLEAR), pause_s=0.4, most=8) >= 2    # for ever, and nothing would get through
    s.check(files)


@pytest.mark.slow
@pytest.mark.skipif(charon.missing() is not None, reason=str(charon.missing()))
def test_sas_are_renewed(two_gateways):
    """By a peer that does so each two seconds, without a lost packet: what is on its way belongs to the SA of before."""
    t = two_gateways
    wire = BadWire(t)
    a = gateway.Gateway(t.gw_a, Tunnel.config(junos.sides(t)[0]))
    b = charon.Charon(t.gw_b, charon.connection(t.WAN_B, t.WAN_A, "10.2.0.0/24", "10.1.0.0/24", esp="aes128-sha1",
                                                child="rekey_time = 2s\nrand_time = 0s\nlife_time = 30s"))
    b.initiate("net")
    wire.set(delay_us=3000, reorder=0.001)
    for _ in range(6):
        for way in ((t.host_a, t.host_b, t.HOST_B), (t.host_b, t.host_a, t.HOST_A)):   # one after the other: the peer is slow
            Carry(*way, 5001, 64).check(TIMEOUT_S)
        if b.log().count("established with SPIs") >= 3:
            break
    assert b.log().count("established with SPIs") >= 3, b.log()[-3000:]
    assert "Installed" in a.cli(IPSEC_SAS + " detail")
