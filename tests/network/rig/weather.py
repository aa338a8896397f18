# Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
"""A link with weather: two TUN devices and one process that carries packets between them.

Delay, jitter, loss, rate and queue are data with a seed: each packet takes exactly two numbers from
its direction's generator, so what happens to the n-th packet does not depend on anything but the
seed and the settings. Kernels without netem are enough. Run as a program this file is the carrier;
imported it is the handle (WeatherLink) by which the rig starts, changes and ends one.
"""

import dataclasses
import fcntl
import heapq
import json
import os
import random
import select
import struct
import subprocess
import sys
import time

TUNSETIFF = 0x400454CA
IFF_TUN_NO_PI = 0x0001 | 0x1000
# Packets taken from one device before the others get their turn.
BATCH = 64
MAX_PACKET = 65536


@dataclasses.dataclass
class Weather:
    """One direction. Times in ms, loss as a share, rate in Mbit/s (0: without limit)."""
    delay: float = 0.0
    jitter: float = 0.0  # uniform, plus or minus
    reorder: bool = False  # whether jitter may let a packet overtake another
    loss: float = 0.0
    rate: float = 0.0
    queue: int = 256 * 1024  # bytes that may wait for the rate


class Direction:
    """Decides for each packet when it arrives, if at all. Pure: the clock is handed in."""

    def __init__(self, seed, weather):
        self.weather = weather
        self.sent = self.lost = self.overflowed = 0
        self._random = random.Random(seed)
        self._line_free_at = 0.0
        self._last_due = 0.0

    def due(self, size, now):
        """Seconds at which a packet of `size` bytes comes out, or None."""
        weather = self.weather
        loss_draw = self._random.random()
        jitter_draw = self._random.uniform(-1.0, 1.0)
        if loss_draw < weather.loss:
            self.lost += 1
            return None
        start = now
        if weather.rate > 0:
            bytes_per_second = weather.rate * 1e6 / 8
            start = max(now, self._line_free_at)
            if (start - now) * bytes_per_second > weather.queue:
                self.overflowed += 1
                return None
            start = self._line_free_at = start + size / bytes_per_second
        due = start + max(0.0, weather.delay + weather.jitter * jitter_draw) / 1000
        if not weather.reorder:
            due = self._last_due = max(due, self._last_due)
        self.sent += 1
        return due


def open_tun(name):
    """Opens a TUN device in the calling thread's namespace."""
    descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    fcntl.ioctl(descriptor, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN_NO_PI))
    return descriptor


class WeatherLink:
    """Handle on one carrier. `first` and `second` are (namespace, device name). `carrier`: another
    program that takes the same arguments and settings as this file does."""

    def __init__(self, first, second, weather, seed, mtu=1500, carrier=None):
        self._weather = dataclasses.asdict(weather)
        descriptors = []
        for namespace, name in (first, second):
            with namespace.inside():
                descriptors.append(open_tun(name))
            namespace.ip(f"link set dev {name} mtu {mtu} up")
        self._process = subprocess.Popen(
            [*(carrier or (sys.executable, os.path.abspath(__file__))), *map(str, descriptors),
             str(seed)],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, pass_fds=descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        self.set()

    def set(self, **changes):
        """Changes the weather of both directions; packets that are on their way keep theirs."""
        self._weather.update(changes)
        self._process.stdin.write(json.dumps(self._weather).encode() + b"\n")
        self._process.stdin.flush()

    @property
    def pid(self):
        """The carrier's process, for whoever wants to know what it costs."""
        return self._process.pid

    def close(self):
        """Ends the carrier, and with it both devices."""
        try:
            self._process.stdin.close()
        except BrokenPipeError:
            pass
        self._process.wait(timeout=10)


class _Carrier:
    """The carrier's process: moves packets until stdin ends."""

    def __init__(self, first, second, seed):
        self._devices = {first: second, second: first}
        self._directions = {first: Direction(seed * 2, Weather()),
                            second: Direction(seed * 2 + 1, Weather())}
        self._on_the_way = []  # (due, serial, device, packet)
        self._serial = 0
        self._settings = b""

    def run(self):
        stdin = sys.stdin.fileno()
        os.set_blocking(stdin, False)
        inputs = [*self._devices, stdin]
        while True:
            timeout = None
            if self._on_the_way:
                timeout = max(0.0, self._on_the_way[0][0] - time.monotonic())
            # select() and not epoll: its timeout is in microseconds.
            for ready in select.select(inputs, [], [], timeout)[0]:
                if ready != stdin:
                    self._take(ready)
                elif not self._read_settings(stdin):
                    return
            self._deliver()

    def _take(self, device):
        direction, out = self._directions[device], self._devices[device]
        for _ in range(BATCH):
            try:
                packet = os.read(device, MAX_PACKET)
            except (BlockingIOError, OSError):  # empty, or the device is down
                return
            due = direction.due(len(packet), time.monotonic())
            if due is not None:
                self._serial += 1
                heapq.heappush(self._on_the_way, (due, self._serial, out, packet))

    def _deliver(self):
        now = time.monotonic()
        while self._on_the_way and self._on_the_way[0][0] <= now:
            _, _, device, packet = heapq.heappop(self._on_the_way)
            try:
                os.write(device, packet)
            except OSError:  # the device is down: the packet is gone, as on a pulled cable
                pass

    def _read_settings(self, stdin):
        data = os.read(stdin, MAX_PACKET)
        if not data:
            return False
        *lines, self._settings = (self._settings + data).split(b"\n")
        for line in lines:
            weather = Weather(**json.loads(line))
            for direction in self._directions.values():
                direction.weather = weather
        return True


if __name__ == "__main__":
    try:
        os.setpriority(os.PRIO_PROCESS, 0, -10)  # weather that is late is other weather
    except PermissionError:
        pass
    # A rig that is killed closes our stdin; an interrupt from the terminal is the rig's to handle.
    import signal
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _Carrier(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])).run()
