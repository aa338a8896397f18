// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// An end in C++: the process pairwire-auth-peer. As ScriptEnd (script-end.mjs), `end.call(command, fields)`
// gives the answer's fields or throws an Error with `code`.
import { spawn } from 'node:child_process';
import path from 'node:path';
import readline from 'node:readline';

export class NativeEnd {
  #process = spawn(path.join(process.env.PAIRWIRE_BIN ?? 'build/release/bin', 'pairwire-auth-peer'), { stdio: ['pipe', 'pipe', 'inherit'] });
  #lines = readline.createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();

  async call(cmd, fields = {}) {
    this.#process.stdin.write(`${JSON.stringify({ cmd, ...fields })}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error('pairwire-auth-peer ended');
    const answer = JSON.parse(value);
    if (answer.error) throw Object.assign(new Error(`${cmd}: ${answer.error}`), { code: answer.error });
    return answer;
  }

  close() {
    this.#process.stdin.end();
  }
}
