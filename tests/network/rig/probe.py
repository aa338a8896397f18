# Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
"""Observes what a host's access really is: three destinations and unsolicited packets (RFC 5780).

Nothing waits for silence. The links keep order, so each test ends with a packet that must arrive;
what was sent before it and is not there by then will never come.
"""

import dataclasses
import errno
import socket
import time

from . import nat
from .topology import SERVER, SERVER_2, SERVER6, SERVER6_2

PORT, OTHER_PORT = 40001, 40002
_DEADLINE = 3.0
# The first one waits for neighbour discovery and for the carriers to start.
_ROUND_TRIPS = 4


@dataclasses.dataclass(frozen=True)
class Observation:
    """What was seen from one host. `udp` False: none came out, mapping and filtering unknown."""
    udp: bool
    tcp: bool
    mapping: str
    filtering: str
    rtt_ms: float
    mapped: tuple = ()

    def line(self):
        udp = f"mapping {self.mapping}, filtering {self.filtering}" if self.udp else "no UDP"
        return f"{udp}, TCP {'yes' if self.tcp else 'NO'}, RTT {self.rtt_ms:.1f} ms"


def _udp(namespace, address, port=0):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with namespace.inside():
        made = socket.socket(family, socket.SOCK_DGRAM)
    made.settimeout(_DEADLINE)
    made.bind((address, port))
    return made


def _tcp_round_trip(server, host, address):
    """Whether TCP connections go through, and the shortest time that one took, in ms."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with server.inside():
        listener = socket.socket(family, socket.SOCK_STREAM)
    times = []
    with listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, PORT))
        listener.listen()
        for _ in range(_ROUND_TRIPS):
            with host.inside():
                client = socket.socket(family, socket.SOCK_STREAM)
            with client:
                client.settimeout(_DEADLINE)
                begun = time.monotonic()
                try:
                    client.connect((address, PORT))
                except OSError:
                    return False, 0.0
                times.append(time.monotonic() - begun)
    return True, min(times) * 1000


def observe(topology, side):
    """Probes from the side's host towards the server."""
    address, second = (SERVER6, SERVER6_2) if side.kind.ipv6 else (SERVER, SERVER_2)
    tcp, rtt = _tcp_round_trip(topology.server, side.host, address)
    servers = [_udp(topology.server, a, p)
               for a, p in ((address, PORT), (address, OTHER_PORT), (second, PORT))]
    clients = [_udp(side.host, side.address), _udp(side.host, side.address)]
    try:
        mapping, mapped = _mapping(clients[0], servers, side)
        if mapping is None:
            return Observation(False, tcp, "", "", rtt)
        return Observation(True, tcp, mapping, _filtering(clients[1], servers), rtt, mapped)
    finally:
        for opened in (*servers, *clients):
            opened.close()


def _mapping(client, servers, side):
    """One socket, three destinations: how many public ports?"""
    if not side.kind.udp:
        for server in servers:
            server.settimeout(0.3)  # silence is what we expect here, and can only be waited for
    for server in servers:
        client.sendto(b"mapping", server.getsockname())
    try:
        seen = [server.recvfrom(64)[1][:2] for server in servers]
    except TimeoutError:
        return None, ()
    if set(seen) == {client.getsockname()[:2]}:
        return nat.NO_NAT, tuple(seen)
    same = len(set(seen)) == 1
    return nat.ENDPOINT_INDEPENDENT if same else nat.PORT_DEPENDENT, tuple(seen)


def _filtering(client, servers):
    """A fresh socket speaks to one server only; then all three speak to it."""
    known, same_address, stranger = servers
    client.sendto(b"hello", known.getsockname())
    mapped = known.recvfrom(64)[1]
    stranger.sendto(b"stranger", mapped)
    same_address.sendto(b"same address", mapped)
    known.sendto(b"end", mapped)
    heard = set()
    while b"end" not in heard:
        heard.add(client.recvfrom(64)[0])
    if b"stranger" in heard:
        return nat.OPEN
    return nat.BY_ADDRESS if b"same address" in heard else nat.BY_PORT


def _unless_told(call, argument):
    """Calls again if an ICMP message, which shows as an error of the next call, came between."""
    try:
        return call(argument)
    except OSError as error:
        if error.errno != errno.EMSGSIZE:
            raise
        return call(argument)


def path_mtu(topology, side):
    """Whether 1400 bytes pass from the (IPv4) host to the server, and what path MTU it is told."""
    ip_mtu_discover, pmtudisc_do, ip_mtu = 10, 2, 14  # linux/in.h; Python names none of them
    with _udp(topology.server, SERVER, PORT) as server, _udp(side.host, side.address) as client:
        client.connect(server.getsockname())
        client.setsockopt(socket.IPPROTO_IP, ip_mtu_discover, pmtudisc_do)
        client.send(b"large".ljust(1400))
        _unless_told(client.send, b"small")
        data, sender = server.recvfrom(2000)
        server.sendto(b"end", sender)
        _unless_told(client.recv, 64)
        return data != b"small", client.getsockopt(socket.IPPROTO_IP, ip_mtu)


def faults(topology, side, observed):
    """Why the side is not what its kind claims; empty when it is."""
    kind = side.kind
    found = []
    if observed.udp != kind.udp:
        found.append(f"UDP is {'open' if observed.udp else 'blocked'}")
    if not observed.tcp:
        found.append("TCP does not pass")
    if observed.udp and kind.udp:
        if observed.mapping != kind.mapping:
            found.append(f"mapping is {observed.mapping}, not {kind.mapping}")
        if observed.filtering != kind.filtering:
            found.append(f"filtering is {observed.filtering}, not {kind.filtering}")
    if observed.tcp and not topology.rtt * 0.95 <= observed.rtt_ms <= topology.rtt * 1.25 + 2:
        found.append(f"RTT is {observed.rtt_ms:.1f} ms, not {topology.rtt}")
    return found
