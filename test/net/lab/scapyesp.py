# SPDX-License-Identifier: BSD-2-Clause
#
# scapyesp.py - scapy's IPsec layer under JUNOS's names: seals and opens packets independently of our code.
#
#   one = scapyesp.sa("esp", 0x1001, enc="aes-128-cbc", enc_key=k, auth="hmac-sha1-96", auth_key=a, outer=(src, dst))
#   sealed = scapyesp.seal(one, packet)       packet from IP or IPv6 on
#   inner = scapyesp.unseal(one, sealed)      raises scapy.layers.ipsec.IPSecIntegrityError

from scapy.layers.inet import IP
from scapy.layers.inet6 import IPv6
from scapy.layers.ipsec import AH, ESP, SecurityAssociation
from scapy.packet import Raw

ENC = {None: "NULL", "des-cbc": "DES", "3des-cbc": "3DES", "aes-128-cbc": "AES-CBC", "aes-192-cbc": "AES-CBC",
       "aes-256-cbc": "AES-CBC"}
AEAD = {"aes-128-gcm": "AES-GCM", "aes-192-gcm": "AES-GCM", "aes-256-gcm": "AES-GCM"}
AUTH = {None: "NULL", "hmac-md5-96": "HMAC-MD5-96", "hmac-sha1-96": "HMAC-SHA1-96", "hmac-sha-256-128": "SHA2-256-128"}
LAYER = {"esp": ESP, "ah": AH}

# A good key for each algorithm: no two alike, no weak DES part.
KEY = {None: b"", "des-cbc": bytes(range(1, 9)), "3des-cbc": bytes(range(1, 25)), "aes-128-cbc": bytes(range(32, 48)),
       "aes-192-cbc": bytes(range(64, 88)), "aes-256-cbc": bytes(range(96, 128)), "hmac-md5-96": bytes(range(128, 144)),
       "hmac-sha1-96": bytes(range(150, 170)), "hmac-sha-256-128": bytes(range(180, 212)),
       # the salt is at the end
       "aes-128-gcm": bytes(range(3, 23)), "aes-192-gcm": bytes(range(5, 33)), "aes-256-gcm": bytes(range(7, 43))}

# All pairs that JUNOS lets an ESP SA have: (encryption, authentication).
ESP_PAIRS = [(enc, auth) for enc in ENC for auth in AUTH if enc or auth]


def sa(proto, spi, enc=None, enc_key=None, auth=None, auth_key=None, outer=None, seq=1):
    """One direction of an SA. PROTO: "esp" or "ah". OUTER: (source, destination) of tunnel mode, None for transport
    mode. A key that is not given is the one in KEY. SEQ: the first sequence number sealed."""
    more = {}
    if proto == "esp":
        more.update(crypt_algo={**ENC, **AEAD}[enc], crypt_key=KEY[enc] if enc_key is None else enc_key)
    if outer:
        more["tunnel_header"] = (IPv6 if ":" in outer[0] else IP)(src=outer[0], dst=outer[1])
    return SecurityAssociation(LAYER[proto], spi=spi, seq_num=seq, auth_algo=AUTH[auth],
                               auth_key=KEY[auth] if auth_key is None else auth_key, **more)


def reparse(packet):
    """PACKET read again from its bytes: scapy leaves what it opened half dissected."""
    data = bytes(packet)
    return IPv6(data) if data[0] >> 4 == 6 else IP(data)


class _OverEsp:
    """An authentication algorithm that signs AH around ESP. scapy's own would take the ESP layer it recognises for the
    one to sign; here it meets bytes."""

    def __init__(self, algorithm):
        self.algorithm = algorithm

    def __getattr__(self, name):
        return getattr(self.algorithm, name)

    def sign(self, packet, key, **kw):
        payload = bytes(packet[ESP])
        packet[ESP].underlayer.remove_payload()
        return self.algorithm.sign(packet / Raw(payload), key, **kw)


def seal(one, packet):
    """Sealed packets may be sealed again: a bundle is ESP in tunnel mode, then AH in transport mode."""
    packet = reparse(packet)
    plain = one.auth_algo
    if one.proto is AH and ESP in packet:
        one.auth_algo = _OverEsp(plain)
    try:
        return reparse(one.encrypt(packet))
    finally:
        one.auth_algo = plain


def unseal(one, packet):
    return reparse(one.decrypt(reparse(packet)))
