import { createHash, createHmac } from 'node:crypto';

import { InvalidInput } from '@tidewaiter/domain';

const longestMask = 24;

/**
 * Masks a value: shows at most a quarter of it, and at most four characters; its length is shown up
 * to a limit.
 */
export function maskOf(value: string): string {
  const text = Buffer.from(value, 'latin1').toString('utf8');
  const shown = Math.min(4, Math.floor(text.length / 4));
  // Control characters of a hostile file must not reach a terminal.
  const head = text.slice(0, shown).replace(/[^\x20-\x7e]/g, '?');
  return head + '*'.repeat(Math.min(longestMask, text.length - shown));
}

const shownOfAccessKey = 4;

/**
 * Masks the ID of an AWS access key, which names the signer of a call: its first and last four
 * characters stay, which identify its owner and the calls of the same key. Masked IDs do not
 * change.
 */
export function maskAccessKey(id: string): string {
  const hidden = Math.max(0, id.length - 2 * shownOfAccessKey);
  return `${id.slice(0, shownOfAccessKey)}${'*'.repeat(hidden)}${id.slice(id.length - Math.min(shownOfAccessKey, id.length - shownOfAccessKey))}`;
}

/** Minimum length of the key: a shorter one could be guessed, and with it every short value. */
export const minKeyCharacters = 16;

/**
 * Converts the text that an operator chose into the key of an installation.
 * @throws InvalidInput `FINGERPRINT_KEY_SHORT`
 */
export function fingerprintKeyOf(text: string): Buffer {
  if (text.length >= minKeyCharacters) return createHash('sha256').update(text).digest();
  throw new InvalidInput(
    'FINGERPRINT_KEY_SHORT',
    `a fingerprint key must have at least ${minKeyCharacters} characters`,
  );
}

/**
 * Fingerprints that distinguish values that may be secrets; null without a key. `by` names the key:
 * fingerprints under other keys cannot be compared.
 */
export function valueFingerprints(key: Uint8Array | undefined): { by: string; of: (value: string) => string } | null {
  if (key === undefined) return null;
  const by = createHash('sha256').update(key).digest('hex').slice(0, 16);
  return { by, of: (value) => fingerprintOf(value, key) };
}

/**
 * Identifies the same value elsewhere without revealing it: HMAC-SHA-256 under the key of this
 * installation, in hex.
 */
export function fingerprintOf(value: string, key: Uint8Array): string {
  return createHmac('sha256', key).update(value, 'latin1').digest('hex');
}
