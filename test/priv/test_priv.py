# SPDX-License-Identifier: BSD-2-Clause
"""A whole gateway: the rights of each process, killing each of them, and what is left at the end."""
import ctypes
import os
import re
import signal
import subprocess
import time

import pytest

from gateway import BUILD, Gateway, check_rights, netd_caps, wait

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason='needs root'),
    pytest.mark.skipif(not os.path.exists(BUILD + '/daemon/mgd/mgd') or
                       not os.path.exists(BUILD + '/daemon/picd/picd'), reason='mgd and picd are not built'),
]

CONFIG = '''
interfaces {
    ge-0/0/0 { unit 0 { family inet { filter { input to-es; } address 10.1.0.1/24; } } }
    ge-0/0/1 { unit 0 { family inet { address 10.1.1.1/24; } } }
    sp-1/2/0 {
        unit 0 { family inet; }
        unit 1 { family inet; service-domain inside; }
        unit 2 { family inet; service-domain outside; }
    }
    es-0/0/0 {
        unit 0 {
            tunnel { source 10.1.1.1; destination 10.1.1.2; }
            family inet { ipsec-sa sa-es; address 10.50.0.1/32 { destination 10.50.0.2; } }
        }
    }
    lo0 { unit 0 { family inet { filter { output host-out; } } } }
}
routing-options { static { route 10.9.0.0/16 next-hop sp-1/2/0.1; } }
services {
    service-set ss {
        next-hop-service {
            inside-service-interface sp-1/2/0.1;
            outside-service-interface sp-1/2/0.2;
        }
        ipsec-vpn-options { local-gateway 10.1.1.1; }
        ipsec-vpn-rules r;
    }
    ipsec-vpn {
        rule r {
            term t {
                then {
                    remote-gateway 10.1.1.2;
                    manual {
                        direction bidirectional {
                            protocol esp;
                            spi 300;
                            authentication { algorithm hmac-sha1-96; key ascii-text 12345678901234567890; }
                            encryption { algorithm aes-128-cbc; key ascii-text 1234567890123456; }
                        }
                    }
                }
            }
            match-direction input;
        }
    }
}
security {
    ipsec {
        security-association sa-es {
            mode tunnel;
            manual {
                direction bidirectional {
                    protocol esp;
                    spi 400;
                    encryption { algorithm 3des-cbc; key ascii-text 123456789012345678901234; }
                    authentication { algorithm hmac-md5-96; key ascii-text 1234567890123456; }
                }
            }
        }
        security-association sa-host {
            mode transport;
            manual {
                direction bidirectional {
                    protocol esp;
                    spi 401;
                    authentication { algorithm hmac-md5-96; key ascii-text 1234567890123456; }
                }
            }
        }
    }
}
firewall {
    family inet {
        filter to-es {
            term t { from { destination-address 10.3.0.0/16; } then { count steered; ipsec-sa sa-es; } }
            term rest { then accept; }
        }
        filter host-out {
            term t { from { destination-address 10.1.1.2/32; protocol udp; } then { count host; ipsec-sa sa-host; } }
            term rest { then accept; }
        }
    }
}
'''

PROCESSES = ['netd', 'mgd', 'kmd', 'picd-sp-1-2-0', 'picd-es-0-0-0', 'picd-re0']


@pytest.fixture
def gateway():
    with Gateway('priv', is_whole=True) as g:
        yield g


def spis(gateway, n, *command, host=None):
    """The SPIs that leave towards the far end while COMMAND runs, which are N or fewer in the end."""
    path = gateway.dir + '/capture'
    with open(path, 'w') as out:
        capture = subprocess.Popen(['ip', 'netns', 'exec', gateway.hosts[1], 'tcpdump', '-l', '-n', '--immediate-mode', '-i', 'eth0',
                                    'ip proto 50'], stdout=out, stderr=subprocess.PIPE, text=True)

    def seen():
        with open(path) as f:
            return re.findall(r'ESP\(spi=0x([0-9a-f]{8})', f.read())
    capture.stderr.readline()
    capture.stderr.readline()
    if host is None:
        gateway.at(*command, check=False)
    else:
        gateway.host(host, *command, check=False)
    end = time.monotonic() + 5
    while len(seen()) < n and time.monotonic() < end:
        time.sleep(0.02)
    time.sleep(0.1)  # what should not be there
    capture.terminate()
    capture.communicate()
    return seen()


