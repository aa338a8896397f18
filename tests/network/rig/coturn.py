# Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
"""The public STUN and TURN server: coturn, twice, because one can not do both kinds of credentials.

    3478/udp, 3478/tcp, 5349/tls    long-term credentials (RFC 8489 section 9.2)
    3479/udp, 3479/tcp, 5350/tls    time-limited ones (draft-uberti-behave-turn-rest)

The certificate is made for the run by a CA that only the run knows; its file goes to our peers.
Relayed addresses are IPv4 whatever family the client comes with (RFC 8656 section 7.2), so that an
IPv6-only host meets IPv4 hosts at the relay.
"""

import base64
import hashlib
import hmac
import os
import signal
import socket
import subprocess
import time

from .namespaces import RigError, command, die_with_parent
from .topology import DEAD, SERVER, SERVER6

USER, PASSWORD, REALM, SECRET = "rig", "rig-password", "rig.test", "rig-shared-secret"
_START_DEADLINE = 15.0


class Coturn:
    """Two running servers. `directory` takes their logs, keys and databases."""

    def __init__(self, namespace, directory):
        self._namespace = namespace
        self._directory = directory
        self.ca_file = os.path.join(directory, "ca.pem")
        self._processes = []
        self._make_certificate()
        try:
            self._start("long-term", 3478, 5349, ["--lt-cred-mech", f"--user={USER}:{PASSWORD}"])
            self._start("time-limited", 3479, 5350,
                        ["--use-auth-secret", f"--static-auth-secret={SECRET}"])
            for port in (3478, 5349, 3479, 5350):
                self._wait_for(port)
        except BaseException:
            self.close()
            raise

    def close(self):
        for process in self._processes:
            process.send_signal(signal.SIGKILL)  # its orderly end takes seconds
            process.wait(timeout=10)
        self._processes.clear()

    def _start(self, name, port, tls_port, credentials):
        path = os.path.join(self._directory, "coturn-" + name)
        arguments = self._namespace.exec_prefix() + [
            "turnserver", "-n", f"--listening-ip={SERVER}", f"--listening-ip={SERVER6}",
            f"--relay-ip={SERVER}", f"--relay-ip={SERVER6}", f"--listening-port={port}",
            f"--tls-listening-port={tls_port}", f"--realm={REALM}", *credentials, "--no-dtls",
            "--no-cli", "--no-rfc5780", "--relay-threads=1", "--simple-log",
            f"--cert={self._directory}/server.pem", f"--pkey={self._directory}/server.key",
            f"--log-file={path}.log", f"--userdb={path}.sqlite", f"--pidfile={path}.pid",
            "--verbose"]
        with open(path + ".out", "w") as output:
            self._processes.append(subprocess.Popen(
                arguments, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                cwd=self._directory, preexec_fn=die_with_parent))

    def _wait_for(self, port):
        """Returns when the port accepts TCP on both families."""
        deadline = time.monotonic() + _START_DEADLINE
        for family, address in ((socket.AF_INET, SERVER), (socket.AF_INET6, SERVER6)):
            while True:
                with self._namespace.inside():
                    attempt = socket.socket(family, socket.SOCK_STREAM)
                with attempt:
                    attempt.settimeout(1)
                    if attempt.connect_ex((address, port)) == 0:
                        break
                if time.monotonic() > deadline or self._processes[-1].poll() is not None:
                    raise RigError(f"coturn does not listen on {address} port {port}; "
                                   f"its log is in {self._directory}")
                time.sleep(0.02)

    def _make_certificate(self):
        in_directory = lambda name: os.path.join(self._directory, name)
        new_key = ["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                   "-nodes"]
        command(new_key + ["-x509", "-days", "2", "-subj", "/CN=Network rig CA",
                           "-addext", "basicConstraints=critical,CA:TRUE",
                           "-keyout", in_directory("ca.key"), "-out", self.ca_file])
        command(new_key + ["-subj", "/CN=turn.rig.test", "-keyout", in_directory("server.key"),
                           "-out", in_directory("server.csr")])
        with open(in_directory("server.ext"), "w") as file:
            file.write(f"subjectAltName=DNS:turn.rig.test,IP:{SERVER},IP:{SERVER6}\n"
                       "extendedKeyUsage=serverAuth\n")
        command(["openssl", "x509", "-req", "-days", "2", "-in", in_directory("server.csr"),
                 "-CA", self.ca_file, "-CAkey", in_directory("ca.key"), "-CAcreateserial",
                 "-extfile", in_directory("server.ext"), "-out", in_directory("server.pem")])


def _host(ipv6):
    return f"[{SERVER6}]" if ipv6 else SERVER


def stun(ipv6=False, dead=False):
    """An RTCIceServer for STUN."""
    return {"urls": [f"stun:{DEAD if dead else _host(ipv6)}:3478"]}


def turn(transport="udp", ipv6=False, dead=False, password=PASSWORD):
    """An RTCIceServer with long-term credentials; transport udp, tcp or tls."""
    return {"urls": [_url(transport, DEAD if dead else _host(ipv6), 3478, 5349)],
            "username": USER, "credential": password}


def turn_time_limited(transport="udp", ipv6=False, seconds=3600):
    """An RTCIceServer whose credentials end in `seconds` (negative: have ended)."""
    username = f"{int(time.time()) + seconds}:{USER}"
    digest = hmac.new(SECRET.encode(), username.encode(), hashlib.sha1).digest()
    return {"urls": [_url(transport, _host(ipv6), 3479, 5350)],
            "username": username, "credential": base64.b64encode(digest).decode()}


def _url(transport, host, port, tls_port):
    if transport == "tls":
        return f"turns:{host}:{tls_port}?transport=tcp"
    return f"turn:{host}:{port}?transport={transport}"
