# SPDX-License-Identifier: BSD-2-Clause
#
# swan.py - strongSwan loads connections and secrets, to be compared with what a gateway of ours needs for as many tunnels.
#
# charon runs in network and mount namespaces of its own, with its own configuration and socket; swanctl is given the same
# number of connections, each with its child and a pre-shared key. Used by mgd_bench.
import os
import shutil
import signal
import subprocess
import time

CHARON = "/usr/lib/ipsec/charon"
START_S = 20
SETTINGS = """charon {{
    load = random nonce aes sha1 sha2 hmac kdf openssl kernel-libipsec kernel-netlink socket-default vici
    threads = 16
    plugins {{
        vici {{ socket = unix://{socket} }}
    }}
}}
swanctl {{ load = random openssl }}
"""


def gateway(i):
    return f"198.19.{i >> 8 & 255}.{i & 255}"


def connection(i):
    net = f"10.{i >> 8 & 255}.{i & 255}.0/24"
    return f"""  t{i} {{
    version = 1
    local_addrs = 198.18.0.1
    remote_addrs = {gateway(i)}
    proposals = aes128-sha1-modp1024
    local {{ auth = psk }}
    remote {{
      auth = psk
      id = {gateway(i)}
    }}
    children {{
      c {{
        local_ts = 192.168.0.0/16
        remote_ts = {net}
        esp_proposals = aes128-sha1
      }}
    }}
  }}
"""


def write(n, folder, socket):
    (folder / "strongswan.conf").write_text(SETTINGS.format(socket=socket))
    with open(folder / "swanctl.conf", "w", encoding="ascii") as f:
        f.write("connections {\n" + "".join(connection(i) for i in range(n)) + "}\nsecrets {\n")
        for i in range(n):
            f.write(f"  ike-{i} {{\n    id = {gateway(i)}\n    secret = secret{i:032}\n  }}\n")
        f.write("}\n")


def load(folder, socket, env):
    """Seconds that swanctl takes for connections and secrets, or None if it fails."""
    start = time.monotonic()
    for what in ("--load-conns", "--load-creds"):
        done = subprocess.run(["swanctl", what, "--file", folder / "swanctl.conf", "--uri", f"unix://{socket}"],
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=env, check=False)
        if done.returncode != 0:
            print(f"  strongSwan: swanctl {what} failed: {done.stderr.strip()[-200:]}")
            return None
    return time.monotonic() - start


def compare(n, folder, ours):
    """Prints what strongSwan needs for N connections and how many times OURS, a dict of seconds, that is."""
    if not os.access(CHARON, os.X_OK) or shutil.which("swanctl") is None:
        print("  strongSwan is not installed: nothing to compare with")
        return
    socket = folder / "charon.vici"
    write(n, folder, socket)
    env = dict(os.environ, STRONGSWAN_CONF=str(folder / "strongswan.conf"))
    charon = subprocess.Popen(["unshare", "-n", "-m", "sh", "-c",
                               f"mount -t tmpfs tmpfs /run && ip link set lo up && exec {CHARON}"],
                              env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + START_S
        while not socket.exists() and time.monotonic() < end and charon.poll() is None:
            time.sleep(0.05)
        seconds = load(folder, socket, env) if socket.exists() else None
        if seconds is None:
            print("  strongSwan did not take the connections: nothing to compare with")
            return
        ratios = ", ".join(f"{seconds / s:.0f} times our {what} ({s:.2f} s)" for what, s in ours.items())
        print(f"  strongSwan loads {n} connections and secrets in {seconds:.1f} s: {ratios}", flush=True)
    finally:
        charon.send_signal(signal.SIGTERM)
        charon.wait(30)
