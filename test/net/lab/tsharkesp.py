# SPDX-License-Identifier: BSD-2-Clause
#
# tsharkesp.py - tshark as judge: opens the ESP packets of a capture with the keys of the configuration.
#
# tshark reads SAs from a file `esp_sa` in its configuration folder; each judgement gets a folder of its
# own, so that no preference of the person running the test has a say. JUNOS names of algorithms.

import collections
import os
import subprocess
import tempfile

ENC = {
    None: "NULL",
    "des-cbc": "DES-CBC [RFC2405]",
    "3des-cbc": "TripleDES-CBC [RFC2451]",
    "aes-128-cbc": "AES-CBC [RFC3602]",
    "aes-192-cbc": "AES-CBC [RFC3602]",
    "aes-256-cbc": "AES-CBC [RFC3602]",
    "aes-128-gcm": "AES-GCM with 16 octet ICV [RFC4106]",
    "aes-192-gcm": "AES-GCM with 16 octet ICV [RFC4106]",
    "aes-256-gcm": "AES-GCM with 16 octet ICV [RFC4106]",
}
AUTH = {
    None: "NULL",
    "hmac-md5-96": "HMAC-MD5-96 [RFC2403]",
    "hmac-sha1-96": "HMAC-SHA-1-96 [RFC2404]",
    "hmac-sha-256-128": "HMAC-SHA-256-128 [RFC4868]",
}

# One direction of an SA. Addresses as text, or "*" for any; spi a number; keys bytes.
Sa = collections.namedtuple("Sa", "src dst spi enc enc_key auth auth_key", defaults=(None, b"", None, b""))


def sa_line(sa):
    """The line of the file esp_sa for SA."""
    family = "IPv6" if ":" in f"{sa.src}{sa.dst}" else "IPv4"
    fields = [family, sa.src, sa.dst, f"0x{sa.spi:08x}", ENC[sa.enc], f"0x{sa.enc_key.hex()}" if sa.enc_key else "",
              AUTH[sa.auth], f"0x{sa.auth_key.hex()}" if sa.auth_key else ""]
    return ",".join(f'"{f}"' for f in fields)


def decrypt(pcap, sas, fields, display_filter=""):
    """Reads the capture PCAP with the keys of SAS.

    Returns one {field: [values]} for each packet that passes DISPLAY_FILTER (tshark's language), outermost value
    first: in a tunnel packet ip.src is [outer, inner]. FIELDS are tshark's names; "icv" is added: "good", "bad", or
    "none" if nothing was checked.
    """
    fields = [*fields, "esp.icv_good", "esp.icv_bad"]
    with tempfile.TemporaryDirectory(prefix="sp-tshark-") as home:
        folder = os.path.join(home, "wireshark")
        os.mkdir(folder)
        with open(os.path.join(folder, "esp_sa"), "w", encoding="utf-8") as f:
            f.write("".join(sa_line(sa) + "\n" for sa in sas))
        command = ["tshark", "-n", "-r", str(pcap), "-T", "fields", "-E", "separator=/t", "-E", "occurrence=a",
                   "-E", "aggregator=,",
                   "-o", "esp.enable_encryption_decode:TRUE", "-o", "esp.enable_authentication_check:TRUE"]
        for field in fields:
            command += ["-e", field]
        if display_filter:
            command += ["-Y", display_filter]
        run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60,
                             check=False, env=dict(os.environ, HOME=home, XDG_CONFIG_HOME=home, LC_ALL="C.UTF-8"))
    # A line of esp_sa that tshark does not understand is only a remark on standard error.
    complaints = [line for line in run.stderr.splitlines() if "Running as user" not in line]
    if run.returncode != 0 or complaints:
        raise AssertionError(f"tshark ended with {run.returncode}: " + "\n".join(complaints))
    packets = []
    for line in run.stdout.splitlines():
        values = [v.split(",") if v else [] for v in line.split("\t")]
        packet = dict(zip(fields, values))
        good, bad = packet.pop("esp.icv_good"), packet.pop("esp.icv_bad")
        packet["icv"] = "bad" if "1" in bad else "good" if "1" in good else "none"
        packets.append(packet)
    return packets
