import type { Located } from '@tidewaiter/yaml';

import type { Comparison, Position } from './expression.js';
import { type TimePart, timeParts } from './matching/time-part.js';
import { expandPlaceholders, type Placeholders } from './placeholders.js';
import { RuleError, shown } from './rule-error.js';
import { anyRun, joined, literalOf, mapTexts, parseString, type SigmaString } from './sigma-string.js';

/** Value of a rule while modifiers are applied. */
export type Value = SigmaString | number | boolean | null;

/** State of an item while modifiers are applied. */
export interface Item {
  readonly line: number;
  readonly placeholders: Placeholders;
  /** Alternatives for each value of the rule. */
  values: readonly (readonly Value[])[];
  /** Type of comparison. */
  test: 'value' | 'regex' | 'cidr' | 'exists' | 'field';
  comparison: Comparison | null;
  timePart: TimePart | null;
  /** Position for the test `field`. */
  position: Position;
  /** Flags for the test `regex`: `i`, `m`, `s`. */
  flags: string;
  /** Encoding of texts, where it is not UTF-8. */
  encode: ((text: string) => Buffer) | null;
  isCased: boolean;
  isAll: boolean;
  isNegated: boolean;
}

type Modifier = (item: Item) => void;

/** Limit on the alternatives of one value: five dashes at five places. */
const maxAlternatives = 5 ** 5;
const maxTotal = 20_000;

/** Applies the modifiers of a field, left to right. @throws RuleError */
export function applyModifiers(
  names: readonly string[],
  values: readonly Located[],
  line: number,
  placeholders: Placeholders,
): Item {
  // Backslashes in a regular expression are not escapes of Sigma.
  const read = names.includes('re') ? (text: string) => [text] : parseString;
  const item: Item = {
    line,
    placeholders,
    values: values.map((each) => [valueOf(each, read)]),
    test: 'value',
    comparison: null,
    timePart: null,
    position: 'equals',
    flags: '',
    encode: null,
    isCased: false,
    isAll: false,
    isNegated: false,
  };
  for (const name of names) {
    const modifier = modifiers.get(name);
    if (!modifier) throw new RuleError(line, `unknown modifier ${shown(name)}`);
    modifier(item);
  }
  const { encode } = item;
  // Without base64, each byte becomes a character.
  if (encode) changeTexts(item, (text) => [mapTexts(text, (part) => encode(part).toString('latin1'))]);
  return item;
}

function valueOf({ value, line }: Located, read: (text: string) => SigmaString): Value {
  if (typeof value === 'string') return read(value);
  if (value === null || typeof value !== 'object') return value;
  throw new RuleError(line, 'a value must be text, a number, true, false or null');
}

/** @see Sigma modifiers appendix 2.1; the long names of `i`, `m` and `s` are pySigma's */
const modifiers: ReadonlyMap<string, Modifier> = new Map<string, Modifier>([
  ['all', (item) => void (item.isAll = true)],
  ['neq', (item) => void (item.isNegated = true)],
  ['cased', (item) => void (item.isCased = true)],
  ['contains', placed('contains', (text) => [anyRun, ...text, anyRun])],
  ['startswith', placed('startswith', (text) => [...text, anyRun])],
  ['endswith', placed('endswith', (text) => [anyRun, ...text])],
  ['expand', (item) => changeTexts(item, (text) => expandPlaceholders(text, item.placeholders, item.line))],
  ['windash', (item) => changeTexts(item, windash)],
  ['wide', encoded((text) => Buffer.from(text, 'utf16le'))],
  ['utf16le', encoded((text) => Buffer.from(text, 'utf16le'))],
  ['utf16be', encoded((text) => Buffer.from(text, 'utf16le').swap16())],
  ['utf16', encoded((text) => Buffer.from(`\uFEFF${text}`, 'utf16le'))],
  ['base64', (item) => base64(item, (bytes) => [bytes.toString('base64')])],
  ['base64offset', (item) => base64(item, base64Offsets)],
  ['re', tested('regex')],
  ['cidr', tested('cidr')],
  ['exists', tested('exists')],
  ['fieldref', tested('field')],
  ['i', flagged('i')],
  ['m', flagged('m')],
  ['s', flagged('s')],
  ['ignorecase', flagged('i')],
  ['multiline', flagged('m')],
  ['dotall', flagged('s')],
  ...(['lt', 'lte', 'gt', 'gte'] as const).map((name) => [name, compared(name)] as const),
  ...timeParts.map((part) => [part, timed(part)] as const),
]);

