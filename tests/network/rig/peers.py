# Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
"""Peers as processes in namespaces, and the session that stands between two of them.

A peer speaks the tool protocol (tests/interop/README.md): a JSON object a line. The session is the
signalling: it hands descriptions and candidates over at once, and keeps all that was said, with
times. One thread, one pump; whoever waits names a condition and a deadline.
"""

import dataclasses
import hashlib
import json
import os
import re
import selectors
import subprocess
import time

_READ = 1 << 16


class PeerFailure(Exception):
    """A peer did not do in time what it had to do; the message says what."""


@dataclasses.dataclass
class Stream:
    """What arrived of a numbered stream on one channel."""
    numbers: list = dataclasses.field(default_factory=list)
    times: list = dataclasses.field(default_factory=list)

    def fault(self, count):
        """What is wrong with it, or None: all of 0..count-1 (or 1..count), once each, in order."""
        if not self.numbers:
            return "nothing arrived"
        first = min(self.numbers)
        wanted = list(range(first, first + count))
        if first in (0, 1) and self.numbers == wanted:
            return None
        missing = len(set(wanted) - set(self.numbers))
        doubled = len(self.numbers) - len(set(self.numbers))
        return f"{missing} of {count} missing, {doubled} doubled" + (
            ", out of order" if sorted(self.numbers) == wanted else "")

    def gap_ms(self):
        """The longest time between two messages."""
        pairs = zip(self.times, self.times[1:])
        return max((later - earlier for earlier, later in pairs), default=0.0) * 1000


