// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The text messages of pairwire.file.v1 and v2 (docs/file-transfer.md), and a file's id:
// peer/bulk/bulk_messages.h and file_id.h in JavaScript.

import { lvCat, utf8 } from '../auth-bytes.js';
import { Sha256 } from '../sha256.js';
import { ByteWriter } from './frames.js';

export const FILE_LABEL = 'file';
export const FILE_PROTOCOL = 'pairwire.file.v1';
export const RESUMABLE_FILE_PROTOCOL = 'pairwire.file.v2';

export const MAX_MESSAGE_BYTES = 4096;
export const MAX_NAME_BYTES = 1024;
export const MAX_MEDIA_TYPE_BYTES = 128;
const MAX_CODE_BYTES = 64;
const MAX_TEXT_BYTES = 1024;
const SAMPLE_BYTES = 64 * 1024;

/** Why a transfer did not work: `code` is one of docs/file-transfer.md, for programs. */
export class FileProblem extends Error {
  constructor(code, message) {
    super(message);
    this.name = 'FileProblem';
    this.code = code;
  }
}

export const isFileId = (text) => typeof text === 'string' && /^[0-9a-f]{32}$/.test(text);
const isSha256 = (text) => typeof text === 'string' && /^[0-9a-f]{64}$/.test(text);
const isCount = (value) => Number.isSafeInteger(value) && value >= 0;
const isText = (value, most) => typeof value === 'string' && utf8(value).length <= most;

const need = (right, what) => {
  if (!right) throw new FileProblem('bad_message', what);
};

const READERS = {
  offer({ name, size, id, mediaType, complete }) {
    need(isText(name, MAX_NAME_BYTES), "the offer's name is missing or too long");
    need(isCount(size), "the offer's size is missing or no whole number in range");
    need(id === undefined || isFileId(id), "the offer's id is not 32 hexadecimal digits");
    need(mediaType === undefined || isText(mediaType, MAX_MEDIA_TYPE_BYTES), "the offer's media type is no text, or too long");
    need(complete === undefined || typeof complete === 'boolean', 'the offer\'s "complete" is neither true nor false');
    return { name, size, id: id ?? '', mediaType: mediaType ?? '', complete: complete ?? false };
  },
  accept({ offset, prefixSha256 }) {
    need(offset === undefined || isCount(offset), 'the offset is no whole number in range');
    need(prefixSha256 === undefined || isSha256(prefixSha256), 'the hash of the prefix is no SHA-256');
    need(!offset || prefixSha256 !== undefined, 'the hash of the prefix is missing');
    return { offset: offset ?? 0, prefixSha256: prefixSha256 ?? '' };
  },
  from: readOffset,
  have: readOffset,
  refuse: readProblem,
  error: readProblem,
  end({ sha256 }) {
    need(isSha256(sha256), 'the hash is missing or no SHA-256');
    return { sha256 };
  },
  done({ sha256, size }) {
    need(isSha256(sha256), 'the hash is missing or no SHA-256');
    need(isCount(size), 'the size is missing or no whole number in range');
    return { sha256, size };
  },
};

function readOffset({ offset }) {
  need(isCount(offset), 'the offset is missing or no whole number in range');
  return { offset };
}

function readProblem({ code, message }) {
  need(isText(code, MAX_CODE_BYTES) && isText(message, MAX_TEXT_BYTES), "the refusal's code or message is missing or too long");
  return { code, message };
}

/** {type, …} with what is not of it left out. Throws FileProblem 'bad_message'. @param {string} text */
export function parseFileMessage(text) {
  need(isText(text, MAX_MESSAGE_BYTES), 'the message is too long');
  let json;
  try {
    json = JSON.parse(text);
  } catch {
    json = null;
  }
  need(typeof json === 'object' && json !== null && !Array.isArray(json), 'the message is no JSON object');
  need(isText(json.type, 16), 'the message has no type');
  need(Object.hasOwn(READERS, json.type), "the message's type is unknown");
  return { type: json.type, ...READERS[json.type](json) };
}

/**
 * What a file is called across transfers: the same file has the same id, also after its sender was
 * started anew. @param {{name: string, size: number}} offer @param {number} changedNs nanoseconds, below 2^64
 * @param {Uint8Array} beginning its first 64 KiB, or all of it
 */
export function fileIdOf({ name, size }, changedNs, beginning) {
  const number = (value) => new ByteWriter().u64(value).done();
  const list = lvCat(utf8('pairwire file/2'), utf8(name), number(size), number(changedNs), beginning.subarray(0, SAMPLE_BYTES));
  return new Sha256().update(list).hex().slice(0, 32);
}
