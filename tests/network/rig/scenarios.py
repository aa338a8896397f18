# Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
"""Things that happen to a connection, each with what must come of it; scene.ALL maps names to them.

A PeerFailure (a deadline that passed, a peer that ended) is a fault like any other.
"""

import re
import statistics
import time

from . import coturn, nat, probe
from .peers import PeerFailure, path_of
from .scene import scenario


# -- where hosts can be

def _connects(scene, sides, wire, path, **options):
    """Connects and checks the path, on the wire and as the peers say."""
    with scene.session(sides, **options) as session:
        connected, _ = session.connect()
        seen = scene.runner.wire_path(session)
        if seen != wire and path == "direct":
            session.until(lambda: path_of(session)[0] == "direct", 3, "a direct path")
            seen = scene.runner.wire_path(session)
        claimed, candidates = path_of(session)
        scene.figures.update({"connect": f"{connected:.0f} ms", "path": claimed, "by": candidates})
        scene.require(seen == wire, f"on the wire it is {seen}, not {wire}")
        scene.require(claimed == path, f"the peers say {claimed}, not {path}")


@scenario("same-lan")
def _same_lan(scene):
    """Two hosts behind one NAT that see each other: direct, and nothing leaves the house."""
    _connects(scene, scene.topology.shared_sides(hairpin=False, isolated=False), "local", "direct")


@scenario("hairpin")
def _hairpin(scene):
    """Two hosts behind one NAT that do not see each other; the NAT sends packets to its own public
    address back in (RFC 4787 section 6): direct through it."""
    _connects(scene, scene.topology.shared_sides(hairpin=True, isolated=True), "local", "direct")


@scenario("hairpin-missing")
def _hairpin_missing(scene):
    """The same with a NAT that does not hairpin: only the relay is left."""
    sides = scene.topology.shared_sides(hairpin=False, isolated=True)
    _connects(scene, sides, "relayed", "relayed")


@scenario("nested-nat")
def _nested_nat(scene):
    """A home NAT behind a carrier's, to a home NAT; all filter by port, none is symmetric:
    direct."""
    kind = nat.KINDS["port-restricted"]
    sides = [scene.topology.nested_side(0, kind), scene.topology.side(1, kind)]
    scene.prove(sides)
    _connects(scene, sides, "direct", "direct")


@scenario("nested-nat-symmetric")
def _nested_nat_symmetric(scene):
    """Both NATs on the first side are symmetric, the other side filters by port: relayed."""
    sides = [scene.topology.nested_side(0, nat.KINDS["symmetric"]),
             scene.topology.side(1, nat.KINDS["port-restricted"])]
    scene.prove(sides)
    _connects(scene, sides, "relayed", "relayed")


# -- TURN

def _only_relay(scene, server, ipv6=False):
    kind = "ipv6-only" if ipv6 else "public"
    clear_before = scene.topology.cleartext_packets()
    sides = scene.sides(kind, kind)
    _connects(scene, sides, "relayed", "relayed", servers=[server], policy="relay")
    clear = scene.topology.cleartext_packets() - clear_before
    scene.require(clear == 0, f"{clear} STUN messages in clear on a TLS port")


@scenario("turn-udp")
def _turn_udp(scene):
    """Only relayed candidates are allowed; TURN over UDP."""
    _only_relay(scene, coturn.turn("udp"))


@scenario("turn-tcp")
def _turn_tcp(scene):
    """The same over TCP."""
    _only_relay(scene, coturn.turn("tcp"))


@scenario("turn-tls")
def _turn_tls(scene):
    """The same over TLS; the core sees no STUN message in clear on the TLS port."""
    _only_relay(scene, coturn.turn("tls"))


@scenario("turn-ipv6")
def _turn_ipv6(scene):
    """Two IPv6 hosts that may only use the relay, which gives them IPv4 addresses."""
    _only_relay(scene, coturn.turn("udp", ipv6=True), ipv6=True)


