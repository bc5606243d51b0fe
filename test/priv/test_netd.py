# SPDX-License-Identifier: BSD-2-Clause
"""netd and sallyportd on a real kernel: what is made, what a commit touches, what packets do, what is left."""
import os
import re
import signal
import time

import pytest

from gateway import MSG_LOAD, PATIENCE, Gateway, check_rights, netd_caps, wait

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason='needs root')

MEDIA = '''interfaces
  interface ge-0/0/0
    unit 0
      family
        inet{in0}
          address 10.1.0.1/24:
        inet6
          address 2001:db8:0::1/64:
  interface ge-0/0/1
    unit 0
      family
        inet{in1}
          address 10.1.1.1/24:
        inet6
          address 2001:db8:1::1/64:
'''

NEXT_HOP = '''  interface sp-1/2/0
    unit 0
      family
        inet:
    unit 1
      family
        inet:
        inet6:
      service-domain inside
    unit 2
      family
        inet:
      service-domain outside
routing-options
  static
    route 10.2.0.0/16
      next-hop sp-1/2/0.1
    route 10.77.0.0/16
      discard
services
  service-set ss
    next-hop-service
      inside-service-interface sp-1/2/0.1
      outside-service-interface sp-1/2/0.2
    ipsec-vpn-options
      local-gateway 10.1.1.1
    ipsec-vpn-rules r
  ipsec-vpn
    rule r
      match-direction input
      term t
        then
          remote-gateway 10.1.1.2
          manual
            direction bidirectional
              protocol esp
              spi 300
              authentication
                algorithm hmac-sha1-96
                key
                  ascii-text 12345678901234567890
'''


def media(in0='', in1=''):
    return MEDIA.format(in0=in0, in1=in1)


@pytest.fixture
def gateway(request):
    name = re.sub(r'\W', '', request.node.name)[5:16]
    with Gateway(name) as g:
        yield g


def test_start_makes_and_stop_leaves_nothing(gateway):
    before = gateway.state()
    assert gateway.start(media() + NEXT_HOP) == 'ready\n', gateway.process.stderr.read()
    state = gateway.state()
    assert 'sp-1-2-0.1' in state['links']
    assert '10.2.0.0/16 dev sp-1-2-0.1 proto 83 scope link metric 5' in state['routes']
    assert 'blackhole 10.77.0.0/16' in state['routes']
    assert '10.1.0.1/24' in state['addresses']
    assert 'net.ipv4.ip_forward = 1' in state['sysctls'][0]
    gateway.wait_log('picd-sp-1-2-0', 'given unit sp-1/2/0.1')
    gateway.wait_log('picd-sp-1-2-0', 'given esp 4 10.1.1.1')
    gateway.wait_log('picd-sp-1-2-0', 'given send6 6')
    gateway.wait_log('picd-sp-1-2-0', 'sync 1')
    assert gateway.stop() == 0
    assert gateway.state() == before


@pytest.mark.parametrize('name, caps', [('netd', netd_caps()), ('mgd', 0), ('picd-sp-1-2-0', 0)])
def test_rights_of_each_process(gateway, name, caps):
    assert gateway.start(media() + NEXT_HOP) == 'ready\n'
    gateway.wait_log('sallyportd', f'{name} is ready')
    check_rights(gateway.pid(name), name, caps)


def test_bad_configuration_ends_with_its_errors(gateway):
    before = gateway.state()
    assert gateway.start(media() + NEXT_HOP.replace('12345678901234567890', 'short')) == ''
    assert gateway.process.wait(timeout=PATIENCE) == 1
    assert 'service' in gateway.process.stderr.read()
    assert gateway.state() == before


def test_second_gateway_in_the_same_folder_is_refused(gateway):
    assert gateway.start(media()) == 'ready\n'
    again = gateway.at(gateway.dir + '/bin/sallyportd', '-r', gateway.run_dir, check=False)
    assert 'is running' in again
    assert os.path.exists(gateway.run_dir + '/mgd.sock')


def links_at_rest(gateway):
    """All that is said of each link, once it stays so: the carrier of a new one comes a moment later."""
    before, now = None, set(gateway.ip('-o', 'link').splitlines())
    while now != before:
        time.sleep(0.2)
        before, now = now, set(gateway.ip('-o', 'link').splitlines())
    return now


