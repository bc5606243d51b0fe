# SPDX-License-Identifier: BSD-2-Clause
#
# test_netconf.py - ncclient, as it is for JUNOS and for anybody, against sshd and the gateway.

import re

import pytest
from lab.gateway import Gateway
from lab.ssh import PORT, SshServer
from ncclient import manager
from ncclient.operations import RPCError
from ncclient.transport.session import NetconfBase
from ncclient.xml_ import to_ele, to_xml

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
    gateway = Gateway(ns, CONFIG)
    yield SshServer(gateway, ADDRESS)


def connect(server, device="junos", user="root"):
    with server.gateway.ns.inside():
        return manager.connect(host=ADDRESS, port=PORT, username=user, key_filename=server.key, hostkey_verify=False,
                               allow_agent=False, look_for_keys=False, device_params={"name": device}, timeout=60)


@pytest.fixture(params=["root", "unix"])
def junos(server, request):
    """A session of ncclient's handler for JUNOS, by a user whose shell is the command line, and by one with a shell."""
    with connect(server, user=request.param) as m:
        yield m


def test_junos_handler_edits_and_commits(junos):
    assert any("junos" in c for c in junos.server_capabilities)
    with junos.locked("candidate"):
        junos.load_configuration(action="set", config=["set system host-name one", "set system domain-name example.net"])
        diff = junos.compare_configuration().xpath("//configuration-output")[0].text
        assert "-  host-name gw;" in diff and "+  domain-name example.net;" in diff
        junos.validate()
        junos.commit(comment="by ncclient")
    assert junos.compare_configuration().xpath("//configuration-output")[0].text == "\n"
    got = junos.get_configuration(filter=to_ele("<configuration><system><host-name/></system></configuration>"))
    assert got.xpath("//host-name")[0].text == "one" and not got.xpath("//domain-name")
    assert "by ncclient" in junos.command("show system commit", format="text").xpath("//output")[0].text
    assert "via netconf" in junos.command("show system commit", format="text").xpath("//output")[0].text
    junos.rollback(rollback=1)
    junos.commit()
    assert junos.get_configuration(format="set").xpath("//configuration-set")[0].text.count("host-name gw") == 1


def test_formats_of_load(junos):
    junos.load_configuration(action="merge", format="text", config="system { host-name two; }")
    junos.load_configuration(
        action="merge", format="xml",
        config=to_ele("<system><domain-name>a.b</domain-name></system>"))
    text = junos.get_configuration(format="text").xpath("//configuration-text")[0].text
    assert "host-name two;" in text and "domain-name a.b;" in text
    junos.load_configuration(
        action="merge", format="xml",
        config=to_ele('<system><domain-name delete="delete"/></system>'))
    assert "domain-name" not in junos.get_configuration(format="text").xpath("//configuration-text")[0].text
    junos.discard_changes()
    assert "host-name gw;" in junos.get_configuration(format="text").xpath("//configuration-text")[0].text


def test_errors_have_a_path_and_a_bad_element(junos):
    with pytest.raises(RPCError) as e:
        junos.load_configuration(action="set", config=["set system host-name"])
    assert e.value.severity == "error" and e.value.path == "[edit system]" and "missing argument" in e.value.message
    assert "<bad-element>host-name" in e.value.info
    junos.discard_changes()
    junos.load_configuration(action="set", config=["set services service-set s ipsec-vpn-rules nowhere"])
    with pytest.raises(RPCError) as e:
        junos.commit()
    assert e.value.errors[0].severity == "error" and e.value.errors[0].path.startswith("[edit services")
    assert "commit failed" in e.value.errors[-1].message
    junos.discard_changes()
    with pytest.raises(RPCError) as e:
        junos.command("show bridge mac-table count")
    assert "<bad-element>bridge</bad-element>" in e.value.info
    with pytest.raises(RPCError) as e:
        junos.rpc("<get-nothing/>")
    assert "<bad-element>get-nothing</bad-element>" in e.value.info


def test_two_sessions_lock_each_other_out(server):
    with connect(server) as one, connect(server) as two:
        one.lock("candidate")
        with pytest.raises(RPCError) as e:
            two.lock("candidate")
        assert e.value.tag == "lock-denied" and "configuration database locked by" in e.value.message
        with pytest.raises(RPCError):
            two.load_configuration(action="set", config=["set system host-name two"])
        one.load_configuration(action="set", config=["set system host-name lost"])
        one.unlock("candidate")
        assert "lost" not in to_xml(two.get_configuration().data_ele if hasattr(two.get_configuration(), "data_ele")
                                    else two.get_configuration().xpath("/rpc-reply")[0])
        two.lock("candidate")
        two.unlock("candidate")


def test_a_session_can_end_another(server):
    with connect(server) as one:
        two = connect(server)
        one.kill_session(two.session_id)
        with pytest.raises(Exception):
            two.get_configuration()


