# SPDX-License-Identifier: BSD-2-Clause
#
# test_pyez.py - Juniper's own Python library (jnpr.junos) against sshd and the gateway.

import contextlib
import shutil

import pytest
from jnpr.junos import Device
from jnpr.junos.exception import CommitError, ConfigLoadError, LockError, RpcError, UnlockError
from jnpr.junos.utils.config import Config
from jnpr.junos.utils.fs import FS
from jnpr.junos.utils.scp import SCP
from jnpr.junos.utils.start_shell import StartShell
from lab.gateway import Gateway
from lab.ssh import PORT, SshServer
from lxml import etree
from lxml.builder import E

CONFIG = """
system { host-name gw; domain-name example.net; }
interfaces { sp-1/2/0 { unit 0 { family inet; } unit 1 { family inet; service-domain inside; } } }
"""
ADDRESS = "192.0.2.1"


@pytest.fixture
def server(lab):
    ns = lab.ns("gw")
    ns.ip("link set lo up")
    ns.addr("lo", ADDRESS + "/32")
    yield SshServer(Gateway(ns, CONFIG), ADDRESS)


@contextlib.contextmanager
def connect(server):
    with server.gateway.ns.inside():
        device = Device(host=ADDRESS, port=PORT, user="root", ssh_private_key_file=server.key, ssh_config="/dev/null").open()
    try:
        yield device
    finally:
        device.close()


@pytest.fixture
def dev(server):
    with connect(server) as device:
        yield device


def test_facts(dev, server):
    facts = dev.facts
    assert facts["hostname"] == "gw" and facts["version"].startswith("21.4R1") and facts["model"] == "SALLYPORT"
    assert facts["domain"] == "example.net" and facts["fqdn"] == "gw.example.net"
    dev.facts_refresh(exception_on_failure=True)
    assert facts["RE0"]["status"] == "OK" and facts["RE0"]["mastership_state"] == "master" and facts["RE0"]["up_time"]
    assert facts["serialnumber"] and facts["HOME"] == server.home and facts["master"] == "RE0"
    assert facts["switch_style"] == "NONE" and facts["vc_capable"] is False and facts["2RE"] is False


LOADS = {
    "set": "set system host-name new",
    "text": "system { host-name new; }",
    "xml": "<configuration><system><host-name>new</host-name></system></configuration>",
    "json": '{"configuration": {"system": {"host-name": "new"}}}',
}


# set lines say themselves what they do: JUNOS has no update or override of them
@pytest.mark.parametrize("format,action", [(f, a) for f in sorted(LOADS) for a in ("merge", "update", "overwrite", "plain")
                                           if f != "set" or a in ("merge", "plain")])
def test_every_format_loads(dev, format, action):
    with Config(dev) as cu:
        cu.load(LOADS[format], format=format, **({} if action == "plain" else {action: True}))
        diff = cu.diff()
        assert "-  host-name gw;" in diff and "+  host-name new;" in diff
        assert ("-  domain-name example.net;" in diff) == (action in ("update", "overwrite"))
        cu.rollback()
        assert cu.diff() is None


def test_lock_load_commit_unlock(dev, server, capsys):
    cu = Config(dev)
    assert cu.lock()
    with connect(server) as other:
        with pytest.raises(LockError):
            Config(other).lock()
        with pytest.raises(ConfigLoadError):
            Config(other).load("set system host-name other", format="set")
    cu.load(E.configuration(E.system(E("host-name", "one"))))
    cu.pdiff()
    assert "+  host-name one;" in capsys.readouterr().out
    assert cu.commit_check()
    assert cu.commit(comment="by PyEZ", detail=False)
    assert cu.unlock()
    with pytest.raises(UnlockError):
        cu.unlock()
    assert "by PyEZ" in dev.cli("show system commit", warning=False)
    assert cu.diff(1).count("host-name") == 2
    cu.rollback(1)
    assert cu.commit()
    assert cu.diff() is None and cu.diff(1) is not None


def test_private_and_exclusive(dev, server):
    with connect(server) as other:
        with Config(dev, mode="private") as cu:
            cu.load("set system host-name private", format="set")
            assert "private" not in (Config(other).diff() or "")
            cu.commit()
        with Config(dev, mode="exclusive") as cu:
            cu.load("set system host-name gone", format="set")
        assert Config(other).diff() is None
        assert other.rpc.get_config(filter_xml="<system><host-name/></system>").findtext(".//host-name") == "private"


def test_commit_confirmed_is_rolled_back_or_kept(dev):
    cu = Config(dev)
    cu.load("set system host-name maybe", format="set")
    assert cu.commit(confirm=1)
    assert "maybe" in dev.cli("show configuration system", warning=False)
    assert cu.commit()
    assert cu.diff() is None


def test_rescue(dev):
    cu = Config(dev)
    assert cu.rescue("save")
    assert "host-name gw;" in cu.rescue("get", format="text")
    cu.load("set system host-name lost", format="set")
    cu.commit()
    assert cu.rescue("reload") is not None
    assert "+  host-name gw;" in cu.diff()
    cu.commit()
    assert cu.rescue("delete")


