import type { Comparison, Position } from './expression.js';
import type { Located } from './located.js';
import { timeParts } from './matching/time-part.js';
import type { TimePart } from './matching/time-part.js';
import { expandPlaceholders } from './placeholders.js';
import type { Placeholders } from './placeholders.js';
import { RuleError, shown } from './rule-error.js';
import { anyRun, joined, literalOf, mapTexts, parseString } from './sigma-string.js';
import type { SigmaString } from './sigma-string.js';

/** A value of a rule on its way through the modifiers. */
export type Value = SigmaString | number | boolean | null;

/** What the modifiers of an item have made of it so far. */
export interface Item {
  readonly line: number;
  readonly placeholders: Placeholders;
  /** For each value of the rule, what may stand in its place. */
  values: readonly (readonly Value[])[];
  /** How the values are compared. */
  test: 'value' | 'regex' | 'cidr' | 'exists' | 'field';
  comparison: Comparison | null;
  timePart: TimePart | null;
  /** Of a `field`. */
  position: Position;
  /** Of a `regex`: `i`, `m`, `s`. */
  flags: string;
  /** The bytes that texts stand for, where they are not those of UTF-8. */
  encode: ((text: string) => Buffer) | null;
  isCased: boolean;
  isAll: boolean;
  isNegated: boolean;
}

type Modifier = (item: Item) => void;

/** How many others one value may stand for: five dashes at five places. */
const maxAlternatives = 5 ** 5;
const maxTotal = 20_000;

/** Applies what follows the field's name, left to right. @throws RuleError */
export function applyModifiers(
  names: readonly string[],
  values: readonly Located[],
  line: number,
  placeholders: Placeholders,
): Item {
  // Backslashes of an expression are its own.
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
  // Bytes that no base64 follows are characters each.
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
    // An expression is found anywhere, unless it says otherwise itself.
    else if (item.test !== 'regex' || position !== 'contains') changeTexts(item, (text) => [joined(place(text))]);
  };
}

/** Puts texts in place of each text; numbers and switches are taken as they would be written. */
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

/** Every dash or slash that begins a word, as each of the characters that Windows takes for one. */
function windash(string: SigmaString): SigmaString[] {
  const choices = string.flatMap((part): SigmaString[] =>
    typeof part === 'string'
      ? part.split(/\B([-/])\b/).map((piece, index) => (index % 2 === 1 ? dashes : [piece]))
      : [[part]],
  );
  let variants: SigmaString[] = [[]];
  for (const choice of choices) {
    variants = variants.flatMap((start) => choice.map((end) => [...start, end]));
    // One too many is enough for the limit to be seen.
    if (variants.length > maxAlternatives) break;
  }
  return variants.map(joined);
}

function encoded(encode: (text: string) => Buffer): Modifier {
  return (item) => void (item.encode = encode);
}

/** Texts made of the bytes of each text. */
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

/** What base64 makes of the bytes wherever they begin in something longer, without the characters that also hold bits of what is around. */
function base64Offsets(bytes: Buffer): string[] {
  const texts = [0, 1, 2].map((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    const end = (offset + bytes.length) % 3 === 0 ? text.length : text.length - 1;
    return text.slice([0, 2, 3][offset], end);
  });
  // Of a single byte there may be nothing left, which would be in every text.
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