@pytest.mark.parametrize("netconf", [["netconf"], ["netconf", "base-1.1"]])
def test_operations_of_the_standard(lab, netconf):
    ns = lab.ns("gw")
    ns.ip("link set lo up")
    ns.addr("lo", ADDRESS + "/32")
    server = SshServer(Gateway(ns, CONFIG), ADDRESS, netconf)
    with connect(server, "default") as m:
        assert m._session._base == (NetconfBase.BASE_11 if "base-1.1" in netconf else NetconfBase.BASE_10)
        assert "<host-name>gw</host-name>" in m.get_config("running").data_xml
        new = "<config><configuration><system><host-name>new</host-name></system></configuration></config>"
        with m.locked("candidate"):
            m.edit_config(target="candidate", config=new)
            assert "<host-name>new</host-name>" in m.get_config("candidate").data_xml
            assert "<host-name>gw</host-name>" in m.get_config("running").data_xml
            m.validate("candidate")
            m.commit()
        path = ("xpath", "/configuration/interfaces/interface[name='sp-1/2/0']/unit[name='1']")
        got = m.get_config("running", filter=path).data_xml
        assert got.count("<unit>") == 1 and "service-domain" in got and "host-name" not in got
        for path, count in (("//unit[service-domain='inside'] | /configuration/system/host-name", 1), ("//c:unit", 2),
                            ("/configuration/*/interface[name='sp-1/2/0']/unit[not(service-domain)]", 1), ("//nothing", 0)):
            got = m.get_config("running", filter=("xpath", path)).data_xml
            assert got.count("<unit>") == count and ("host-name" in got) == ("host-name" in path), path
        with pytest.raises(RPCError) as e:
            m.dispatch(to_ele("<get-interface-information><routing-instance>none</routing-instance></get-interface-information>"))
        assert "none" in e.value.message
        with pytest.raises(RPCError) as e:
            m.get_config("running", filter=("xpath", "//unit[1]"))
        assert e.value.tag == "bad-attribute" and "<bad-attribute>select</bad-attribute>" in e.value.info
        subtree = ("subtree", "<configuration><system><host-name/></system></configuration>")
        got = m.get(filter=subtree).data_xml
        assert "<host-name>new</host-name>" in got and "interfaces" not in got
        assert "module sallyport-conf-system" in m.get_schema("sallyport-conf-system").data
        m.copy_config(source="running", target="candidate")
        m.edit_config(target="candidate", config=new.replace("<host-name>", '<host-name nc:operation="delete" xmlns:nc='
                                                                          '"urn:ietf:params:xml:ns:netconf:base:1.0">'))
        assert "host-name" not in m.get_config("candidate").data_xml
        m.discard_changes()
        big = "<config><configuration><interfaces><interface><name>sp-1/2/0</name>" + "".join(
            f"<unit><name>{n}</name><description>{'x' * 50}</description></unit>" for n in range(10, 3000)
        ) + "</interface></interfaces></configuration></config>"
        m.edit_config(target="candidate", config=big)
        assert m.get_config("candidate").data_xml.count("<unit>") == 2992
        m.discard_changes()
        with pytest.raises(RPCError):
            m.edit_config(target="running", config=new)


def test_xml_mode_over_an_ordinary_channel(server):
    hello = '<hello><capabilities><capability>urn:ietf:params:netconf:base:1.0</capability></capabilities></hello>]]>]]>'
    rpc = '<rpc message-id="7" a="&lt;b&quot;"><get-software-information/></rpc>]]>]]>'
    for bad in ["", "<rpc><nonsense", '<!DOCTYPE r [<!ENTITY a "b">]><rpc>&a;</rpc>', "<rpc/>", "<foo/>"]:
        bad = bad + "]]>]]>" if bad else ""
        run = server.ssh(["xml-mode", "netconf", "need-trailer"], input=hello + bad + rpc + "<rpc><close-session/></rpc>]]>]]>")
        replies = run.stdout.split("]]>]]>")
        assert '<session-id>' in replies[0]
        assert re.search(r'<rpc-reply [^>]*message-id="7" a="&lt;b&quot;">', replies[-3]), run.stdout
        assert "<junos-version>21.4R1" in replies[-3]
        assert bool(bad) == ("<rpc-error " in run.stdout)


def test_scp_through_the_login_shell(server, tmp_path):
    (tmp_path / "a").write_text("some text")
    ns = server.gateway.ns
    options = ["-P", str(PORT), "-i", server.key, "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"]
    for kind in ("-O", "-s"):
        ns.run(["scp", "-q", kind, *options, str(tmp_path / "a"), f"root@{ADDRESS}:{tmp_path}/b{kind}"])
        assert (tmp_path / f"b{kind}").read_text() == "some text"
    assert server.ssh(["touch", str(tmp_path / "c")], check=False).returncode != 0
    assert server.ssh(["scp", "-t", f"{tmp_path};", "touch", str(tmp_path / "c")], check=False, input="").returncode != 0
    assert not (tmp_path / "c").exists()
