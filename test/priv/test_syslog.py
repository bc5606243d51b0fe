# SPDX-License-Identifier: BSD-2-Clause
"""[edit system syslog] and traceoptions in a whole gateway: which lines go where, other hosts, terminals, old files."""
import gzip
import os
import pty
import re
import select
import subprocess
import time

import pytest

from gateway import BUILD, PATIENCE, Gateway, netd_caps, wait
from test_priv import CONFIG

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason='needs root'),
    pytest.mark.skipif(not os.path.exists(BUILD + '/cli/sallyport'), reason='the command line is not built'),
]

SYSLOG = '''
system {
    host-name gw1;
    syslog {
        archive size 64k files 3;
        user root { change-log any; }
        host 10.1.0.2 { interactive-commands any; daemon none; facility-override local3; log-prefix lab; }
        host 127.0.0.1 { any warning; port 1514; source-address 10.1.1.1; }
        file messages { any notice; authorization info; }
        file commands { interactive-commands info; explicit-priority; archive size 1m files 5 world-readable; }
        file changes { change-log any; match "host-name"; structured-data; }
        time-format year millisecond;
    }
}
'''


@pytest.fixture
def gateway():
    with Gateway('syslog', is_whole=True) as g:
        yield g


def cli(g, *lines):
    p = subprocess.run([BUILD + '/cli/sallyport', '-r', g.run_dir], input='\n'.join(lines) + '\n', capture_output=True,
                       text=True, timeout=PATIENCE)
    return p.stdout + p.stderr


def listener(ns, port):
    """Prints what arrives in a namespace, and from where."""
    return subprocess.Popen(['ip', 'netns', 'exec', ns, '/usr/bin/python3', '-uc', f'''
import socket
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.bind(("::", {port}))
print("listening")
while True:
    data, who = s.recvfrom(4096)
    print(who[0].replace("::ffff:", ""), data.decode())
'''], stdout=subprocess.PIPE, bufsize=0)


def lines_of(process, want, seconds=PATIENCE):
    """What it has printed until WANT is among it."""
    text = ''
    end = time.time() + seconds
    while want not in text and time.time() < end:
        if select.select([process.stdout], [], [], 0.2)[0]:
            text += os.read(process.stdout.fileno(), 65536).decode()
    assert want in text, text
    return text


def test_lines_go_where_they_are_wanted(gateway):
    g = gateway
    first, second = listener(g.hosts[0], 514), listener(g.ns, 1514)
    assert first.stdout.readline() == second.stdout.readline() == b'listening\n'
    try:
        assert g.start(CONFIG + SYSLOG) == 'ready\n', g.process.stderr.read()
        said = cli(g, 'show version', 'configure', 'set system host-name gw2', 'set system domain-name x.example', 'commit')
        assert 'commit complete' in said
        for name, line in (('commands', 'show version'), ('changes', 'UI_CFG_AUDIT_SET'), ('messages', 'UI_COMMIT'),
                           ('messages', 'NETD_APPLIED')):
            g.wait_log(name, line)
        commands = g.log('commands')
        assert re.search(r"^\w{3} [ \d]\d \d\d:\d\d:\d\d\.\d{3} 20\d\d \S+ mgd\[\d+\]: %INTERACT-6-UI_CMDLINE_READ_LINE: User 'root'.*"
                         r"show version", commands, re.M), commands
        assert 'UI_LOGIN_EVENT' in commands and 'UI_CFG_AUDIT' not in commands and 'NETD_' not in commands
        changes = g.log('changes').splitlines()
        assert len(changes) == 1 and re.match(
            r"<181>1 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z \S+ mgd \d+ UI_CFG_AUDIT_SET - User 'root' .*host-name", changes[0])
        messages = g.log('messages')
        assert 'UI_COMMIT' in messages and 'UI_CMDLINE_READ_LINE' not in messages and 'NETD_APPLIED' in messages
        assert os.stat(g.run_dir + '/log/commands').st_mode & 0o777 == 0o644
        assert os.stat(g.run_dir + '/log/changes').st_mode & 0o777 == 0o640
        text = lines_of(first, 'UI_COMMIT: ')
        cli(g, 'show version')  # the first login may have come before the place was in force
        text += lines_of(first, 'UI_LOGIN_EVENT: ')
        assert re.search(r"^10\.1\.0\.1 <(15[0-9])>\w{3} [ \d]\d [\d:.]+ 20\d\d \S+ lab: mgd\[\d+\]: UI_LOGIN_EVENT: ", text, re.M), text
        assert 'NETD_' not in text and 'UI_CFG_AUDIT' not in text
        os.kill(g.pid('picd-sp-1-2-0'), 9)
        text = lines_of(second, 'SUPER_EXIT')
        assert re.search(r'^10\.1\.1\.1 <27>.*SUPER_EXIT: picd-sp-1-2-0', text, re.M), text
        # who starts later writes there, too, and has no more rights for it
        old = g.pid('mgd')
        os.kill(old, 9)
        g.wait_new('mgd', old)
        wait(lambda: 'Hostname' in cli(g, 'show version'))
        g.wait_log('commands', 'mgd[%d]' % g.pid('mgd'))
        for name in ('mgd', 'netd'):
            with open(f"/proc/{g.pid(name)}/status") as f:
                status = f.read()
            assert 'Seccomp:\t2' in status and ('CapEff:\t%016x' % (netd_caps() if name == 'netd' else 0)) in status
    finally:
        first.kill()
        second.kill()


