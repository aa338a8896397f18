# Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
"""The matrix of round-trip time and loss: 64 KiB messages, reliable and ordered, from one network
namespace to another over a link with weather, for ours and the peers in alternation.

    host a ==weather== host b

Each direction delays by half of the round-trip time and loses with the given probability; there is
no limit of rate but what the carrier's process can do. Where that was busy, a star says that the
figure is the link's as much as the stack's. One measurement is bench/peers/driver.mjs with each end
in its namespace.
"""

import argparse
import json
import os
import shlex
import statistics
import subprocess
import sys

from rig.namespaces import Namespaces, RigError
from rig.weather import Weather, WeatherLink

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "../../.."))
DRIVER = os.path.join(ROOT, "bench/peers/driver.mjs")
BIN = os.environ.get("PAIRWIRE_BIN", os.path.join(ROOT, "build/release/bin"))
FAST_CARRIER = os.path.join(BIN, "pairwire-bench-link")
OURS = "pairwire"
ADDRESSES = ("10.77.0.1", "10.77.0.2")
QUEUE = 1000  # packets that may wait for the carrier at each end
WARM_UP_SECONDS = 0.6  # the driver's
BUSY = 0.8  # share of a core above which the carrier is what was measured
PATIENCE = 120  # beyond the measured seconds of one driver


def _numbers(text):
    return [float(word) for word in text.split(",")]


def _options():
    parser = argparse.ArgumentParser(prog="bench/compare.sh --scenarios network")
    parser.add_argument("--scenarios", choices=["network"])
    parser.add_argument("--quick", action="store_true", help="one round, short, few cells")
    parser.add_argument("--peers", default="node-datachannel,wrtc")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=float, help="of one measurement, after the warm-up")
    parser.add_argument("--rtt", type=_numbers, help="ms: 0,20,50,100")
    parser.add_argument("--loss", type=_numbers, help="percent each way: 0,0.1,0.5,2")
    parser.add_argument("--seed", type=int, default=1, help="of the weather")
    parser.add_argument("--without-ours", action="store_true")
    parser.add_argument("--json", default=os.path.join(ROOT, "build/bench/network.json"))
    parser.add_argument("--figures", default=os.path.join(ROOT, "build/bench/figures"))
    options = parser.parse_args()
    quick = options.quick
    options.rounds = options.rounds or (1 if quick else 3)
    options.seconds = options.seconds or (3 if quick else 8)
    options.rtt = options.rtt or ([0.0, 20.0] if quick else [0.0, 20.0, 50.0, 100.0])
    options.loss = options.loss or ([0.0, 0.5] if quick else [0.0, 0.1, 0.5, 2.0])
    options.peers = [name for name in options.peers.split(",") if name]
    return options


class Lab:
    """Two namespaces, and between them one link at a time. A context manager."""

    def __init__(self):
        self._namespaces = Namespaces()
        self._link = None
        self.fast = os.path.exists(FAST_CARRIER)  # else the rig's own, in Python

    def __enter__(self):
        self._namespaces.__enter__()
        self.hosts = [self._namespaces.add("host-" + letter) for letter in "ab"]
        for host in self.hosts:  # routers' and neighbours' packets would be weather of their own
            host.sysctl(ipv6__conf__all__disable_ipv6=1, ipv6__conf__default__disable_ipv6=1)
        return self

    def __exit__(self, *_):
        self._unplug()
        self._namespaces.__exit__()

    def _unplug(self):
        if self._link:
            self._link.close()
            self._link = None

    def plug(self, rtt, loss, seed):
        """A new link, so that the same packets of each measurement meet the same fate."""
        self._unplug()
        weather = Weather(delay=rtt / 2, loss=loss / 100)
        self._link = WeatherLink(*((host, "wan") for host in self.hosts), weather, seed,
                                 carrier=[FAST_CARRIER] if self.fast else None)
        for index, host in enumerate(self.hosts):
            host.ip(f"addr add {ADDRESSES[index]} peer {ADDRESSES[1 - index]} dev wan",
                    f"link set dev wan txqueuelen {QUEUE}")

    def carrier_seconds(self):
        """CPU that the link's own process has used."""
        with open(f"/proc/{self._link.pid}/stat") as file:
            fields = file.read().rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _drive(name, lab, seconds):
    """One measurement: the result, or the reason why there is none."""
    command = ["node", DRIVER, "--peer", name, "throughput", "--seconds", str(seconds),
               "--addresses", ",".join(ADDRESSES)]
    for letter, host in zip("ab", lab.hosts):
        command += ["--prefix-" + letter, shlex.join(host.exec_prefix())]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE + seconds)
    except subprocess.TimeoutExpired:
        return None, "no result in time"
    if done.returncode != 0:
        return None, (done.stderr.strip() or "no word").split("\n")[-1]
    return json.loads(done.stdout), None


