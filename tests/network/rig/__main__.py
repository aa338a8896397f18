# Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
"""tests/network/run.sh ends here: options, and which part runs."""
