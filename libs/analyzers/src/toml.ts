import { LimitExceeded, MalformedFile } from '@tidewaiter/domain';
import { parse } from 'smol-toml';

import { readText } from './document.js';

/** A table or key takes some 400 bytes of memory; the largest lock files in use have a third of this. */
const maxTomlNodes = 300_000;
const maxDepth = 64;

/**
 * The tables of a TOML document.
 * @throws MalformedFile when it is none
 * @throws LimitExceeded `maxDocumentBytes` or `maxTomlNodes`
 * @see https://toml.io/en/v1.0.0
 */
export function readToml(content: Buffer): Record<string, unknown> {
  const text = readText(content);
  refuseManyNodes(content);
  try {
    return parse(text, { maxDepth, unsafeKeyBehaviour: 'drop' });
  } catch (cause) {
    // Beside its own errors the parser lets a TypeError through where a value is used as a table.
    throw new MalformedFile('not TOML', { cause });
  }
}

const [dot, equals, bracket, brace] = Buffer.from('.=[{');

/** Counts what may start a table or a key, also within strings: telling them apart would be parsing. */
function refuseManyNodes(content: Buffer): void {
  let nodes = 0;
  for (const byte of content) if (byte === dot || byte === equals || byte === bracket || byte === brace) nodes += 1;
  if (nodes > maxTomlNodes)
    throw new LimitExceeded('maxTomlNodes', `TOML of more than ${maxTomlNodes} tables and keys`);
}
