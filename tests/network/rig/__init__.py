# Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
"""Network rig: real NATs, a real TURN server and weather, all in network namespaces of its own."""