def test_errors(dev):
    cu = Config(dev)
    with pytest.raises(ConfigLoadError) as e:
        cu.load("set system host-name", format="set")
    assert e.value.errs[0]["edit_path"] == "[edit system]" and e.value.errs[0]["bad_element"] == "host-name"
    assert e.value.errs[0]["severity"] == "error" and e.value.errs[0]["message"] == "missing argument"
    with pytest.raises(ConfigLoadError) as e:
        cu.load("set system host-name\nset foo bar\nset system host-name two", format="set")
    assert len(e.value.errs) == 2
    cu.rollback()
    cu.load("set services service-set s ipsec-vpn-rules nowhere", format="set")
    with pytest.raises(CommitError) as e:
        cu.commit()
    assert e.value.errs[0]["edit_path"] == "[edit services]" and "service-set s" in e.value.errs[0]["bad_element"]
    with pytest.raises(CommitError):
        cu.commit_check()
    cu.rollback()
    with pytest.raises(RpcError):
        dev.rpc.get_interface_information(bogus="x")
    with pytest.raises(ConfigLoadError) as e:
        cu.load("delete system domain-name\ndelete system domain-name", format="set")
    assert e.value.errs[0]["severity"] == "warning" and "statement not found" in e.value.errs[0]["message"]
    cu.load("delete system domain-name", format="set", ignore_warning=True)


def test_commands_and_rpcs(dev):
    assert "Hostname: gw" in dev.cli("show version", warning=False)
    assert dev.cli("show version", format="xml", warning=False).findtext("host-name") == "gw"
    json = dev.cli("show version", format="json", warning=False)
    assert json["software-information"][0]["host-name"][0]["data"] == "gw"
    assert dev.display_xml_rpc("show interfaces terse").tag == "get-interface-information"
    assert dev.display_xml_rpc("show interfaces terse").find("terse") is not None
    assert dev.cli_to_rpc_string("show interfaces terse sp-1/2/0") == \
        "rpc.get_interface_information(terse=True, interface_name='sp-1/2/0')"
    assert dev.display_xml_rpc("show configuration system host-name").find("configuration/system") is not None
    assert "invalid command" in dev.display_xml_rpc("show nothing")
    names = [i.findtext("name") for i in dev.rpc.get_interface_information(terse=True).iter("logical-interface")]
    assert "sp-1/2/0.1" in names
    text = dev.rpc.get_interface_information({"format": "text"}, terse=True, interface_name="sp-1/2/0")
    assert text.tag == "output" and "sp-1/2/0.1" in text.text
    json = dev.rpc.get_interface_information({"format": "json"}, terse=True)
    assert "interface-information" in json


def test_get_config(dev):
    config = dev.rpc.get_config(filter_xml=etree.XML("<configuration><system/></configuration>"))
    assert config.tag == "configuration" and config.findtext("system/host-name") == "gw" and config.find("interfaces") is None
    assert "host-name gw;" in dev.rpc.get_config(options={"format": "text"}).text
    assert "set system host-name gw" in dev.rpc.get_config(options={"format": "set"}).text
    assert dev.rpc.get_config(options={"format": "json"})["configuration"]["system"]["host-name"] == "gw"
    unit = "<configuration><interfaces><interface><name>sp-1/2/0</name><unit><name>1</name></unit></interface></interfaces></configuration>"
    one = dev.rpc.get_config(filter_xml=etree.XML(unit), options={"database": "committed", "inherit": "inherit"})
    assert [u.findtext("name") for u in one.iter("unit")] == ["1"]


def test_files(dev, tmp_path):
    fs = FS(dev)
    (tmp_path / "a").write_text("some <text>\n")
    assert "a" in fs.ls(str(tmp_path))["files"]
    assert "some <text>" in fs.cat(str(tmp_path / "a"))
    assert fs.cp(str(tmp_path / "a"), str(tmp_path / "b")) and (tmp_path / "b").exists()
    assert fs.rm(str(tmp_path / "b")) and not (tmp_path / "b").exists()
    assert fs.checksum(str(tmp_path / "a")) == __import__("hashlib").md5(b"some <text>\n").hexdigest()
    assert fs.storage_usage()


def test_scp(dev, server, tmp_path):
    (tmp_path / "a").write_text("some text\n")
    with server.gateway.ns.inside(), SCP(dev) as scp:
        scp.put(str(tmp_path / "a"), str(tmp_path / "b"))
        scp.get(str(tmp_path / "b"), str(tmp_path / "c"))
    assert (tmp_path / "b").read_text() == (tmp_path / "c").read_text() == "some text\n"


def test_start_shell(dev, server, tmp_path, monkeypatch):
    (tmp_path / ".ssh").mkdir()
    shutil.copy(server.key, tmp_path / ".ssh" / "id_ed25519")
    monkeypatch.setenv("HOME", str(tmp_path))  # it has no argument for a key
    with server.gateway.ns.inside(), StartShell(dev, timeout=60) as shell:
        ok, text = shell.run("echo one-$((1 + 1))")
        assert ok and "one-2" in text
        assert shell.run("false")[0] is False


def test_logs_and_users(dev):
    assert "UI_COMMIT" in dev.rpc.get_log(filename="messages").text
    names = [f.text for f in dev.rpc.get_log().iter("file-name")]
    assert {"messages", "mgd", "netd", "sallyportd"} <= set(names)
    assert dev.rpc.get_system_users_information().find("uptime-information/active-user-count") is not None