def test_commit_touches_only_what_changed(gateway):
    first = media() + NEXT_HOP
    second = first.replace('    route 10.77.0.0/16\n      discard\n', '    route 10.2.0.0/16\n').replace(
        '    route 10.2.0.0/16\n      next-hop sp-1/2/0.1\n    route 10.2.0.0/16\n',
        '    route 10.2.0.0/16\n      next-hop sp-1/2/0.1\n    route 10.78.0.0/16\n      reject\n').replace(
        '    unit 2\n', '    unit 7\n      family\n        inet\n          address 10.60.0.1/32:\n            destination 10.60.0.2\n    unit 2\n')
    assert gateway.start(first) == 'ready\n'
    gateway.wait_log('picd-sp-1-2-0', 'sync 1')
    links = links_at_rest(gateway)
    netd, picd = gateway.pid('netd'), gateway.pid('picd-sp-1-2-0')
    assert gateway.client().load(second) is None
    assert links <= links_at_rest(gateway)
    assert gateway.ip('addr', 'show', 'sp-1-2-0.7').count('10.60.0.1 peer 10.60.0.2/32') == 1
    assert 'unreachable 10.78.0.0/16' in gateway.ip('route') and '10.77' not in gateway.ip('route')
    gateway.wait_log('picd-sp-1-2-0', 'sync 2')
    log = gateway.log('picd-sp-1-2-0')
    assert log.count('given unit sp-1/2/0.1 ') == 1 and log.count('given unit sp-1/2/0.7 ') == 1
    assert (netd, picd) == (gateway.pid('netd'), gateway.pid('picd-sp-1-2-0'))
    assert gateway.client().load(first) is None
    gateway.wait_log('picd-sp-1-2-0', 'taken unit sp-1/2/0.7 ')
    assert 'sp-1-2-0.7' not in gateway.ip('link')
    assert '10.77.0.0/16' in gateway.ip('route')


def test_commit_that_comes_while_another_waits_for_devices(gateway):
    first = media() + NEXT_HOP
    new = '    unit {}\n      family\n        inet:\n    unit 2\n'
    assert gateway.start(first) == 'ready\n'
    client = gateway.client()
    for unit in (7, 8, 9):      # each needs a descriptor that sallyportd opens
        client.send(MSG_LOAD, ('load', [('text', first.replace('    unit 2\n', new.format(unit)))]))
    answers = [dict(client.receive()[1][1])['status'] for _ in range(3)]
    assert answers[-1] == 'ok', answers
    gateway.wait_log('picd-sp-1-2-0', 'given unit sp-1/2/0.9 ')
    links = gateway.ip('link')
    assert 'sp-1-2-0.9' in links and 'sp-1-2-0.7' not in links and 'sp-1-2-0.8' not in links


def test_many_units_are_all_given_and_the_sync_is_last(gateway):
    """More than are on their way at a time; also to a picd that comes back."""
    first = media() + NEXT_HOP
    many = ''.join(f'    unit {n}\n      family\n        inet:\n' for n in range(10, 310)) + '    unit 2\n'
    assert gateway.start(first) == 'ready\n'
    assert gateway.client().load(first.replace('    unit 2\n', many)) is None
    gateway.wait_log('picd-sp-1-2-0', 'sync 2')
    pid = gateway.pid('picd-sp-1-2-0')
    given = re.findall(r'given unit sp-1/2/0\.(\d+) |(sync) 2', gateway.log('picd-sp-1-2-0'))
    units = [unit for unit, _ in given if unit and int(unit) >= 10]
    assert sorted(map(int, units)) == list(range(10, 310)) and given[-1] == ('', 'sync')
    os.kill(pid, signal.SIGKILL)
    gateway.wait_new('picd-sp-1-2-0', pid)
    gateway.wait_log('picd-sp-1-2-0', 'sync 2', times=2)
    again = re.findall(r'given unit sp-1/2/0\.(\d+) ', gateway.log('picd-sp-1-2-0').split('sync 2', 1)[1])
    assert len(again) == len(set(again)) == 303


