# SPDX-License-Identifier: BSD-2-Clause
#
# test_ansible.py - the modules of junipernetworks.junos, over NETCONF and over the command line.

import json
import os

import pytest
from lab.gateway import Gateway
from lab.ssh import PORT, SshServer

pytestmark = pytest.mark.slow

CONFIG = """
system { host-name gw; }
interfaces { sp-1/2/0 { unit 0 { family inet; } unit 1 { family inet; service-domain inside; } } }
"""
ADDRESS = "192.0.2.1"


class Playbook:
    """Runs tasks against the gateway and returns what each registered."""

    def __init__(self, server, folder, connection):
        self.server, self.folder, self.connection = server, folder, connection

    def run(self, *tasks):
        plays = [{"hosts": "all", "gather_facts": False, "tasks": [dict(t, register=f"r{n}") for n, t in enumerate(tasks)] + [
            {"ansible.builtin.copy": {"content": "{{ r%d | to_json }}" % n, "dest": str(self.folder / f"r{n}")},
             "delegate_to": "localhost", "connection": "local"} for n in range(len(tasks))]}]
        (self.folder / "play.yml").write_text(json.dumps(plays))
        inventory = {"all": {"hosts": {"gw": {
            "ansible_host": ADDRESS, "ansible_port": PORT, "ansible_user": "root", "ansible_ssh_private_key_file": self.server.key,
            "ansible_connection": self.connection, "ansible_network_os": "junipernetworks.junos.junos",
            "ansible_host_key_checking": False, "ansible_netconf_ssh_config": False,
            "ansible_python_interpreter": "/usr/bin/python3"}}}}
        (self.folder / "hosts.yml").write_text(json.dumps(inventory))
        env = dict(os.environ, HOME=str(self.folder), ANSIBLE_HOST_KEY_CHECKING="False", ANSIBLE_LOCALHOST_WARNING="False",
                   ANSIBLE_PERSISTENT_CONNECT_TIMEOUT="60", ANSIBLE_NETWORK_CLI_SSH_TYPE="paramiko", LC_ALL="C.UTF-8")
        run = self.server.gateway.ns.run(
            ["ansible-playbook", "-i", str(self.folder / "hosts.yml"), str(self.folder / "play.yml")], timeout_s=240, check=False,
            env=env)
        assert run.returncode == 0, run.stdout + run.stderr
        return [json.loads((self.folder / f"r{n}").read_text()) for n in range(len(tasks))]


@pytest.fixture
def play(lab, tmp_path):
    ns = lab.ns("gw")
    ns.ip("link set lo up")
    ns.addr("lo", ADDRESS + "/32")
    server = SshServer(Gateway(ns, CONFIG), ADDRESS)
    return lambda connection: Playbook(server, tmp_path, connection)


J = "junipernetworks.junos.junos_"


def test_netconf(play):
    facts, command, rpc, config, again, name, template = play("ansible.netcommon.netconf").run(
        {J + "facts": {"gather_subset": ["default", "hardware", "interfaces", "config"]}},
        {J + "command": {"commands": ["show version", "show configuration system"], "display": "text"}},
        {J + "rpc": {"rpc": "get-interface-information", "args": {"terse": True}}},
        {J + "config": {"lines": ["set system domain-name example.net"], "comment": "by Ansible"}},
        {J + "config": {"lines": ["set system domain-name example.net"]}},
        {J + "hostname": {"config": {"hostname": "new"}, "state": "merged"}},
        {J + "config": {"src_format": "text", "src": "/dev/stdin", "update": "merge"}, "ignore_errors": True, "when": False})
    net = facts["ansible_facts"]
    assert net["ansible_net_hostname"] == "gw" and net["ansible_net_version"].startswith("21.4R1")
    assert net["ansible_net_model"] and net["ansible_net_serialnum"]
    assert net["ansible_net_memtotal_mb"] > 0 and net["ansible_net_filesystems"]
    assert "host-name gw;" in net["ansible_net_config"]
    assert "Hostname: gw" in command["stdout"][0] and "host-name gw;" in command["stdout"][1]
    assert "interface-information" in json.dumps(rpc)
    assert config["changed"] and not again["changed"]
    assert name["changed"] and name["after"]["hostname"] == "new"
    assert template["skipped"]


def test_network_cli(play):
    command, config, again, show = play("ansible.netcommon.network_cli").run(
        {"ansible.netcommon.cli_command": {"command": "show version"}},
        {"ansible.netcommon.cli_config": {"config": "set system domain-name example.net", "commit_comment": "by_cli"}},
        {"ansible.netcommon.cli_config": {"config": "set system domain-name example.net"}},
        {"ansible.netcommon.cli_command": {"command": "show configuration | display set"}})
    assert "Hostname: gw" in command["stdout"]
    assert config["changed"] and not again["changed"]
    assert "set system domain-name example.net" in show["stdout"]
