# Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
"""tests/network/run.sh ends here: options, what runs, and the exit code."""

import argparse
import fcntl
import json
import os
import shlex
import signal
import subprocess
import sys
import time

from . import matrix, nat, probe, report, scene, turn_probe
from . import scenarios as _  # registers them
from .coturn import Coturn
from .namespaces import RigError
from .topology import Topology

_ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "../../.."))
_OUTPUT = os.path.join(_ROOT, "build/network")
_OUR_PEER = os.path.join(_ROOT, "build/release/bin/pairwire-interop-peer")


def _options():
    parser = argparse.ArgumentParser(prog="tests/network/run.sh", description=(
        "Peers behind real NATs. Without names: the matrix and the scenarios."))
    parser.add_argument("only", nargs="*", metavar="NAME", help=(
        "what runs: 'matrix', 'scenarios', a scenario's name, or a pair such as symmetric,public"))
    parser.add_argument("--probe", action="store_true", help="only show what each NAT kind is")
    parser.add_argument("--list", action="store_true", help="only show the names of what can run")
    parser.add_argument("--runs", type=int, default=10, help="connections per pair (10)")
    parser.add_argument("--quick", action="store_true", help="one connection per pair")
    parser.add_argument("--both", action="store_true", help="each pair in both directions")
    parser.add_argument("--rtt", type=float, default=20.0, help="ms between any two hosts (20)")
    parser.add_argument("--goal", type=float, help=(
        "ms that the median of direct connections must stay below; 0: any (5 round trips)"))
    parser.add_argument("--seed", type=int, default=1, help="of the weather (1)")
    parser.add_argument("--peer", default=_OUR_PEER, help="command line of the offering peer")
    parser.add_argument("--peer-b", help="of the answering one, if it is another")
    parser.add_argument("--json", default=os.path.join(_OUTPUT, "results.json"))
    parser.add_argument("--logs", default=os.path.join(_OUTPUT, "logs"),
                        help="folder for what peers and servers say")
    parser.add_argument("--junit", help="results for tests/run.sh")
    options = parser.parse_args()
    if options.quick:
        options.runs = 1
    if options.goal is None:
        options.goal = matrix.GOAL_ROUND_TRIPS * options.rtt
    return options


def _peer_version(command):
    """Name and version, as the peer says itself; proof that it starts."""
    try:
        done = subprocess.run(command, input='{"cmd":"quit"}\n', capture_output=True, text=True,
                              timeout=15)
        ready = json.loads(done.stdout.split("\n")[0])
        return f"{ready['peer']} {ready['version']}"
    except (OSError, ValueError, KeyError, subprocess.TimeoutExpired) as error:
        raise RigError(f"{shlex.join(command)} is not a peer ({error}); ours is built by: cmake "
                       "--build --preset release --target pairwire-interop-peer") from None


def _show_probe(topology):
    """All kinds on both sides; how many are not what they claim."""
    wrong = 0
    print(f"{'kind':<19} side  observed")
    for kind in nat.KINDS.values():
        for index in (0, 1):
            side = topology.side(index, kind)
            observed = probe.observe(topology, side)
            faults = probe.faults(topology, side, observed)
            topology.drop_sides()
            wrong += bool(faults)
            print(f"{kind.name:<19} {'ab'[index]}     {observed.line()}"
                  + ("" if not faults else "   WRONG: " + "; ".join(faults)), flush=True)
    return wrong


def _show_turn(topology, server):
    """Allocations over each transport from an IPv4 and an IPv6 host; how many were not given."""
    wrong = 0
    print("\nTURN allocations")
    for kind in ("public", "ipv6-only"):
        side = topology.side(0, nat.KINDS[kind])
        for line, works in turn_probe.observe(topology, server, side):
            wrong += not works
            print("  " + line + ("" if works else "   WRONG"), flush=True)
        topology.drop_sides()
    return wrong


def _selected_pairs(options):
    chosen = matrix.pairs(options.both)
    if not options.only or "matrix" in options.only:
        return chosen
    wanted = [name.split(",") for name in options.only if "," in name]
    for names in wanted:
        if len(names) != 2 or not set(names) <= set(nat.KINDS):
            raise SystemExit(f"no such pair: {','.join(names)}; kinds: {', '.join(nat.KINDS)}")
    return [(nat.KINDS[first], nat.KINDS[second]) for first, second in wanted]


def _selected_scenarios(options):
    if not options.only or "scenarios" in options.only:
        return list(scene.ALL)
    names = [name for name in options.only if name != "matrix" and "," not in name]
    unknown = set(names) - set(scene.ALL)
    if unknown:
        raise SystemExit(f"no such scenario: {', '.join(sorted(unknown))}; --list shows them")
    return names


def _run_matrix(runner, options, pairs, results):
    print(f"\nMatrix: {len(pairs)} pairs x {options.runs}, RTT {options.rtt:g} ms\n"
          + report.CELL_HEADER)
    for first, second in pairs:
        cell = matrix.run_cell(runner, first, second, options.runs)
        results["cells"].append(cell)
        print(report.cell_line(cell))
        for fault in cell["faults"]:
            print(f"    {fault}")
        sys.stdout.flush()
    print("\nD direct, T direct over TCP, R relayed; median ms to connected; ! differs\n"
          + report.grid(results["cells"]))


def _run_scenarios(runner, names, results):
    print("\nScenarios")
    for name in names:
        result = scene.run(runner, name)
        results["scenarios"].append(result)
        print(report.scenario_line(result))
        for fault in result["faults"]:
            print(f"    {fault}")
        sys.stdout.flush()


def main():
    options = _options()
    if options.list:
        print("pairs of: " + ", ".join(nat.KINDS))
        for name, function in scene.ALL.items():
            print(f"{name:<26} {' '.join(function.__doc__.split())}")
        return 0
    # As an exception, so that everything is taken down on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGHUP, lambda *_: sys.exit(129))
    pairs, names = _selected_pairs(options), _selected_scenarios(options)
    logs = os.path.abspath(options.logs)
    os.makedirs(logs, exist_ok=True)
    lock = os.open(os.path.join(logs, "lock"), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # until we end
    except BlockingIOError:
        raise RigError(f"another run writes to {logs}; give this one its own --logs") from None
    with Topology(options.rtt, options.seed) as topology:
        if options.probe:
            server = Coturn(topology.server, logs)
            try:
                return 1 if _show_probe(topology) + _show_turn(topology, server) else 0
            finally:
                server.close()
        commands = [shlex.split(options.peer), shlex.split(options.peer_b or options.peer)]
        results = {"rttMs": options.rtt, "seed": options.seed, "runsPerPair": options.runs,
                   "peers": [_peer_version(command) for command in commands],
                   "cells": [], "scenarios": []}
        print("Peers: " + " and ".join(results["peers"]))
        server = Coturn(topology.server, logs)
        begun = time.monotonic()
        try:
            runner = matrix.Runner(topology, server, commands, logs, options.goal)
            if pairs:
                _run_matrix(runner, options, pairs, results)
            if names:
                _run_scenarios(runner, names, results)
        finally:
            server.close()
            results["seconds"] = round(time.monotonic() - begun, 1)
            report.write_json(options.json, results)
            if options.junit:
                report.write_junit(options.junit, results)
    statuses = [status for _, status, _ in report.entries(results)]
    failed = statuses.count("failed")
    print(f"\n{statuses.count('passed')} passed, {failed} failed, "
          f"{statuses.count('skipped')} skipped in {results['seconds']:.0f} s; "
          f"{os.path.relpath(options.json)}, logs in {os.path.relpath(logs)}")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except RigError as error:
        print(f"network rig: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
