#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
#
# well_formed.py - XML and JSON of every good configuration parse, and say the same thing.
#
# usage: well_formed.py CONF_CHECK FILE...   The two prints are turned into the same plain structure and compared.
import json
import subprocess
import sys
import xml.etree.ElementTree as ET


def run(program, mode, file):
    return subprocess.run([program, mode, file], check=True, capture_output=True, text=True).stdout


def from_xml(e):
    """Element to {name: [values]}, without annotations; leaves are strings, empty ones None."""
    if len(e) == 0 and (e.text is None or e.text.strip() == ""):
        return None if e.text is None else e.text
    if len(e) == 0:
        return e.text
    out = {}
    for c in e:
        if "}comment" in c.tag:
            continue
        out.setdefault(c.tag, []).append(from_xml(c))
    return out or None


def from_json(v):
    if isinstance(v, dict):
        out = {}
        for name, below in v.items():
            if name.startswith("@"):
                continue
            if below == [None] or not isinstance(below, list):
                below = [None if below == [None] else below]
            out[name] = [from_json(b) for b in below]
        return out or None
    return None if v is None else str(v)


def main():
    program, files = sys.argv[1], sys.argv[2:]
    assert files
    for file in files:
        x = from_xml(ET.fromstring(run(program, "xml", file)))
        j = from_json(json.loads(run(program, "json", file))["configuration"])
        assert x is not None, file
        if x != j:
            print(file, "XML:", x, "JSON:", j, sep="\n")
            sys.exit(1)


main()
