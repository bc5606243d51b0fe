# SPDX-License-Identifier: BSD-2-Clause
"""Whole screens: what is typed at a terminal and what is seen, byte for byte."""
import pathlib

import pytest

import screen

TRANSCRIPTS = sorted((pathlib.Path(__file__).parent / "transcripts").glob("*.txt"))


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda p: p.stem)
def test_screen_is_as_written(gw, path):
    want = path.read_text()
    assert screen.play(gw, screen.typed(want)) == want