def test_more_units_than_descriptors_are_refused(gateway):
    first = media() + NEXT_HOP
    many = ''.join(f'    unit {n}\n      family\n        inet:\n' for n in range(10, 110)) + '    unit 2\n'
    few = ('setpriv', '--bounding-set=-sys_resource', '--inh-caps=-sys_resource', 'prlimit', '--nofile=600:600')
    assert gateway.start(first, few) == 'ready\n'
    pid = gateway.pid('netd')
    errors = gateway.client().load(first.replace('    unit 2\n', many))
    assert '103 units need as many descriptors, but a process may hold 600 here' in errors
    assert gateway.pid('netd') == pid and 'sp-1-2-0.10' not in gateway.ip('link')


def test_route_moves_without_a_gap(gateway):
    first = media() + NEXT_HOP
    second = first.replace('next-hop sp-1/2/0.1', 'next-hop sp-1/2/0.2')
    assert gateway.start(first) == 'ready\n'
    assert gateway.client().load(second) is None
    assert '10.2.0.0/16 dev sp-1-2-0.2' in gateway.ip('route')
    assert gateway.client().load(first) is None
    assert '10.2.0.0/16 dev sp-1-2-0.1' in gateway.ip('route')


def test_packets_reach_the_unit_whole(gateway):
    assert gateway.start(media() + NEXT_HOP) == 'ready\n'
    gateway.wait_log('picd-sp-1-2-0', 'sync 1')
    gateway.host(0, 'ping', '-c1', '-W1', '-s', '1400', '10.2.0.9', check=False)
    gateway.wait_log('picd-sp-1-2-0', 'packet unit sp-1/2/0.1 - 1428 bytes')


@pytest.mark.parametrize('victim', ['picd-sp-1-2-0', 'netd', 'mgd'])
def test_killed_daemon_comes_back(gateway, victim):
    before = gateway.state()
    assert gateway.start(media() + NEXT_HOP) == 'ready\n'
    gateway.wait_log('picd-sp-1-2-0', 'sync 1')
    running = gateway.state()
    index = gateway.ip('-o', 'link', 'show', 'sp-1-2-0.1').split(':')[0]
    pid, picd = gateway.pid(victim), gateway.pid('picd-sp-1-2-0')
    os.kill(pid, signal.SIGKILL)
    gateway.wait_new(victim, pid)
    gateway.wait_log('sallyportd', f'{victim} is ready', times=2)
    if victim != 'mgd':  # the stand-in remembers nothing; netd goes on as it was
        gateway.wait_log('picd-sp-1-2-0', 'sync 1', times=2)
    assert gateway.state()['routes'] == running['routes']
    if victim != 'picd-sp-1-2-0':
        # with its SAs and their sequence numbers
        assert gateway.pid('picd-sp-1-2-0') == picd
    if victim != 'netd':
        assert gateway.ip('-o', 'link', 'show', 'sp-1-2-0.1').split(':')[0] == index
    gateway.host(0, 'ping', '-c1', '-W1', '-s', '1000', '10.2.0.9', check=False)
    gateway.wait_log('picd-sp-1-2-0', 'packet unit sp-1/2/0.1 - 1028 bytes')
    assert gateway.stop() == 0
    after = gateway.state()
    if victim == 'netd':
        # who set the links up is forgotten, so they stay up
        after['links'] = before['links']
    assert after == before


def test_killed_sallyportd_leaves_the_host_clean(gateway):
    before = gateway.state()
    assert gateway.start(media() + NEXT_HOP) == 'ready\n'
    gateway.wait_log('picd-sp-1-2-0', 'sync 1')
    gateway.stop(signal.SIGKILL)
    def is_clean():
        after = gateway.state()
        return all(after[what] == before[what] for what in before if what != 'files')
    wait(is_clean, lambda: (before, gateway.state()))
    # and a new one starts over the files it left
    assert gateway.start(media() + NEXT_HOP) == 'ready\n'
    assert gateway.stop() == 0
    assert gateway.state() == before


