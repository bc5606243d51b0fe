# SPDX-License-Identifier: BSD-2-Clause
#
# test_netcmd.py - show interfaces, show route, show arp, ping and traceroute against what the kernel says.

import ipaddress
import json
import os
import re
import signal
import time
import xml.etree.ElementTree as ElementTree

import pytest
from lab.gateway import Gateway, program
from lab.netlab import wait_until

CONFIG = """
interfaces {
    ge-0/0/0 { description "to the provider"; device wan; unit 0 { description outside; family inet; family inet6; } }
    sp-1/2/0 { unit 1 { family inet; service-domain inside; } unit 2 { family inet; service-domain outside; } }
    lo0 { unit 0 { family inet { address 10.255.0.1/32; } } }
}
routing-options {
    static {
        route 10.2.0.0/16 next-hop sp-1/2/0.1;
        route 10.3.0.0/16 discard;
        route 10.4.0.0/16 { next-hop 192.0.2.2; preference 7; }
        route 10.5.0.0/16 reject;
    }
}
"""


@pytest.fixture
def gw(two_gateways):
    two_gateways.gateway = Gateway(two_gateways.gw_a, CONFIG)
    return two_gateways


def kernel(t, *command):
    return json.loads(t.gw_a.run(["ip", "-j", *command]).stdout)


def strip(element):
    """An XML tree without name spaces, for simple paths."""
    for e in element.iter():
        e.tag = e.tag.split("}")[-1]
        e.attrib = {k.split("}")[-1]: v for k, v in e.attrib.items()}
    return element


def xml(t, command):
    return strip(ElementTree.fromstring(t.gateway.cli(f"{command} | display xml")))


# --- show interfaces ---

def test_terse_has_the_columns_of_junos(gw):
    text = gw.gateway.cli("show interfaces terse")
    fe80 = {d["ifname"]: f"{a['local']}/64" for d in kernel(gw, "addr") for a in d["addr_info"] if a["scope"] == "link"}
    assert text == f"""\
Interface               Admin Link Proto    Local                 Remote
ge-0/0/0                up    up
ge-0/0/0.0              up    up   inet     192.0.2.1/24
                                   inet6    2001:db8:ff::1/64
                                            {fe80["wan"]}
sp-1/2/0                up    up
sp-1/2/0.1              up    up   inet
sp-1/2/0.2              up    up   inet
lo0                     up    up
lo0.0                   up    up   inet     10.255.0.1          --> 0/0
lan                     up    up
lan.0                   up    up   inet     10.1.0.1/24
                                   inet6    fd01::1/64
                                            {fe80["lan"]}
"""
    assert gw.gateway.cli("show interfaces terse sp-1/2/0.1") == text.splitlines(True)[0] + text.splitlines(True)[6]


def test_names_may_have_wildcards(gw):
    def names(what):
        return re.findall(r"^(\S+) +(?:up|down)", gw.gateway.cli(f"show interfaces terse {what}"), re.M)
    assert names("ge-*") == ["ge-0/0/0", "ge-0/0/0.0"]
    assert names("sp-*.1") == ["sp-1/2/0.1"]
    assert names('"[gl]*"') == ["ge-0/0/0", "ge-0/0/0.0", "lo0", "lo0.0", "lan", "lan.0"]
    assert names("xe-*") == []
    run = gw.gateway.cli("show interfaces xe-0/0/0", check=False)
    assert (run.returncode, run.stderr) == (1, "error: device xe-0/0/0 not found\n")


def test_detail_says_what_the_kernel_counts(gw):
    gw.gw_a.ping(gw.WAN_B, count=3)
    text = gw.gateway.cli("show interfaces ge-0/0/0 extensive")
    stats = kernel(gw, "-s", "link", "show", "wan")[0]
    assert "Physical interface: ge-0/0/0, Enabled, Physical link is Up\n" in text
    assert f"  Current address: {stats['address']}, Hardware address: {stats['address']}\n" in text
    assert "Description: to the provider\n" in text and "    Description: outside\n" in text
    physical = text[:text.index("Logical")]
    got = int(re.search(r"Input  packets: +(\d+)\n", physical).group(1))
    assert 3 <= got <= stats["stats64"]["rx"]["packets"]
    assert re.search(r"^  Output errors:\n    Carrier transitions: \d+, Errors: 0, Drops: ", text, re.M)
    assert "        Destination: 192.0.2/24, Local: 192.0.2.1, Broadcast: 192.0.2.255\n" in text


