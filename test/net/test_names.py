# SPDX-License-Identifier: BSD-2-Clause
#
# test_names.py - names that a user chooses never mean anything to the kernel's tools.

import os
import re

from lab.gateway import Gateway


def test_names_of_filters_are_only_names(two_gateways):
    """Whatever JUNOS allows in a name, nftables takes it, whole, and each name counts for itself."""
    t = two_gateways
    names = ['a b', 'x\\"; drop', '$(id)', '#', '{', '*', '-', "\u00e9" * 100, "n" * 255, "n" * 254 + "m", " " * 255]
    filters = "".join(f'filter "{n}" {{ term "{n}" {{ then {{ count "{n}"; log; accept; }} }} }}\n' for n in names[:-1])
    counts = "".join(f'term "{i} {n}" {{ then {{ count "{n}"; next term; }} }}\n' for i, n in enumerate(n[:200] for n in names))
    units = "".join(f'gone{i} {{ unit 0 {{ family inet {{ filter {{ input "{n}"; }} }} }} }}\n' for i, n in enumerate(names[:-1]))
    a = Gateway(t.gw_a, f"""firewall {{ {filters} filter last {{ {counts} term rest {{ then {{ count rest; accept; }} }} }} }}
        interfaces {{ {units} lan {{ unit 0 {{ family inet {{ filter {{ input last; }} }} }} }} }}""")
    assert t.host_a.ping(t.LAN_A, count=2).lost == 0
    with open(os.path.join(a.run_dir, "log", "netd"), encoding="utf-8") as f:
        assert "commit 1 is in force" in f.read()
    assert re.search(r"^rest +168 +2$", a.cli("show firewall"), re.M)
