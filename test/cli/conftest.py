# SPDX-License-Identifier: BSD-2-Clause
import os
import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE))

import control  # noqa: E402


@pytest.fixture
def base():
    return (HERE / "base.conf").read_text()


@pytest.fixture
def mgd():
    """mgd without a configuration."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to give mgd its own user")
    c = control.Control()
    try:
        c.start()
        yield c
    finally:
        c.stop()


@pytest.fixture
def gw(mgd, base):
    """mgd with base.conf committed and applied by netd, kmd and two picds."""
    status, text = mgd.load(base)
    assert (status, text) == ("ok", ""), text
    control.wait(lambda: mgd.in_force == [1])
    return mgd
