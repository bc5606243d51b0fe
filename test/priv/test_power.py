# SPDX-License-Identifier: BSD-2-Clause
"""A whole gateway killed at once, all of its processes, in the middle of a commit: it comes back with the old or the new."""
import os
import re
import signal
import subprocess

import pytest

from gateway import BUILD, PATIENCE, Gateway
from test_priv import CONFIG, PROCESSES, pytestmark  # noqa: F401

STEP = 4  # system calls between two points


@pytest.fixture
def gateway():
    with Gateway('power', is_whole=True) as g:
        assert g.start(CONFIG).startswith('ready'), g.process.communicate()
        yield g


def again(g):
    """Starts the gateway with what it finds in its folder."""
    g.process = subprocess.Popen(['ip', 'netns', 'exec', g.ns, g.dir + '/bin/sallyportd', '-r', g.run_dir],
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    line = g.process.stdout.readline()
    assert line.startswith('ready'), line


def command(g, line):
    p = subprocess.run([BUILD + '/cli/sallyport', '-r', g.run_dir, '-c', line], text=True, capture_output=True, timeout=PATIENCE)
    assert p.returncode == 0, p.stderr
    return p.stdout


def lines(i):
    """netd's part and a picd's part change together."""
    return ['delete interfaces ge-0/0/0 unit 0 family inet address',
            f'set interfaces ge-0/0/0 unit 0 family inet address 10.1.0.1/{16 + i % 8}',
            f'set services ipsec-vpn rule r term t then manual direction bidirectional spi {1000 + i}']


def is_of(g, i):
    """Configuration, kernel and picd say I, all of them or none."""
    said = [f'10.1.0.1/{16 + i % 8};' in command(g, 'show configuration interfaces'),
            f'10.1.0.1/{16 + i % 8} ' in g.ip('-o', 'addr', 'show', 'dev', 'ge-0-0-0'),
            f'spi {1000 + i};' in command(g, 'show configuration services'),
            re.search(rf'\b{1000 + i}\b', command(g, 'show services ipsec-vpn ipsec security-associations detail'))
            is not None]
    assert len(set(said)) == 1, said
    return said[0]


def kill_in_commit(g, i, n):
    """Commits I; everybody dies before mgd's Nth system call. Returns what the user saw, and whether it came to that."""
    p = subprocess.Popen([BUILD + '/cli/sallyport', '-r', g.run_dir], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True)
    p.stdin.write('\n'.join(['configure', *lines(i), 'status']) + '\n')
    p.stdin.flush()
    while '[edit]' not in p.stdout.readline():
        pass
    everybody = [g.process.pid] + [g.pid(name) for name in PROCESSES if name != 'mgd']
    tracer = subprocess.Popen([BUILD + '/test/priv/kill_at', str(g.pid('mgd')), str(n), *map(str, everybody)],
                              stdout=subprocess.PIPE, text=True)
    if tracer.stdout.readline() != 'ready\n':
        pytest.skip('processes cannot be traced here')
    p.stdin.write('commit\n')
    p.stdin.close()
    seen = p.stdout.read()
    p.wait(PATIENCE)
    p.stdout.close()
    try:
        killed = tracer.wait(1 if 'commit complete' in seen else PATIENCE) == 0
    except subprocess.TimeoutExpired:
        tracer.send_signal(signal.SIGTERM)
        killed = tracer.wait() == 0  # it may have come to that meanwhile
    tracer.stdout.close()
    if killed:
        g.process.wait(PATIENCE)
        g.process.stdout.close()
        g.process.stderr.close()
    return seen, killed


def test_a_gateway_without_power_in_a_commit_is_old_or_new(gateway):
    command_lines = '\n'.join(['configure', *lines(0), 'commit']) + '\n'
    subprocess.run([BUILD + '/cli/sallyport', '-r', gateway.run_dir], input=command_lines, text=True, check=True,
                   stdout=subprocess.DEVNULL)
    here, n, olds, news, killed = 0, 1, 0, 0, True
    while killed:
        seen, killed = kill_in_commit(gateway, here + 1, n)
        if killed:
            again(gateway)
        is_new = is_of(gateway, here + 1)
        assert is_new or is_of(gateway, here)
        assert is_new or 'commit complete' not in seen
        here += is_new
        olds += not is_new
        news += is_new
        n += STEP
    assert olds > 8 and news > 1, (olds, news)
    with open(os.path.join(gateway.run_dir, 'config', 'juniper.conf')) as f:
        assert f'Commit number: {here + 2}\n' in f.read()
