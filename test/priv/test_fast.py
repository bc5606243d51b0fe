# SPDX-License-Identifier: BSD-2-Clause
"""What makes packets fast, on a real kernel: queues, trains and UDP sockets that netd gives, and what a commit or a restart does to them."""
import os
import re
import signal
import time

import pytest

from gateway import Gateway, wait

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason='needs root')

CONF = '''interfaces
  interface ge-0/0/0
    unit 0
      family
        inet
          address 10.1.0.1/24:
  interface ge-0/0/1
    unit 0
      family
        inet
          address 10.1.1.1/24:
  interface sp-1/2/0
    services-options
      workers {workers}{options}
    unit 1
      family
        inet:
      service-domain inside
    unit 2
      family
        inet:
      service-domain outside
{more}routing-options
  static
    route 10.2.0.0/16
      next-hop sp-1/2/0.1
services
  service-set ss
    next-hop-service
      inside-service-interface sp-1/2/0.1
      outside-service-interface sp-1/2/0.2
    ipsec-vpn-options
      local-gateway 10.1.1.1
    ipsec-vpn-rules r
{sets}  ipsec-vpn
    ike
      policy p
        pre-shared-key
          ascii-text secretsecret
    rule r
      match-direction input
      term t
        then
          remote-gateway 10.1.1.2
          dynamic
            ike-policy p
    rule r2
      match-direction input
      term t
        then
          remote-gateway 10.1.1.3
          dynamic
            ike-policy p
'''

SECOND_PIC = '''  interface sp-1/3/0
    unit 1
      family
        inet:
      service-domain inside
    unit 2
      family
        inet:
      service-domain outside
'''

SECOND_SET = '''  service-set ss2
    next-hop-service
      inside-service-interface sp-1/3/0.1
      outside-service-interface sp-1/3/0.2
    ipsec-vpn-options
      local-gateway 10.1.1.1
    ipsec-vpn-rules r2
'''

PICD = 'picd-sp-1-2-0'
SECOND = 'picd-sp-1-3-0'

# sends one UDP packet, or a train: ADDRESS PORT HEX COPIES SEGMENT
SEND = '''
import socket, sys
address, port, octets, copies, segment = sys.argv[1:]
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
if int(segment):
    s.setsockopt(17, 103, int(segment))
s.sendto(bytes.fromhex(octets) * int(copies), (address, int(port)))
'''

# ESP of 1000 octets and more with each first octet of an SPI: ADDRESS PORT
SEND_EACH = '''
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for octet in range(256):
    s.sendto(bytes([octet, 0, 1, 1]) + bytes(996 + octet), (sys.argv[1], int(sys.argv[2])))
    time.sleep(0.001)
'''


def conf(workers=2, options='', more='', sets=''):
    return CONF.format(workers=workers, options=''.join('\n      ' + o for o in options.split()), more=more, sets=sets)


@pytest.fixture
def gateway(request):
    with Gateway(re.sub(r'\W', '', request.node.name)[-12:]) as g:
        yield g


def send(gateway, host, address, port, octets, copies=1, segment=0):
    gateway.host(host, '/usr/bin/python3', '-c', SEND, address, str(port), octets, str(copies), str(segment))


def link(gateway):
    return gateway.ip('-d', 'link', 'show', 'sp-1-2-0.1')


def index(gateway):
    return link(gateway).split(':')[0]


def esp(gateway, spi):
    """Sends ESP in UDP, with a length that tells it from the others, and returns that."""
    esp.n += 1
    send(gateway, 1, '10.1.1.1', 4500, f'{spi:08x}' + '00' * esp.n)
    return 4 + esp.n


esp.n = 100


def ike(gateway):
    return esp(gateway, 0)


def came(gateway, name, what, n):
    gateway.wait_log(name, f'packet {what} {n} bytes')


def steered(gateway, times=1):
    """Waits until the kernel spreads packets over the sockets for the TIMES time, when that could not be at once."""
    gateway.wait_log('netd', 'ESP in UDP at 10.1.1.1 is in force now', times)


