import { createHmac } from 'node:crypto';

const longestMask = 24;

/** Shows at most a quarter of a value, and of that at most four characters; the length is shown up to a bound. */
export function maskOf(value: string): string {
  const text = Buffer.from(value, 'latin1').toString('utf8');
  const shown = Math.min(4, Math.floor(text.length / 4));
  // Control characters of a hostile file must not reach a terminal.
  const head = text.slice(0, shown).replace(/[^\x20-\x7e]/g, '?');
  return head + '*'.repeat(Math.min(longestMask, text.length - shown));
}

/** Finds the same value elsewhere without telling it: HMAC-SHA-256 under the key of this installation, in hex. */
export function fingerprintOf(value: string, key: Uint8Array): string {
  return createHmac('sha256', key).update(value, 'latin1').digest('hex');
}
