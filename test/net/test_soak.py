# SPDX-License-Identifier: BSD-2-Clause
#
# test_soak.py - a minute of test/net/soak, which is meant to run for hours: it works, and finds nothing wrong.

import os
import subprocess

import pytest

SOAK = os.path.join(os.path.dirname(__file__), "soak")


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [[], ["--esp"]], ids=["udp", "esp"])
def test_a_minute(arguments):
    if os.geteuid() != 0:
        pytest.skip("network namespaces need root")
    run = subprocess.run([SOAK, "--minutes", "1", "--kill-every", "25", "--commit-every", "5", *arguments], stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True, timeout=300, check=False)
    assert run.returncode == 0, run.stdout
    assert "2 kills" in run.stdout and "soak: all is well" in run.stdout