function placed(position: Position, place: (text: SigmaString) => SigmaString): Modifier {
  return (item) => {
    if (item.test === 'field') item.position = position;
    // A regular expression matches anywhere, unless it is anchored.
    else if (item.test !== 'regex' || position !== 'contains') changeTexts(item, (text) => [joined(place(text))]);
  };
}

/** Replaces each text by alternatives; numbers and booleans become text first. */
function changeTexts(item: Item, change: (text: SigmaString) => readonly SigmaString[]): void {
  if (item.test !== 'value' || item.comparison || item.timePart)
    throw new RuleError(item.line, 'a modifier that changes text stands behind one that takes no text');
  let total = 0;
  item.values = item.values.map((alternatives) => {
    const changed = alternatives.flatMap((value) => change(asText(value, item.line)));
    if (changed.length > maxAlternatives)
      throw new RuleError(item.line, `a value stands for more than ${maxAlternatives} others`);
    total += changed.length;
    if (total > maxTotal) throw new RuleError(item.line, `the values stand for more than ${maxTotal} others`);
    return changed;
  });
}

function asText(value: Value, line: number): SigmaString {
  if (value === null) throw new RuleError(line, 'null has no text that a modifier could change');
  return typeof value === 'object' ? value : [String(value)];
}

const dashes = ['-', '/', '\u2013', '\u2014', '\u2015'];

/**
 * Replaces every dash or slash that begins a word by each character that Windows accepts as a dash.
 */
function windash(string: SigmaString): SigmaString[] {
  const choices = string.flatMap((part): SigmaString[] =>
    typeof part === 'string'
      ? part.split(/\B([-/])\b/).map((piece, index) => (index % 2 === 1 ? dashes : [piece]))
      : [[part]],
  );
  let variants: SigmaString[] = [[]];
  for (const choice of choices) {
    variants = variants.flatMap((start) => choice.map((end) => [...start, end]));
    // Stop at the first one above the limit, which the caller reports.
    if (variants.length > maxAlternatives) break;
  }
  return variants.map(joined);
}

function encoded(encode: (text: string) => Buffer): Modifier {
  return (item) => void (item.encode = encode);
}

/** Replaces each text by the encoded form of its bytes. */
function base64(item: Item, write: (bytes: Buffer) => string[]): void {
  const encode = item.encode ?? ((text) => Buffer.from(text));
  item.encode = null;
  changeTexts(item, (text) => {
    const literal = literalOf(text);
    if (literal === undefined) throw new RuleError(item.line, 'text with wildcards has no bytes');
    if (literal === '') throw new RuleError(item.line, 'nothing has no bytes');
    return write(encode(literal)).map((each) => [each]);
  });
}

/**
 * Returns the base64 forms of the bytes at the three possible offsets in a longer text, without the
 * characters that also encode surrounding bits.
 */
function base64Offsets(bytes: Buffer): string[] {
  const texts = [0, 1, 2].map((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .replace(/(?<!=)=+$/, '');
    const end = (offset + bytes.length) % 3 === 0 ? text.length : text.length - 1;
    return text.slice([0, 2, 3][offset], end);
  });
  // A single byte may leave an empty text, which would match every text.
  return texts.filter((text) => text !== '');
}

function tested(test: Item['test']): Modifier {
  return (item) => {
    if (item.test !== 'value' || item.comparison || item.timePart)
      throw new RuleError(item.line, 'an item has one of re, cidr, exists, fieldref, comparisons and parts of a time');
    item.test = test;
  };
}

function flagged(flag: 'i' | 'm' | 's'): Modifier {
  return (item) => {
    if (item.test !== 'regex') throw new RuleError(item.line, 'i, m and s belong to re');
    item.flags += flag;
  };
}

function compared(comparison: Comparison): Modifier {
  return (item) => {
    if (item.test !== 'value' || item.comparison) throw new RuleError(item.line, `${comparison} stands alone`);
    item.comparison = comparison;
  };
}

function timed(part: TimePart): Modifier {
  return (item) => {
    if (item.test !== 'value' || item.comparison || item.timePart)
      throw new RuleError(item.line, `${part} stands alone`);
    item.timePart = part;
  };
}
