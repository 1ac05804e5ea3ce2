import { createHash } from 'node:crypto';
import { inflateSync } from 'node:zlib';

import type { Warning } from '@tidewaiter/oci';
import { findSecrets } from '@tidewaiter/secrets';

import type { LayerSecret } from './archive-secrets.js';

const looseObject = /(?:^|\/)objects\/[0-9a-f]{2}\/[0-9a-f]{38}$/;
const pack = /(?:^|\/)objects\/pack\/pack-[0-9a-f]{40}\.pack$/;
/** Clones that tools make of public repositories. */
const toolClone = /(?:^|\/)(?:\.cargo|pkg\/mod|\.cache|\.oh-my-zsh|\.nvm|\.pyenv|\.rbenv|\.asdf|node_modules|vendor)\//;

/** Limits for one pack, or one loose object. */
const limits = { objects: 200_000, objectBytes: 8 << 20, bytes: 512 << 20 };

/** Numbers of the types of objects in a pack. */
const types = { tree: 2, blob: 3, offsetDelta: 6, baseDelta: 7 };

/** Whether a file is an object of a Git repository, or a pack of them. */
export const isGitObject = (path: string): boolean =>
  (looseObject.test(path) || pack.test(path)) && !toolClone.test(path);

/**
 * Searches the objects of a Git repository: a secret that a commit removed from a file is still in
 * them.
 *
 * @see https://git-scm.com/docs/gitformat-pack
 */
export function searchGitObjects(
  path: string,
  content: Buffer,
  key: Uint8Array,
): { secrets?: LayerSecret[]; warning?: Warning } {
  const { secrets, problem } = pack.test(path) ? searchPack(path, content, key) : searchLoose(path, content, key);
  return {
    ...(secrets.length > 0 && { secrets }),
    ...(problem !== undefined && { warning: { code: 'SECRET_SEARCH_CUT', path, message: problem } }),
  };
}

interface Searched {
  secrets: LayerSecret[];
  problem?: string;
}

function searchLoose(path: string, content: Buffer, key: Uint8Array): Searched {
  const inflated = inflateAt(content, 0);
  if (inflated === undefined) return { secrets: [], problem: 'Git object that cannot be read' };
  const { data } = inflated;
  // `blob 12\0…`; a tree has only names and hashes.
  const start = data.indexOf(0) + 1;
  return { secrets: data.toString('latin1', 0, 5) === 'tree ' ? [] : secretsOf(path, data.subarray(start), key) };
}

function searchPack(path: string, content: Buffer, key: Uint8Array): Searched {
  const secrets: LayerSecret[] = [];
  if (content.length < 12 || content.toString('latin1', 0, 4) !== 'PACK') return { secrets };
  const objects = content.readUInt32BE(8);
  let at = 12;
  let bytesLeft = limits.bytes;
  for (let number = 0; number < objects; number += 1) {
    if (number === limits.objects || bytesLeft <= 0) return { secrets, problem: tooMuch };
    const header = headerAt(content, at);
    const inflated = inflateAt(content, header.dataAt);
    if (inflated === undefined) return { secrets, problem: 'Git pack that cannot be read to its end' };
    const { data, bytesRead } = inflated;
    bytesLeft -= data.length;
    at = header.dataAt + bytesRead;
    if (header.type === types.tree) continue;
    const isDelta = header.type >= types.offsetDelta;
    const found = secretsOf(path, isDelta ? addedBy(data) : data, key);
    const place = header.type === types.blob && found.length > 0 ? blobId(data) : `object ${number}`;
    secrets.push(...found.map((secret) => ({ ...secret, path: `${path}!/${place}`, archive: path })));
  }
  return { secrets };
}

const tooMuch = 'Git pack of too much to search all of it for secrets';

/**
 * Without the names of the tree only the form of a value, or a name beside it, makes a secret;
 * variables of an environment are known by their lines.
 */
function secretsOf(path: string, content: Buffer, key: Uint8Array): LayerSecret[] {
  if (!isEnvironment(content)) return findSecrets({ path, content }, key, 'history').sightings;
  return findSecrets({ path: '.env', content }, key).sightings.map((secret) => ({ ...secret, path }));
}

const longestEnvironment = 64 * 1024;
const variable = /^(?:export )?[A-Z][A-Z0-9_]{1,60}=/;

/** Whether every line is a variable in capitals or a comment, as in `.env`. */
function isEnvironment(content: Buffer): boolean {
  if (content.length > longestEnvironment) return false;
  const lines = content
    .toString('latin1')
    .split('\n')
    .filter((line) => !/^\s*(?:#|$)/.test(line));
  return lines.length > 0 && lines.every((line) => variable.test(line));
}

const blobId = (data: Buffer): string => createHash('sha1').update(`blob ${data.length}\0`).update(data).digest('hex');

/** Type of an object, and the place of its compressed data, behind the reference of a delta. */
function headerAt(content: Buffer, start: number): { type: number; dataAt: number } {
  const first = content[start] ?? 0;
  const type = (first >> 4) & 7;
  let at = endOfNumber(content, start);
  if (type === types.baseDelta) at += 20;
  if (type === types.offsetDelta) at = endOfNumber(content, at);
  return { type, dataAt: at };
}

/** Numbers continue while their bytes have the highest bit. */
function endOfNumber(content: Buffer, start: number): number {
  let at = start;
  while ((content[at] ?? 0) >= 0x80) at += 1;
  return at + 1;
}

/** Text that a delta adds to its base: what it repeats is searched there. */
function addedBy(delta: Buffer): Buffer {
  const added: Buffer[] = [];
  let at = endOfNumber(delta, endOfNumber(delta, 0));
  while (at < delta.length) {
    const instruction = delta[at]!;
    at += 1;
    if (instruction < 0x80) {
      added.push(delta.subarray(at, at + instruction));
      at += instruction;
    } else {
      // A copy has a byte for each bit: four of its offset, three of its length.
      for (let bits = instruction & 0x7f; bits > 0; bits >>= 1) at += bits & 1;
      added.push(newline);
    }
  }
  return Buffer.concat(added);
}

const newline = Buffer.from('\n');

/** Inflates one object, and counts its bytes; undefined if it is damaged or too large. */
function inflateAt(content: Buffer, start: number): { data: Buffer; bytesRead: number } | undefined {
  try {
    // With `info` the result has the engine, which the types of Node do not know.
    const { buffer, engine } = inflateSync(content.subarray(start), {
      info: true,
      maxOutputLength: limits.objectBytes,
    }) as unknown as { buffer: Buffer; engine: { bytesWritten: number } };
    return { data: buffer, bytesRead: engine.bytesWritten };
  } catch {
    return undefined;
  }
}
