#!/usr/bin/env python3
# Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
"""Proves that a foreign peer's program speaks the protocol of README.md: two processes of it are connected
with one another, or one of it with another program, and the cases run in both directions. It is not the
interop matrix; it says whether a red cell there can be the fault of the program.

  selftest.py [--with COMMAND] [--no-trickle] [--verbose] PEER|COMMAND...

PEER is a folder name here, installed by its install.sh. Exit code 1 when a case fails.
"""

import argparse
import hashlib
import json
import os
import pathlib
import shlex
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
BUILD = HERE.parents[2] / "build" / "interop"
COMMANDS = {
    "aiortc": [str(BUILD / "aiortc/bin/python"), str(HERE / "aiortc/peer.py")],
    "pion": [str(BUILD / "pion/pion-peer")],
    "str0m": [str(BUILD / "str0m/release/str0m-peer")],
    "webrtc-rs": [str(BUILD / "webrtc-rs/release/webrtc-rs-peer")],
}
# What a library cannot do, so that the case is not run: the README of the peer says why.
CANNOT = {"aiortc": {"restart", "stats"}}
# Set the variable that the README names to see for yourself.
CANNOT_SEND_EMPTY = set() if "PAIRWIRE_SEND_EMPTY" in os.environ else {"str0m"}
DEADLINE_S = 15.0
# Libraries that can lose the last message before a close, as sender and as receiver.
LOSES_LAST = {"webrtc-rs"}
# Libraries that do not tell how reliable a channel is that the other end opened.
UNTOLD = {"webrtc-rs": {"maxRetransmits", "maxPacketLifeTime"}}


class Failure(Exception):
    """A case did not come out as it must."""


def binary(size, seed):
    return bytes((seed * 31 + i * 7) % 251 for i in range(size))


def letters(size, seed):
    return bytes(97 + (seed + i) % 26 for i in range(size))


