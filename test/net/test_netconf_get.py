# SPDX-License-Identifier: BSD-2-Clause
#
# test_netconf_get.py - the attributes of get-configuration and what PyEZ reads at start, by PyEZ.

import pytest
from jnpr.junos import Device
from jnpr.junos.exception import RpcError
from jnpr.junos.utils.config import Config
from lab.gateway import Gateway
from lab.ssh import PORT, SshServer

CONFIG = """
system { host-name gw; }
groups { all { interfaces { <*> { description common; unit <*> { description each; } } } system { domain-name a.b; } } }
apply-groups all;
interfaces { sp-1/2/0 { unit 0 { family inet; } unit 1 { family inet; service-domain inside; } } }
services { ipsec-vpn { ike { policy p { description "with a default"; } } } }
"""
ADDRESS = "192.0.2.1"


@pytest.fixture
def dev(lab):
    ns = lab.ns("gw")
    ns.ip("link set lo up")
    ns.addr("lo", ADDRESS + "/32")
    server = SshServer(Gateway(ns, CONFIG), ADDRESS)
    with ns.inside():
        device = Device(host=ADDRESS, port=PORT, user="root", ssh_private_key_file=server.key, ssh_config="/dev/null").open()
    yield device
    device.close()


def get(dev, filter_xml=None, **options):
    return dev.rpc.get_config(filter_xml=filter_xml, options=options)


def test_inherit_and_groups(dev):
    plain = get(dev)
    assert plain.find("groups") is not None and plain.find("system/domain-name") is None
    for options in ({}, {"commit-scripts": "apply"}, {"database": "committed"}):
        whole = get(dev, inherit="inherit", **options)
        assert whole.find("groups") is None and whole.find("apply-groups") is None
        assert whole.findtext("system/domain-name") == "a.b" and not whole.xpath("//@group")
        assert whole.xpath("//unit[name='1']/description")[0].text == "each"
    named = get(dev, inherit="inherit", groups="groups")
    assert named.find("system/domain-name").get("group") == "all" and named.find("system/host-name").get("group") is None
    assert [e.get("group") for e in named.xpath("//unit/description")] == ["all", "all"]
    some = get(dev, "<system><domain-name/></system>", inherit="inherit", groups="groups")
    assert some.find("system/domain-name").get("group") == "all" and some.find("interfaces") is None
    data = get(dev, inherit="inherit", groups="groups", format="json")["configuration"]
    assert data["system"]["@domain-name"] == {"junos:group": "all"} and "@host-name" not in data["system"]
    assert [u["@description"]["junos:group"] for u in data["interfaces"]["interface"][0]["unit"]] == ["all", "all"]
    assert "junos:group" not in str(get(dev, inherit="inherit", format="json"))
    text = get(dev, inherit="inherit", groups="groups", format="text").text
    assert "    ##\n    ## 'a.b' was inherited from group 'all'\n    ##\n    domain-name a.b;" in text
    text = get(dev, inherit="inherit", format="text").text
    assert "domain-name a.b;" in text and "apply-groups" not in text and "##  " not in text
    assert "set system domain-name a.b" in get(dev, inherit="inherit", format="set").text
    assert get(dev, inherit="inherit", format="json")["configuration"]["system"]["domain-name"] == "a.b"


def test_inherit_defaults(dev):
    plain = get(dev, inherit="inherit", groups="groups")
    whole = get(dev, inherit="defaults", groups="groups")
    more = [e for e in whole.iter() if e.get("group") == "junos-defaults"]
    assert [(e.tag, e.text) for e in more] == [("peer-certificate-type", "x509-signature"), ("establish-tunnels", "on-traffic")]
    assert not plain.xpath("//*[@group='junos-defaults']")
    assert whole.findtext("system/domain-name") == "a.b"
    assert len(list(whole.iter())) == len(list(plain.iter())) + len(more)