class Peer:
    """One process. Everything it says is in `events`, with the time `at` (monotonic seconds)."""

    def __init__(self, label, command_line, namespace, log_path):
        self.label = label
        self.events = []
        self.state = "new"
        self.states = []  # (at, state, reason)
        self.selected = None
        self.open_channels = set()
        self.streams = {}
        self.messages = []
        self.on_event = None
        self._log = open(log_path, "w")
        self._input = b""
        self.process = subprocess.Popen(
            namespace.exec_prefix() + command_line, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self._log)
        os.set_blocking(self.process.stdout.fileno(), False)

    def send(self, cmd, **fields):
        line = json.dumps({"cmd": cmd, **fields})
        self._log.write(f"{time.monotonic():.4f} > {line}\n")
        self._log.flush()
        try:
            self.process.stdin.write(line.encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise PeerFailure(f"peer {self.label} has ended") from None

    def read(self):
        """Takes what is there; False at the end of the output."""
        data = os.read(self.process.stdout.fileno(), _READ)
        *lines, self._input = (self._input + data).split(b"\n")
        now = time.monotonic()
        for line in lines:
            self._take(json.loads(line), now)
        return bool(data)

    def find(self, name, **fields):
        """The latest event of that name with those fields, or None."""
        for event in reversed(self.events):
            if event["event"] == name and all(event.get(k) == v for k, v in fields.items()):
                return event
        return None

    def kill(self):
        self.process.kill()
        self.process.wait(timeout=10)

    def close(self):
        """Ends the process: by the end of its input, and by force if it does not listen."""
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        try:
            self.process.wait(timeout=3)
        except subprocess.TimeoutExpired:
            self.kill()
        self.process.stdout.close()
        self._log.close()

    def _take(self, event, now):
        event["at"] = now
        name = event.get("event")
        if name != "message" or len(self.messages) < 50:
            self._log.write(f"{now:.4f} < {json.dumps(event)}\n")
        if name == "message":
            return self._take_message(event, now)
        self.events.append(event)
        if name == "state":
            self.state = event["state"]
            self.states.append((now, event["state"], event.get("reason")))
        elif name == "selected":
            self.selected = event
        elif name in ("open", "channel"):
            self.open_channels.add(event["label"])
        elif name == "channel-closed":
            self.open_channels.discard(event["label"])
        if self.on_event:
            self.on_event(self, event)
        return None

    def _take_message(self, event, now):
        number = re.match(r"(\d+) \.*$", event.get("text") or "")
        if number:
            stream = self.streams.setdefault(event["label"], Stream())
            stream.numbers.append(int(number[1]))
            stream.times.append(now)
        else:
            self.messages.append(event)


class Session:
    """Two peers and the signalling between them; a context manager that ends both.

    `rewrite(sdp, sender)` may change each description on its way. With `restart_policy` the session
    does what an application would: the end that asks for negotiation or is disconnected makes an
    offer with ICE restart. After a rebinding this may well be the end whose NAT did not change: the
    other one still gets answers to its checks.
    """

    LABEL = "rig"
    # After a restart, the other end's wish for one is ignored for so many seconds: it is the same.
    _RESTART_PAUSE = 5.0

    def __init__(self, peers, configurations, rewrite=None, restart_policy=False):
        self.a, self.b = peers
        self._configurations = configurations
        self._rewrite = rewrite or (lambda sdp, sender: sdp)
        self._restart_policy = restart_policy
        self.restarts = []  # (at, label of the end that offered)
        self.offered_at = None
        self._selector = selectors.DefaultSelector()
        for peer in peers:
            peer.on_event = self._on_event
            self._selector.register(peer.process.stdout, selectors.EVENT_READ, peer)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._selector.close()
        for peer in (self.a, self.b):
            peer.close()

    # -- what runs

    def offer(self):
        """Both ends are created and the first one offers, with one channel."""
        self.until(lambda: self.a.find("ready") and self.b.find("ready"), 15, "the peers to start")
        for peer, configuration in zip((self.a, self.b), self._configurations):
            peer.send("create", config=configuration)
        self.a.send("channel", label=self.LABEL)
        self.offered_at = time.monotonic()
        self.a.send("offer", iceRestart=False)

    def connect(self, deadline=20.0):
        """Offers and waits until the channel is open at both ends; ms to connected, ms to open."""
        self.offer()
        self.until(self._is_open, deadline, "the connection", fail_early=True)
        opened = time.monotonic()
        connected = max(next(at for at, state, _ in peer.states if state == "connected")
                        for peer in (self.a, self.b))
        return (connected - self.offered_at) * 1000, (opened - self.offered_at) * 1000

    def restart(self, peer=None):
        """An offer with ICE restart, from the first end unless another is named."""
        peer = peer or self.a
        self.restarts.append((time.monotonic(), peer.label))
        peer.send("offer", iceRestart=True)

    def exchange(self, size=20000, deadline=10.0):
        """One message each way, checked by its hash."""
        for seed, (sender, receiver) in enumerate(((self.a, self.b), (self.b, self.a)), 1):
            before = len(receiver.messages)
            sender.send("send", label=self.LABEL, size=size, kind="binary", seed=seed)
            self.until(lambda: len(receiver.messages) > before, deadline,
                       f"a message of {size} bytes from {sender.label} to {receiver.label}")
            content = bytes((seed * 31 + i * 7) % 251 for i in range(size))
            got = receiver.messages[-1]
            if got["size"] != size or got["sha256"] != hashlib.sha256(content).hexdigest():
                raise PeerFailure(f"message from {sender.label} arrived changed: {got}")

    def stream(self, count, interval_ms, size=200):
        """Starts a numbered stream each way."""
        for peer in (self.a, self.b):
            peer.send("stream", label=self.LABEL, count=count, size=size, intervalMs=interval_ms)

    def received(self, peer):
        return peer.streams.setdefault(self.LABEL, Stream())

    def until(self, condition, seconds, what, fail_early=False):
        """Pumps until the condition holds; PeerFailure at the deadline."""
        deadline = time.monotonic() + seconds
        while not condition():
            left = deadline - time.monotonic()
            if left <= 0:
                raise PeerFailure(f"waited {seconds:g} s for {what}; {self._summary()}")
            if fail_early and "failed" in (self.a.state, self.b.state):
                raise PeerFailure(f"failed while waiting for {what}; {self._summary()}")
            for key, _ in self._selector.select(min(left, 0.5)):
                if not key.data.read():
                    self._selector.unregister(key.fileobj)
                    if not getattr(key.data, "may_end", False):
                        raise PeerFailure(f"peer {key.data.label} has ended by itself, "
                                          f"code {key.data.process.wait(timeout=5)}")

    # -- signalling

    def _on_event(self, peer, event):
        other = self.b if peer is self.a else self.a
        name = event["event"]
        if getattr(other, "may_end", False):
            return
        if name == "description":
            other.send("remote", type=event["type"], sdp=self._rewrite(event["sdp"], peer))
        elif name == "candidate":
            fields = ("candidate", "sdpMid", "sdpMLineIndex", "usernameFragment")
            other.send("candidate", **{f: event[f] for f in fields if event.get(f) is not None})
        elif self._restart_policy and (
                name == "negotiation-needed" and self._was_connected(peer)
                or name == "state" and event["state"] == "disconnected"):
            if not self.restarts or event["at"] - self.restarts[-1][0] > self._RESTART_PAUSE:
                self.restart(peer)

    @staticmethod
    def _was_connected(peer):
        return any(state == "connected" for _, state, _ in peer.states)

    def _is_open(self):
        return all(self.LABEL in peer.open_channels and self._was_connected(peer)
                   for peer in (self.a, self.b))

    def _summary(self):
        parts = []
        for peer in (self.a, self.b):
            reason = next((r for _, _, r in reversed(peer.states) if r), None)
            errors = [event["message"] for event in peer.events if event["event"] == "error"]
            parts.append(f"{peer.label} is {peer.state}" + (f" ({reason})" if reason else "")
                         + (f", said: {'; '.join(errors[-2:])}" if errors else ""))
        return ", ".join(parts)


def path_of(session):
    """What the peers say of the path: direct or relayed, and the two candidates' kinds."""
    ends = []
    relayed = False
    for peer in (session.a, session.b):
        if peer.selected is None:
            ends.append("?")
            continue
        line = peer.selected.get("local", "")
        relayed = relayed or peer.selected.get("path") == "relayed" or " typ relay" in line \
            or " typ relay" in peer.selected.get("remote", "")
        ends.append(kind_of(line))
    return ("relayed" if relayed else "direct"), "/".join(ends)


def kind_of(candidate):
    """ "host udp" of a candidate line."""
    words = candidate.split()
    if "typ" not in words:
        return "?"
    return f"{words[words.index('typ') + 1]} {words[2].lower()}"
