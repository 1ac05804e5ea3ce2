import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

import type { EntryKind, JsonObject, Secret } from '@tidewaiter/domain';

import { entryRules } from './entry-rules.js';

const version = 'v1';
const ivBytes = 12;
const tagBytes = 16;

/** Place of a secret, to which its encryption binds it. */
export interface SealedPlace {
  kind: EntryKind;
  name: string;
  /** Path in the document: `credentials.password`. */
  path: string;
  document: JsonObject;
}

/**
 * Encrypts a secret with AES-256-GCM, for one place of one entry. A writer of the
 * database without the key cannot move it to an entry that sends it elsewhere.
 */
export function seal(secret: string, key: Secret, place: SealedPlace): string {
  const iv = randomBytes(ivBytes);
  const cipher = createCipheriv('aes-256-gcm', keyOf(key), iv);
  cipher.setAAD(boundTo(place));
  const sealed = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
  return [version, Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64')].join('.');
}

/** Returns a secret; undefined if it was encrypted with another key or for another place. */
export function unseal(sealed: string, key: Secret, place: SealedPlace): string | undefined {
  const [form, text = ''] = sealed.split('.');
  const bytes = Buffer.from(text, 'base64');
  if (form !== version || bytes.length < ivBytes + tagBytes) return undefined;
  try {
    const decipher = createDecipheriv('aes-256-gcm', keyOf(key), bytes.subarray(0, ivBytes));
    decipher.setAAD(boundTo(place));
    decipher.setAuthTag(bytes.subarray(ivBytes, ivBytes + tagBytes));
    return Buffer.concat([decipher.update(bytes.subarray(ivBytes + tagBytes)), decipher.final()]).toString('utf8');
  } catch {
    return undefined;
  }
}

function keyOf(key: Secret): Buffer {
  return Buffer.from(hkdfSync('sha256', key.reveal(), '', 'tidewaiter managed entries', 32));
}

function boundTo({ kind, name, path, document }: SealedPlace): Buffer {
  return Buffer.from(JSON.stringify([kind, name, path, sorted(entryRules[kind].destination(document))]));
}

/** PostgreSQL keeps no order of keys. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, each]) => [key, sorted(each)]),
  );
}