def test_cleared_counters_start_from_zero(gw):
    def packets():
        return int(xml(gw, "show interfaces ge-0/0/0 detail").find(
            ".//physical-interface/traffic-statistics/input-packets").text)
    gw.gw_a.ping(gw.WAN_B, count=50, interval_s=0.01)
    assert packets() >= 50
    assert gw.gateway.cli("clear interfaces statistics ge-0/0/0") == ""
    assert packets() < 25
    assert "Statistics last cleared: Never" not in gw.gateway.cli("show interfaces ge-0/0/0 extensive")
    assert "Statistics last cleared: Never" in gw.gateway.cli("show interfaces lan extensive")
    gw.gw_a.ping(gw.WAN_B, count=50, interval_s=0.01)
    assert 50 <= packets() < 100
    assert gw.gateway.cli("clear interfaces statistics xe-1/1/1", check=False).returncode == 1


def test_xml_nests_units_in_their_interface(gw):
    top = xml(gw, "show interfaces")
    inside = {p.findtext("name"): [u.findtext("name") for u in p.findall("logical-interface")]
              for p in top.iter("physical-interface")}
    assert inside == {"ge-0/0/0": ["ge-0/0/0.0"], "sp-1/2/0": ["sp-1/2/0.1", "sp-1/2/0.2"], "lo0": ["lo0.0"],
                      "lan": ["lan.0"]}
    first = top.find(".//physical-interface")
    assert first.find("admin-status").attrib == {"format": "Enabled"}
    assert first.find("if-device-flags/ifdf-running") is not None
    answer = json.loads(gw.gateway.cli("show interfaces terse | display json"))
    assert [p["name"][0]["data"] for p in answer["interface-information"][0]["physical-interface"]] == list(inside)


# --- show route ---

def shown(t, command="show route"):
    """(table, destination) -> list of [protocol, preference, next hops] by XML."""
    out = {}
    for table in xml(t, command).iter("route-table"):
        for rt in table.findall("rt"):
            out[table.findtext("table-name"), rt.findtext("rt-destination")] = [
                (e.findtext("protocol-name"), int(e.findtext("preference")),
                 [(nh.findtext("to"), nh.findtext("via") or nh.findtext("nh-local-interface")) for nh in e.findall("nh")]
                 or e.findtext("nh-type")) for e in rt.findall("rt-entry")]
    return out


def test_routes_are_those_of_the_kernel(gw):
    gw.gw_a.run(["ip", "route", "add", "10.78.0.0/16", "proto", "ospf", "metric", "20", "nexthop", "via", "192.0.2.9",
                 "nexthop", "via", "10.1.0.7"])
    got = shown(gw)
    devices = {"wan": "ge-0/0/0.0", "lan": "lan.0", "sp-1-2-0.1": "sp-1/2/0.1", "lo": "lo0.0"}
    for family, table in (("-4", "inet.0"), ("-6", "inet6.0")):
        for r in kernel(gw, family, "route", "show", "table", "main"):
            dst = "0.0.0.0/0" if r["dst"] == "default" else str(ipaddress.ip_network(r["dst"]))
            if dst.startswith("ff"):
                continue
            hops = [(h.get("gateway"), devices.get(h["dev"])) for h in r.get("nexthops", [r]) if "dev" in h]
            assert any(r.get("type") or e[2] == hops for e in got[table, dst]), (r, got[table, dst])
    assert got["inet.0", "10.2.0.0/16"] == [("Static", 5, [(None, "sp-1/2/0.1")])]
    assert got["inet.0", "10.3.0.0/16"] == [("Static", 5, "Discard")]
    assert got["inet.0", "10.4.0.0/16"] == [("Static", 7, [("192.0.2.2", "ge-0/0/0.0")])]
    assert got["inet.0", "10.5.0.0/16"] == [("Static", 5, "Reject")]
    assert got["inet.0", "192.0.2.0/24"] == [("Direct", 0, [(None, "ge-0/0/0.0")])]
    assert got["inet.0", "192.0.2.1/32"] == [("Local", 0, [(None, "ge-0/0/0.0")])]
    assert got["inet.0", "10.255.0.1/32"] == [("Direct", 0, [(None, "lo0.0")])]
    assert got["inet.0", "10.78.0.0/16"] == [("OSPF", 10, [("192.0.2.9", "ge-0/0/0.0"), ("10.1.0.7", "lan.0")])]
    assert ("inet.0", "127.0.0.0/8") not in got