class Tool:
    """One peer process. Events are kept until somebody waits for them; descriptions and candidates go
    straight to the other one."""

    def __init__(self, name, command, verbose):
        self.name = name
        self.peer = None  # the library's name, once it said so
        self.verbose = verbose
        self.other = None
        self.events = []
        self.changed = threading.Condition()
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=None if verbose else subprocess.DEVNULL, text=True, bufsize=1)
        self.reader = threading.Thread(target=self._read, name=name)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            event = json.loads(line)
            if self.verbose:
                print(f"{self.name} < {line.rstrip()[:300]}", file=sys.stderr)
            kind = event["event"]
            if kind == "description":
                self.other.send(cmd="remote", type=event["type"], sdp=event["sdp"])
            elif kind == "candidate":
                self.other.send(**{k: v for k, v in event.items() if k != "event"}, cmd="candidate")
            with self.changed:
                self.events.append(event)
                self.changed.notify_all()
        with self.changed:
            self.events.append({"event": "gone"})
            self.changed.notify_all()

    def send(self, **command):
        if self.verbose:
            print(f"{self.name} > {json.dumps(command)[:300]}", file=sys.stderr)
        try:
            self.process.stdin.write(json.dumps(command) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # its end is seen by whoever waits for an event

    def take(self, kind, deadline=DEADLINE_S, **fields):
        """Waits for the first event of this kind with these fields, and removes it."""
        until = time.monotonic() + deadline
        with self.changed:
            while True:
                for index, event in enumerate(self.events):
                    if event["event"] == kind and all(event.get(k) == v for k, v in fields.items()):
                        return self.events.pop(index)
                    if event["event"] == "error":
                        raise Failure(f"{self.name}: error: {self.events.pop(index)}")
                    if event["event"] == "gone":
                        raise Failure(f"{self.name}: the process ended")
                left = until - time.monotonic()
                if left <= 0 or not self.changed.wait(left):
                    seen = [e["event"] for e in self.events][-12:]
                    raise Failure(f"{self.name}: no {kind} {fields} within {deadline} s; saw {seen}")

    def forget(self, kind):
        with self.changed:
            self.events = [e for e in self.events if e["event"] != kind]

    def end(self):
        self.send(cmd="quit")
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.reader.join()


class Run:
    """The cases, a the offerer and b the answerer."""

    def __init__(self, a, b, trickle, cannot):
        self.a, self.b, self.trickle, self.cannot = a, b, trickle, cannot
        self.failed = 0
        self.numbers = iter(range(1000))

    def case(self, name, body):
        if name in self.cannot:
            print(f"  cannot  {name}")
            return True
        start = time.monotonic()
        try:
            body()
        except Failure as failure:
            self.failed += 1
            print(f"  FAIL    {name}: {failure}", flush=True)
            return False
        print(f"  ok      {name} ({(time.monotonic() - start) * 1000:.0f} ms)", flush=True)
        return True

    def connect(self):
        for tool in (self.a, self.b):
            tool.events.clear()
            tool.send(cmd="create", config={"iceServers": [], "iceTransportPolicy": "all", "trickle": self.trickle})
        self.a.send(cmd="channel", label="first")
        self.a.send(cmd="offer", iceRestart=False)
        for tool in (self.a, self.b):
            tool.take("state", state="connected")
        self.a.take("open", label="first")
        self.b.take("channel", label="first")
        self.b.take("open", label="first")

    def descriptions(self):
        for tool in (self.a, self.b):
            sdp = tool.take("description")["sdp"]
            if ("a=candidate:" in sdp) != (not self.trickle) and not self.trickle:
                raise Failure(f"{tool.name}: a description without candidates, and it may not trickle")
            if self.trickle:
                tool.take("candidate", candidate="")  # the end of candidates
            elif any(e["event"] == "candidate" for e in tool.events):
                raise Failure(f"{tool.name}: a candidate event, and it may not trickle")

    def message(self, source, target, label, kind, data, /, **how):
        source.send(cmd="send", label=label, **how)
        event = target.take("message", label=label)
        wanted = {"kind": kind, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        if kind == "text" and len(data) <= 1024:
            wanted["text"] = data.decode()
        got = {k: event.get(k) for k in wanted}
        if got != wanted:
            raise Failure(f"{source.name} -> {target.name}: wanted {wanted}, got {got}")

    def both_ways(self, label, kind, data, /, **how):
        for source, target in ((self.a, self.b), (self.b, self.a)):
            if data or source.peer not in CANNOT_SEND_EMPTY:
                self.message(source, target, label, kind, data, **how)

    def sized(self, label, kind, size):
        seed = next(self.numbers)
        data = (binary if kind == "binary" else letters)(size, seed)
        self.both_ways(label, kind, data, size=size, kind=kind, seed=seed)

    def channel(self, source, target, label, **init):
        source.send(cmd="channel", label=label, **init)
        if not init.get("negotiated"):
            event = target.take("channel", label=label)
            for field, value in {"ordered": True, "protocol": "", "maxRetransmits": None,
                                 "maxPacketLifeTime": None, "negotiated": False, **init}.items():
                if event.get(field) != value and field not in UNTOLD.get(target.peer, set()):
                    raise Failure(f"{target.name}: {field} is {event.get(field)}, not {value}")
        else:
            target.send(cmd="channel", label=label, **init)
        for tool in (source, target):
            opened = tool.take("open", label=label)
            if "id" in init and opened.get("id") != init["id"]:
                raise Failure(f"{tool.name}: id is {opened.get('id')}, not {init['id']}")
        self.both_ways(label, "text", b"over " + label.encode(), text="over " + label)

    def stream(self, source, target, count, size):
        source.send(cmd="stream", label="first", count=count, size=size, intervalMs=0)
        for n in range(count):
            event = target.take("message", label="first")
            if event["size"] != size or event["text"].split(" ")[0] != str(n):
                raise Failure(f"{target.name}: message {n} is {event['text'][:20]!r}, {event['size']} bytes")
        source.take("streamed", label="first", count=count)

    def close_channel(self, source, target, label):
        source.send(cmd="channel", label=label)
        target.take("open", label=label)
        source.take("open", label=label)
        source.send(cmd="send", label=label, text="last words")
        if {source.peer, target.peer} & LOSES_LAST:
            target.take("message", label=label, text="last words")
            source.send(cmd="close-channel", label=label)
        else:
            source.send(cmd="close-channel", label=label)
            target.take("message", label=label, text="last words")
        target.take("channel-closed", label=label)
        source.take("channel-closed", label=label)

    def restart(self, source):
        def ufrag(tool):
            sdp = tool.take("description")["sdp"]
            return next(line for line in sdp.splitlines() if line.startswith("a=ice-ufrag:"))
        for tool in (self.a, self.b):
            tool.forget("description")
        source.send(cmd="offer", iceRestart=True)
        fresh = {tool.name: ufrag(tool) for tool in (self.a, self.b)}
        for tool in (self.a, self.b):
            if self.ufrags.get(tool.name) == fresh[tool.name]:
                raise Failure(f"{tool.name}: the same ufrag after the restart")
        self.ufrags = fresh
        self.sized("first", "text", 1000)
        self.sized("first", "binary", 65536)

    def stats(self):
        for tool in (self.a, self.b):
            tool.send(cmd="stats")
            if not tool.take("stats")["report"]:
                raise Failure(f"{tool.name}: an empty report")

    def close(self):
        self.a.send(cmd="close")
        # A peer may tell its own end's close or not; the other end must notice, by DTLS or by SCTP.
        self.b.take("channel-closed", label="first")
        self.b.send(cmd="close")

    def all(self):
        self.ufrags = {}
        if not self.case("connect", self.connect):
            return
        self.case("descriptions", self.descriptions)
        self.case("text", lambda: self.both_ways("first", "text", "Grüße".encode(), text="Grüße"))
        self.case("empty text", lambda: self.both_ways("first", "text", b"", text=""))
        self.case("empty binary", lambda: self.sized("first", "binary", 0))
        self.case("1 byte", lambda: self.sized("first", "binary", 1))
        self.case("64 KiB", lambda: self.sized("first", "binary", 65536))
        self.case("64 KiB text", lambda: self.sized("first", "text", 65536))
        self.case("256 KiB", lambda: self.sized("first", "binary", 262144))
        self.case("stream", lambda: self.stream(self.a, self.b, 500, 1000))
        self.case("stream back", lambda: self.stream(self.b, self.a, 500, 1000))
        self.case("unordered", lambda: self.channel(self.a, self.b, "unordered", ordered=False))
        self.case("maxRetransmits", lambda: self.channel(self.b, self.a, "few", maxRetransmits=3))
        self.case("maxPacketLifeTime", lambda: self.channel(
            self.a, self.b, "short", ordered=False, maxPacketLifeTime=500, protocol="p"))
        self.case("negotiated", lambda: self.channel(self.a, self.b, "agreed", negotiated=True, id=100))
        self.case("close-channel", lambda: self.close_channel(self.a, self.b, "brief"))
        self.case("close-channel back", lambda: self.close_channel(self.b, self.a, "brief too"))
        self.case("stats", self.stats)
        self.case("restart", lambda: self.restart(self.a))
        if "restart" not in self.cannot:
            self.case("restart back", lambda: self.restart(self.b))
        self.case("close", self.close)
        self.case("connect again", self.connect)
        self.case("close again", self.close)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--with", dest="other", help="the other end's command, instead of a second of the same")
    parser.add_argument("--no-trickle", action="store_true")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("peers", nargs="+")
    options = parser.parse_args()
    failed = 0
    for peer in options.peers:
        command = COMMANDS.get(peer) or shlex.split(peer)
        other = (COMMANDS.get(options.other) or shlex.split(options.other)) if options.other else command
        pairs = [("a", command, "b", other)]
        if options.other:
            pairs.append(("a", other, "b", command))
        for name_a, command_a, name_b, command_b in pairs:
            tools = [Tool(name_a, command_a, options.verbose), Tool(name_b, command_b, options.verbose)]
            tools[0].other, tools[1].other = tools[1], tools[0]
            try:
                ready = [tool.take("ready") for tool in tools]
                for tool, event in zip(tools, ready):
                    tool.peer = event["peer"]
                print(" offers to ".join(f"{event['peer']} {event['version']}" for event in ready))
                cannot = set().union(*(CANNOT.get(tool.peer, set()) for tool in tools))
                if all(tool.peer in CANNOT_SEND_EMPTY for tool in tools):
                    cannot |= {"empty text", "empty binary"}
                run = Run(*tools, not options.no_trickle, cannot)
                run.all()
                failed += run.failed
            except Failure as failure:
                print(f"  FAIL    start: {failure}")
                failed += 1
            finally:
                for tool in tools:
                    tool.end()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
