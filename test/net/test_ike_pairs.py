# SPDX-License-Identifier: BSD-2-Clause
#
# test_ike_pairs.py - two of ours with every algorithm, protocol and family, strongSwan apart: it has no bundle, and no AH over NAT.
#
# Each value of each column is there at least once, with others beside it each time.

import re

import pytest
from lab import junos
from lab.gateway import Gateway
from lab.netlab import wait_until

IKE_SAS = "show services ipsec-vpn ike security-associations detail"
IPSEC_SAS = "show services ipsec-vpn ipsec security-associations detail"

#  mode        IKE: encryption  hash     group    IPsec   encryption   ICV               PFS      outer, inner family
ROWS = """
  main         des-cbc          md5      group1   esp     aes-128-cbc  hmac-md5-96       none     4 4
  main         3des-cbc         sha1     group2   ah      none         hmac-md5-96       group16  4 6
  main         aes-128-cbc      sha-256  group5   bundle  aes-256-cbc  hmac-sha1-96      group19  4 4
  main         aes-192-cbc      sha-384  group14  esp     des-cbc      hmac-sha1-96      group20  6 4
  aggressive   aes-256-cbc      md5      group15  ah      none         hmac-sha-256-128  group24  4 4
  main         des-cbc          sha1     group16  bundle  aes-128-cbc  hmac-sha-256-128  group1   4 6
  aggressive   3des-cbc         sha-256  group19  esp     aes-192-cbc  hmac-sha-256-128  group2   4 4
  main         aes-128-cbc      sha-384  group20  bundle  des-cbc      hmac-md5-96       group5   4 4
  aggressive   aes-192-cbc      sha1     group24  bundle  3des-cbc     hmac-sha1-96      group14  6 6
  main         aes-256-cbc      sha-384  group14  ah      none         hmac-sha1-96      group15  4 4
"""
SHOWN = {"esp": "ESP", "ah": "AH", "bundle": "AH+ESP"}


@pytest.mark.parametrize("row", [line.split() for line in ROWS.strip().split("\n")], ids="-".join)
def test_both_ends_agree_and_carry_packets(two_gateways, row):
    t = two_gateways
    mode, enc, auth, group, protocol, esp, icv, pfs, outer, inner = row
    more = junos.ike(proposal=junos.phase1(enc=enc, auth=auth, group=group), policy=f"mode {mode};",
                     ipsec=junos.phase2(protocol, esp, icv, None if pfs == "none" else pfs))
    a, b = (Gateway(ns, junos.next_hop(side, [junos.Dynamic(ipsec_policy="i1")], more=more))
            for ns, side in zip((t.gw_a, t.gw_b), junos.sides(t, int(outer), (int(inner),))))
    host_a, host_b = (t.HOST_A6, t.HOST_B6) if inner == "6" else (t.HOST_A, t.HOST_B)
    wait_until(lambda: t.host_a.ping(host_b, count=1, interval_s=0.05, timeout_s=1).lost == 0, 15, "the tunnel")
    assert t.host_a.ping(host_b, count=2).lost == 0
    assert t.host_b.ping(host_a, count=2).lost == 0
    for gw in (a, b):
        ike, ipsec = gw.cli(IKE_SAS), gw.cli(IPSEC_SAS)
        assert f"Exchange type: {mode.capitalize()}," in ike
        assert re.findall(r"(?:Authentication|Encryption|Diffie-Hellman group) +: (.*)", ike) == [auth, enc, group], ike
        shown = f"Protocol: {SHOWN[protocol]}, Authentication: {icv}, Encryption: {esp.replace('none', 'None')}\n"
        assert ipsec.count(shown) == 2, ipsec
        assert (", AUX-SPI: 0\n" not in ipsec) == (protocol == "bundle"), ipsec