def test_a_table_looks_like_that_of_junos(gw):
    text = re.sub(r"\d\d:\d\d:\d\d", "00:00:01", gw.gateway.cli("show route 10/8 table inet.0"))
    assert text == """
inet.0: 9 destinations, 9 routes (9 active, 0 holddown, 0 hidden)
+ = Active Route, - = Last Active, * = Both

10.1.0.0/24        *[Direct/0] 00:00:01
                    > via lan.0
10.1.0.1/32        *[Local/0] 00:00:01
                      Local via lan.0
10.2.0.0/16        *[Static/5] 00:00:01
                    > via sp-1/2/0.1
10.3.0.0/16        *[Static/5] 00:00:01
                      Discard
10.4.0.0/16        *[Static/7] 00:00:01
                    > to 192.0.2.2 via ge-0/0/0.0
10.5.0.0/16        *[Static/5] 00:00:01
                      Reject
10.255.0.1/32      *[Direct/0] 00:00:01
                    > via lo0.0
"""


def test_destinations_are_looked_up(gw):
    def found(what):
        return [dst for _, dst in shown(gw, f"show route {what}")]
    gw.gw_a.run(["ip", "route", "add", "default", "via", "192.0.2.2"])
    gw.gw_a.run(["ip", "route", "add", "10.2.8.0/24", "via", "192.0.2.2"])
    assert found("10.2.3.4") == ["10.2.0.0/16"]
    assert found("10.2.8.4") == ["10.2.8.0/24"]
    assert found("172.16.0.1") == ["0.0.0.0/0"]
    assert found("10.2.0.0/16") == ["10.2.0.0/16", "10.2.8.0/24"]
    assert found("10.2.0.0/16 exact") == ["10.2.0.0/16"]
    assert found("10.2.16.0/24") == ["10.2.0.0/16"]
    assert found("10.2.16.0/24 exact") == []
    assert found("10.2.8.0/25 best") == ["10.2.8.0/24"]
    assert found("0.0.0.0/0 exact") == ["0.0.0.0/0"]
    assert found("protocol static table inet.0 10/8") == ["10.2.0.0/16", "10.2.8.0/24", "10.3.0.0/16", "10.4.0.0/16",
                                                         "10.5.0.0/16"]
    assert found("next-hop 192.0.2.2") == ["0.0.0.0/0", "10.2.8.0/24", "10.4.0.0/16"]
    assert found("table red.inet.0") == []
    assert gw.gateway.cli("show route table red.inet.0") == ""
    assert gw.gateway.cli("show route 10.0.0.0/40", check=False).returncode == 1


def test_the_route_in_use_is_the_active_one(gw):
    gw.gw_a.run(["ip", "route", "add", "10.2.0.0/16", "via", "192.0.2.2", "proto", "bgp", "metric", "2"])
    text = gw.gateway.cli("show route 10.2.0.0/16 exact")
    assert re.search(r"10.2.0.0/16 +\*\[BGP/170\] [\d:]+, metric 2\n +> to 192.0.2.2 via ge-0/0/0.0\n"
                     r" {20}\[Static/5\] [\d:]+\n +> via sp-1/2/0.1\n", text), text
    assert "inet.0: 9 destinations, 10 routes (9 active, 0 holddown, 0 hidden)" in text
    summary = gw.gateway.cli("show route summary")
    assert summary.startswith("Router ID: 10.255.0.1\n\ninet.0: 9 destinations, 10 routes (9 active")
    assert re.search(r"^ {14}Static: {6}4 routes, {6}3 active\n", summary, re.M)


def test_ages_are_known(gw):
    time.sleep(2.1)
    gw.gateway.configure("set routing-options static route 10.9.0.0/16 discard")
    gw.gw_a.run(["ip", "route", "add", "10.10.0.0/16", "via", "192.0.2.2", "metric", "3"])
    gw.gw_a.run(["ip", "-6", "route", "add", "2001:db8:9::/48", "via", "2001:db8:ff::2"])

    def ages():
        return {rt.findtext("rt-destination"): int(rt.find("rt-entry/age").attrib["seconds"])
                for rt in xml(gw, "show route protocol static").iter("rt")}
    age = ages()
    for new in ("10.9.0.0/16", "10.10.0.0/16", "2001:db8:9::/48"):
        assert age[new] < age["10.2.0.0/16"] < 60
    time.sleep(2.1)
    later = ages()["10.10.0.0/16"]
    assert age["10.10.0.0/16"] + 2 <= later < 60
    gw.gw_a.run(["ip", "route", "del", "10.10.0.0/16"])
    gw.gw_a.run(["ip", "route", "add", "10.10.0.0/16", "via", "192.0.2.2", "metric", "3"])
    assert ages()["10.10.0.0/16"] < later


