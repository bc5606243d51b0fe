# SPDX-License-Identifier: BSD-2-Clause
#
# test_netconf_rpc.py - every RPC of the schema, and every command, by NETCONF: it runs, or is refused for a reason that we know.

import os
import re

import pytest
from lab.gateway import TOP, Gateway
from lab.ssh import PORT, SshServer
from ncclient import manager
from ncclient.operations import RPCError
from ncclient.xml_ import to_ele

CONFIG = """
system { host-name gw; }
interfaces { sp-1/2/0 { unit 0 { family inet; } unit 1 { family inet; service-domain inside; } } }
firewall { family inet { filter f { term t { then { count c; accept; } } } } }
"""
ADDRESS = "192.0.2.1"

# What an RPC cannot do without; %s is a folder with the files one and two.
ARGUMENTS = {
    "clear-interfaces-statistics": "<interface-name>sp-1/2/0</interface-name>",
    **{f"clear-pki-{what}": "<all/>"
       for what in ("ca-certificate", "certificate-request", "key-pair", "local-certificate")},
    "clear-log": "<filename>messages</filename>",
    "file-compare": "<from-file>%s/one</from-file><to-file>%s/two</to-file>",
    "file-copy": "<source>%s/one</source><destination>%s/three</destination>",
    "file-delete": "<path>%s/three</path>",
    "file-list": "<path>%s</path>",
    "file-rename": "<source>%s/two</source><destination>%s/four</destination>",
    "file-show": "<filename>%s/one</filename>",
    "get-checksum-information": "<path>%s/one</path>",
    "get-directory-usage-information": "<path>%s</path>",
    "get-log": "<filename>messages</filename>",
    "get-rollback-difference": "<rollback>1</rollback><compare>0</compare>",
    "get-rollback-information": "<rollback>0</rollback>",
    "get-sha1-checksum-information": "<path>%s/one</path>",
    "get-sha256-checksum-information": "<path>%s/one</path>",
    "monitor-packet-trace": "<interface>sp-1/2/0</interface><seconds>1</seconds>",
    "monitor-traffic": "<interface>sp-1/2/0.1</interface><seconds>1</seconds>",
    "ping": "<host>127.0.0.1</host><count>1</count>",
    "request-logout-user": "<pid>1</pid>",
    "request-message": "<message>hello</message><user>nobody</user>",
    "set-cli-working-directory": "<directory>%s</directory>",
    "traceroute": "<host>127.0.0.1</host>",
}

# What is refused here, and why.
REFUSED = {
    # without arguments: there is no certificate, key pair or tunnel here that they could be about
    "generate-pki-certificate-request": "missing mandatory argument: certificate-id",
    "generate-pki-key-pair": "missing mandatory argument: certificate-id",
    "generate-pki-self-signed-local-certificate": "missing mandatory argument: certificate-id",
    "load-pki-ca-certificate": "missing mandatory argument: ca-profile",
    "load-pki-local-certificate": "missing mandatory argument: certificate-id",
    "request-ipsec-switch": "no tunnel of this security association has a backup destination",
    "request-ipsec-switch-tunnel": "missing mandatory argument: local-gateway",
    "verify-pki-ca-certificate": "missing mandatory argument: ca-profile",
    "verify-pki-local-certificate": "missing mandatory argument: certificate-id",
    "request-logout-user": "no such session",  # nobody has that process
    "request-message": "no such user or terminal",  # nobody is on a terminal
}

# Requests that the schema does not have: what they do, or why not.
OTHERS = {
    "<clear-interfaces-statistics-all/>": None,
    "<get-rollback-information><rollback>1</rollback><compare>0</compare></get-rollback-information>": None,
    "<get-rollback-information><rollback>0</rollback><format>xml</format></get-rollback-information>": None,
    "<restart-daemon><daemon-name>adaptive-services</daemon-name></restart-daemon>": None,
    "<routing-restart><how-to-reset>gracefully</how-to-reset></routing-restart>": None,
    "<restart-daemon><daemon-name>nonsense</daemon-name></restart-daemon>": "expecting <daemon-name>",
    "<routing-restart><how-to-reset>nonsense</how-to-reset></routing-restart>": "syntax error",
    "<request-reboot><in>5</in></request-reboot>": "does not reboot its host",
    "<request-halt/>": "does not halt its host",
    "<request-power-off/>": "does not switch its host off",
    "<request-package-add><package-name>x</package-name></request-package-add>": "package manager",
    "<request-package-rollback/>": "package manager",
    "<request-snapshot/>": "no second medium",
    "<request-system-zeroize/>": "does not erase its host",
}


