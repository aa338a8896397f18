#!/usr/bin/env python3
# Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
"""The generator of the typed events: a definition that is not sound is refused in one line."""
import copy
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
GENERATOR = ROOT / "signaling/protocol/generate_events.py"
DEFINITION = json.loads((ROOT / "signaling/protocol/events.json").read_text(encoding="utf-8"))


def check(definition):
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        file.write(definition if isinstance(definition, str) else json.dumps(definition))
        file.flush()
        return subprocess.run([sys.executable, str(GENERATOR), "--check", "--definition", file.name], capture_output=True,
                              text=True, timeout=60, check=False)


def event_of(definition, name):
    return next(event for event in definition["events"] if event["name"] == name)


class GenerateEvents(unittest.TestCase):
    def refused(self, change, why):
        definition = copy.deepcopy(DEFINITION)
        change(definition)
        result = check(definition)
        self.assertEqual(result.returncode, 1, result)
        self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
        self.assertIn(why, result.stderr)

    def test_what_is_committed_is_fresh(self):
        result = check(DEFINITION)
        self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_a_change_makes_the_files_stale(self):
        self.refused(lambda of: event_of(of, "sync:mark")["fields"].append({"name": "more", "type": "bool"}),
                     "not made of events.json: include/pairwire/events.h, signaling/protocol/typed_events.cc, samples/web/events.js")

    def test_bad_definitions(self):
        def field(of):
            return event_of(of, "sync:mark")["fields"][0]
        self.refused(lambda of: field(of).update(type="u64"), "sync:mark.mark: unknown type u64")
        self.refused(lambda of: field(of).update(type="string"), "sync:mark.mark: min or max is missing")
        self.refused(lambda of: field(of).update(type="number", min=2, max=1), "min is above max")
        self.refused(lambda of: field(of).update(type="array", of="number", min=0, max=1), "count is not 1 to 256")
        self.refused(lambda of: field(of).update(type="array", of="what", count=1), "an array of what?")
        self.refused(lambda of: field(of).update(type="object"), "C++ has no type for it")
        self.refused(lambda of: field(of).update(name="Mark"), "not a name")
        self.refused(lambda of: field(of).update(maximum=1), "unknown key ['maximum']")
        self.refused(lambda of: field(of).update(name="at"), "a field is there twice")
        self.refused(lambda of: event_of(of, "sync:mark").update({"class": "bulk"}), "of which class?")
        self.refused(lambda of: event_of(of, "sync:mark").update(by="nobody"), "by whom?")
        self.refused(lambda of: of["events"].append(of["events"][0]), "is there twice")
        self.refused(lambda of: of["types"]["Role"].update(enum=["display", "display"]), "values repeat or are too few")
        self.refused(lambda of: of["types"]["Metrics"]["fields"].append({"name": "inner", "type": "Metrics"}),
                     "Metrics.inner: unknown type Metrics")
        self.assertEqual(check("{").returncode, 1)


if __name__ == "__main__":
    unittest.main()