def test_start_cleans_up_after_everything_was_killed(gateway):
    before = gateway.state()
    assert gateway.start(media() + NEXT_HOP + FILTERS) == 'ready\n'
    names = os.listdir(gateway.run_dir + '/pid')
    pids = [gateway.pid(name) for name in names]
    for pid in [gateway.pid('sallyportd')] + pids:
        try:
            os.kill(pid, signal.SIGSTOP)
        except ProcessLookupError:
            pass
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    gateway.process.wait(timeout=PATIENCE)
    assert 'table inet sallyport' in gateway.at('nft', 'list', 'ruleset')
    assert gateway.start('system\n  host-name x\n') == 'ready\n', gateway.process.stderr.read()
    assert '10.1.0.1' not in gateway.ip('addr') and '10.77' not in gateway.ip('route')
    assert gateway.stop() == 0
    after = gateway.state()
    for what in ('addresses', 'routes', 'rules', 'nft', 'files', 'sysctls'):
        assert after[what] == before[what], what


FILTERS = '''firewall
  family
    inet
      filter f1
        term echo
          from
            source-address 10.1.0.0/24:
            protocol icmp
            destination-address 10.1.1.0/24:
          then
            count "echo requests"
            accept
        term no-telnet
          from
            protocol tcp
            destination-port 23
          then
            count telnet
            reject
        term bad
          from
            destination-address 10.1.0.1/32:
          then
            count bad
            discard
'''


def counter(client, filter_name, name):
    rows, done = client.rpc('get-firewall-information')
    assert done['status'] == 'ok'
    for _, row in rows:
        if ('filter-name', filter_name) in row:
            for tag, value in row:
                if tag == 'counter' and ('counter-name', name) in value:
                    return int(dict(value)['packet-count'])
    return None


def test_filter_counts_rejects_and_discards(gateway):
    text = media('\n          filter\n            input f1') + FILTERS.replace('"', '')
    text = text.replace('count echo requests', 'count echo-requests')
    assert gateway.start(text) == 'ready\n', gateway.process.stderr.read()
    assert ' 0% packet loss' in gateway.host(0, 'ping', '-c3', '-i0.2', '-W1', '10.1.1.2', check=False)
    assert ' 100% packet loss' in gateway.host(0, 'ping', '-c1', '-W1', '10.1.0.1', check=False)
    # not named by any term: discarded without a counter
    assert ' 100% packet loss' in gateway.host(0, 'ping', '-c1', '-W1', '10.1.9.1', check=False)
    client = gateway.client()
    assert counter(client, 'f1', 'echo-requests') == 3
    assert counter(client, 'f1', 'bad') == 1
    assert 'prohibited' in gateway.host(0, 'bash', '-c', 'echo > /dev/tcp/10.1.1.2/23', check=False) or \
        counter(client, 'f1', 'telnet') > 0
    # a commit that keeps the counter keeps its value
    assert client.load(text.replace('term bad', 'term worse')) is None
    assert counter(client, 'f1', 'echo-requests') == 3


def test_output_filter_guards_forwarded_and_own_packets(gateway):
    text = media('', '\n          filter\n            output f1') + FILTERS.replace('"echo requests"', 'echo')
    text = text.replace('destination-address 10.1.0.1/32:', 'destination-address 10.1.1.2/32:')
    assert gateway.start(text) == 'ready\n', gateway.process.stderr.read()
    assert ' 0% packet loss' in gateway.host(0, 'ping', '-c2', '-i0.2', '-W1', '10.1.1.2', check=False)
    assert ' 100% packet loss' in gateway.at('ping', '-c1', '-W1', '10.1.1.2', check=False)
    client = gateway.client()
    assert counter(client, 'f1', 'echo') == 2
    assert counter(client, 'f1', 'bad') == 1
    assert 'rohibited' in gateway.host(0, 'bash', '-c', 'exec 3<>/dev/tcp/10.1.1.2/23', check=False) or \
        counter(client, 'f1', 'telnet') > 0


def test_steering_is_kept_by_name(gateway):
    text = media('\n          filter\n            input to-es') + ES
    assert gateway.start(text) == 'ready\n', gateway.process.stderr.read()
    rules = gateway.ip('rule')
    other = text.replace('      filter to-es\n', '''      filter first
        term t
          then
            ipsec-sa sa-host
      filter to-es
''')
    assert gateway.client().load(other) is None
    assert gateway.ip('rule') == rules


