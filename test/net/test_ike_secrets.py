# SPDX-License-Identifier: BSD-2-Clause
#
# test_ike_secrets.py - where a pre-shared key is, and where it never is, on a gateway that uses it and tells all it can.

import os
import re
import subprocess

import pytest
from lab import junos
from lab.gateway import Gateway
from lab.netlab import wait_until

KEY = "xyzzy-plugh-4711-abcdef"
DAEMONS = ("sallyportd", "netd", "mgd", "kmd", "pkid", "picd")
SHOWN = ("show services ipsec-vpn ike security-associations detail", "show services ipsec-vpn ipsec security-associations extensive",
         "show configuration", "show configuration | display set", "show configuration | display xml",
         "show configuration | display json", "show system commit", "show log kmd")


@pytest.fixture
def gateway(two_gateways):
    t = two_gateways
    more = junos.ike(psk=KEY, more="traceoptions { file trace; flag all; level all; }")
    both = [Gateway(ns, junos.next_hop(side, [junos.Dynamic()], more=more)) for ns, side in zip((t.gw_a, t.gw_b), junos.sides(t))]
    wait_until(lambda: t.host_a.ping(t.HOST_B, count=1, timeout_s=1).lost == 0, 15, "the tunnel")
    # and once more, typed by a person
    both[0].configure(f"set services ipsec-vpn ike policy ike2 pre-shared-key ascii-text {KEY}-2")
    return both[0]


def memory(pid):
    """Everything that the process PID has in its memory, piece by piece."""
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps, open(f"/proc/{pid}/mem", "rb", 0) as mem:
        for line in maps:
            low, high, may_read = re.match(r"([0-9a-f]+)-([0-9a-f]+) (.)", line).groups()
            if may_read != "r" or "[v" in line:  # [vvar], [vdso], [vsyscall]
                continue
            mem.seek(int(low, 16))
            try:
                yield mem.read(int(high, 16) - int(low, 16))
            except OSError:
                continue


def test_the_key_is_in_kmd_and_nowhere_else(gateway):
    """Who carried it has wiped it."""
    found = {name: sum(piece.count(KEY.encode()) for pid in gateway.pids(name) for piece in memory(pid)) for name in DAEMONS}
    assert found.pop("kmd") > 0, "the test can find it"
    assert not any(found.values()), found


def test_the_key_is_in_no_file_and_on_no_screen(gateway):
    traces = ""
    for folder, _, names in os.walk(gateway.run_dir):
        for name in names:
            path = os.path.join(folder, name)
            if not os.path.isfile(path):
                continue
            with open(path, "rb") as f:
                data = f.read()
            assert KEY.encode() not in data, path
            traces += data.decode(errors="replace") if name == "trace" else ""
    assert "main mode" in traces and "quick mode" in traces
    for command in SHOWN:
        assert KEY not in gateway.cli(command), command


def test_no_user_reads_what_a_daemon_has_in_memory(gateway):
    """Not even that daemon's own, and there is no core to be read."""
    for name in DAEMONS[1:]:
        pid = gateway.pids(name)[0]
        with open(f"/proc/{pid}/status", encoding="ascii") as f:
            uid = re.search(r"Uid:\s+(\d+)", f.read())[1]
        for user in (uid, "65534"):
            for what in ("mem", "environ", "maps"):
                run = subprocess.run(["setpriv", "--reuid", user, "--regid", user, "--clear-groups", "head", "-c1", f"/proc/{pid}/{what}"],
                                     capture_output=True, text=True, check=False)
                assert run.returncode != 0 and "denied" in run.stderr, (name, user, what, run.stderr)
        with open(f"/proc/{pid}/limits", encoding="ascii") as f:
            assert re.search(r"Max core file size +0 +0 ", f.read()), name