def spread(gateway, workers=2):
    """Packets arrive where their SPI, or that they are IKE, says."""
    for spi in range(256, 256 + workers):
        came(gateway, PICD, f'queue {spi % workers} of natt 4 10.1.1.1', esp(gateway, spi))
    came(gateway, 'kmd', 'ike-natt 4 10.1.1.1', ike(gateway))


def test_queues_follow_the_workers(gateway):
    assert gateway.start(conf(2)) == 'ready\n', gateway.process.stderr.read()
    gateway.wait_log(PICD, 'sync 1')
    gateway.wait_log(PICD, 'given queue 1 of unit sp-1/2/0.1 ')
    before = index(gateway)
    assert ' numqueues 2 ' in link(gateway) and ' vnet_hdr on ' in link(gateway) and ' noqueue ' in link(gateway)
    client = gateway.client()
    assert client.load(conf(4)) is None
    gateway.wait_log(PICD, 'given queue 3 of unit sp-1/2/0.1 ')
    assert ' numqueues 4 ' in link(gateway)
    assert client.load(conf(1)) is None
    gateway.wait_log(PICD, 'sync 3')
    assert ' numqueues 1 ' in link(gateway) and index(gateway) == before
    log = gateway.log(PICD)
    assert log.count('given unit sp-1/2/0.1 ') == 1 and 'taken unit' not in log
    for queue in (1, 2, 3):
        assert log.count(f'taken queue {queue} of unit sp-1/2/0.1 ') == 1
    # nothing goes to a queue that nobody reads
    for i in range(32):
        send(gateway, 0, '10.2.0.1', 1000 + i, '00' * (300 + i))
    for i in range(32):
        came(gateway, PICD, 'unit sp-1/2/0.1 -', 28 + 300 + i)
    assert gateway.stop() == 0


def test_trains_come_whole_and_can_be_switched_off(gateway):
    assert gateway.start(conf(1)) == 'ready\n', gateway.process.stderr.read()
    gateway.wait_log(PICD, 'sync 1')
    before = index(gateway)
    send(gateway, 0, '10.2.0.1', 9, '00' * 1000, 10, 1000)
    gateway.wait_log(PICD, 'train unit sp-1/2/0.1 - 10028 bytes by 1000')
    client = gateway.client()
    assert client.load(conf(1, 'no-inside-offload:')) is None
    send(gateway, 0, '10.2.0.1', 9, '00' * 1001, 10, 1001)
    gateway.wait_log(PICD, 'packet unit sp-1/2/0.1 - 1029 bytes', 10)
    assert client.load(conf(1)) is None
    send(gateway, 0, '10.2.0.1', 9, '00' * 1002, 10, 1002)
    gateway.wait_log(PICD, 'train unit sp-1/2/0.1 - 10048 bytes by 1002')
    assert gateway.log(PICD).count('train ') == 2 and index(gateway) == before
    assert gateway.stop() == 0