def test_forwarding_table(gw):
    text = gw.gateway.cli("show route forwarding-table family inet")
    assert text.startswith("Routing table: default.inet\nInternet:\nDestination        Type RtRef Next hop ")
    assert re.search(r"^10.4.0.0/16 +user +0 192.0.2.2 +ucst +\d+ +1 ge-0/0/0.0$", text, re.M)
    assert re.search(r"^192.0.2.1/32 +intf +0 192.0.2.1 +locl +\d+ +1 ge-0/0/0.0$", text, re.M)
    assert re.search(r"^10.3.0.0/16 +user +0 +dscd +\d+ +1$", text, re.M)


def test_instances_have_tables_of_their_own(gw):
    made = gw.gw_a.run(["ip", "link", "add", "red", "type", "vrf", "table", "77"], check=False)
    if made.returncode != 0:
        pytest.skip("this kernel has no VRF devices")
    gw.gw_a.run(["ip", "link", "set", "red", "up"])
    gw.gw_a.run(["ip", "link", "set", "lan", "master", "red"])
    got = shown(gw)
    assert got["red.inet.0", "10.1.0.0/24"] == [("Direct", 0, [(None, "lan.0")])]
    assert ("inet.0", "10.1.0.0/24") not in got
    assert "lan.0" in gw.gateway.cli("show interfaces terse routing-instance red")
    assert "1 packets received" in gw.gateway.cli(f"ping {gw.HOST_A} count 1 routing-instance red")


def test_very_many_routes_go_out_in_pieces(gw):
    n = 100000
    lines = "".join(f"route add 20.{i >> 16}.{i >> 8 & 255}.{i & 255}/32 via 192.0.2.2 proto bgp\n" for i in range(n))
    gw.gw_a.run(["ip", "-batch", "-"], input=lines, timeout_s=120)
    netd = gw.gateway.pids("netd")[0]

    def high():
        with open(f"/proc/{netd}/status", encoding="utf-8") as f:
            return int(re.search(r"VmHWM:\s+(\d+)", f.read()).group(1))
    before = high()
    start = time.monotonic()
    reader = gw.gw_a.spawn([program("sallyport"), "-r", gw.gateway.run_dir, "-c", "show route terse | match 20.1 | count"])
    # others are served meanwhile
    gw.gateway.configure("set routing-options static route 10.9.0.0/16 discard")
    reader.wait()
    took = time.monotonic() - start
    print(f"{n} routes in {took:.2f} s, netd grew by {high() - before} kB")
    count = int(re.search(r"Count: (\d+) lines", "\n".join(reader.out)).group(1))
    assert count >= n - 65536
    with open(program("sallyport"), "rb") as f:
        is_sanitized = b"__asan_init" in f.read()  # it keeps what was freed
    assert high() - before < (600000 if is_sanitized else 60000)
    assert "inet.0: 100010 destinations, 100010 routes" in gw.gateway.cli("show route 20.0.0.1")


# --- neighbours ---

def test_neighbours(gw):
    gw.gw_a.ping(gw.WAN_B, count=1)
    gw.gw_a.ping(gw.WAN_B6, count=1)
    mac = gw.gw_b.mac("wan")
    assert gw.gateway.cli("show arp no-resolve") == f"""\
MAC Address       Address         Interface           Flags
{mac} 192.0.2.2       ge-0/0/0.0          none
Total entries: 1
"""
    entry = xml(gw, "show arp").find(".//arp-table-entry")
    assert [entry.findtext(n) for n in ("mac-address", "ip-address", "interface-name")] == [mac, "192.0.2.2", "ge-0/0/0.0"]
    found = {e.findtext("ipv6-nd-neighbor-address"): e for e in xml(gw, "show ipv6 neighbors").iter("ipv6-nd-entry")}
    assert found["2001:db8:ff::2"].findtext("ipv6-nd-neighbor-l2-address") == mac
    assert found["2001:db8:ff::2"].findtext("ipv6-nd-isrouter") == "yes"
    assert gw.gateway.cli("show ipv6 neighbors").startswith("IPv6 Address                 Linklayer Address  State ")


