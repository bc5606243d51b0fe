# SPDX-License-Identifier: BSD-2-Clause
#
# test_netmiko.py - screen-scraping clients: netmiko's juniper_junos types into the command line as login shell.

import pytest
from lab.gateway import Gateway
from lab.ssh import PORT, SshServer
from netmiko import ConnectHandler, file_transfer

pytestmark = pytest.mark.slow  # netmiko waits by the clock

CONFIG = """
system { host-name gw; }
interfaces { sp-1/2/0 { unit 0 { family inet; } unit 1 { family inet; service-domain inside; } } }
"""
ADDRESS = "192.0.2.1"


@pytest.fixture
def server(lab):
    ns = lab.ns("gw")
    ns.ip("link set lo up")
    ns.addr("lo", ADDRESS + "/32")
    yield SshServer(Gateway(ns, CONFIG), ADDRESS)


@pytest.fixture
def box(server, tmp_path):
    with server.gateway.ns.inside():
        connection = ConnectHandler(
            device_type="juniper_junos", host=ADDRESS, port=PORT, username="root", use_keys=True, key_file=server.key,
            session_log=str(tmp_path / "session.log"))
    yield connection
    connection.disconnect()


def test_operational_commands(box):
    assert box.find_prompt() == "root@gw>"
    assert "Hostname: gw" in box.send_command("show version")
    assert "JUNOS Software Release" in box.send_command("show version")
    assert "host-name gw;" in box.send_command("show configuration system")
    assert "syntax error" in box.send_command("show nothing")
    text = box.send_command("show configuration | display set")
    assert "set system host-name gw" in text and "\x1b" not in text


def test_configuration_mode(box):
    assert not box.check_config_mode()
    box.config_mode()
    assert box.check_config_mode()
    text = box.send_config_set(["set system domain-name a.b", "show | compare"], exit_config_mode=False)
    assert "+  domain-name a.b;" in text
    assert "configuration check succeeds" in box.commit(check=True)
    assert "commit complete" in box.commit(comment="by netmiko")
    box.exit_config_mode()
    assert not box.check_config_mode()
    assert "by netmiko" in box.send_command("show system commit")
    assert box.find_prompt() == "root@gw>"


def test_leaving_with_changes_that_are_not_committed(box):
    box.send_config_set(["set system host-name lost", "set system domain-name x.y"])
    assert not box.check_config_mode()
    box.send_config_set(["rollback 0"])
    assert "lost" not in box.send_command("show configuration system")


def test_commit_and_quit(box):
    box.send_config_set(["set system domain-name a.b"], exit_config_mode=False)
    assert "commit complete" in box.commit(and_quit=True)
    assert not box.check_config_mode()


def test_commit_confirmed(box):
    box.send_config_set(["set system domain-name a.b"], exit_config_mode=False)
    assert "commit confirmed will be automatically rolled back in" in box.commit(confirm=True, confirm_delay=5)
    assert "commit complete" in box.commit()
    box.exit_config_mode()


def test_config_mode_of_long_text(box):
    lines = [f"set interfaces sp-1/2/0 unit {n} description number-{n}" for n in range(10, 60)]
    box.send_config_set(lines, exit_config_mode=False)
    assert "commit complete" in box.commit()
    box.exit_config_mode()
    assert box.send_command("show configuration interfaces").count("description number-") == 50


def test_shell(box):
    box.write_channel("start shell sh\n")
    assert "#" in box.read_until_pattern(r"[#$]")
    box.write_channel("exit\n")
    assert "root@gw>" in box.read_until_pattern(r"root@gw>")


def test_files_are_copied(box, server, tmp_path):
    (tmp_path / "here").write_text("some text\n")
    (tmp_path / "there").mkdir()
    where = {"file_system": str(tmp_path / "there")}
    with server.gateway.ns.inside():
        put = file_transfer(box, source_file=str(tmp_path / "here"), dest_file="copy", direction="put", **where)
        assert put == {"file_exists": True, "file_transferred": True, "file_verified": True}
        assert (tmp_path / "there" / "copy").read_text() == "some text\n"
        again = file_transfer(box, source_file=str(tmp_path / "here"), dest_file="copy", direction="put", **where)
        assert not again["file_transferred"]
        got = file_transfer(box, source_file="copy", dest_file=str(tmp_path / "back"), direction="get", **where)
        assert got["file_verified"] and (tmp_path / "back").read_text() == "some text\n"
    assert box.find_prompt() == "root@gw>"
