# Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
"""The rig's own logic, without root or a network: tests/network/run.sh --self-test."""

import unittest

from rig import nat, report
from rig.matrix import expectation, pairs
from rig.peers import Stream, kind_of
from rig.scenarios import _forged
from rig.weather import Direction, Weather


class WeatherTest(unittest.TestCase):
    def test_the_same_seed_gives_the_same_fate(self):
        weather = Weather(delay=10, jitter=3, loss=0.3)
        first, second = ([Direction(seed, weather).due(100, 1.0)] for seed in (5, 5))
        self.assertEqual(first, second)
        fates = [[one.due(100, n * 0.01) for n in range(200)]
                 for one in (Direction(5, weather), Direction(5, weather), Direction(6, weather))]
        self.assertEqual(fates[0], fates[1])
        self.assertNotEqual(fates[0], fates[2])

    def test_loss_does_not_move_the_jitter_of_later_packets(self):
        lossy = Direction(1, Weather(delay=10, jitter=3, loss=0.5, reorder=True))
        calm = Direction(1, Weather(delay=10, jitter=3, reorder=True))
        for n in range(100):
            due, reference = lossy.due(100, n), calm.due(100, n)
            if due is not None:
                self.assertEqual(due, reference)

    def test_loss_is_near_its_share(self):
        direction = Direction(1, Weather(loss=0.3))
        for _ in range(10000):
            direction.due(100, 0.0)
        self.assertAlmostEqual(direction.lost / 10000, 0.3, delta=0.02)
        self.assertEqual(direction.sent + direction.lost, 10000)

    def test_jitter_keeps_the_order_unless_asked(self):
        for reorder in (False, True):
            direction = Direction(1, Weather(delay=10, jitter=9, reorder=reorder))
            dues = [direction.due(100, n * 0.001) for n in range(200)]
            self.assertEqual(dues == sorted(dues), not reorder)

    def test_rate_spaces_packets_and_the_queue_is_bounded(self):
        # 1 Mbit/s carries 125 bytes a millisecond; 1300 bytes may wait: ten packets, and one is
        # on the line.
        direction = Direction(1, Weather(rate=1, queue=1300))
        dues = [direction.due(125, 0.0) for _ in range(20)]
        carried = [due for due in dues if due is not None]
        self.assertEqual(len(carried), 11)
        self.assertEqual(direction.overflowed, 9)
        for n, due in enumerate(carried, 1):
            self.assertAlmostEqual(due, n * 0.001)


class ExpectationTest(unittest.TestCase):
    def test_the_28_pairs(self):
        self.assertEqual(len(pairs(both=False)), 28)
        self.assertEqual(len(pairs(both=True)), 49)
        direct = sum(expectation(a, b)[0] == "direct" for a, b in pairs(both=False))
        # 15 pairs of the five UDP kinds without 2 that no filter lets through, ICE-TCP, IPv6.
        self.assertEqual(direct, 15 - 2 + 1 + 1)

    def test_who_offers_does_not_matter(self):
        for a, b in pairs(both=True):
            self.assertEqual(expectation(a, b), expectation(b, a))

    def test_the_hard_ones(self):
        def path(a, b):
            return expectation(nat.KINDS[a], nat.KINDS[b])[:2]
        self.assertEqual(path("symmetric", "port-restricted"), ("relayed", "udp"))
        self.assertEqual(path("symmetric", "address-restricted"), ("direct", "udp"))
        self.assertEqual(path("udp-blocked", "public"), ("direct", "tcp"))
        self.assertEqual(path("udp-blocked", "full-cone"), ("relayed", "tcp"))
        self.assertEqual(path("ipv6-only", "public"), ("relayed", "udp"))


class StreamTest(unittest.TestCase):
    def test_faults(self):
        self.assertIsNone(Stream([0, 1, 2]).fault(3))
        self.assertIsNone(Stream([1, 2, 3]).fault(3))
        self.assertEqual(Stream([]).fault(3), "nothing arrived")
        self.assertEqual(Stream([0, 2]).fault(3), "1 of 3 missing, 0 doubled")
        self.assertEqual(Stream([0, 1, 1, 2]).fault(3), "0 of 3 missing, 1 doubled")
        self.assertEqual(Stream([0, 2, 1]).fault(3), "0 of 3 missing, 0 doubled, out of order")
        self.assertIsNotNone(Stream([2, 3, 4]).fault(3))

    def test_gap(self):
        self.assertAlmostEqual(Stream([0, 1, 2], [1.0, 1.1, 1.5]).gap_ms(), 400)


class TextTest(unittest.TestCase):
    def test_candidates(self):
        line = "candidate:1 1 TCP 1 10.0.0.1 9 typ host tcptype active"
        self.assertEqual(kind_of(line), "host tcp")
        self.assertEqual(kind_of(""), "?")

    def test_forgery_changes_one_byte(self):
        self.assertEqual(_forged("a=fingerprint:sha-256 0F:AA\r\n"),
                         "a=fingerprint:sha-256 F0:AA\r\n")

    def test_junit_statuses(self):
        cell = {"offerer": "public", "answerer": "symmetric", "faults": ["slow"]}
        scenario = {"name": "no-route", "status": "skipped", "faults": ["why"]}
        found = list(report.entries({"cells": [cell], "scenarios": [scenario]}))
        self.assertEqual([status for _, status, _ in found], ["failed", "skipped"])


if __name__ == "__main__":
    unittest.main()
