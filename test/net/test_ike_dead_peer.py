# SPDX-License-Identifier: BSD-2-Clause
#
# test_ike_dead_peer.py - how soon a silent peer is found dead, where the tunnel goes then, and what happens when our own daemons die.

import os
import re
import signal
import time

import pytest
from lab import charon, junos
from lab.gateway import Gateway
from lab.netlab import wait_until

IKE_SAS = "show services ipsec-vpn ike security-associations"
IPSEC_SAS = "show services ipsec-vpn ipsec security-associations"
BACKUP = "192.0.2.3"

pytestmark = pytest.mark.skipif(charon.missing() is not None, reason=str(charon.missing()))


class Wire:
    """Gateway b has two addresses, and either can be cut off."""

    def __init__(self, t):
        self.t = t
        t.gw_b.addr("wan", f"{BACKUP}/24")
        t.gw_b.run("nft 'add table inet cut; add set inet cut gone { type ipv4_addr; }; "
                   "add chain inet cut in { type filter hook input priority 0; }; add rule inet cut in ip daddr @gone drop; "
                   "add chain inet cut out { type filter hook output priority 0; }; add rule inet cut out ip saddr @gone drop'")

    def cut(self, *addresses):
        self.t.gw_b.run(f"nft 'add element inet cut gone {{ {', '.join(addresses)} }}'")

    def mend(self, *addresses):
        self.t.gw_b.run(f"nft 'delete element inet cut gone {{ {', '.join(addresses)} }}'")


class Scene(Wire):
    """Ours at gateway a; strongSwan at gateway b."""

    def __init__(self, t, term, options="", more=""):
        super().__init__(t)
        side, _ = junos.sides(t)
        self.a = Gateway(t.gw_a, junos.next_hop(side, [junos.Dynamic()], options, term_extra=term, more=junos.ike(more=more)))
        self.b = charon.Charon(t.gw_b, charon.connection(f"{t.WAN_B},{BACKUP}", t.WAN_A, "10.2.0.0/24", "10.1.0.0/24",
                                                         ids=("%any", t.WAN_A), more="unique = replace"))

    def is_up(self):
        return self.t.host_a.ping(self.t.HOST_B, count=1, interval_s=0.05, timeout_s=1).lost == 0

    def comes_up(self, timeout_s=15):
        try:
            wait_until(self.is_up, timeout_s, "the tunnel")
        except AssertionError as e:
            raise AssertionError(f"{e}\n{self.a.log()}\n{self.b.log()[-8000:]}") from e

    def redundancy(self):
        """(state of the primary gateway, state of the backup gateway, failovers)"""
        text = self.a.cli(IPSEC_SAS + " extensive")
        m = re.search(r"Primary remote gateway: 192\.0\.2\.2, State: (\w+)\n +Backup remote gateway: 192\.0\.2\.3, State: (\w+)\n"
                      r" +Failover counter: (\d+)\n", text)
        assert m, text
        return m[1], m[2], int(m[3])


def silence(s, at_most_s):
    """Seconds from the last packet of the peer until the SAs are gone. Traffic of ours goes on."""
    ping = s.t.host_a.ping_start(s.t.HOST_B, interval_s=0.5)
    s.cut(s.t.WAN_B)
    begin = time.monotonic()
    wait_until(lambda: "KMD_DPD_PEER_DOWN" in s.a.cli("show log messages"), at_most_s, f"the verdict\n{s.a.log()}", 0.2)
    took = time.monotonic() - begin
    s.t.host_a.ping_end(ping)
    return took


@pytest.mark.slow
def test_with_the_defaults_it_takes_16_to_26_seconds(two_gateways):
    s = Scene(two_gateways, "initiate-dead-peer-detection;")
    s.comes_up()
    assert 15.5 <= silence(s, 40) <= 27
    assert "State: Installed" not in s.a.cli(IPSEC_SAS + " detail")


