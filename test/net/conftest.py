# SPDX-License-Identifier: BSD-2-Clause
#
# conftest.py - the fixtures of the network tests: `lab` for each test, one `guest` kernel for all.

import os

import pytest
from lab import gateway, netlab, uml, ways


def pytest_generate_tests(metafunc):
    """Tests of packets run in several ways; see lab/ways.py."""
    mark = metafunc.definition.get_closest_marker("packets")
    if mark is None:
        return
    is_full = "ways" in (metafunc.config.option.markexpr or "")
    chosen = ways.choose(mark, metafunc.fixturenames, is_full)
    if chosen:
        marks = [pytest.mark.ways] if is_full else []
        metafunc.parametrize("way", [pytest.param(w, id=str(w), marks=marks) for w in chosen], indirect=True)


def agrees(item):
    """Whether the way that ITEM should go is one for its other parameters."""
    parameters = item.callspec.params if hasattr(item, "callspec") else {}
    return not isinstance(parameters.get("way"), ways.Way) or parameters["way"].agrees(parameters)


@pytest.hookimpl(tryfirst=True)     # xdist looks at the groups in the same hook
def pytest_collection_modifyitems(config, items):
    """One worker boots the guest for all who want it. What is slow begins first, so that nothing long is left for the end."""
    fits = [agrees(item) for item in items]
    config.hook.pytest_deselected(items=[item for item, fit in zip(items, fits) if not fit])
    items[:] = [item for item, fit in zip(items, fits) if fit]
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


@pytest.fixture(autouse=True)
def way(request, monkeypatch):
    """How packets go through all gateways of the test: a ways.Way, or None for what they do by default."""
    chosen = getattr(request, "param", None)
    if chosen:
        for name, value in chosen.environment().items():
            monkeypatch.setenv(name, value)
    monkeypatch.setattr(gateway.Gateway, "way", chosen)
    return chosen


@pytest.fixture
def two_gateways(lab, way):
    """The topology of netlab.TwoGateways."""
    return netlab.TwoGateways(lab, has_taps=way is not None and way.plain == "af-xdp")


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
