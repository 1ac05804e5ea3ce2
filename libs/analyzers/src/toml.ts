import { LimitExceeded, MalformedFile } from '@tidewaiter/domain';
import { parse } from 'smol-toml';

import { readText } from './document.js';

/**
 * A table or key takes some 400 bytes of memory; the largest lock files in use have a third of
 * this.
 */
const maxTomlNodes = 300_000;
const maxDepth = 64;

/**
 * Parses a TOML document.
 * @throws MalformedFile for any other text
 * @throws LimitExceeded `maxDocumentBytes` or `maxTomlNodes`
 * @see https://toml.io/en/v1.0.0
 */
export function readToml(content: Buffer): Record<string, unknown> {
  const text = readText(content);
  refuseManyNodes(content);
  try {
    return parse(text, { maxDepth, unsafeKeyBehaviour: 'drop' });
  } catch (cause) {
    // Beside its own errors the parser throws a TypeError if a value is used as a table.
    throw new MalformedFile('not TOML', { cause });
  }
}

const [dot, equals, bracket, brace] = Buffer.from('.=[{');

/**
 * Counts possible starts of tables and keys, also within strings, because excluding those would
 * need parsing.
 */
function refuseManyNodes(content: Buffer): void {
  let nodes = 0;
  for (const byte of content) if (byte === dot || byte === equals || byte === bracket || byte === brace) nodes += 1;
  if (nodes > maxTomlNodes)
    throw new LimitExceeded('maxTomlNodes', `TOML of more than ${maxTomlNodes} tables and keys`);
}