@pytest.mark.slow
@pytest.mark.parametrize("interval, threshold", [(1, 2), (3, 1), (2, 4)])
def test_interval_and_threshold(two_gateways, interval, threshold):
    """An interval of silence, noticed within another one, and one for each question."""
    s = Scene(two_gateways, f"initiate-dead-peer-detection; dead-peer-detection {{ interval {interval}; threshold {threshold}; }}")
    s.comes_up()
    least = interval * (1 + threshold)
    assert least - 0.5 <= silence(s, 40) <= least + interval + 1.5


@pytest.mark.slow
def test_a_peer_that_only_has_nothing_to_say_is_alive(two_gateways):
    """Without traffic it answers the questions: nothing happens."""
    s = Scene(two_gateways, "initiate-dead-peer-detection; dead-peer-detection { interval 1; threshold 1; }")
    s.comes_up()
    before = s.a.cli(IKE_SAS)
    wait_until(lambda: s.b.log().count("N(DPD_ACK)") >= 4, 15, "four questions")
    assert s.a.cli(IKE_SAS) == before
    assert s.is_up()


@pytest.mark.slow
def test_the_backup_gateway_takes_over(two_gateways):
    """Primary dead: the backup. That dead: back to the primary, which does not happen before by itself. The command switches, too."""
    t = two_gateways
    s = Scene(t, f"backup-remote-gateway {BACKUP}; initiate-dead-peer-detection; "
              "dead-peer-detection { interval 1; threshold 2; }")
    s.comes_up()
    assert s.redundancy() == ("Active", "Standby", 0)
    s.cut(t.WAN_B)
    s.comes_up(20)
    assert s.redundancy() == ("Standby", "Active", 1)
    assert "KMD_DPD_FAILOVER" in s.a.cli("show log messages")
    s.mend(t.WAN_B)
    time.sleep(3)
    assert s.redundancy() == ("Standby", "Active", 1), "nothing goes back by itself"
    s.cut(BACKUP)
    s.comes_up(20)
    assert s.redundancy() == ("Active", "Standby", 2)
    s.mend(BACKUP)
    s.a.cli(f"request services ipsec-vpn ipsec switch tunnel local-gateway {t.WAN_A} remote-gateway {t.WAN_B}")
    assert s.redundancy()[:2] == ("Standby", "Active")
    answer = s.a.cli("show services ipsec-vpn match-rules source-ip 10.1.0.10 destination-ip 10.2.0.10")
    assert f"Remote gateway: {BACKUP}\n" in answer, answer
    s.comes_up(20)


def es_config(t, side, backup=None, second=None):
    """An es- unit with a backup destination; or with a second unit, whose source is SECOND and which selects the same."""
    a_nets, b_nets = ("10.1.0.0/24", "10.2.0.0/24") if side.name == "a" else ("10.2.0.0/24", "10.1.0.0/24")
    policies = "".join(f"policy {d} {{ pre-shared-key ascii-text swordfish; }} " for d in filter(None, (side.peer, backup)))
    more = f"security {{ ike {{ {policies} }} }}\n"
    if second:
        more += f"""
interfaces {{ es-0/0/0 {{ unit 1 {{
    tunnel {{ source {second}; destination {side.peer}; }}
    family inet {{ ipsec-sa sa-second; }}
}} }} }}
security {{ ipsec {{ security-association sa-second {{ mode tunnel; dynamic {{ replay-window-size 64; }} }} }} }}
firewall {{ filter to-peer {{ term second {{
    from {{ source-address {{ {a_nets}; }} destination-address {{ {b_nets}; }} }}
    then {{ ipsec-sa sa-second; }}
}} }} }}
"""
    text = junos.es_style(side, junos.Dynamic(ike_policy=""), by_filter=True, net=a_nets, peer_net=b_nets, more=more)
    return text.replace(f"destination {t.WAN_B};", f"destination {t.WAN_B}; backup-destination {backup};") if backup else text


