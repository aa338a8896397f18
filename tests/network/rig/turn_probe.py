# Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
"""A TURN Allocate by hand (RFC 8656 section 7), to know that the server does its part.

Only what that takes: a request, its 401, the request again with long-term credentials, and the
relayed address of the answer. A cell that fails after this is not the server's fault.
"""

import dataclasses
import hashlib
import hmac
import os
import socket
import ssl
import struct

from .coturn import PASSWORD, USER, turn_time_limited
from .topology import SERVER, SERVER6

_MAGIC = 0x2112A442
_ALLOCATE, _SUCCESS = 0x0003, 0x0103
_USERNAME, _INTEGRITY, _REALM, _NONCE = 0x0006, 0x0008, 0x0014, 0x0015
_RELAYED, _TRANSPORT = 0x0016, 0x0019
_UDP = bytes([17, 0, 0, 0])
_DEADLINE = 3.0


@dataclasses.dataclass(frozen=True)
class Credential:
    name: str
    username: str
    password: str
    port: int
    tls_port: int


def credentials():
    """Both kinds that the servers take."""
    timed = turn_time_limited()
    return (Credential("long-term", USER, PASSWORD, 3478, 5349),
            Credential("time-limited", timed["username"], timed["credential"], 3479, 5350))


def allocate(host, transport, ipv6, credential, ca_file):
    """The relayed address that a client on `host` gets. OSError or ValueError when it gets none."""
    port = credential.tls_port if transport == "tls" else credential.port
    address = (SERVER6 if ipv6 else SERVER, port)
    with _connect(host, address, transport, ca_file) as channel:
        refused = _exchange(channel, _message([(_TRANSPORT, _UDP)]))
        attributes = [(_TRANSPORT, _UDP), (_USERNAME, credential.username.encode()),
                      (_REALM, refused[_REALM]), (_NONCE, refused[_NONCE])]
        realm = refused[_REALM]
        secret = credential.username.encode() + b":" + realm + b":" + credential.password.encode()
        granted = _exchange(channel, _message(attributes, hashlib.md5(secret).digest()))
    if _RELAYED not in granted:
        raise ValueError("the Allocate was refused")
    return _address(granted[_RELAYED])


def _connect(host, address, transport, ca_file):
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    kind = socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM
    with host.inside():
        channel = socket.socket(family, kind)
    channel.settimeout(_DEADLINE)
    try:
        channel.connect(address)
        if transport == "tls":
            context = ssl.create_default_context(cafile=ca_file)
            channel = context.wrap_socket(channel, server_hostname=address[0])
    except OSError:
        channel.close()
        raise
    return channel


def _message(attributes, key=None):
    body = b"".join(struct.pack("!HH", kind, len(value)) + value + b"\0" * (-len(value) % 4)
                    for kind, value in attributes)
    transaction = os.urandom(12)
    if key is None:
        return struct.pack("!HHI", _ALLOCATE, len(body), _MAGIC) + transaction + body
    # The length that is signed already counts MESSAGE-INTEGRITY's 24 bytes (RFC 8489 section 14.5).
    signed = struct.pack("!HHI", _ALLOCATE, len(body) + 24, _MAGIC) + transaction + body
    digest = hmac.new(key, signed, hashlib.sha1).digest()
    return signed + struct.pack("!HH", _INTEGRITY, len(digest)) + digest


def _exchange(channel, request):
    """Sends and reads one answer; its attributes by type."""
    channel.sendall(request)
    data = channel.recv(2048)
    while len(data) < 20 or len(data) < 20 + struct.unpack_from("!H", data, 2)[0]:
        more = channel.recv(2048)
        if not more:
            raise ValueError("the server hung up")
        data += more
    found, at = {}, 20
    while at + 4 <= len(data):
        kind, length = struct.unpack_from("!HH", data, at)
        found[kind] = data[at + 4:at + 4 + length]
        at += 4 + length + -length % 4
    return found


def _address(value):
    """XOR-RELAYED-ADDRESS as text, with its port (IPv4 is all we expect; RFC 8489 section 14.2)."""
    family, port, address = struct.unpack("!xBH4s", value[:8])
    if family != 1:
        raise ValueError("the relayed address is not IPv4")
    plain = struct.unpack("!I", address)[0] ^ _MAGIC
    return f"{socket.inet_ntoa(struct.pack('!I', plain))}:{port ^ (_MAGIC >> 16)}"


def observe(topology, server, side):
    """(line, works) for each transport and credential from that side."""
    for credential in credentials():
        for transport in ("udp", "tcp", "tls"):
            name = f"{transport} over {'IPv6' if side.kind.ipv6 else 'IPv4'}, {credential.name}"
            try:
                relayed = allocate(side.host, transport, side.kind.ipv6, credential, server.ca_file)
                yield f"{name}: {relayed}", True
            except (OSError, ValueError, KeyError) as error:
                yield f"{name}: {error or type(error).__name__}", False
