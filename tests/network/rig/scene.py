# Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
"""What a scenario works with, and how one is registered and run. They are in scenarios.py."""

import re

from . import nat
from .matrix import ice_servers
from .namespaces import RigError
from .peers import PeerFailure

ALL = {}


class Scene:
    """One scenario's surroundings and findings."""

    def __init__(self, runner, name):
        self.runner = runner
        self.topology = runner.topology
        self.name = name
        self.figures = {}
        self.faults = []

    def sides(self, first, second):
        """Two sides of these kinds, proven."""
        made = [self.topology.side(i, nat.KINDS[k]) for i, k in enumerate((first, second))]
        self.prove(made)
        return made

    def prove(self, sides):
        faults = self.runner.verified(sides)
        if faults:
            raise PeerFailure("the NAT is not what it claims: " + "; ".join(faults))

    def session(self, sides, servers=None, policy="all", tag="", pairwire=None, **options):
        """Peers with these ICE servers; by default what an application would hand out."""
        configurations = [
            self.runner.configuration(ice_servers(side.kind) if servers is None else servers,
                                      policy, **(pairwire or {})) for side in sides]
        return self.runner.session(self.name + tag, sides, configurations, **options)

    def require(self, holds, fault):
        if not holds:
            self.faults.append(fault)

    def require_reason(self, peer, pattern):
        """The last reason that the peer gave must be there and speak of the cause."""
        reason = next((r for _, _, r in reversed(peer.states) if r), None)
        self.figures["reason at " + peer.label] = f'"{reason}"'
        self.require(reason and re.search(pattern, reason, re.IGNORECASE),
                     f"the reason at {peer.label} does not match /{pattern}/")


def scenario(name):
    def register(function):
        ALL[name] = function
        return function
    return register


def run(runner, name):
    """Runs one; its findings as a dict. The sides are gone afterwards."""
    scene = Scene(runner, name)
    try:
        ALL[name](scene)
    except PeerFailure as failure:
        scene.faults.append(str(failure))
    except (RigError, OSError) as error:
        scene.faults.append(f"the rig itself failed: {error}")
    finally:
        runner.topology.drop_sides()
        runner.topology.mend()
    return {"name": name, "what": " ".join(ALL[name].__doc__.split()),
            "status": "failed" if scene.faults else "passed", "figures": scene.figures,
            "faults": scene.faults}