@scenario("turn-time-limited")
def _turn_time_limited(scene):
    """Credentials of the TURN REST scheme, over UDP."""
    _only_relay(scene, coturn.turn_time_limited("udp"))


@scenario("turn-time-limited-tls")
def _turn_time_limited_tls(scene):
    """Credentials of the TURN REST scheme, over TLS."""
    _only_relay(scene, coturn.turn_time_limited("tls"))


# -- what can not work, and says why

def _fails(scene, session, deadline, pattern, patterns_b=None):
    """Both ends are failed within the deadline, each with a reason."""
    session.offer()
    session.until(lambda: session.a.state == session.b.state == "failed", deadline, "`failed`")
    scene.figures["failed after"] = f"{(session.a.states[-1][0] - session.offered_at):.1f} s"
    scene.require_reason(session.a, pattern)
    scene.require_reason(session.b, patterns_b or pattern)


@scenario("turn-wrong-password")
def _turn_wrong_password(scene):
    """The relay refuses the credentials and nothing else is allowed: failed, and the reason says
    so."""
    sides = scene.sides("public", "public")
    with scene.session(sides, [coturn.turn(password="wrong")], policy="relay") as session:
        _fails(scene, session, 40, "relay|turn")


@scenario("turn-expired")
def _turn_expired(scene):
    """The same with time-limited credentials whose time is over."""
    sides = scene.sides("public", "public")
    with scene.session(sides, [coturn.turn_time_limited(seconds=-60)], policy="relay") as session:
        _fails(scene, session, 40, "relay|turn")


@scenario("no-common-pair")
def _no_common_pair(scene):
    """Symmetric to port-restricted without a relay: no pair can work; failed with its reason."""
    sides = scene.sides("symmetric", "port-restricted")
    with scene.session(sides, [coturn.stun()]) as session:
        _fails(scene, session, 40, "pair|check|path")


@scenario("no-route")
def _no_route(scene):
    """The internet carries nothing between the two, and there is no server: failed with its
    reason."""
    sides = scene.sides("public", "public")
    scene.topology.cut()
    with scene.session(sides, []) as session:
        _fails(scene, session, 40, "pair|check|path|answer|reach")


@scenario("stun-unreachable")
def _stun_unreachable(scene):
    """Two NATs and a STUN server that is dead: failed, and the reason names the STUN server."""
    sides = scene.sides("port-restricted", "port-restricted")
    with scene.session(sides, [coturn.stun(dead=True)]) as session:
        _fails(scene, session, 40, "stun")


def _forged(sdp):
    """The description with the first byte of its fingerprint changed."""
    return re.sub(r"(a=fingerprint:\S+ )([0-9A-Fa-f]{2})",
                  lambda match: match[1] + f"{int(match[2], 16) ^ 0xFF:02X}", sdp)


def _wrong_fingerprint(scene, forge_a):
    sides = scene.sides("public", "public")

    def rewrite(sdp, sender):
        return _forged(sdp) if (sender.label == "a") == forge_a else sdp

    with scene.session(sides, [], rewrite=rewrite) as session:
        sees, is_seen = ("dtls|alert|certificate|fingerprint", "fingerprint")
        _fails(scene, session, 20, *((sees, is_seen) if forge_a else (is_seen, sees)))
        scene.require(not any("connected" == state for peer in (session.a, session.b)
                              for _, state, _ in peer.states), "an end was `connected`")


@scenario("wrong-fingerprint-offer")
def _wrong_fingerprint_offer(scene):
    """The offer's fingerprint is changed on its way: both ends fail, each with its reason."""
    _wrong_fingerprint(scene, True)


@scenario("wrong-fingerprint-answer")
def _wrong_fingerprint_answer(scene):
    """The answer's fingerprint is changed on its way."""
    _wrong_fingerprint(scene, False)


