# SPDX-License-Identifier: BSD-2-Clause
#
# test_netconf_edit.py - the options of edit-config, validate, copy-config and commit, by ncclient.

import re

import pytest
from lab.gateway import Gateway
from lab.netlab import wait_until
from lab.ssh import PORT, SshServer
from ncclient import manager
from ncclient.operations import RPCError
from ncclient.xml_ import to_ele

CONFIG = """
system { host-name gw; }
interfaces { sp-1/2/0 { unit 0 { family inet; } unit 1 { family inet; service-domain inside; } } }
"""
ADDRESS = "192.0.2.1"
BASE = "urn:ietf:params:xml:ns:netconf:base:1.0"


@pytest.fixture
def server(lab):
    ns = lab.ns("gw")
    ns.ip("link set lo up")
    ns.addr("lo", ADDRESS + "/32")
    yield SshServer(Gateway(ns, CONFIG), ADDRESS)


def connect(server, device="default"):
    with server.gateway.ns.inside():
        return manager.connect(host=ADDRESS, port=PORT, username="root", key_filename=server.key, hostkey_verify=False,
                               allow_agent=False, look_for_keys=False, device_params={"name": device}, timeout=60)


@pytest.fixture
def m(server):
    with connect(server) as session:
        yield session


def config(inner):
    return f'<config xmlns:nc="{BASE}"><configuration>{inner}</configuration></config>'


def edit(m, inner, **options):
    return m.edit_config(target="candidate", config=config(inner), **options)


def candidate(m):
    """The candidate without when it was changed."""
    return re.sub(r"<configuration [^>]*>", "<configuration>", m.get_config("candidate").data_xml)


def failure(m, inner, **options):
    with pytest.raises(RPCError) as e:
        edit(m, inner, **options)
    return e.value


def test_operations_have_their_errors(m):
    error = failure(m, '<system><host-name nc:operation="create">two</host-name></system>')
    assert error.tag == "data-exists" and error.path == "[edit system]" and "host-name" in error.info
    error = failure(m, '<system><domain-name nc:operation="delete"/></system>')
    assert error.tag == "data-missing" and error.path == "[edit system]" and "domain-name" in error.info
    error = failure(m, '<system><domain-name nc:operation="destroy"/></system>')
    assert error.tag == "bad-attribute"
    before = candidate(m)
    edit(m, '<system><domain-name nc:operation="remove"/></system>')
    assert candidate(m) == before
    edit(m, '<system><domain-name nc:operation="create">a.b</domain-name><host-name nc:operation="merge">two</host-name></system>')
    assert "<domain-name>a.b</domain-name>" in candidate(m) and "<host-name>two</host-name>" in candidate(m)
    unit = "<interfaces><interface><name>sp-1/2/0</name><unit nc:operation=%s><name>1</name><description>new</description></unit>" \
        "</interface></interfaces>"
    edit(m, unit % '"merge"')
    assert "<description>new" in candidate(m) and "service-domain" in candidate(m)
    edit(m, unit % '"replace"')
    assert "<description>new" in candidate(m) and "service-domain" not in candidate(m)
    edit(m, unit.replace("<description>new</description>", "") % '"delete"')
    assert "<name>1</name>" not in candidate(m)


def test_default_operation_none(m):
    before = candidate(m)
    edit(m, "<system><host-name>ignored</host-name></system>", default_operation="none")
    assert candidate(m) == before
    edit(m, '<system><host-name>ignored</host-name><domain-name nc:operation="create">a.b</domain-name></system>',
         default_operation="none")
    assert "<host-name>gw<" in candidate(m) and "<domain-name>a.b<" in candidate(m)
    unit = "<interfaces><interface><name>sp-1/2/0</name><unit{}><name>{}</name>{}</unit></interface></interfaces>"
    edit(m, unit.format("", 1, '<service-domain nc:operation="delete"/>'), default_operation="none")
    assert "service-domain" not in candidate(m)
    error = failure(m, unit.format("", 7, ""), default_operation="none")
    assert error.tag == "data-missing" and error.path == "[edit interfaces sp-1/2/0]"
    edit(m, unit.format(' nc:operation="merge"', 7, "<description>made</description>"), default_operation="none")
    assert "<description>made<" in candidate(m)


def test_error_options(m):
    bad = '<system><domain-name>one.net</domain-name></system><nothing/>' \
        '<interfaces><interface><name>sp-1/2/0</name><description>after</description></interface></interfaces>'
    before = candidate(m)
    failure(m, bad, error_option="rollback-on-error")
    assert candidate(m) == before
    failure(m, bad, error_option="stop-on-error")
    assert "one.net" in candidate(m) and "after" not in candidate(m)
    m.discard_changes()
    failure(m, bad, error_option="continue-on-error")
    assert "one.net" in candidate(m) and "after" in candidate(m)
    m.discard_changes()
    assert candidate(m) == before


