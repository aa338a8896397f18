# Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
"""Every pair of kinds: what physics allows, what happened, and how long it took."""

import itertools
import os
import statistics

from . import coturn, nat, probe
from .namespaces import RigError
from .peers import Peer, PeerFailure, Session, path_of

# What a direct connection may take, in round trips: 100 ms at 20 ms.
GOAL_ROUND_TRIPS = 5
CONNECT_DEADLINE = 20.0
_CHECK_SIZE = 20000


def expectation(first, second):
    """(path, transport, reason) for two kinds: what the best peer could do."""
    if first.ipv6 and second.ipv6:
        return "direct", "udp", "both have IPv6"
    if first.ipv6 or second.ipv6:
        return "relayed", "udp", "no common address family; the IPv6 end's relayed address is IPv4"
    kinds = {first.name, second.name}
    if "udp-blocked" in kinds:
        if kinds == {"udp-blocked", "public"}:
            return "direct", "tcp", "ICE-TCP: the blocked end is active, the public one passive"
        return "relayed", "tcp", "UDP is blocked, and no NAT lets a TCP connection in"
    if "symmetric" in kinds:
        if kinds & {"port-restricted"} or kinds == {"symmetric"}:
            return "relayed", "udp", "the symmetric end's next port is unknown to a filter by port"
        return "direct", "udp", "the symmetric end's check passes the filter: peer-reflexive"
    return "direct", "udp", "mappings are known and both ends open their filters"


def ice_servers(kind):
    """The list an application would hand out; the addresses are of the family that the host has."""
    v6 = kind.ipv6
    return [coturn.stun(v6), coturn.turn("udp", v6), coturn.turn("tcp", v6), coturn.turn("tls", v6)]


class Runner:
    """What a cell and a scenario need: topology, server, command lines, logs."""

    def __init__(self, topology, server, commands, log_directory, goal_ms):
        self.topology = topology
        self.server = server
        self.goal_ms = goal_ms  # for the median of direct connections; 0: none
        self._commands = commands
        self._logs = log_directory

    def configuration(self, servers, policy="all", **pairwire):
        return {"iceServers": servers, "iceTransportPolicy": policy, "trickle": True,
                "pairwire": {"mdns": "off", "turnTlsCaFile": self.server.ca_file, **pairwire}}

    def session(self, name, sides, configurations=None, **options):
        """Two fresh peers on two sides; by default with the usual servers."""
        if configurations is None:
            configurations = [self.configuration(ice_servers(side.kind)) for side in sides]
        peers = [Peer(label, command, side.host, os.path.join(self._logs, f"{name}-{label}.log"))
                 for label, command, side in zip("ab", self._commands, sides)]
        return Session(peers, configurations, **options)

    def verified(self, sides):
        """Probes the sides; a fault list, empty when all are what they claim."""
        found = []
        for label, side in zip("ab", sides):
            # Once more if it was not so: a busy machine can make a round trip look long.
            for _ in range(3):
                faults = probe.faults(self.topology, side, probe.observe(self.topology, side))
                if not faults:
                    break
            found += [f"{label} ({side.kind.name}): {fault}" for fault in faults]
        return found

    def wire_path(self, session):
        """Which way the core saw two messages go: direct, relayed, or local if none passed it."""
        before = self.topology.wire_bytes()
        session.exchange(_CHECK_SIZE)
        direct, relayed = (now - then for now, then in zip(self.topology.wire_bytes(), before))
        if max(direct, relayed) < _CHECK_SIZE:
            return "local"
        return "direct" if direct > relayed else "relayed"


def run_once(runner, name, sides, expected):
    """One connection; a dict of what happened."""
    with runner.session(name, sides) as session:
        connected, opened = session.connect(CONNECT_DEADLINE)
        first_path, _ = path_of(session)
        wire = runner.wire_path(session)
        # ICE may connect by the relay first and find the better pair a moment later.
        if wire != expected and expected == "direct":
            before = session.a.selected
            try:
                session.until(lambda: session.a.selected is not before, 3, "a better path")
                wire = runner.wire_path(session)
            except PeerFailure:
                pass
        path, candidates = path_of(session)
        return {"connectMs": round(connected, 1), "openMs": round(opened, 1), "path": path,
                "firstPath": first_path, "wire": wire, "candidates": candidates}


def run_cell(runner, first, second, runs):
    """All runs of a pair, first end offering. The sides are built and proven here."""
    expected, transport, reason = expectation(first, second)
    cell = {"offerer": first.name, "answerer": second.name, "expected": expected,
            "expectedTransport": transport, "reason": reason, "runs": [], "faults": []}
    try:
        sides = [runner.topology.side(0, first), runner.topology.side(1, second)]
        faults = runner.verified(sides)
        if faults:
            cell["faults"] = ["the NAT is not what it claims: " + "; ".join(faults)]
            return cell
        for number in range(runs):
            for side in sides:
                nat.forget(side.gateway)
            try:
                name = f"{first.short}-{second.short}-{number}"
                cell["runs"].append(run_once(runner, name, sides, expected))
            except PeerFailure as failure:
                cell["faults"].append(f"run {number + 1}: {failure}")
    except (RigError, OSError) as error:
        cell["faults"].append(f"the rig itself failed: {error}")
    finally:
        runner.topology.drop_sides()
    _judge(cell, runner.goal_ms)
    return cell


def _judge(cell, goal):
    """Adds the figures, and a fault for whatever is not as expected."""
    expected, runs = cell["expected"], cell["runs"]
    if not runs:
        return
    for key in ("connectMs", "openMs"):
        values = [run[key] for run in runs]
        cell[key] = {"median": statistics.median(values), "min": min(values), "max": max(values)}
    for key, title in (("wire", "path on the wire"), ("path", "path as the peers say")):
        wrong = [run[key] for run in runs if run[key] != expected]
        if wrong:
            cell["faults"].append(f"{title} {wrong[0]} in {len(wrong)} of {len(runs)}")
    if expected == "direct" and cell["expectedTransport"] == "tcp":
        if any("tcp" not in run["candidates"] for run in runs):
            cell["faults"].append("not over ICE-TCP: " + runs[0]["candidates"])
    if expected == "direct" and goal and cell["connectMs"]["median"] >= goal:
        cell["faults"].append(f"median {cell['connectMs']['median']:.0f} ms, goal {goal:.0f} ms")


def pairs(both):
    """Unordered pairs, or with `both` each in both directions."""
    kinds = list(nat.KINDS.values())
    made = list(itertools.combinations_with_replacement(kinds, 2))
    if both:
        made += [(second, first) for first, second in made if first is not second]
    return made
