// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Every pairing of C++ and JavaScript ends, in Node.js.
import './testing.mjs';

import { NativeEnd } from './native-end.mjs';
import { testPairing } from './pairing-cases.mjs';
import { ScriptEnd } from './script-end.mjs';

const makers = { 'C++': () => new NativeEnd(), JavaScript: () => new ScriptEnd() };
for (const [displayKind, makeDisplay] of Object.entries(makers)) {
  for (const [controllerKind, makeController] of Object.entries(makers)) {
    testPairing(`${displayKind} display, ${controllerKind} controller`, [makeDisplay, makeController]);
  }
}
