# SPDX-License-Identifier: BSD-2-Clause
#
# test_install.py - an installed tree, away from the build folder, runs a gateway.

import os
import subprocess

from lab.gateway import TOP, program


def test_installed_tree_runs(lab):
    build = program("sallyport").removesuffix("/cli/sallyport")
    root = os.path.join(lab.folder, "root")
    subprocess.run(["meson", "install", "-C", build, "--no-rebuild", "--quiet"], check=True, stdout=subprocess.DEVNULL,
                   env={**os.environ, "DESTDIR": root})
    found = {name: os.path.join(folder, name) for folder, _, names in os.walk(root) for name in names
             if not folder.endswith("/libexec/sallyport")}
    assert set(found) == {"sallyport", "sallyport-netconf", "sallyportd"}
    assert os.path.realpath(found["sallyport-netconf"]) == os.path.realpath(found["sallyport"])
    assert found["sallyportd"].endswith("/sbin/sallyportd") and os.path.islink(found["sallyportd"])
    example = os.path.join(TOP, "examples/next-hop-a.conf")
    checked = subprocess.run([found["sallyport"], "check", example], check=True, stdout=subprocess.PIPE, text=True)
    assert checked.stdout.endswith("configuration check succeeds\n")
    gw, other = lab.ns("gw"), lab.ns("other")
    lab.link(gw, "ge-0-0-0", other, "eth0")
    lab.link(gw, "ge-0-0-1", other, "eth1")
    run_dir = os.path.join(lab.folder, "run")
    daemon = gw.spawn([found["sallyportd"], "-r", run_dir, "-c", example])
    daemon.wait_line(r"^ready$")
    text = gw.run([found["sallyport"], "-r", run_dir, "-c", "show services ipsec-vpn ipsec security-associations"]).stdout
    assert "Service set: ss-branches" in text
    assert daemon.stop() == 0


def test_prefix_counts_in_a_folder_that_is_built_already(lab):
    """`make` first and `make install PREFIX=` after it is what people do."""
    build, root = os.path.join(lab.folder, "build"), os.path.join(lab.folder, "root")
    make = ["make", "-C", TOP, f"BUILD={build}", f"DESTDIR={root}"]
    for prefix in ("/one", "/two"):
        subprocess.run([*make, f"PREFIX={prefix}", "install"], check=True, stdout=subprocess.DEVNULL)
        assert os.access(f"{root}{prefix}/bin/sallyport", os.X_OK)