@scenario("killed-peer")
def _killed_peer(scene):
    """One end dies without a word: `disconnected` within 10 s, `failed` after RFC 7675's 30 s."""
    with scene.session(scene.sides("public", "public")) as session:
        session.connect()
        session.exchange()
        session.b.may_end = True
        session.b.kill()
        begun = time.monotonic()
        session.until(lambda: session.a.state in ("disconnected", "failed"), 15, "`disconnected`")
        scene.figures["disconnected after"] = f"{time.monotonic() - begun:.1f} s"
        scene.require(session.a.state == "disconnected", "failed without being disconnected before")
        scene.require(time.monotonic() - begun < 10, "it took 10 s or more")
        session.until(lambda: session.a.state == "failed", 45, "`failed`")
        scene.figures["failed after"] = f"{time.monotonic() - begun:.1f} s"
        scene.require(25 <= time.monotonic() - begun <= 40, "failed not after about 30 s")
        scene.require_reason(session.a, ".")


# -- dead servers, loss

def _median_connect(scene, sides, servers, runs, tag):
    times = []
    for number in range(runs):
        with scene.session(sides, servers, tag=f"-{tag}-{number}") as session:
            times.append(session.connect()[0])
    return statistics.median(times)


@scenario("dead-servers")
def _dead_servers(scene):
    """STUN and TURN servers that swallow everything, beside one that works: time is not
    affected."""
    dead = [coturn.stun(dead=True)] + [coturn.turn(t, dead=True) for t in ("udp", "tcp", "tls")]
    for kind, alive, dead_too in (
            ("public", [], dead), ("port-restricted", [coturn.stun()], [coturn.stun(), *dead[1:]])):
        sides = scene.sides(kind, kind)
        without = _median_connect(scene, sides, alive, 5, kind + "-alive")
        beside = _median_connect(scene, sides, dead_too, 5, kind + "-dead")
        scene.figures[kind] = f"{without:.0f} ms without, {beside:.0f} ms with dead servers"
        scene.require(beside <= without + 50,
                      f"{kind}: dead servers cost {beside - without:.0f} ms")
        scene.topology.drop_sides()


@scenario("handshake-loss")
def _handshake_loss(scene):
    """30 % of the packets are lost each way: 20 of 20 connect within 15 s."""
    sides = scene.sides("public", "public")
    sides[0].link.set(loss=0.3)
    times = []
    for number in range(20):
        with scene.session(sides, tag=f"-{number}") as session:
            try:
                times.append(session.connect(15)[1])
            except PeerFailure as failure:
                scene.faults.append(f"connection {number + 1}: {failure}")
    scene.figures["connected"] = f"{len(times)} of 20"
    if times:
        scene.figures["to open"] = (f"median {statistics.median(times) / 1000:.2f} s, "
                                    f"worst {max(times) / 1000:.2f} s")


# -- what happens to a connection under load

# A message each millisecond each way; the event comes when a quarter has arrived.
_COUNT = 4000


def _under_load(scene, session, event, deadline=60):
    """Streams numbered messages both ways, lets `event` happen, and counts what arrived."""
    session.connect()
    session.stream(_COUNT, 1)
    both = [session.received(peer) for peer in (session.a, session.b)]
    session.until(lambda: min(len(stream.numbers) for stream in both) >= _COUNT // 4, 20,
                  "the first quarter of the streams")
    happened = time.monotonic()
    event()
    lost = None
    try:
        session.until(lambda: min(len(stream.numbers) for stream in both) >= _COUNT, deadline,
                      "the streams to arrive")
        session.exchange()  # in order behind them: what is doubled has arrived by then
    except PeerFailure as failure:
        lost = str(failure)
    for end, stream in zip("ab", both):
        fault = stream.fault(_COUNT)
        scene.figures["gap at " + end] = f"{stream.gap_ms():.0f} ms"
        scene.require(fault is None, f"stream to {end}: {fault}")
    scene.figures["messages"] = f"{sum(len(s.numbers) for s in both)} of {2 * _COUNT}"
    scene.figures["done after"] = f"{time.monotonic() - happened:.1f} s"
    scene.figures["restarts"] = ", ".join(
        f"by {label} after {at - happened:.1f} s" for at, label in session.restarts) or "none"
    if lost:
        scene.faults.append(lost)


