# SPDX-License-Identifier: BSD-2-Clause
"""The logs of a whole gateway: who writes what, who may read it, what happens when a file is full; restarting daemons."""
import os
import re
import subprocess
import time

import pytest

from gateway import BUILD, PATIENCE, Gateway, wait
from test_priv import CONFIG

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason='needs root'),
    pytest.mark.skipif(not os.path.exists(BUILD + '/cli/sallyport'), reason='the command line is not built'),
]


@pytest.fixture
def gateway():
    with Gateway('logs', is_whole=True) as g:
        assert g.start(CONFIG) == 'ready\n'
        yield g


def command(g, line, ok=True):
    p = subprocess.run([BUILD + '/cli/sallyport', '-r', g.run_dir, '-c', line], capture_output=True, text=True, timeout=PATIENCE)
    assert (p.returncode == 0) == ok, p.stdout + p.stderr
    return p.stdout if ok else p.stderr


def test_messages_has_what_matters_of_all(gateway):
    text = command(gateway, 'show log messages')
    lines = text.splitlines()
    assert all(re.match(r'\w{3} [ \d]\d \d\d:\d\d:\d\d [\w-]+ \w+\[\d+\]: [A-Z_]+: ', line) for line in lines), text
    assert any('SUPER_IN_FORCE' in line for line in lines) and any('mgd[' in line for line in lines)
    # what is no more than information stands in the log of the daemon alone
    assert 'SUPER_READY' in command(gateway, 'show log sallyportd') and 'SUPER_READY' not in text
    names = [line.split()[-1] for line in command(gateway, 'show log').splitlines()]
    assert {'messages', 'mgd', 'netd', 'picd-sp-1-2-0', 'sallyportd'} <= set(names)


def test_nothing_but_logs_can_be_read(gateway):
    os.symlink('/etc/passwd', gateway.run_dir + '/log/link')
    os.mkfifo(gateway.run_dir + '/log/fifo')
    for name in ('../config/juniper.conf', '/etc/passwd', 'link', 'fifo', '..', '.', 'none'):
        assert command(gateway, f'show log {name}', ok=False) == f'error: could not resolve file: {name}\n'
        assert command(gateway, f'clear log {name}', ok=False) == f'error: could not resolve file: {name}\n'
    os.unlink(gateway.run_dir + '/log/fifo')
    os.unlink(gateway.run_dir + '/log/link')


def test_a_log_is_cleared_while_it_is_written(gateway):
    assert command(gateway, 'show log netd')
    command(gateway, 'clear log netd')
    assert command(gateway, 'show log netd') == ''
    command(gateway, 'restart interface-control')
    assert '\0' not in command(gateway, 'show log netd')


def test_a_daemon_is_restarted(gateway):
    for line, label, name in (('restart interface-control', 'Interface control process', 'netd'),
                              ('restart adaptive-services immediately', 'Adaptive services process', 'picd-sp-1-2-0')):
        old = gateway.pid(name)
        said = command(gateway, line)
        new = gateway.pid(name)
        assert new != old and label in said and f'started, pid {new}\n' in said
        gateway.wait_log('messages', f'{name}[{old}]: a user wants it restarted')
    old = gateway.pid('netd')
    assert command(gateway, 'restart routing soft') == f'Routing protocols process started, pid {old}\n'
    assert gateway.pid('netd') == old
    old = gateway.pid('mgd')
    assert command(gateway, 'restart management') == 'Management daemon is being restarted; this session ends\n'
    gateway.wait_new('mgd', old)
    wait(lambda: 'Hostname' in subprocess.run([BUILD + '/cli/sallyport', '-r', gateway.run_dir, '-c', 'show version'],
                                              capture_output=True, text=True).stdout, 'mgd does not come back')


def test_a_full_log_is_put_aside_and_nothing_is_lost():
    os.environ['SALLYPORT_LOG_SIZE'] = '2000'
    try:
        with Gateway('logs', is_whole=True) as g:
            assert g.start(CONFIG) == 'ready\n'
            cli = subprocess.Popen([BUILD + '/cli/sallyport', '-r', g.run_dir], stdin=subprocess.PIPE, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            end = time.time() + PATIENCE
            n = 0
            while not os.path.exists(g.run_dir + '/log/messages.1.gz') and time.time() < end:
                cli.stdin.write(f'clear log none-{n}\n')  # is said in the log
                cli.stdin.flush()
                n += 1
                time.sleep(0.02)
            cli.stdin.close()
            cli.wait(PATIENCE)
            logs = sorted((f for f in os.listdir(g.run_dir + '/log') if f.startswith('messages')), reverse=True)
            assert 'messages.1.gz' in logs and 'messages' in logs
            text = ''.join(g.log(name) for name in sorted(logs, key=lambda f: -int(f.split('.')[1]) if '.' in f else 1))
            seen = [int(x) for x in re.findall(r"clears log 'none-(\d+)'", text)]
            assert seen == list(range(n))
            everything = ''.join(g.log(name) for name in os.listdir(g.run_dir + '/log') if name[0] != '.')
            assert 'was ended by' not in everything  # whoever was handed a new file
            old = next(f for f in logs if f.startswith('messages.1'))
            assert command(g, f'show log {old}').count('\n') > 0
            command(g, 'clear log messages all')
            assert [f for f in os.listdir(g.run_dir + '/log') if f.startswith('messages')] == ['messages']
    finally:
        del os.environ['SALLYPORT_LOG_SIZE']
