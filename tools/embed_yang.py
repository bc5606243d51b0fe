#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
#
# embed_yang.py - the YANG modules as one C file of byte arrays.
#
# usage: embed_yang.py OUTPUT MODULE.yang...   Called by lib/yang/meson.build. Comments and the blanks at
# the beginning of lines are left out; a string that spans lines keeps its meaning for help texts.
import os
import sys


def bare(text):
    lines = (line.strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//"))


def array(name, data):
    rows = [", ".join(str(b) for b in data[i:i + 24]) for i in range(0, len(data), 24)]
    return "static const char %s[] = {\n\t%s, 0\n};\n" % (name, ",\n\t".join(rows))


def main():
    out, paths = sys.argv[1], sys.argv[2:]
    with open(out, "w", encoding="ascii") as f:
        f.write('#include "lib/yang/embed.h"\n\n')
        table = []
        for path in paths:
            module = os.path.basename(path).removesuffix(".yang")
            symbol = module.replace("-", "_")
            with open(path, encoding="ascii") as y:
                f.write(array(symbol, bare(y.read()).encode("ascii")))
            table.append('\t{ "%s", %s },\n' % (module, symbol))
        f.write("\nconst struct embed_module embed_modules[] = {\n%s\t{ 0, 0 },\n};\n" % "".join(table))


main()