@pytest.mark.slow
def test_the_backup_destination_of_an_es_unit_takes_over(two_gateways):
    """Gateway b has a unit for each of its addresses. Its answers go by the first one only, so packets are counted one way."""
    t = two_gateways
    side_a, side_b = junos.sides(t)
    wire = Wire(t)
    b = Gateway(t.gw_b, es_config(t, side_b, second=BACKUP))
    a = Gateway(t.gw_a, es_config(t, side_a, backup=BACKUP))

    def arrives():
        with t.host_b.capture("eth0", "icmp[0] == 8") as seen:
            t.host_a.ping(t.HOST_B, count=2, interval_s=0.1, timeout_s=1)
        return len(seen.packets()) > 0

    def redundancy():
        return a.cli("show ipsec redundancy security-associations")

    wait_until(arrives, 15, "the tunnel")
    assert redundancy() == f"""\
Security association: sa-peer, Failover counter: 0
  Local address: {t.WAN_A}
  Primary remote gateway: {t.WAN_B}, State: Active
  Backup remote gateway: {BACKUP}, State: Standby
"""
    wire.cut(t.WAN_B)
    wait_until(arrives, 45, "the backup destination")
    assert f"Backup remote gateway: {BACKUP}, State: Active" in redundancy()
    assert f"Local gateway: {t.WAN_A}, Remote gateway: {BACKUP}" in a.cli("show ipsec security-associations detail")
    assert "inbound" in b.cli("show ipsec security-associations sa-second")
    wire.mend(t.WAN_B)
    assert a.cli("request ipsec switch security-associations sa-peer") == "Switched the remote gateway of 1 tunnel\n"
    wait_until(arrives, 15, "the first destination")
    assert f"Primary remote gateway: {t.WAN_B}, State: Active" in redundancy()
    assert "Failover counter: 2" in redundancy()


# --- our own daemons ---

def spis(gw):
    return re.findall(r"^ +(?:inbound|outbound) +(\d+)", gw.cli(IPSEC_SAS), re.M)


def test_kmd_dies_under_traffic(two_gateways):
    """strongSwan notices nothing, and there is one tunnel afterwards."""
    s = Scene(two_gateways, "")
    s.comes_up()
    before, (old,) = spis(s.a), s.a.pids("kmd")
    ping = s.t.host_a.ping_start(s.t.HOST_B, interval_s=0.02)
    for _ in range(2):
        (old,) = s.a.pids("kmd")
        os.kill(old, signal.SIGKILL)
        wait_until(lambda: s.a.pids("kmd") not in ([], [old]), 10, "another kmd")
        wait_until(lambda: s.a.cli(IKE_SAS, check=False).returncode == 0, 10, "its answer")
        time.sleep(0.5)
    said = s.t.host_a.ping_end(ping)
    assert said.gaps == 0 and said.received > 20, said.text[-500:]
    assert spis(s.a) == before
    assert s.b.sas().count("INSTALLED") == 1
    # the peer can end what its predecessor made
    wait_until(lambda: "Matured" in s.a.cli(IKE_SAS), 5, "a new IKE SA")
    s.b.terminate()
    wait_until(lambda: spis(s.a) == [], 5, "the SAs to go")
    s.comes_up()
    assert len(spis(s.a)) == 2


def test_picd_dies_under_traffic(two_gateways):
    s = Scene(two_gateways, "")
    s.comes_up()
    ping = s.t.host_a.ping_start(s.t.HOST_B, interval_s=0.05)
    (old,) = s.a.pids("picd")
    os.kill(old, signal.SIGKILL)
    begin = time.monotonic()
    wait_until(lambda: s.a.pids("picd") not in ([], [old]), 10, "another picd")
    s.comes_up()
    assert time.monotonic() - begin < 10
    s.t.host_a.ping_end(ping)
    assert len(spis(s.a)) == 2, spis(s.a)
    wait_until(lambda: s.b.sas().count("INSTALLED") == 1, 5, "strongSwan to know of one tunnel only")


@pytest.mark.slow
def test_strongswan_dies_and_comes_back(two_gateways):
    """It has forgotten everything and begins anew: its first word ends what was before."""
    s = Scene(two_gateways, "")
    s.comes_up()
    s.b.kill()
    s.b.start()
    s.b.initiate("net")
    s.comes_up()
    assert len(spis(s.a)) == 2, "what was before has not gone\n" + s.a.log() + s.b.log()
