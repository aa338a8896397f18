// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The page of browser.test.mjs: takes commands for ends of its own, one after the other, and answers them.
import { ScriptEnd } from './script-end.mjs';

const ends = new Map();
for (;;) {
  const response = await fetch('/command');
  if (response.status !== 200) continue; // none for a while
  const { id, end, cmd, fields } = await response.json();
  if (!ends.has(end)) ends.set(end, new ScriptEnd());
  let answer;
  try {
    answer = await ends.get(end).call(cmd, fields);
  } catch (error) {
    answer = { error: error.code ?? String(error) };
  }
  await fetch('/answer', { method: 'POST', body: JSON.stringify({ id, answer }) });
}