SET = "<services><service-set><name>s</name><ipsec-vpn-rules><name>nowhere</name></ipsec-vpn-rules></service-set></services>"


def test_test_options(m):
    before = candidate(m)
    edit(m, SET, test_option="set")
    assert "nowhere" in candidate(m)
    m.discard_changes()
    error = failure(m, SET, test_option="test-then-set")
    assert error.errors[0].path.startswith("[edit services") and candidate(m) == before
    error = failure(m, SET, test_option="test-only")
    assert error.errors[0].path.startswith("[edit services") and candidate(m) == before
    good = "<system><domain-name>a.b</domain-name></system>"
    edit(m, good, test_option="test-only")
    assert candidate(m) == before
    edit(m, good, test_option="test-then-set")
    assert "<domain-name>a.b<" in candidate(m)
    with pytest.raises(RPCError) as e:
        m.dispatch(to_ele(f"<edit-config><target><candidate/></target><test-option>never</test-option>{config(good)}</edit-config>"))
    assert e.value.tag == "invalid-value"


def test_a_trial_leaves_the_lock_and_the_log_as_they_are(m, server):
    edit(m, "<system><domain-name>a.b</domain-name></system>", test_option="test-then-set")
    for line in ("+ domain-name a.b", "UI_CFG_AUDIT_OTHER"):     # which somebody else writes
        wait_until(lambda line=line: line in server.gateway.log(), what=line)
    m.discard_changes()
    with connect(server) as other, other.locked("candidate"):
        error = failure(m, "<system><domain-name>c.d</domain-name></system>", test_option="test-then-set")
        assert error.tag == "lock-denied"


def test_validate(m):
    m.validate("candidate")
    m.validate("running")
    source = to_ele(config(SET))
    with pytest.raises(RPCError) as e:
        m.validate(source)
    assert e.value.errors[0].path.startswith("[edit services")
    m.validate(to_ele(config("<system><host-name>other</host-name></system>")))
    assert "other" not in candidate(m)
    edit(m, SET)
    with pytest.raises(RPCError):
        m.validate("candidate")
    m.validate("running")


def test_copy_config(m):
    edit(m, "<system><domain-name>a.b</domain-name></system>")
    m.copy_config(source="candidate", target="running")
    assert "a.b" in m.get_config("running").data_xml
    edit(m, "<system><domain-name>c.d</domain-name></system>")
    m.copy_config(source="running", target="candidate")
    assert "c.d" not in candidate(m) and "a.b" in candidate(m)
    m.copy_config(source=to_ele(f"<source>{config('<system><host-name>third</host-name></system>')}</source>"), target="candidate")
    assert "third" in candidate(m) and "interfaces" not in candidate(m)


def reply(m, text):
    return m.rpc(text) if hasattr(m, "rpc") else m.dispatch(to_ele(text))


def test_commit_options(server):
    with connect(server, "junos") as m:
        for options in ("<synchronize/>", "<force-synchronize/>", "<full/>", "<synchronize/><full/><log>all</log>"):
            m.load_configuration(action="set", config=[f"set system domain-name n{len(options)}"])
            got = reply(m, f"<commit-configuration>{options}</commit-configuration>")
            assert got.xpath("//routing-engine/name")[0].text == "re0" and got.xpath("//commit-success")
        assert "all" in m.command("show system commit", format="text").xpath("//output")[0].text
        m.load_configuration(action="set", config=["set system domain-name detail"])
        got = reply(m, '<commit-configuration detail="detail"/>')
        said = [e.text for e in got.xpath("//commit-results/routing-engine/progress-indicator/message")]
        assert "daemons checking new configuration" in said and got.xpath("//commit-success")
        assert all(said) and said[-1] != "daemons checking new configuration"
        got = reply(m, '<commit-configuration detail="detail"><check/></commit-configuration>')
        assert got.xpath("//progress-indicator") and got.xpath("//commit-check-success") and not got.xpath("//commit-success")
        m.load_configuration(action="set", config=["set services service-set s ipsec-vpn-rules nowhere"])
        with pytest.raises(RPCError) as e:
            reply(m, '<commit-configuration detail="detail"/>')
        assert e.value.errors[0].path.startswith("[edit services")


def test_a_confirmed_commit_outlives_its_session(server):
    """As in JUNOS, and unlike RFC 6241 says of one without `persist`."""
    with connect(server) as m:
        edit(m, "<system><host-name>maybe</host-name></system>")
        m.commit(confirmed=True, timeout="600")
    with connect(server) as m:
        assert "maybe" in m.get_config("running").data_xml
        m.commit()
    assert "maybe" in server.gateway.cli("show configuration system")
