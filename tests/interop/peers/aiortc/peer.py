# Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
"""An aiortc peer as a child process of the interop suite: one JSON command a line on stdin, one JSON event a
line on stdout (the protocol is in ../README.md). It is not a test: it judges nothing, it does what it is told
and says what happened. Logs go to stderr.

aiortc gathers before it describes ("half trickle"): with trickle this program takes the candidates out of the
description and tells them one by one, so that the other end still sees a trickling peer."""

import asyncio
import hashlib
import json
import logging
import re
import sys
import time

import aiortc
from aiortc.sdp import candidate_from_sdp

# Room for one command line: an SDP or a text, never more than a megabyte.
MAX_LINE = 1 << 20
# A text up to this many bytes is told as it is, a longer one by size and hash only.
MAX_TOLD_TEXT = 1024
# Send waits while more than this is buffered, and goes on below half of it.
BUFFER_ROOM = 1 << 20


def emit(event, **fields):
    sys.stdout.write(json.dumps({"event": event, **fields}, default=str) + "\n")
    sys.stdout.flush()


def emit_error(cmd, error):
    emit("error", cmd=cmd, message=str(error) or type(error).__name__)


def payload(command):
    """What a send command means: a str or bytes."""
    if "text" in command:
        return command["text"]
    size, seed = command["size"], command.get("seed", 0)
    if command.get("kind") == "text":
        return "".join(chr(97 + (seed + i) % 26) for i in range(size))
    return bytes((seed * 31 + i * 7) % 251 for i in range(size))


class Channel:
    """One data channel with the work that waits for it, done in order by a task of its own."""

    def __init__(self, peer, data, announced):
        self.peer = peer
        self.data = data
        self.work = asyncio.Queue()
        self.opened = asyncio.Event()
        self.low = asyncio.Event()
        if announced:
            emit("channel", label=data.label, id=data.id, ordered=data.ordered,
                 maxRetransmits=data.maxRetransmits, maxPacketLifeTime=data.maxPacketLifeTime,
                 protocol=data.protocol, negotiated=data.negotiated)
        data.bufferedAmountLowThreshold = BUFFER_ROOM // 2
        data.on("open", self._on_open)
        data.on("message", self._on_message)
        data.on("close", self._on_close)
        data.on("bufferedamountlow", self.low.set)
        if data.readyState == "open":
            self._on_open()
        self.task = asyncio.ensure_future(self._serve())

    def _on_open(self):
        emit("open", label=self.data.label, id=self.data.id)
        self.opened.set()

    def _on_message(self, message):
        fields = {"kind": "text" if isinstance(message, str) else "binary"}
        data = message.encode() if isinstance(message, str) else message
        fields.update(size=len(data), sha256=hashlib.sha256(data).hexdigest())
        if isinstance(message, str) and len(data) <= MAX_TOLD_TEXT:
            fields["text"] = message
        emit("message", label=self.data.label, **fields)

    def _on_close(self):
        emit("channel-closed", label=self.data.label)
        self.task.cancel()
        if self.peer.channels.get(self.data.label) is self:
            del self.peer.channels[self.data.label]

    async def _serve(self):
        while True:
            command = await self.work.get()
            try:
                await self._do(command)
            except Exception as error:  # whatever the library raises is for the suite to judge
                emit_error(command["cmd"], error)

    async def _do(self, command):
        if command["cmd"] == "close-channel":
            self.data.close()
            return
        await self.opened.wait()
        if command["cmd"] == "send":
            await self._send(payload(command))
            return
        start = time.monotonic()
        interval = command.get("intervalMs", 0) / 1000
        for n in range(command["count"]):
            # Also the turn of the rest of this process: nothing else in this loop waits while there is room.
            await asyncio.sleep(max(0, start + n * interval - time.monotonic()))
            await self._send(f"{n} ".ljust(command["size"], "."))
        emit("streamed", label=self.data.label, count=command["count"])

    async def _send(self, message):
        while self.data.bufferedAmount > BUFFER_ROOM:
            self.low.clear()
            await self.low.wait()
        self.data.send(message)


