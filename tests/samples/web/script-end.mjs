// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// An end in JavaScript behind asynchronous calls: `end.call(command, fields)` gives the answer's fields or throws
// an Error with `code`; bytes are hex. For Node.js and for a page alike, so nothing of Node.js is used here.

import { fromUtf8, utf8 } from '../../../samples/web/auth-bytes.js';
import { CodeGuard } from '../../../samples/web/code-guard.js';
import { formatPairingCode, makePairingUrl, parsePairingCode, parsePairingUrl } from '../../../samples/web/pairing-code.js';
import { ControllerExchange, DisplayExchange } from '../../../samples/web/pairing-exchange.js';
import { readSessionVectors, sessionVectors } from './session-vectors.mjs';

const fromHex = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (byte) => parseInt(byte, 16));
const toHex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
const described = ({ fingerprint, room, sdp }) => ({ fingerprint: toHex(fingerprint), room, sdp });

export class ScriptEnd {
  #guard = new CodeGuard();
  #end = null;

  async call(cmd, fields = {}) {
    return (await this[cmd](fields)) ?? { ok: true };
  }

  /** What this engine makes of tests/peer/delivery/vectors.json. */
  session({ vectors }) {
    return { made: sessionVectors(), read: readSessionVectors(vectors) };
  }

  display({ now = 0, lookup, features }) {
    this.#guard.newCode(now, lookup);
    this.#end = new DisplayExchange(this.#guard, { features });
    return {
      code: formatPairingCode(lookup, this.#guard.letters),
      url: makePairingUrl('https://example.org/', lookup, this.#guard.urlSecret),
    };
  }

  controller({ code, features }) {
    this.#end = new ControllerExchange(code.includes('#') ? parsePairingUrl(code) : parsePairingCode(code), { features });
    return { lookup: this.#end.lookup };
  }

  hello() {
    return { hello: this.#end.hello() };
  }

  handleHello({ now = 0, hello }) {
    this.#end.handleHello(now, hello);
  }

  offer({ room, sdp, fingerprint }) {
    return this.#end.offer(room, sdp, fromHex(fingerprint));
  }

  async handleOffer({ room, pake, box }) {
    return described(await this.#end.handleOffer(room, { pake, box }));
  }

  answer({ sdp, fingerprint }) {
    return this.#end.answer(sdp, fromHex(fingerprint));
  }

  async handleAnswer({ now = 0, pake, box }) {
    return described(await this.#end.handleAnswer(now, { pake, box }));
  }

  async seal({ kind, text }) {
    return { box: await this.#end.seal(kind, utf8(text)) };
  }

  async open({ kind, box }) {
    return { text: fromUtf8(await this.#end.open(kind, box)) };
  }

  ownBindTag({ peer }) {
    return { tag: toHex(this.#end.ownBindTag(fromHex(peer))) };
  }

  checkBindTag({ tag, peer }) {
    this.#end.checkBindTag(fromHex(tag), fromHex(peer));
  }

  takeResumeKey() {
    return { key: toHex(this.#end.takeResumeKey()) };
  }

  features() {
    return { features: this.#end.features };
  }

  close() {}
}
