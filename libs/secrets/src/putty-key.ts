import { nothing } from './secret-rule.js';
import type { Candidate, KeywordPlace } from './secret-rule.js';

const longestKey = 24 * 1024;
const encryption = /^Encryption: ([\w-]{1,40})\r?$/m;
const privateLines =
  /^Private-Lines: \d{1,4}\r?\n((?:[A-Za-z0-9+/=]{1,76}\r?\n){1,400})Private-(?:MAC|Hash): [0-9a-f]{40,64}/m;

/** Keys of PuTTY. @see https://the.earth.li/~sgtatham/putty/0.83/htmldoc/AppendixC.html */
export function readPuttyKey({ text, start }: KeywordPlace, kind: 'plain' | 'encrypted'): readonly Candidate[] {
  const file = text.slice(start, start + longestKey);
  const cipher = encryption.exec(file)?.[1];
  const found = privateLines.exec(file);
  if (cipher === undefined || found === null || (cipher === 'none') !== (kind === 'plain')) return nothing;
  const end = start + found.index + found[0].length;
  const value = (found[1] ?? '').replace(/\s/g, '');
  return [{ start, end, value, shown: 'PuTTY-User-Key-File', confidence: 'certain' }];
}
