# SPDX-License-Identifier: BSD-2-Clause
#
# conftest.py - the fixtures of the network tests: `lab` for each test, one `guest` kernel for all.

import os

import pytest
from lab import netlab, uml


@pytest.hookimpl(tryfirst=True)     # xdist looks at the groups in the same hook
def pytest_collection_modifyitems(items):
    """One worker boots the guest for all who want it. What is slow begins first, so that nothing long is left for the end."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
    for item in items:
        if "guest_kernel" in item.fixturenames:
            item.add_marker(pytest.mark.xdist_group("guest"))


@pytest.fixture
def lab():
    """An empty netlab.Lab; everything made in it is gone after the test."""
    if os.geteuid() != 0:
        pytest.skip("network namespaces need root")
    with netlab.Lab() as one:
        yield one


@pytest.fixture
def two_gateways(lab):
    """The topology of netlab.TwoGateways."""
    return netlab.TwoGateways(lab)


@pytest.fixture(scope="session")
def guest_kernel():
    """The user-mode-linux guest, booted by the first test that wants it. Tests use `guest`."""
    if os.geteuid() != 0:
        pytest.skip("user-mode-linux with a raw interface needs root")
    why = uml.missing()
    if why:
        pytest.skip(why)
    with netlab.Lab() as own:
        yield uml.Uml(own)


@pytest.fixture
def guest(guest_kernel):
    """The guest, clean: no address, SA or policy."""
    guest_kernel.clean()
    return guest_kernel