def _median(values):
    return statistics.median(values) if values else None


def _table(cells, names):
    head = ["RTT", "loss"] + [f"{name} Mbit/s" for name in names] + ["best peer", "ratio"]
    lines = [head]
    for cell in cells:
        shown = [f"{cell['mbit'][name]:.1f}{'*' if name in cell['linkBusy'] else ''}"
                 if cell["mbit"].get(name) is not None else "-" for name in names]
        ratio = f"x{cell['ratio']:.2f}" if cell["ratio"] is not None else "-"
        lines.append([f"{cell['rtt']:g} ms", f"{cell['loss']:g} %"] + shown
                     + [cell["best"] or "-", ratio])
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    return "\n".join("  ".join(word.rjust(width) for word, width in zip(line, widths))
                     for line in lines)


def _judge(cell, names):
    """The median of each, the best peer and our ratio to it."""
    cell["mbit"] = {name: _median([run["mbit"] for run in cell["runs"] if run["stack"] == name])
                    for name in names}
    cell["linkBusy"] = [name for name in names if any(
        run["carrier"] > BUSY for run in cell["runs"] if run["stack"] == name)]
    peers = [name for name in names if name != OURS and cell["mbit"][name]]
    cell["best"] = max(peers, key=lambda name: cell["mbit"][name], default=None)
    ours = cell["mbit"].get(OURS)
    cell["ratio"] = ours / cell["mbit"][cell["best"]] if cell["best"] and ours is not None else None


def _run(options):
    names = ([] if options.without_ours else [OURS]) + options.peers
    cells, failures = [], []
    with Lab() as lab:
        if not lab.fast:
            print(f"{FAST_CARRIER} is not built: the rig's own carrier takes its place",
                  file=sys.stderr)
        for rtt in options.rtt:
            for loss in options.loss:
                cell = {"rtt": rtt, "loss": loss, "runs": []}
                for turn in range(options.rounds):
                    for name in names:
                        lab.plug(rtt, loss, options.seed + turn)
                        result, why = _drive(name, lab, options.seconds)
                        where = f"RTT {rtt:g} ms, loss {loss:g} %, round {turn + 1}: {name}"
                        if result is None:
                            failures.append(f"{where}: {why}")
                            print(f"{where} FAILED: {why}", file=sys.stderr)
                            continue
                        mbit = result["megabytesPerSecond"] * 8
                        busy = lab.carrier_seconds() / (result["seconds"] + WARM_UP_SECONDS)
                        cell["runs"].append({"stack": name, "round": turn + 1, "mbit": mbit,
                                             "carrier": round(busy, 2), "result": result})
                        print(f"{where} {mbit:.1f} Mbit/s, the link's process {busy:.0%} of a core",
                              file=sys.stderr)
                _judge(cell, names)
                cells.append(cell)
    return names, cells, failures


def main():
    options = _options()
    try:
        names, cells, failures = _run(options)
    except RigError as error:
        print(f"compare: network: the rig itself failed: {error}", file=sys.stderr)
        return 1
    print(_table(cells, names))
    print(f"\nmedians of {options.rounds}, {options.seconds:g} s each; loss is that of each "
          f"direction; *: the link's own process was busy, so it limits too; -: no figure")
    for failure in failures:
        print("failed: " + failure)
    os.makedirs(os.path.dirname(options.json), exist_ok=True)
    with open(options.json, "w") as file:
        json.dump({"rounds": options.rounds, "seconds": options.seconds, "stacks": names,
                   "cells": cells, "failures": failures}, file, indent=1)
    subprocess.run(["node", os.path.join(ROOT, "bench/plot/network.mjs"), options.json,
                    options.figures], check=True)
    return 1 if any(f": {OURS}:" in failure for failure in failures) else 0


if __name__ == "__main__":
    sys.exit(main())