def rpcs():
    names = []
    for name in sorted(os.listdir(os.path.join(TOP, "yang"))):
        if name.startswith("sallyport-rpc-"):
            with open(os.path.join(TOP, "yang", name), encoding="utf-8") as f:
                names += re.findall(r"^  rpc ([\w-]+) \{", f.read(), re.MULTILINE)
    return names


@pytest.fixture
def m(lab):
    ns = lab.ns("gw")
    ns.ip("link set lo up")
    ns.addr("lo", ADDRESS + "/32")
    gateway = Gateway(ns, CONFIG)
    gateway.configure("set system domain-name a.b")
    server = SshServer(gateway, ADDRESS)
    with ns.inside():
        session = manager.connect(host=ADDRESS, port=PORT, username="root", key_filename=server.key, hostkey_verify=False,
                                  allow_agent=False, look_for_keys=False, device_params={"name": "junos"}, timeout=60)
    with session:
        yield session


def answer(m, request):
    """The first element of the answer, or why there is none."""
    try:
        reply = m.rpc(to_ele(request))
        children = list(reply.xpath("/rpc-reply")[0])
        return children[0].tag if children else "", None
    except RPCError as e:
        return None, e.message


def test_every_rpc_runs_or_is_refused_for_a_known_reason(m, lab):
    folder = os.path.join(lab.folder, "files")
    os.makedirs(folder)
    for name in ("one", "two"):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
            f.write(name + "\n")
    names = rpcs()
    assert len(names) > 40 and not set(ARGUMENTS) - set(names)
    # a file is there before it is taken away, the rescue configuration before it is shown
    first = ["request-save-rescue-configuration", "file-copy"]
    last = ["file-rename", "file-delete", "request-delete-rescue-configuration", "set-cli-working-directory"]
    names = first + [n for n in names if n not in first + last] + last
    wrong = {}
    for name in names:
        got, why = answer(m, f"<{name}>{ARGUMENTS.get(name, '').replace('%s', folder)}</{name}>")
        expected = REFUSED.get(name)
        if (why is None) != (expected is None) or (expected is not None and expected not in why):
            wrong[name] = (got, why)
    assert not wrong, "\n".join(f"{k}: {v}" for k, v in wrong.items())
    assert sorted(os.listdir(folder)) == ["four", "one"]


def test_requests_of_junos_that_are_commands_here(m):
    got = m.rpc(to_ele("<restart-daemon><daemon-name>interface-control</daemon-name></restart-daemon>"))
    assert re.search(r"started, pid \d+", got.xpath("//output")[0].text)
    wrong = {}
    for request, expected in OTHERS.items():
        got, why = answer(m, request)
        if (why is None) != (expected is None) or (expected is not None and expected not in why):
            wrong[request] = (got, why)
    assert not wrong, "\n".join(f"{k}: {v}" for k, v in wrong.items())
    got = m.rpc(to_ele("<get-rollback-information><rollback>0</rollback><format>xml</format></get-rollback-information>"))
    assert got.xpath("//rollback-information/configuration/system/host-name")[0].text == "gw"
    got = m.rpc(to_ele("<get-rollback-information><rollback>1</rollback><compare>0</compare></get-rollback-information>"))
    assert "+  domain-name a.b;" in got.xpath("//configuration-output")[0].text


def test_commands_are_shown_as_requests_that_run(m):
    for command in ("restart adaptive-services", "show system rollback compare 1 0", "show interfaces terse",
                    "show configuration system", "file list /tmp", "show services ipsec-vpn ipsec security-associations"):
        shown = m.command(command + " | display xml rpc", format="xml").xpath("//rpc")[0]
        got = m.rpc(shown[0])
        assert not got.xpath("//rpc-error"), command
    shown = m.command("start shell | display xml rpc", format="xml")
    assert "not available" in shown.xpath("//message")[0].text