ES = '''  interface es-0/0/0
    unit 0
      tunnel
        source 10.1.1.1
        destination 10.1.1.2
      family
        inet
          ipsec-sa sa-es
          address 10.50.0.1/32:
            destination 10.50.0.2
  interface lo0
    unit 0
      family
        inet
          filter
            output host-out
security
  ipsec
    security-association sa-es
      mode tunnel
      manual
        direction bidirectional
          protocol esp
          spi 300
          encryption
            algorithm 3des-cbc
            key
              ascii-text 123456789012345678901234
    security-association sa-host
      mode transport
      manual
        direction bidirectional
          protocol esp
          spi 301
          authentication
            algorithm hmac-md5-96
            key
              ascii-text 1234567890123456
firewall
  family
    inet
      filter to-es
        term t
          from
            destination-address 10.3.0.0/16:
          then
            count steered
            ipsec-sa sa-es
        term rest
          then
            accept
      filter host-out
        term t
          from
            destination-address 10.1.1.2/32:
            protocol udp
          then
            count host
            ipsec-sa sa-host
        term rest
          then
            accept
'''


def test_filter_steers_to_the_unit_of_the_sa(gateway):
    before = gateway.state()
    assert gateway.start(media('\n          filter\n            input to-es') + ES) == 'ready\n', \
        gateway.process.stderr.read()
    gateway.wait_log('picd-es-0-0-0', 'sync 1')
    gateway.wait_log('picd-es-0-0-0', 'given ah 4 10.1.1.1')
    gateway.wait_log('picd-re0', 'given esp 6 -')
    gateway.host(0, 'ping', '-c1', '-W1', '10.3.0.9', check=False)
    gateway.wait_log('picd-es-0-0-0', 'packet unit es-0/0/0.0 - 84 bytes')
    # the point-to-point destination is routed to the unit as well
    gateway.host(0, 'ping', '-c1', '-W1', '-s', '100', '10.50.0.2', check=False)
    gateway.wait_log('picd-es-0-0-0', 'packet unit es-0/0/0.0 - 128 bytes')
    # the host's own datagrams go to re0, its pings in clear
    gateway.at('bash', '-c', 'echo 12345 > /dev/udp/10.1.1.2/9')
    gateway.wait_log('picd-re0', 'packet unit re0.0 - 34 bytes')
    assert ' 0% packet loss' in gateway.at('ping', '-c1', '-W1', '10.1.1.2', check=False)
    client = gateway.client()
    assert counter(client, 'to-es', 'steered') == 1
    assert counter(client, 'host-out', 'host') == 1
    assert gateway.stop() == 0
    assert gateway.state() == before


def test_filter_without_a_unit_for_its_sa_is_refused(gateway):
    assert gateway.start(media()) == 'ready\n'
    before = gateway.state()
    text = media('\n          filter\n            input to-es') + ES.replace('\n          ipsec-sa sa-es\n', '\n')
    errors = gateway.client().load(text)
    assert errors and 'sa-es' in errors
    after = gateway.state()
    for what in ('routes', 'rules', 'nft', 'files'):
        assert after[what] == before[what], what


INTERFACE_STYLE = '''  interface sp-1/2/0
    unit 0
      family
        inet:
services
  service-set ss-if
    interface-service
      service-interface sp-1/2/0
    ipsec-vpn-options
      local-gateway 10.1.1.1
    ipsec-vpn-rules r
  ipsec-vpn
    rule r
      match-direction output
      term t
        from
          source-address 10.1.0.0/24:
          destination-address 10.9.0.0/16:
        then
          remote-gateway 10.1.1.2
          manual
            direction bidirectional
              protocol esp
              spi 300
              authentication
                algorithm hmac-sha1-96
                key
                  ascii-text 12345678901234567890
routing-options
  static
    route 10.9.0.0/16
      next-hop 10.1.1.2
firewall
  family
    inet
      service-filter sf
        term t
          from
            source-address 10.1.1.2/32:
          then
            skip
        term all
          then
            service
'''

SERVICE = '''
          service
            input
              service-set ss-if:
                service-filter sf
            output
              service-set ss-if:'''


