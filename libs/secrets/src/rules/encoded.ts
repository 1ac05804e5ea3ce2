import { bitmap } from '../characters.js';
import { decodeBase64 } from '../encoded-text.js';
import { nothing, read } from '../secret-rule.js';
import type { Candidate, KeywordPlace, SecretRule } from '../secret-rule.js';
import { joints, mayBeSplit, readSplitLiteral } from '../split-literal.js';
import { fake } from './fake.js';

/** Starts of secrets whose own form is certain, as they look in Base64. */
const starts = [
  'ghp_',
  'github_pat_',
  'glpat-',
  'sk-ant-',
  'sk-proj-',
  'xoxb-',
  'AKIA',
  'AWS_',
  'sk_live_',
  'npm_',
].map((start) =>
  Buffer.from(start)
    .toString('base64')
    // The last characters depend on what follows.
    .slice(0, Math.floor((start.length * 4) / 3)),
);
/** Calls and commands that decode Base64, before or after the text. */
const decoders = ['base64 -d', 'base64 --decode', 'b64decode(', 'base64_decode(', 'frombase64string(', 'atob('];

const longestText = 4_000;
const base64 = /^[A-Za-z0-9+/]{24,}={0,2}/;
const base64Chars = bitmap(/[A-Za-z0-9+/=]/);

/** Text in Base64, in which the rules for plain text then search. */
function readEncoded({ text, start, end }: KeywordPlace): readonly Candidate[] {
  if (starts.some((encoded) => text.startsWith(encoded, start))) return encodedAt(text, start);
  const after = text.slice(end, end + 4);
  const literal = /^["'(]{0,3}(?=[A-Za-z0-9+/])/.exec(after)?.[0];
  if (text.slice(start, end).endsWith('(') && literal !== undefined) return encodedAt(text, end + literal.length);
  return readPiped(text, start);
}

/** `echo … | base64 -d`: the last word before the pipe. */
function readPiped(text: string, start: number): readonly Candidate[] {
  const line = text.slice(Math.max(0, start - longestText), start);
  const pipe = line.trimEnd();
  if (!pipe.endsWith('|')) return nothing;
  const word = pipe.slice(0, -1).replace(/["']? {0,4}$/, '');
  let from = word.length;
  while (from > 0 && base64Chars[word.charCodeAt(from - 1)] === 1) from -= 1;
  return encodedAt(text, start - line.length + from);
}

function encodedAt(text: string, start: number): readonly Candidate[] {
  const encoded = base64.exec(text.slice(start, start + longestText))?.[0];
  if (encoded === undefined) return nothing;
  return [{ start, end: start + encoded.length, decoded: decodeBase64(encoded) }];
}

const base64Of = (text: string) => Buffer.from(text).toString('base64');

/** Rules for text that hides its secrets in an encoding. */
export const encodedRules: readonly SecretRule[] = [
  read({
    id: 'encoded-text',
    title: 'Secret in Base64',
    rank: 1,
    keywords: [...starts.map((start) => start.toLowerCase()), ...decoders],
    tries: 5_000,
    find: readEncoded,
    isCarrier: true,
    matches: () => [
      `TOKEN=$(echo ${base64Of('ghp_' + fake(36))} | base64 -d)`,
      `{"a": "${base64Of('glpat-' + fake(20))}"}`,
    ],
    ignores: () => [`atob("${base64Of(fake(40))}")`],
  }),
  read({
    id: 'split-text',
    title: 'Secret in several literals',
    rank: 1,
    keywords: joints,
    mayBegin: mayBeSplit,
    find: readSplitLiteral,
    isCarrier: true,
    matches: () => {
      const token = `ghp_${fake(36)}`;
      const [first, second, third] = [token.slice(0, 16), token.slice(16, 30), token.slice(30)];
      return [
        `const t = "${first}" + "${second}" + "${third}";`,
        `url = 'https://x:${first}' +\n      '${second}${third}@host'`,
        `$t = "${first}"."${second}"."${third}";`,
      ];
    },
    ignores: () => [
      `log("user" + "name" + "password" + "${fake(40)}")`,
      `s = "${fake(20)}" + "${fake(20)}"`,
      `"ghp_${fake(20)}" + suffix`,
    ],
  }),
];