def ping(gateway, to):
    return spis(gateway, 2, 'ping', '-c2', '-i0.2', '-W1', to, host=0)


def test_rights_of_each_process(gateway):
    assert gateway.start(CONFIG) == 'ready\n', gateway.process.stderr.read()
    for name in PROCESSES:
        check_rights(gateway.pid(name), name, netd_caps() if name == 'netd' else 0)


class Registers(ctypes.Structure):
    """struct user_regs_struct of x86-64."""
    _fields_ = [(n, ctypes.c_ulonglong) for n in (
        'r15', 'r14', 'r13', 'r12', 'rbp', 'rbx', 'r11', 'r10', 'r9', 'r8', 'rax', 'rcx', 'rdx', 'rsi', 'rdi', 'orig_rax',
        'rip', 'cs', 'eflags', 'rsp', 'ss', 'fs_base', 'gs_base', 'ds', 'es', 'fs', 'gs')]


def make_call(pid, number):
    """Has the process PID, which waits in a system call, do another one instead."""
    libc = ctypes.CDLL(None, use_errno=True)
    regs = Registers()

    def ptrace(request, data=None):
        assert libc.ptrace(request, pid, None, data) == 0, os.strerror(ctypes.get_errno())

    ptrace(16)  # PTRACE_ATTACH
    os.waitpid(pid, 0x40000000)  # __WALL
    ptrace(12, ctypes.byref(regs))  # PTRACE_GETREGS
    regs.rip -= 2  # the instruction `syscall` again
    regs.rax, regs.orig_rax = number, (1 << 64) - 1
    regs.rdi, regs.rsi, regs.rdx = (1 << 64) - 100, regs.rsp, 0
    ptrace(13, ctypes.byref(regs))  # PTRACE_SETREGS
    ptrace(17)  # PTRACE_DETACH


@pytest.mark.skipif(os.uname().machine != 'x86_64', reason='registers of x86-64')
@pytest.mark.parametrize('call, number', [('openat', 257), ('socket', 41), ('execve', 59), ('ptrace', 101)])
def test_kmd_ends_where_it_opens_or_runs_something(gateway, call, number):
    assert gateway.start(CONFIG) == 'ready\n', gateway.process.stderr.read()
    pid = gateway.pid('kmd')
    time.sleep(0.2)  # until it waits
    make_call(pid, number)
    gateway.wait_log('sallyportd', f'SUPER_EXIT: kmd[{pid}] was ended by signal 31')
    time.sleep(1)
    assert gateway.pid('kmd') != pid


def test_every_way_into_a_tunnel(gateway):
    before = gateway.state()
    assert gateway.start(CONFIG) == 'ready\n', gateway.process.stderr.read()
    assert ping(gateway, '10.9.0.1') == ['0000012c'] * 2
    assert ping(gateway, '10.3.0.1') == ['00000190'] * 2
    assert ping(gateway, '10.50.0.2') == ['00000190'] * 2
    assert spis(gateway, 1, 'bash', '-c', 'echo > /dev/udp/10.1.1.2/99') == ['00000191']
    assert gateway.stop() == 0
    assert gateway.state() == before


@pytest.mark.parametrize('victim', ['netd', 'mgd', 'kmd', 'picd-sp-1-2-0'])
def test_killed_daemon_comes_back_and_traffic_flows(gateway, victim):
    assert gateway.start(CONFIG) == 'ready\n', gateway.process.stderr.read()
    assert ping(gateway, '10.9.0.1') == ['0000012c'] * 2
    pid = gateway.pid(victim)
    os.kill(pid, signal.SIGKILL)
    if victim == 'mgd':
        assert ping(gateway, '10.9.0.1') == ['0000012c'] * 2
    gateway.wait_new(victim, pid)
    wait(lambda: ping(gateway, '10.9.0.1') == ['0000012c'] * 2)
    assert ping(gateway, '10.3.0.1') == ['00000190'] * 2


def test_killed_sallyportd_leaves_the_host_clean(gateway):
    before = gateway.state()
    assert gateway.start(CONFIG) == 'ready\n', gateway.process.stderr.read()
    gateway.stop(signal.SIGKILL)

    def is_clean():
        after = gateway.state()
        return all(after[what] == before[what] for what in before if what != 'files')
    wait(is_clean, lambda: (before, gateway.state()))