def _ufrags(session):
    """The distinct ICE user fragments in the first end's descriptions."""
    return {fragment for event in session.a.events if event["event"] == "description"
            for fragment in re.findall(r"a=ice-ufrag:(\S+)", event["sdp"])}


@scenario("ice-restart")
def _ice_restart(scene):
    """ICE restart under load: not one message lost or doubled."""
    with scene.session(scene.sides("port-restricted", "public")) as session:
        _under_load(scene, session, session.restart)
        scene.require(len(_ufrags(session)) == 2, "the restart did not change the credentials")


@scenario("ice-restart-relayed")
def _ice_restart_relayed(scene):
    """The same on a path through the relay."""
    with scene.session(scene.sides("symmetric", "symmetric")) as session:
        _under_load(scene, session, session.restart)
        scene.require(len(_ufrags(session)) == 2, "the restart did not change the credentials")


@scenario("nat-rebinding")
def _nat_rebinding(scene):
    """The NAT forgets its mappings in mid flow and gives new ones: not one message lost or
    doubled."""
    sides = scene.sides("port-restricted", "public")
    with scene.session(sides, restart_policy=True) as session:
        _under_load(scene, session, lambda: nat.rebind(sides[0].gateway))
    observed = probe.observe(scene.topology, sides[0])
    scene.require(all(30000 <= port <= 30999 for _, port in observed.mapped),
                  f"the NAT was not rebound: {observed.mapped}")


@scenario("interface-swap")
def _interface_swap(scene):
    """A host with two uplinks loses the one in use: not one message lost or doubled."""
    sides = scene.sides("port-restricted", "public")
    scene.topology.second_uplink(sides[0])
    scene.topology.plug_in(sides[0])

    def unplug():
        device = scene.topology.busiest_device(sides[0].host)
        scene.figures["lost"] = device
        sides[0].host.ip(f"link set dev {device} down")

    with scene.session(sides, restart_policy=True) as session:
        _under_load(scene, session, unplug)


@scenario("interface-swap-late")
def _interface_swap_late(scene):
    """The second uplink only comes up when the first goes: its address is new to the connection."""
    sides = scene.sides("port-restricted", "public")
    scene.topology.second_uplink(sides[0])

    def swap():
        scene.topology.plug_in(sides[0])
        sides[0].host.ip("link set dev eth0 down")

    with scene.session(sides, restart_policy=True) as session:
        _under_load(scene, session, swap)


# -- small packets

def _shrink(scene, side, silent):
    """Makes the side's link a small one, and proves it."""
    scene.topology.shrink(side, "a", 1280, silent)
    passes, told = probe.path_mtu(scene.topology, side)
    if passes or told != (1500 if silent else 1280):
        raise PeerFailure(f"the small link: 1400 bytes passed: {passes}, path MTU told: {told}")


def _large_messages(scene, session, count=10):
    for _ in range(count):
        session.exchange(65536, deadline=15)
    scene.figures["messages"] = f"{2 * count} of 64 KiB"


@scenario("mtu-1280")
def _mtu_1280(scene):
    """A link carries 1280 bytes and says so (ICMP): 64 KiB messages pass both ways."""
    sides = scene.sides("port-restricted", "public")
    _shrink(scene, sides[0], silent=False)
    with scene.session(sides) as session:
        session.connect()
        _large_messages(scene, session)


@scenario("mtu-1280-silent")
def _mtu_1280_silent(scene):
    """A link carries 1280 bytes and swallows what is larger without a word (a black hole)."""
    sides = scene.sides("port-restricted", "public")
    _shrink(scene, sides[0], silent=True)
    with scene.session(sides) as session:
        session.connect()
        _large_messages(scene, session)


@scenario("mtu-drop")
def _mtu_drop(scene):
    """The path becomes such a black hole in mid flow."""
    sides = scene.sides("port-restricted", "public")
    with scene.session(sides) as session:
        session.connect()
        _large_messages(scene, session)
        _shrink(scene, sides[0], silent=True)
        _large_messages(scene, session)