def test_interface_style_captures_both_ways(gateway):
    before = gateway.state()
    assert gateway.start(media('', SERVICE) + INTERFACE_STYLE) == 'ready\n', gateway.process.stderr.read()
    gateway.wait_log('picd-sp-1-2-0', 'sync 1')
    # leaving: captured with its 14 octets of link header instead of being sent
    out = gateway.host(0, 'ping', '-c1', '-W1', '-s', '200', '10.9.0.9', check=False)
    assert ' 100% packet loss' in out
    gateway.wait_log('picd-sp-1-2-0', 'packet capture-out sp-1/2/0.0 ss-if 242 bytes 0800')
    # entering, from an address that the service filter skips: not captured
    gateway.host(1, 'ping', '-c1', '-W1', '-s', '300', '10.1.1.1', check=False)
    assert 'capture-in' not in gateway.log('picd-sp-1-2-0').split('sync 1')[1]
    # entering, from another one
    gateway.host(1, 'ip', 'addr', 'add', '10.9.0.1/16', 'dev', 'lo')
    gateway.host(1, 'ping', '-c1', '-W1', '-s', '300', '-I', '10.9.0.1', '10.1.0.2', check=False)
    gateway.wait_log('picd-sp-1-2-0', 'packet capture-in sp-1/2/0.0 ss-if 342 bytes 0800')
    # IPv6 is not part of it, and neighbours are still found
    wait(lambda: ' 0% packet loss' in gateway.host(1, 'ping', '-6', '-c1', '-W2', '2001:db8:1::1', check=False))
    assert gateway.stop() == 0
    assert gateway.state() == before


def test_interface_that_comes_later_is_configured(gateway):
    gateway.ip('link', 'del', 'ge-0-0-1')
    assert gateway.start(media('', SERVICE) + INTERFACE_STYLE) == 'ready\n', gateway.process.stderr.read()
    assert 'device "ge-0-0-1"' not in gateway.at('nft', 'list', 'ruleset')
    gateway.ip('link', 'add', 'ge-0-0-1', 'type', 'veth', 'peer', 'name', 'other')
    wait(lambda: '10.1.1.1/24' in gateway.ip('addr', 'show', 'ge-0-0-1'))
    wait(lambda: '10.9.0.0/16 via 10.1.1.2' in gateway.ip('route'))
    wait(lambda: 'device "ge-0-0-1"' in gateway.at('nft', 'list', 'ruleset'))


def test_link_that_flaps_gets_its_routes_back(gateway):
    text = media() + NEXT_HOP.replace('    route 10.77', '    route 10.66.0.0/16\n      next-hop 10.1.1.2\n    route 10.77')
    before = gateway.state()
    assert gateway.start(text) == 'ready\n', gateway.process.stderr.read()
    running = gateway.state()
    gateway.ip('link', 'set', 'ge-0-0-1', 'down')
    time.sleep(0.3)  # netd shall have time for a mistake
    assert '10.66.0.0/16' not in gateway.ip('route') and '10.2.0.0/16' in gateway.ip('route')
    gateway.ip('link', 'set', 'ge-0-0-1', 'up')

    def is_back():
        after = gateway.state()
        return after['routes'] == running['routes'] and after['addresses6'] == running['addresses6']
    wait(is_back, lambda: (running, gateway.state()))
    assert gateway.stop() == 0
    assert gateway.state() == before


def test_interfaces_terse(gateway):
    assert gateway.start(media() + NEXT_HOP) == 'ready\n'
    client = gateway.client()

    def terse():
        rows, done = client.rpc('get-interface-information', ('level', 'terse'))
        assert done['status'] == 'ok'
        return rows, [dict(row[0][1]) for tag, row in rows if tag == '_open']
    wait(lambda: terse()[1][0]['oper-status'] == 'up')  # the kernel tells of a carrier once a second
    rows, opened = terse()
    assert [i['name'] for i in opened][:3] == ['ge-0/0/0', 'ge-0/0/1', 'sp-1/2/0']
    assert opened[0]['admin-status'] == 'up' and opened[0]['oper-status'] == 'up'
    assert [tag for tag, _ in rows[:3]] == ['_open', 'logical-interface', '_close']
    unit = rows[1][1]
    assert ('name', 'ge-0/0/0.0') in unit
    families = [dict(value) for tag, value in unit if tag == 'address-family']
    assert [f['address-family-name'] for f in families] == ['inet', 'inet6']
    assert families[0]['interface-address'] == [('ifa-local', '10.1.0.1/24')]
    rows, done = client.rpc('get-interface-information', ('interface-name', 'xe-9/9/9'))
    assert rows == [] and done == {'status': 'error', 'text': 'error: device xe-9/9/9 not found'}