def test_a_place_comes_and_goes_by_commit(gateway):
    g = gateway
    assert g.start(CONFIG) == 'ready\n'
    assert 'commit complete' in cli(g, 'configure', 'set system syslog file all any any', 'commit')
    g.wait_log('all', 'UI_LOGOUT_EVENT')
    before = g.log('all')
    cli(g, 'show version')
    g.wait_log('all', 'UI_CMDLINE_READ_LINE')
    assert g.log('all') != before
    assert 'commit complete' in cli(g, 'configure', 'delete system syslog', 'commit')

    def is_left_alone():
        before = g.log('all')
        cli(g, 'show version')
        return g.log('all') == before
    wait(is_left_alone)
    assert is_left_alone()
    for line, error in (('file netd any any', 'is the log of a process'), ('file x match "(a{255}){255}"', 'error:'),
                        ('file ../x any any', "Must not contain '/'"), ('file .x any any', 'Must be letters')):
        said = cli(g, 'configure', 'rollback', f'set system syslog {line}', 'commit')
        assert error in said and ('Must' in error or 'commit complete' not in said), said
    said = cli(g, 'configure', 'rollback', 'set system syslog host logs.example any any', 'commit')
    assert 'names of hosts are not looked up' in said


def test_terminals_of_users(gateway):
    g = gateway
    assert g.start(CONFIG + SYSLOG) == 'ready\n'
    pid, fd = pty.fork()
    if pid == 0:
        os.execv(BUILD + '/cli/sallyport', ['sallyport', '-r', g.run_dir])
    seen = ''
    try:
        def wait_seen(text):
            nonlocal seen
            end = time.time() + PATIENCE
            while text not in seen and time.time() < end:
                if select.select([fd], [], [], 0.2)[0]:
                    seen += os.read(fd, 65536).decode(errors='replace')
            assert text in seen, seen
        wait_seen('> ')
        cli(g, 'configure', 'set system host-name gw9', 'commit')
        wait_seen('UI_CFG_AUDIT_SET')
        assert 'Message from syslogd@' in seen and 'NETD_' not in seen
        assert 'invalid character' in cli(g, 'request message all message "beware \x1b[2J of this\x07"')
        cli(g, 'request message all message "beware \x9b2J of this"')
        wait_seen('beware')
        wait_seen('EOF')
        text = seen[seen.index('beware'):]
        assert '\x1b[2J' not in text and '\x07' not in text and '\x9b' not in text, repr(text)
    finally:
        os.close(fd)
        os.waitpid(pid, 0)


def test_a_trace(gateway):
    g = gateway
    assert g.start(CONFIG + '''
services { ipsec-vpn { traceoptions { file esp size 64k files 2 match "SA"; level info; flag database; flag parse; } } }
''') == 'ready\n'
    said = cli(g, 'configure', 'show | display set | match "manual.*spi"')
    spi = re.search(r'set (services ipsec-vpn rule \S+ term \S+ then manual direction \S+ spi) (\d+)', said)
    assert spi, said
    assert 'commit complete' in cli(g, 'configure', f'set {spi[1]} 777', 'commit')
    g.wait_log('esp', 'SA changed, SPI 777')
    assert 'commit ' not in g.log('esp')  # does not match
    said = cli(g, 'configure', 'set services ipsec-vpn traceoptions flag snmp', 'commit')
    assert 'no process of this gateway traces that yet' in said and 'commit complete' in said


def test_old_files_are_packed():
    os.environ['SALLYPORT_LOG_SIZE'] = '3000'
    try:
        with Gateway('syslog', is_whole=True) as g:
            assert g.start(CONFIG + SYSLOG) == 'ready\n'
            n = 0
            end = time.time() + PATIENCE
            while not os.path.exists(g.run_dir + '/log/commands.1.gz') and time.time() < end:
                cli(g, *[f'show interfaces no-such-{n + i}' for i in range(20)])
                n += 20
                time.sleep(0.5)
            path = g.run_dir + '/log/commands'
            assert os.path.exists(path + '.1.gz')
            assert os.stat(path + '.1.gz').st_mode & 0o777 == 0o644
            with gzip.open(path + '.1.gz', 'rt') as f:
                text = f.read()
            assert 'no-such-' in text
            shown = subprocess.run([BUILD + '/cli/sallyport', '-r', g.run_dir, '-c', 'show log commands.1.gz'],
                                   capture_output=True, text=True, check=True).stdout
            assert shown in (text, *[gzip.open(path + f'.{i}.gz', 'rt').read() for i in range(2, 5)
                                     if os.path.exists(path + f'.{i}.gz')])
            assert not [f for f in os.listdir(g.run_dir + '/log') if f.startswith('messages.') and int(f.split('.')[1]) > 2]
    finally:
        del os.environ['SALLYPORT_LOG_SIZE']
