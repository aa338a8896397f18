// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Where a page keeps its remembered pairings: IndexedDB, so one list for each origin and browser profile. What the
// file of pairings_file.h is to a program. Whoever can run script on this origin can read it (docs/security.md). Not
// here: how a pairing comes to be remembered (remembering.js), and how it is used (pair-again.js, display.js).

/** A 65th pairing replaces the one whose last use is longest ago. */
export const MAX_PAIRINGS = 64;

const DATABASE = 'pairwire';
const VERSION = 1;
const PAIRINGS = 'pairings';
// The other pages of this origin hear of changes on it; it carries nothing.
const CHANNEL = 'pairwire.pairings';
const KEY_BYTES = 64;
const ROLES = ['display', 'controller'];

/**
 * @typedef {object} StoredPairing
 * @property {string} id 32 hexadecimal digits, the same at both ends; no secret
 * @property {'display' | 'controller'} role what this end is in it. One page may be both ends of one pairing
 * @property {string} name of the other end, as it gave it when it was remembered
 * @property {number} made milliseconds since 1970, as Date.now()
 * @property {number} lastUsed the same
 * @property {Uint8Array} key 64 bytes; the secret
 */

/** What another version, or a script that means harm, has put there is not used. */
const isPairing = (entry) => /^[0-9a-f]{32}$/.test(entry?.id) && ROLES.includes(entry.role) && typeof entry.name === 'string' &&
  Number.isFinite(entry.made) && Number.isFinite(entry.lastUsed) && entry.key instanceof Uint8Array && entry.key.length === KEY_BYTES;

const answerOf = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

function abort(transaction) {
  try {
    transaction.abort();
  } catch {
    // It is over already.
  }
}

/**
 * Every method but watch() and close() answers later, and rejects with the browser's own error when it keeps nothing
 * (a private window, storage that is full or switched off). A change is on the disk, as far as browsers promise it, when its method answers.
 */
export class PairingStore {
  #factory;
  #database = null;
  #watchers = new Set();
  #channel = null;

  /** Nothing is opened before it is needed. @param {IDBFactory} [factory] */
  constructor(factory = globalThis.indexedDB) {
    this.#factory = factory;
  }

  /** The one used last first. @returns {Promise<StoredPairing[]>} */
  async list() {
    const all = await this.#run('readonly', (pairings) => answerOf(pairings.getAll()));
    return all.filter(isPairing).sort((a, b) => b.lastUsed - a.lastUsed);
  }

  /** @returns {Promise<StoredPairing | null>} */
  async get(id, role) {
    const entry = await this.#run('readonly', (pairings) => answerOf(pairings.get([id, role])));
    return isPairing(entry) ? entry : null;
  }

  /** Adds it, or replaces that of the same id and role. @param {StoredPairing} pairing */
  async put(pairing) {
    if (!isPairing(pairing)) throw new TypeError('This is no pairing.');
    await this.#run('readwrite', async (pairings) => {
      const { id, role, name, made, lastUsed, key } = pairing;
      const others = (await answerOf(pairings.getAll())).filter((entry) => entry.id !== id || entry.role !== role);
      // What is no pairing goes first: its time is none.
      others.sort((a, b) => (isPairing(b) ? b.lastUsed : -1) - (isPairing(a) ? a.lastUsed : -1));
      for (const entry of others.slice(MAX_PAIRINGS - 1)) pairings.delete([entry.id, entry.role]);
      pairings.put({ id, role, name, made, lastUsed, key: key.slice() });
    });
    this.#changed();
  }

  /** @returns {Promise<boolean>} whether there was one */
  async remove(id, role) {
    const there = await this.#run('readwrite', async (pairings) => {
      const count = await answerOf(pairings.count([id, role]));
      if (count > 0) pairings.delete([id, role]);
      return count > 0;
    });
    if (there) this.#changed();
    return there;
  }

  /** It is in use now. @returns {Promise<boolean>} false: there is no such pairing */
  async touch(id, role, lastUsed) {
    return this.#run('readwrite', async (pairings) => {
      const entry = await answerOf(pairings.get([id, role]));
      if (!isPairing(entry)) return false;
      pairings.put({ ...entry, lastUsed });
      return true;
    });
  }

  /** `changed` is called after each change of the list, by this page or another one of the origin. @returns {() => void} ends it */
  watch(changed) {
    // Each watcher is an entry of its own, also when two are one function.
    const watcher = { changed };
    this.#watchers.add(watcher);
    this.#listen();
    return () => this.#watchers.delete(watcher);
  }

  close() {
    this.#watchers.clear();
    this.#channel?.close();
    this.#channel = null;
    this.#database?.then((database) => database.close()).catch(() => {});
    this.#database = null;
  }

  #listen() {
    if (this.#channel || typeof BroadcastChannel === 'undefined') return;
    this.#channel = new BroadcastChannel(CHANNEL);
    this.#channel.onmessage = () => this.#tell();
  }

  #tell() {
    for (const { changed } of [...this.#watchers]) changed();
  }

  #changed() {
    this.#listen();
    this.#channel?.postMessage('');
    this.#tell();
  }

  #open() {
    this.#database ??= new Promise((resolve, reject) => {
      const request = this.#factory.open(DATABASE, VERSION);
      request.onupgradeneeded = () => request.result.createObjectStore(PAIRINGS, { keyPath: ['id', 'role'] });
      request.onerror = () => reject(request.error);
      request.onsuccess = () => {
        const database = request.result;
        const gone = () => {
          database.close();
          this.#database = null;
        };
        // A later version of this page wants to change the form.
        database.onversionchange = gone;
        // The visitor had the browser forget this site: that takes all pairings back.
        database.onclose = () => {
          gone();
          this.#tell();
        };
        resolve(database);
      };
    });
    return this.#database;
  }

  // One transaction: all of it, or nothing. `work` awaits nothing but its requests.
  async #run(mode, work) {
    let database;
    try {
      database = await this.#open();
    } catch (error) {
      this.#database = null;
      throw error;
    }
    const transaction = database.transaction(PAIRINGS, mode, { durability: 'strict' });
    const done = new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onabort = () => reject(transaction.error ?? new Error('The browser did not keep it.'));
    });
    // It is waited for below, unless `work` fails first.
    done.catch(() => {});
    let result;
    try {
      result = await work(transaction.objectStore(PAIRINGS));
    } catch (error) {
      abort(transaction);
      throw error;
    }
    await done;
    return result;
  }
}