def test_esp_in_udp_is_spread_and_survives_restarts(gateway):
    assert gateway.start(conf(2)) == 'ready\n', gateway.process.stderr.read()
    gateway.wait_log(PICD, 'sync 1')
    gateway.wait_log('kmd', 'sync 1')
    spread(gateway)
    for times, victim in ((1, PICD), (2, 'kmd'), (3, PICD)):
        pid = gateway.pid(victim)
        os.kill(pid, signal.SIGKILL)
        gateway.wait_new(victim, pid)
        gateway.wait_log(victim, 'sync 1', 1 + (times + 1) // 2 if victim == PICD else 2)
        spread(gateway)
    assert 'raw' not in gateway.log('netd') and 'waits' not in gateway.log('netd')
    # who opens the sockets anew has to wait for the old ones
    pid = gateway.pid('netd')
    os.kill(pid, signal.SIGKILL)
    gateway.wait_new('netd', pid)
    steered(gateway)
    spread(gateway)
    assert gateway.stop() == 0


def test_a_commit_changes_who_gets_esp_in_udp(gateway):
    assert gateway.start(conf(2)) == 'ready\n', gateway.process.stderr.read()
    gateway.wait_log(PICD, 'sync 1')
    spread(gateway)
    client = gateway.client()
    assert client.load(conf(4)) is None
    gateway.wait_log(PICD, 'given queue 3 of natt 4 10.1.1.1')
    spread(gateway, 4)
    assert client.load(conf(3)) is None
    spread(gateway, 3)
    assert client.load(conf(4)) is None
    gateway.wait_log(PICD, 'given queue 3 of natt 4 10.1.1.1', 2)
    wait(lambda: gateway.log(PICD).count('given queue 3') >= 2)
    spread(gateway, 4)
    # a second services interface gets what begins with its octet, and nothing else; the first one all that is nobody's
    assert client.load(conf(2, more=SECOND_PIC, sets=SECOND_SET)) is None
    gateway.wait_log(SECOND, 'given queue 1 of natt 4 10.1.1.1')
    gateway.host(1, '/usr/bin/python3', '-c', SEND_EACH, '10.1.1.1', '4500')
    lines = [f'packet queue 1 of natt 4 10.1.1.1 {1000 + octet} bytes' for octet in range(256)]
    wait(lambda: all(line in gateway.log(PICD) + gateway.log(SECOND) for line in lines))
    seconds = [octet for octet, line in enumerate(lines) if line in gateway.log(SECOND)]
    assert len(seconds) == 1 and lines[seconds[0]] not in gateway.log(PICD)
    came(gateway, SECOND, 'queue 0 of natt 4 10.1.1.1', esp(gateway, seconds[0] << 24 | 256))
    came(gateway, 'kmd', 'ike-natt 4 10.1.1.1', ike(gateway))
    # who was first keeps its sockets when the other goes
    given = gateway.log(PICD).count('given queue 1 of natt')
    assert client.load(conf(2)) is None
    gateway.wait_log(PICD, 'sync 6')
    spread(gateway)
    assert gateway.log(PICD).count('given queue 1 of natt') == given
    assert gateway.stop() == 0


def test_trains_of_esp_are_merged_unless_switched_off(gateway):
    assert gateway.start(conf(2)) == 'ready\n', gateway.process.stderr.read()
    gateway.wait_log(PICD, 'sync 1')
    packet = '00000101' + '00' * 796
    send(gateway, 1, '10.1.1.1', 4500, packet, 10, 800)
    came(gateway, PICD, 'queue 1 of natt 4 10.1.1.1', 8000)
    client = gateway.client()
    assert client.load(conf(2, 'no-outside-offload:')) is None
    send(gateway, 1, '10.1.1.1', 4500, packet, 10, 800)
    gateway.wait_log(PICD, 'packet queue 1 of natt 4 10.1.1.1 800 bytes', 10)
    assert gateway.stop() == 0


def test_more_devices_than_the_kernel_has_room_for_have_one_queue(gateway):
    units = ''.join(f'    unit {n}\n      family\n        inet:\n' for n in range(10, 310))
    assert gateway.start(conf(2)) == 'ready\n', gateway.process.stderr.read()
    client = gateway.client()
    assert client.load(conf(2).replace('routing-options\n', units + 'routing-options\n')) is None
    gateway.wait_log(PICD, 'sync 2')
    assert ' multi_queue ' in link(gateway)
    assert ' multi_queue ' not in gateway.ip('-d', 'link', 'show', 'sp-1-2-0.99')
    assert 'queue 1 of unit sp-1/2/0.99 ' not in gateway.log(PICD)
    # those stay as they are
    assert client.load(conf(2).replace('routing-options\n', units[:units.index('    unit 100\n')] +
                                       'routing-options\n')) is None
    gateway.wait_log(PICD, 'sync 3')
    assert ' multi_queue ' not in gateway.ip('-d', 'link', 'show', 'sp-1-2-0.99')
    assert gateway.stop() == 0


def test_start_and_stop_leave_nothing(gateway):
    before = gateway.state()
    assert gateway.start(conf(2)) == 'ready\n', gateway.process.stderr.read()
    gateway.wait_log(PICD, 'sync 1')
    time.sleep(0.2)
    assert gateway.stop() == 0
    assert gateway.state() == before
    assert '10.1.1.1:4500' not in gateway.at('ss', '-lun')