def test_neighbours_are_forgotten(gw):
    gw.gw_a.ping(gw.WAN_B, count=1)
    gw.gw_a.ping(gw.HOST_A, count=1)
    gw.gw_a.run(["ip", "neigh", "add", "192.0.2.77", "lladdr", "02:00:00:00:00:77", "dev", "wan", "nud", "permanent"])

    def known():
        return set(re.findall(r"^\S+:\S+ (\S+)", gw.gateway.cli("show arp no-resolve"), re.M))
    assert known() == {"192.0.2.2", "10.1.0.10", "192.0.2.77"}
    assert gw.gateway.cli("clear arp hostname 192.0.2.99") == ""
    assert gw.gateway.cli("clear arp hostname 192.0.2.2") == "192.0.2.2       deleted\n"
    assert known() == {"10.1.0.10", "192.0.2.77"}
    gw.gw_a.ping(gw.WAN_B, count=1)
    assert gw.gateway.cli("clear arp interface lan.0") == "10.1.0.10       deleted\n"
    cleared = xml(gw, "clear arp").iter("arp-table-entry")
    assert [e.findtext("ip-address") for e in cleared] == ["192.0.2.2"]
    assert known() == {"192.0.2.77"}, "what an administrator entered stays"


# --- ping, traceroute ---

def test_ping_speaks_junos(gw):
    text = re.sub(r"\d+\.\d+", "N", gw.gateway.cli("ping 192.0.2.2 count 2 interface ge-0/0/0.0").replace("192.0.2.2", "A"))
    assert text == """\
PING A (A): 56 data bytes
64 bytes from A: icmp_seq=0 ttl=64 time=N ms
64 bytes from A: icmp_seq=1 ttl=64 time=N ms

--- A ping statistics ---
2 packets transmitted, 2 packets received, 0% packet loss
round-trip min/avg/max/stddev = N/N/N/N ms
"""
    text = gw.gateway.cli("ping 192.0.2.2 rapid count 9 size 1400 do-not-fragment source 192.0.2.1")
    assert text.startswith("PING 192.0.2.2 (192.0.2.2): 1400 data bytes\n!!!!!!!!!\n--- 192.0.2.2 ping statistics ---\n")
    assert gw.gateway.cli("ping 192.0.2.2 count 1 | match received") == \
        "1 packets transmitted, 1 packets received, 0% packet loss\n"


def test_ping_says_no_as_junos_does(gw):
    def refused(line):
        run = gw.gateway.cli(line, check=False)
        assert run.returncode == 1
        return run.stdout + run.stderr
    assert "ping: sendto: Message too long\n" in refused("ping 192.0.2.2 size 2000 do-not-fragment count 1")
    assert refused("ping 192.0.2.2 interface ge-9/9/9") == "error: device ge-9/9/9 not found\n"
    assert refused("ping 192.0.2.2 routing-instance none") == "error: instance none is not running\n"
    assert refused("ping -f") == "error: invalid host\n"
    assert "missing mandatory argument: host." in refused("ping count 1")
    assert refused("traceroute 192.0.2.2 as-number-lookup") == "error: option as-number-lookup is not supported\n"


def test_interrupted_ping_says_what_it_knows(gw):
    p = gw.gw_a.spawn([program("sallyport"), "-r", gw.gateway.run_dir, "-c", "ping 192.0.2.2"])
    p.wait_line(r"icmp_seq=1 ")
    wait_until(lambda: len(gw.gateway.pids("sallyport")) == 1, what="the command line")
    # the terminal would signal the command line's process group: ping is not in it
    os.kill(gw.gateway.pids("sallyport")[0], signal.SIGINT)
    p.wait()
    assert any(re.match(r"\d+ packets transmitted, \d+ packets received, 0% packet loss", line) for line in p.out), p.out
    assert not gw.gateway.pids("ping")


