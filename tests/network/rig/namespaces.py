# Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
"""Network namespaces that the run makes and removes.

Names are pw<pid>-<role>, so that two runs never meet, and so that a later run can see which ones a
killed run has left behind. Nothing here touches the namespace the rig itself lives in.
"""

import contextlib
import ctypes
import os
import re
import signal
import subprocess

CLONE_NEWNET = 0x40000000
_NETNS_DIR = "/run/netns"
_libc = ctypes.CDLL(None, use_errno=True)


class RigError(Exception):
    """The rig itself can not do its work; never the fault of a peer under test."""


def command(arguments, text_in=None, check=True):
    """Runs a tool and returns its stdout; its stderr becomes the error's text."""
    done = subprocess.run(arguments, input=text_in, capture_output=True, text=True, timeout=30)
    if check and done.returncode != 0:
        raise RigError(f"{' '.join(arguments)}: {done.stderr.strip() or done.stdout.strip()}"
                       + (f"\n{text_in}" if text_in else ""))
    return done.stdout


def die_with_parent():
    """For a child that does not watch its stdin: it is killed when the rig is."""
    pr_set_pdeathsig = 1
    _libc.prctl(pr_set_pdeathsig, signal.SIGKILL, 0, 0, 0)


def _setns(descriptor):
    if _libc.setns(descriptor, CLONE_NEWNET) != 0:
        code = ctypes.get_errno()
        raise RigError(f"setns: {os.strerror(code)}")


class Namespace:
    """One namespace. Sockets and children made inside() belong to it and stay there."""

    def __init__(self, name):
        self.name = name
        command(["ip", "netns", "add", name])
        self.ip("link set dev lo up")

    @contextlib.contextmanager
    def inside(self):
        """The calling thread is in the namespace for the duration. The rig has one thread."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        there = os.open(f"{_NETNS_DIR}/{self.name}", os.O_RDONLY | os.O_CLOEXEC)
        try:
            _setns(there)
            try:
                yield self
            finally:
                _setns(home)
        finally:
            os.close(there)
            os.close(home)

    def ip(self, *lines):
        """`ip` commands without the leading word, as one batch that stops at the first error."""
        command(["ip", "-n", self.name, "-batch", "-"], "\n".join(lines) + "\n")

    def nft(self, ruleset):
        """Loads a ruleset."""
        with self.inside():
            command(["nft", "-f", "-"], ruleset)

    def run(self, arguments, check=True):
        """Runs a tool inside and returns its stdout."""
        with self.inside():
            return command(arguments, check=check)

    def sysctl(self, **values):
        """net.* settings; a double underscore stands for a slash: ipv4__ip_forward=1."""
        with self.inside():
            for key, value in values.items():
                with open("/proc/sys/net/" + key.replace("__", "/"), "w") as file:
                    file.write(str(value))

    def exec_prefix(self):
        """What to put before a command line that must live here for good."""
        return ["ip", "netns", "exec", self.name]

    def remove(self):
        command(["ip", "netns", "del", self.name], check=False)


class Namespaces:
    """All namespaces of one run; a context manager, so that they go on any exit."""

    def __init__(self):
        self._prefix = f"pw{os.getpid()}-"
        self._all = []

    def __enter__(self):
        remove_abandoned()
        return self

    def __exit__(self, *_):
        for namespace in reversed(self._all):
            namespace.remove()
        self._all.clear()

    def add(self, role):
        namespace = Namespace(self._prefix + role)
        self._all.append(namespace)
        return namespace

    def others(self, *kept):
        return [namespace for namespace in reversed(self._all) if namespace not in kept]

    def remove(self, namespace):
        self._all.remove(namespace)
        namespace.remove()


def remove_abandoned():
    """Removes namespaces of rigs that were killed: their process is no more."""
    if not os.path.isdir(_NETNS_DIR):
        return
    for name in os.listdir(_NETNS_DIR):
        match = re.fullmatch(r"pw(\d+)-[a-z0-9-]+", name)
        if match and not os.path.exists(f"/proc/{match[1]}"):
            command(["ip", "netns", "del", name], check=False)


def veth(first, first_name, second, second_name):
    """A cable between two namespaces, both ends up."""
    command(["ip", "link", "add", first_name, "netns", first.name, "type", "veth",
             "peer", "name", second_name, "netns", second.name])
    first.ip(f"link set dev {first_name} up")
    second.ip(f"link set dev {second_name} up")