def test_changed(dev):
    cu = Config(dev)
    assert not get(dev, changed="changed").xpath("//@changed")
    cu.load("set interfaces sp-1/2/0 unit 1 description new", format="set")
    got = get(dev, changed="changed")
    marked = [e.tag for e in got.iter() if e.get("changed") == "changed"]
    assert marked == ["configuration", "interfaces", "interface", "unit", "description"]
    assert not get(dev).xpath("//@changed")
    assert not get(dev, changed="changed", database="committed").xpath("//@changed")
    data = get(dev, changed="changed", format="json")["configuration"]
    unit = data["interfaces"]["interface"][0]["unit"][1]
    assert data["@"]["junos:changed"] == unit["@"]["junos:changed"] == unit["@description"]["junos:changed"] == "changed"
    assert "@" not in data["system"] and "@" not in data["interfaces"]["interface"][0]["unit"][0]
    assert "changed" not in get(dev, changed="changed", format="text").text.split("\n", 2)[2]
    got = get(dev, "<interfaces/>", changed="changed", inherit="inherit")
    assert [e.tag for e in got.iter() if e.get("changed")] == ["configuration", "interfaces", "interface", "unit", "description"]
    got = get(dev, "<system/>", changed="changed")
    assert got.findtext("system/host-name") == "gw" and not got.find("system").xpath(".//@changed")
    cu.commit()
    assert not get(dev, changed="changed").xpath("//@changed")
    got = get(dev, changed="changed", database="committed")
    assert [e.tag for e in got.iter() if e.get("changed")] == ["configuration", "interfaces", "interface", "unit", "description"]
    cu.load("delete interfaces sp-1/2/0 unit 1 description", format="set")
    cu.rollback()
    assert not get(dev, changed="changed").xpath("//@changed")


@pytest.mark.parametrize("attribute", [{"database": "other"}, {"inherit": "other"}, {"format": "other"}, {"compare": "other"}])
def test_other_values_of_attributes(dev, attribute):
    with pytest.raises(RpcError) as e:
        get(dev, **attribute)
    assert e.value.errs[0]["bad_element"] == list(attribute)[0]


def test_committed_says_when_it_was_committed(dev):
    cu = Config(dev)
    cu.load("set system host-name other", format="set")
    for options in ({}, {"inherit": "inherit"}):
        assert get(dev, database="committed", **options).get("commit-seconds")
        assert get(dev, **options).get("changed-seconds")
    marks = get(dev, database="committed", format="json")["configuration"]["@"]
    assert marks["xmlns"] == "http://xml.juniper.net/xnm/1.1/xnm" and marks["junos:commit-user"] and marks["junos:commit-seconds"]
    assert get(dev, format="json")["configuration"]["@"]["junos:changed-localtime"]


def test_rescue_information(dev):
    cu = Config(dev)
    assert cu.rescue("save")
    text = dev.rpc.get_rescue_information(format="text")
    assert text.tag == "rescue-information" and "host-name gw;" in text.findtext("configuration-information/configuration-output")
    xml = cu.rescue("get", format="xml")
    assert xml.tag == "rescue-information" and xml.findtext("configuration/system/host-name") == "gw"
    assert cu.rescue("delete")
    assert cu.rescue("get") is None


def test_a_long_text_comes_in_one_element(dev):
    cu = Config(dev)
    cu.load("\n".join(f"set interfaces sp-1/2/0 unit {n} description {'x' * 200}" for n in range(10, 1500)), format="set")
    cu.commit()
    assert cu.rescue("save")
    assert cu.rescue("get", format="text").count("x" * 200) == 1490
    assert cu.diff(1).count("x" * 200) == 1490


def test_version_of_all_routing_engines(dev):
    got = dev.rpc.cli("show version invoke-on all-routing-engines", format="xml")
    assert got.find(".//software-information") is not None or got.tag == "software-information"
    assert got.xpath("descendant-or-self::host-name")[0].text == "gw"
    assert "Hostname: gw" in dev.cli("show version invoke-on all-routing-engines", warning=False)
    assert dev.facts["version_RE0"] == dev.facts["version"] and dev.facts["junos_info"]["re0"]["text"] == dev.facts["version"]


@pytest.mark.parametrize("kind", ["dynamic", "batch", "ephemeral"])
def test_databases_that_are_not_configured(dev, kind):
    with pytest.raises(RpcError) as e:
        with Config(dev, mode=kind):
            pass
    assert e.value.errs[0]["severity"] == "error" and kind in (e.value.errs[0]["bad_element"] or "")