def test_traceroute(gw):
    gw.gw_a.route("10.2.0.0/24", via=gw.WAN_B)
    text = gw.gateway.cli("traceroute 10.2.0.10 no-resolve wait 1")
    assert text.startswith("traceroute to 10.2.0.10 (10.2.0.10), 30 hops max, ")
    assert re.search(r"^ 1  192.0.2.2  [\d.]+ ms", text, re.M), text
    assert re.search(r"^ 2  10.2.0.10  [\d.]+ ms", text, re.M), text


# --- programs ---

def test_netconf_asks_the_same(gw):
    """The RPCs in the words of programs; a ping that nobody answers is an answer."""
    name = "urn:ietf:params:xml:ns:netconf:base:1.0"
    hello = f'<hello xmlns="{name}"><capabilities><capability>{name}</capability></capabilities></hello>]]>]]>'

    def ask(rpc):
        run = gw.gw_a.run([program("sallyport"), "-r", gw.gateway.run_dir, "netconf"],
                          input=f'{hello}<rpc message-id="1" xmlns="{name}">{rpc}</rpc>]]>]]>')
        return strip(ElementTree.fromstring(run.stdout.split("]]>]]>")[1].strip()))
    ports = ask("<get-interface-information><media/><interface-name>[afgxe][et]-*</interface-name></get-interface-information>")
    assert [p.findtext("name") for p in ports.iter("physical-interface")] == ["ge-0/0/0"]
    route = ask("<get-route-information><destination>10.2.0.1</destination><detail/></get-route-information>")
    assert (route.findtext(".//rt-destination"), route.findtext(".//rt-prefix-length")) == ("10.2.0.0", "16")
    instance = ask("<get-interface-information><routing-instance>__juniper_private1__</routing-instance><terse/>"
                   "</get-interface-information>")
    assert "is not running" in instance.findtext(".//rpc-error/error-message")
    ping = ask('<command format="text">ping 192.0.2.99 count 1</command>')
    assert "1 packets transmitted, 0 packets received, 100% packet loss\n" in ping.findtext("output")
    assert ping.find("rpc-error") is None


# --- Juniper's own readers ---

def test_pyez_reads_the_tables(gw):
    """The tables that come with PyEZ find their elements in what `| display xml` prints."""
    junos = pytest.importorskip("jnpr.junos")
    yaml = pytest.importorskip("yaml")
    from jnpr.junos.factory.factory_loader import FactoryLoader
    kinds = {}
    for name in ("routes", "arp", "nd", "ethport", "phyport"):
        with open(os.path.join(os.path.dirname(junos.__file__), "op", f"{name}.yml"), encoding="utf-8") as f:
            kinds.update(FactoryLoader().load(yaml.safe_load(f)))
    gw.gw_a.ping(gw.WAN_B, count=1)
    gw.gw_a.ping(gw.WAN_B6, count=1)

    def table(kind, command):
        # as PyEZ hands it on: without name spaces, what stands in the rpc-reply
        path = gw.gw_a.lab.file("reply.xml", ElementTree.tostring(xml(gw, command)[0], encoding="unicode"))
        return kinds[kind](path=path).get()
    routes = {r.name: r for r in table("RouteTable", "show route")}
    assert (routes["10.4.0.0/16"].protocol, routes["10.4.0.0/16"].via, routes["10.4.0.0/16"].nexthop) == \
        ("Static", "ge-0/0/0.0", "192.0.2.2")
    assert 0 <= routes["10.4.0.0/16"].age < 60
    assert routes["192.0.2.1/32"].via == "ge-0/0/0.0"
    summary = {r.name: r for r in table("RouteSummaryTable", "show route summary")}
    assert summary["inet.0"].dests == 9 and summary["inet.0"].proto["Static"].count == 4
    mac = gw.gw_b.mac("wan")
    (entry,) = table("ArpTable", "show arp no-resolve")
    assert (entry.mac_address, entry.ip_address, entry.interface_name) == (mac, "192.0.2.2", "ge-0/0/0.0")
    assert mac in table("NdTable", "show ipv6 neighbors").keys()
    port = table("EthPortTable", "show interfaces ge-*")["ge-0/0/0"]
    assert (port.oper, port.admin, port.description, port.mtu) == ("up", "up", "to the provider", 1514)
    assert port.running and port.present and port.macaddr == gw.gw_a.mac("wan")
    counted = table("PhyPortErrorTable", "show interfaces ge-* extensive")["ge-0/0/0"]
    assert counted.rx_packets > 0 and counted.rx_err_input == 0 and counted.tx_err_mtu == 0
