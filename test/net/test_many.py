# SPDX-License-Identifier: BSD-2-Clause
#
# test_many.py - several service sets, services interfaces and styles on one gateway, behind one local gateway.

import re
import time

import pytest
from lab import junos
from lab.gateway import Gateway
from lab.netlab import wait_until

pytestmark = pytest.mark.packets

NETS = {"sp-1/2/0": "1", "ms-2/3/0": "2", "es-0/0/0": "3"}  # third octet of 10.1.x.0/24 and 10.2.x.0/24


def config(t, side):
    """Three services interfaces, one local gateway: a next-hop set on each of two PICs and an es- unit; transport mode for
    UDP between the gateways."""
    here, there = ("1", "2") if side == "a" else ("2", "1")
    me, peer = (t.WAN_A, t.WAN_B) if side == "a" else (t.WAN_B, t.WAN_A)

    def manual(i, protocol="esp"):
        return junos.manual(junos.Sa(protocol, spi_ab=300 + i, spi_ba=400 + i), side)

    sets, rules, units, routes = "", "", "", ""
    for i, pic in enumerate(["sp-1/2/0", "ms-2/3/0"]):
        units += f"""{pic} {{ unit 1 {{ family inet; service-domain inside; }}
                              unit 2 {{ family inet; service-domain outside; }} }}\n"""
        sets += f"""service-set s{i} {{
            next-hop-service {{ inside-service-interface {pic}.1; outside-service-interface {pic}.2; }}
            ipsec-vpn-options {{ local-gateway {me}; }} ipsec-vpn-rules r{i}; }}\n"""
        rules += f"""rule r{i} {{ term 1 {{ then {{ remote-gateway {peer}; {manual(i, ["esp", "bundle"][i])} }} }}
                                  match-direction input; }}\n"""
        routes += f"route 10.{there}.{NETS[pic]}.0/24 next-hop {pic}.1;\n"
    routes += f"route 10.{there}.3.0/24 next-hop 172.16.0.{there};\n"
    return f"""
interfaces {{
    {units}
    es-0/0/0 {{ unit 0 {{ tunnel {{ source {me}; destination {peer}; }}
        family inet {{ ipsec-sa sa-es; address 172.16.0.{here}/32 {{ destination 172.16.0.{there}; }} }} }} }}
    lo0 {{ unit 0 {{ family inet {{ filter {{ output host; }} }} }} }}
}}
routing-options {{ static {{ {routes} }} }}
firewall {{ filter host {{
    term udp {{ from {{ destination-address {peer}/32; protocol icmp; }} then {{ count host; ipsec-sa sa-host; }} }}
    term rest {{ then accept; }}
}} }}
security {{ ipsec {{
    security-association sa-es {{ mode tunnel; {manual(2)} }}
    security-association sa-host {{ mode transport; {manual(3, "ah")} }}
    security-association sa-idle {{ mode tunnel; {manual(4)} }}
}} }}
services {{ {sets} ipsec-vpn {{ {rules} }} }}
"""


def start(t):
    for x in NETS.values():
        t.host_a.addr("eth0", f"10.1.{x}.10/24")
        t.host_b.addr("eth0", f"10.2.{x}.10/24")
        t.gw_a.route(f"10.1.{x}.0/24", dev="lan")
        t.gw_b.route(f"10.2.{x}.0/24", dev="lan")
    return Gateway(t.gw_a, config(t, "a")), Gateway(t.gw_b, config(t, "b"))


def test_services_interfaces_share_a_local_gateway(two_gateways):
    """Each carries its own, and none takes the packets of the others for strays."""
    t = two_gateways
    a, _ = start(t)
    for x in NETS.values():
        assert t.host_a.ping(f"10.2.{x}.10", count=4, options=("-I", f"10.1.{x}.10")).lost == 0, x
    assert t.gw_a.ping(t.WAN_B, count=4).lost == 0
    text = a.cli("show services ipsec-vpn ipsec statistics")
    assert re.findall(r"No SA errors: (\d+)", text) == ["0", "0"], text
    assert re.findall(r"Decrypted packets: +(\d+)", text) == ["4", "4"], text
    drops = a.cli("show services service-sets statistics packet-drops")
    assert "unknown-spi" not in drops, drops


def test_a_stray_is_counted_once(two_gateways):
    """Everyone behind the gateway hears it."""
    t = two_gateways
    a, _ = start(t)
    t.gw_b.run(["/usr/bin/python3", "-c", "import socket, struct\n"
                "s = socket.socket(socket.AF_INET, socket.SOCK_RAW, 50)\n"
                f"for spi in (999, 998, 403): s.sendto(struct.pack('!II', spi, 1) + b'x' * 40, ('{t.WAN_A}', 0))"])

    def drops():
        shown = a.cli("show services service-sets statistics packet-drops")
        return re.findall(r"(unknown-spi|wrong-protocol) +(\d+)", shown)
    # 403 is the host's, but with AH: it says so, and nobody else
    wait_until(lambda: drops() == [("unknown-spi", "2"), ("wrong-protocol", "1")], what="the counters")
    time.sleep(0.2)
    assert drops() == [("unknown-spi", "2"), ("wrong-protocol", "1")]


def test_packets_do_not_wait_for_a_service_set(two_gateways):
    """While no service set takes packets of a unit they are lost, not kept until one does."""
    t = two_gateways
    a, _ = start(t)
    a.configure("deactivate services service-set s0")
    wait_until(lambda: len(a.pids("picd")) == 3, what="the end of the picd of sp-1/2/0")
    assert t.host_a.ping("10.2.1.10", count=3, timeout_s=1, options=("-I", "10.1.1.10")).received == 0
    with t.gw_a.capture("wan", "esp") as wire:
        a.configure("activate services service-set s0")
        time.sleep(0.5)
    assert not wire.packets()
    assert t.host_a.ping("10.2.1.10", count=3, options=("-I", "10.1.1.10")).lost == 0


def test_unused_security_association_is_shown_as_such(two_gateways):
    t = two_gateways
    a, _ = start(t)
    text = a.cli("show ipsec security-associations")
    assert text == """\
Security association: sa-es, Interface family: Up
  Direction SPI         AUX-SPI     Mode       Type     Protocol
  inbound   402         0           tunnel     manual   ESP
  outbound  302         0           tunnel     manual   ESP

Security association: sa-host
  Direction SPI         AUX-SPI     Mode       Type     Protocol
  inbound   403         0           transport  manual   AH
  outbound  303         0           transport  manual   AH

Security association: sa-idle, Interface family: No reference
  Direction SPI         AUX-SPI     Mode       Type     Protocol
  inbound   404         0           tunnel     manual   ESP
  outbound  304         0           tunnel     manual   ESP
""", text
    assert "State: Not installed" in a.cli("show ipsec security-associations detail sa-idle")
    assert "sa-idle" not in a.cli("show ipsec security-associations sa-es")