class Peer:
    """One connection, from create to close."""

    def __init__(self, config):
        servers = [aiortc.RTCIceServer(urls=s["urls"], username=s.get("username") or None,
                                       credential=s.get("credential") or None)
                   for s in config.get("iceServers", [])]
        policy = aiortc.RTCIceTransportPolicy(config.get("iceTransportPolicy", "all"))
        self.trickle = config.get("trickle", True)
        self.created = time.monotonic()
        self.channels = {}
        self.early = []  # remote candidates that came before the remote description
        self.connection = aiortc.RTCPeerConnection(
            aiortc.RTCConfiguration(iceServers=servers, iceTransportPolicy=policy))
        self.connection.on("connectionstatechange", self._on_state)
        self.connection.on("iceconnectionstatechange",
                           lambda: emit("ice-state", state=self.connection.iceConnectionState))
        self.connection.on("datachannel", lambda data: self._adopt(data, announced=True))

    def _adopt(self, data, announced):
        self.channels[data.label] = Channel(self, data, announced)

    def _on_state(self):
        state = self.connection.connectionState
        if state == "connected":
            self._emit_selected()
        emit("state", state=state, ms=round((time.monotonic() - self.created) * 1000, 3))

    def _emit_selected(self):
        # aiortc has no public way to the pair; a later version may name this otherwise.
        ice = getattr(self.connection.sctp.transport.transport, "_connection", None)
        pair = getattr(ice, "_nominated", {}).get(1)
        if pair is None:
            return
        local, remote = pair.local_candidate, pair.remote_candidate
        emit("selected", local="candidate:" + local.to_sdp(), remote="candidate:" + remote.to_sdp(),
             path="relayed" if "relay" in (local.type, remote.type) else "direct")

    async def _set_local(self, description):
        await self.connection.setLocalDescription(description)
        local = self.connection.localDescription
        if not self.trickle:
            emit("description", type=local.type, sdp=local.sdp)
            return
        candidates = list(dict.fromkeys(re.findall(r"^a=(candidate:[^\r\n]*)", local.sdp, re.MULTILINE)))
        ufrag = re.search(r"^a=ice-ufrag:([^\r\n]*)", local.sdp, re.MULTILINE).group(1)
        sdp = re.sub(r"^a=(candidate:.*|end-of-candidates)\r\n", "", local.sdp, flags=re.MULTILINE)
        sdp = re.sub(r"^m=application \d+ ", "m=application 9 ", sdp, flags=re.MULTILINE)
        sdp = re.sub(r"^c=IN IP[46] \S+", "c=IN IP4 0.0.0.0", sdp, flags=re.MULTILINE)
        emit("description", type=local.type, sdp=sdp)
        mid = self.connection.sctp.mid
        for candidate in candidates + [""]:
            emit("candidate", candidate=candidate, sdpMid=mid, sdpMLineIndex=0, usernameFragment=ufrag)

    async def channel(self, command):
        names = ("ordered", "maxRetransmits", "maxPacketLifeTime", "negotiated", "id", "protocol")
        options = {name: command[name] for name in names if command.get(name) is not None}
        self._adopt(self.connection.createDataChannel(command["label"], **options), announced=False)

    async def offer(self, command):
        if command.get("iceRestart"):
            raise NotImplementedError("aiortc has no ICE restart: aiortc/aiortc#1367")
        await self._set_local(await self.connection.createOffer())

    async def remote(self, command):
        await self.connection.setRemoteDescription(
            aiortc.RTCSessionDescription(sdp=command["sdp"], type=command["type"]))
        early, self.early = self.early, []
        for candidate in early:
            await self._add(candidate)
        if command["type"] == "offer":
            await self._set_local(await self.connection.createAnswer())

    async def candidate(self, command):
        if self.connection.remoteDescription is None:
            self.early.append(command)
        else:
            await self._add(command)

    async def _add(self, command):
        if not command["candidate"]:
            await self.connection.addIceCandidate(None)
            return
        candidate = candidate_from_sdp(command["candidate"].removeprefix("candidate:"))
        candidate.sdpMid = command.get("sdpMid")
        candidate.sdpMLineIndex = command.get("sdpMLineIndex")
        await self.connection.addIceCandidate(candidate)

    async def on_channel(self, command):
        channel = self.channels.get(command["label"])
        if channel is None:
            raise LookupError(f"no channel {command['label']!r}")
        channel.work.put_nowait(command)

    send = stream = close_channel = on_channel

    async def stats(self, _command):
        report = await self.connection.getStats()
        emit("stats", report={name: vars(entry) for name, entry in report.items()})

    async def close(self, _command=None):
        await self.connection.close()
        for channel in list(self.channels.values()):
            channel.task.cancel()


COMMANDS = {"channel", "offer", "remote", "candidate", "send", "stream", "close-channel", "stats"}


async def main():
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader(limit=MAX_LINE)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    emit("ready", peer="aiortc", version=aiortc.__version__)
    peer = None
    while line := await lines.readline():
        name = ""
        try:
            command = json.loads(line)
            name = command["cmd"]
            if name == "quit":
                break
            if name in ("create", "close") and peer is not None:
                await peer.close()
                peer = None
            if name == "create":
                peer = Peer(command.get("config", {}))
            elif name in COMMANDS:
                if peer is None:
                    raise RuntimeError("no connection: create comes first")
                await getattr(peer, name.replace("-", "_"))(command)
            elif name != "close":
                raise LookupError(f"no such command here: {name!r}")
        except Exception as error:  # whatever the library raises is for the suite to judge
            emit_error(name, error)
    if peer is not None:
        await peer.close()


logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
asyncio.run(main())
