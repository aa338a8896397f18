# Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
"""What a run found, as text, JSON and JUnit."""

import json
import os
import xml.etree.ElementTree as xml

from . import nat


def cell_line(cell):
    """One row of the table, without its faults."""
    runs = cell["runs"]
    figures = ""
    if runs:
        connect, opened = cell["connectMs"], cell["openMs"]
        figures = (f"{runs[0]['wire']:<8} {runs[0]['candidates']:<22} {connect['median']:>7.0f} "
                   f"{connect['min']:>6.0f}-{connect['max']:<6.0f} {opened['median']:>6.0f}")
    verdict = "ok" if not cell["faults"] else "FAILED"
    return (f"{cell['offerer']:<19} {cell['answerer']:<19} {cell['expected']:<8} "
            f"{figures:<60} {verdict}")


CELL_HEADER = (f"{'offerer':<19} {'answerer':<19} {'expected':<8} {'wire':<8} {'candidates':<22} "
               f"{'median':>7} {'min-max ms':^13} {'open':>6}  ")


def grid(cells):
    """The matrix: D direct, T direct over TCP, R relayed; median ms to connected; ! differs."""
    by_pair = {}
    for cell in cells:
        by_pair.setdefault((cell["offerer"], cell["answerer"]), cell)
        by_pair.setdefault((cell["answerer"], cell["offerer"]), cell)
    names = list(nat.KINDS)
    rows = [" " * 19 + "".join(f"{nat.KINDS[name].short:>9}" for name in names)]
    for first in names:
        row = f"{first:<19}"
        for second in names:
            row += f"{_mark(by_pair.get((first, second))):>9}"
        rows.append(row)
    return "\n".join(rows)


def _mark(cell):
    if cell is None:
        return "-"
    if not cell["runs"]:
        return "x!"
    run = cell["runs"][0]
    letter = "R" if run["wire"] == "relayed" else "T" if "tcp" in run["candidates"] else "D"
    return f"{letter} {cell['connectMs']['median']:.0f}" + ("!" if cell["faults"] else "")


def scenario_line(result):
    verdict = {"passed": "ok", "failed": "FAILED", "skipped": "SKIPPED"}[result["status"]]
    figures = ", ".join(f"{key} {value}" for key, value in result["figures"].items())
    return f"{result['name']:<26} {verdict:<8} {figures}"


def entries(results):
    """(name, status, faults) of everything that was tested."""
    for cell in results["cells"]:
        yield (f"matrix {cell['offerer']} x {cell['answerer']}",
               "failed" if cell["faults"] else "passed", cell["faults"])
    for result in results["scenarios"]:
        yield "scenario " + result["name"], result["status"], result["faults"]


def write_json(path, results):
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    with open(path, "w") as file:
        json.dump(results, file, indent=1)
        file.write("\n")


def write_junit(path, results):
    """The form that tests/run.sh counts."""
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    all_entries = list(entries(results))
    statuses = [status for _, status, _ in all_entries]
    suite = xml.Element("testsuite", name="network", tests=str(len(all_entries)),
                        failures=str(statuses.count("failed")),
                        skipped=str(statuses.count("skipped")))
    for name, status, faults in all_entries:
        case = xml.SubElement(suite, "testcase", classname="network", name=name)
        if status != "passed":
            tag = "failure" if status == "failed" else "skipped"
            xml.SubElement(case, tag, message="; ".join(faults))
    xml.ElementTree(suite).write(path, encoding="utf-8", xml_declaration=True)
