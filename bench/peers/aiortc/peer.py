# Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
"""aiortc as a peer of the bench (the protocol is in ../README.md). It gathers on every address but loopback, and there is
no option for that: where both ends are on one machine the packets still travel by its loopback device."""

import asyncio
import gc
import json
import logging
import os
import resource
import sys
import time

import aiortc

MAX_LINE = 1 << 20
FULL_BYTES = 1 << 20
LOW_BYTES = 256 << 10
# send() only queues, and the queue is worked off when this task waits: so often it does.
MESSAGES_A_TURN = 16
OPEN_SECONDS = 20


def emit(event, **fields):
    sys.stdout.write(json.dumps({"event": event, **fields}) + "\n")
    sys.stdout.flush()


class End:
    """One end of a connection with one channel. aiortc gathers first: descriptions come whole."""

    def __init__(self, on_open, on_message):
        self.connection = aiortc.RTCPeerConnection()
        self.connection.on("datachannel", self._adopt)
        self.channel = None
        self.low = asyncio.Event()
        self.sent = 0
        self._on_open, self._on_message = on_open, on_message

    async def offer(self, ordered=True, max_retransmits=None):
        self._adopt(self.connection.createDataChannel("bench", ordered=ordered,
                                                      maxRetransmits=max_retransmits))
        await self.connection.setLocalDescription(await self.connection.createOffer())
        return self.connection.localDescription

    async def remote(self, kind, sdp):
        """The answer, when an offer was set."""
        await self.connection.setRemoteDescription(aiortc.RTCSessionDescription(sdp, kind))
        if kind != "offer":
            return None
        await self.connection.setLocalDescription(await self.connection.createAnswer())
        return self.connection.localDescription

    def _adopt(self, channel):
        self.channel = channel
        channel.bufferedAmountLowThreshold = LOW_BYTES
        channel.on("bufferedamountlow", self.low.set)
        channel.on("message", self._on_message)
        if channel.readyState == "open":
            self._on_open()
        else:
            channel.on("open", self._on_open)

    async def blast(self, size):
        message = bytes(size)
        while True:
            while self.channel.bufferedAmount > FULL_BYTES:
                self.low.clear()
                await self.low.wait()
            for _ in range(max(1, min(MESSAGES_A_TURN, LOW_BYTES // size))):
                self.channel.send(message)
                self.sent += 1
            await asyncio.sleep(0)


async def make_pair():
    """Two ends in this process, open at both."""
    opened = [asyncio.Event(), asyncio.Event()]
    a, b = (End(event.set, lambda _: None) for event in opened)
    offer = await a.offer()
    answer = await b.remote(offer.type, offer.sdp)
    await a.remote(answer.type, answer.sdp)
    await asyncio.wait_for(asyncio.gather(*(event.wait() for event in opened)), OPEN_SECONDS)
    return a, b


class Bench:
    """What this process measures."""

    def __init__(self):
        self.end = None
        self.pairs = []
        self.messages = self.bytes = 0
        self.echo = False
        self.pong = None
        self.sending = None

    def _on_message(self, message):
        self.messages += 1
        self.bytes += len(message)
        if self.pong:
            self.pong.set()
        elif self.echo:
            self.end.channel.send(message)

    @staticmethod
    def _describe(description):
        if description:
            emit("description", type=description.type, sdp=description.sdp)

    async def create(self, command):
        self.end = End(lambda: emit("open"), self._on_message)
        if command.get("offer"):
            self._describe(await self.end.offer(command.get("ordered", True), command.get("maxRetransmits")))

    async def remote(self, command):
        self._describe(await self.end.remote(command["type"], command["sdp"]))

    async def candidate(self, _command):
        pass  # none of its own kind trickles

    async def do_echo(self, _command):
        self.echo = True

    async def blast(self, command):
        self.sending = asyncio.ensure_future(self.end.blast(command["size"]))

    async def stop(self, _command):
        self.sending.cancel()
        emit("stopped", messages=self.end.sent)

    async def mark(self, command):
        usage = resource.getrusage(resource.RUSAGE_SELF)
        emit("mark", id=command["id"], seconds=time.monotonic(), cpuSeconds=usage.ru_utime + usage.ru_stime,
             messages=self.messages, bytes=self.bytes, sent=self.end.sent if self.end else 0)

    async def ping(self, command):
        message, times = bytes(command["size"]), []
        self.pong = asyncio.Event()
        for trip in range(-command["warmup"], command["trips"]):
            self.pong.clear()
            start = time.perf_counter()
            self.end.channel.send(message)
            await self.pong.wait()
            if trip >= 0:
                times.append((time.perf_counter() - start) * 1e6)
        self.pong = None
        times.sort()
        at = lambda share: round(times[min(len(times) - 1, int(len(times) * share))], 1)
        emit("pinged", p50Us=at(0.5), p99Us=at(0.99), p999Us=at(0.999))

    async def connect(self, command):
        ms = []
        for _ in range(command["runs"]):
            start = time.perf_counter()
            pair = await make_pair()
            ms.append(round((time.perf_counter() - start) * 1000, 2))
            for end in pair:
                await end.connection.close()
        emit("connected", ms=ms)

    async def make_pairs(self, command):
        for _ in range(command["count"]):
            self.pairs.append(await make_pair())
        gc.collect()
        emit("paired", pairs=len(self.pairs))


async def main():
    lines = asyncio.StreamReader(limit=MAX_LINE)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    emit("ready", peer="aiortc", version=aiortc.__version__)
    bench = Bench()
    commands = {"create": bench.create, "remote": bench.remote, "candidate": bench.candidate,
                "echo": bench.do_echo, "blast": bench.blast, "stop": bench.stop, "mark": bench.mark,
                "ping": bench.ping, "connect": bench.connect, "pairs": bench.make_pairs}
    while line := await lines.readline():
        command = json.loads(line)
        if command["cmd"] == "quit":
            break
        try:
            await commands[command["cmd"]](command)
        except Exception as error:  # whatever the library raises is the driver's to tell
            emit("error", cmd=command["cmd"], message=str(error) or type(error).__name__)
    sys.stdout.flush()
    # Not by closing: what is under way at the end of a measurement does not matter.
    os._exit(0)


logging.basicConfig(stream=sys.stderr, level=logging.ERROR)
asyncio.run(main())
