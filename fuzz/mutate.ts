import type { Random } from './random.ts';

/** Makes one input into another. `other` is a second seed. */
type Mutation = (input: Buffer, random: Random, other: Buffer) => Buffer;

/** Limit on a mutated input: longer ones take more time and find less. */
const maxInputBytes = 2 * 1024 * 1024;
const maxSteps = 6;

const interestingNumbers = [
  0, 1, 2, 7, 8, 15, 16, 31, 32, 63, 64, 100, 127, 128, 255, 256, 511, 512, 1000, 1023, 1024, 4095, 4096, 32767, 32768,
  65535, 65536, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff,
];
const interestingTexts = [
  ...['0', '-1', '00000000000', '77777777777', '2147483648', '4294967296', '9007199254740993', '1e999', 'NaN'],
  ...['18446744073709551616', '-9223372036854775808', '9'.repeat(40), '1.0'.repeat(30), '0x10', '1_000'],
];
/** Tokens that are special to at least one parser. */
const tokens = [
  ...['\0', '\n', '\r\n', '\n\n', '\t', ' ', '"', "'", '\\', '\\u0000', '\\ud800', '\u2028', '\ufeff', '\u001b[2J'],
  ...[
    '{',
    '}',
    '[',
    ']',
    '(',
    ')',
    '<',
    '>',
    '<<',
    '&a ',
    '*a',
    '!!',
    '|',
    '>-',
    '---\n',
    ': ',
    ',',
    ';',
    '#',
    '%',
    '@',
  ],
  ...['__proto__', '"__proto__":{}', 'constructor', 'toString', 'hasOwnProperty', 'null', 'true', '[]', '{}', '""'],
  ...['../', '/', '//', './', '.wh.', '.wh..wh..opq', '${HOME}', '{{name}}', '$(id)', '<!ENTITY a "b">', '<![CDATA['],
  ...['\xff', '\xc0\x80', '\xed\xa0\x80', '\x80\0\0\0', '\xff\xff\xff\xff\xff\xff\xff\xff', 'PK\x03\x04', '\x7fELF'],
].map((text) => Buffer.from(text, /[\u0100-\uffff]/.test(text) ? 'utf8' : 'latin1'));

const mutations: readonly Mutation[] = [
  flipBits,
  setBytes,
  setInteger,
  nudgeInteger,
  setDigits,
  setDigits,
  truncate,
  removeBlock,
  duplicateBlock,
  repeatBlock,
  swapBlocks,
  splice,
  overwrite,
  insertToken,
  insertToken,
  nest,
];

/** The input of one turn: a seed after some mutations, applied in sequence. */
export function mutate(seeds: readonly Buffer[], random: Random): Buffer {
  let input: Buffer = Buffer.from(random.pick(seeds));
  for (let steps = 1 + random.below(maxSteps); steps > 0; steps -= 1) {
    input = random.pick(mutations)(input, random, random.pick(seeds)).subarray(0, maxInputBytes);
  }
  return input;
}

function flipBits(input: Buffer, random: Random): Buffer {
  for (let count = 1 + random.below(8); count > 0; count -= 1) {
    const at = placeIn(input, random);
    input[at] = (input[at] ?? 0) ^ (1 << random.below(8));
  }
  return input;
}

function setBytes(input: Buffer, random: Random): Buffer {
  const at = placeIn(input, random);
  const end = Math.min(input.length, at + 1 + random.below(16));
  return input.fill(random.pick([0, 1, 0x20, 0x2f, 0x3d, 0x7f, 0x80, 0xff]), at, end);
}

function setInteger(input: Buffer, random: Random): Buffer {
  return withInteger(input, random, () => random.pick(interestingNumbers));
}

/** Makes lengths, counts and offsets slightly wrong. */
function nudgeInteger(input: Buffer, random: Random): Buffer {
  return withInteger(input, random, (value) => value + random.below(33) - 16);
}

function withInteger(input: Buffer, random: Random, change: (value: number) => number): Buffer {
  const width = random.pick([1, 2, 4, 4, 8]);
  const at = placeIn(input, random);
  if (at + width > input.length) return input;
  const isBigEndian = random.oneIn(2);
  // For eight bytes, uses the half that small numbers occupy.
  const bytes = Math.min(width, 4);
  const place = width === 8 && isBigEndian ? at + 4 : at;
  const value = isBigEndian ? input.readUIntBE(place, bytes) : input.readUIntLE(place, bytes);
  const changed = Number(BigInt.asUintN(8 * bytes, BigInt(change(value))));
  if (isBigEndian) input.writeUIntBE(changed, place, bytes);
  else input.writeUIntLE(changed, place, bytes);
  return input;
}

/** Replaces numbers in text form: tar's octal fields, PAX lengths, versions. */
function setDigits(input: Buffer, random: Random): Buffer {
  let start = placeIn(input, random);
  const last = Math.min(input.length, start + 4096);
  while (start < last && !isDigit(input[start])) start += 1;
  let end = start;
  while (end < input.length && isDigit(input[end])) end += 1;
  if (end === start) return input;
  const text = random.oneIn(2) ? random.pick(interestingTexts) : String(random.pick(interestingNumbers));
  // A field of fixed width keeps its width.
  const isFixed = random.oneIn(2);
  const digits = Buffer.from(isFixed ? text.padStart(end - start, '0').slice(start - end) : text);
  return Buffer.concat([input.subarray(0, start), digits, input.subarray(end)]);
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

function truncate(input: Buffer, random: Random): Buffer {
  return input.subarray(0, random.below(input.length + 1));
}

function removeBlock(input: Buffer, random: Random): Buffer {
  const [start, end] = blockOf(input, random);
  return Buffer.concat([input.subarray(0, start), input.subarray(end)]);
}

function duplicateBlock(input: Buffer, random: Random): Buffer {
  const [start, end] = blockOf(input, random);
  const at = placeIn(input, random);
  return Buffer.concat([input.subarray(0, at), input.subarray(start, end), input.subarray(at)]);
}

/** Repeats a block, which exposes parsers with quadratic time. */
function repeatBlock(input: Buffer, random: Random): Buffer {
  const [start, end] = blockOf(input, random);
  const block = input.subarray(start, Math.min(end, start + 256));
  if (block.length === 0) return input;
  const most = random.oneIn(20) ? maxInputBytes : 16 * 1024;
  const repeated = Buffer.alloc(Math.ceil(random.below(most) / block.length) * block.length, block);
  return Buffer.concat([input.subarray(0, start), repeated, input.subarray(start)]);
}

function swapBlocks(input: Buffer, random: Random): Buffer {
  const [start, end] = blockOf(input, random);
  const to = Math.min(placeIn(input, random), Math.max(0, input.length - (end - start)));
  const moved = Buffer.from(input.subarray(start, end));
  input.copy(input, start, to, to + moved.length);
  moved.copy(input, to);
  return input;
}

function splice(input: Buffer, random: Random, other: Buffer): Buffer {
  return Buffer.concat([input.subarray(0, placeIn(input, random)), other.subarray(placeIn(other, random))]);
}

function overwrite(input: Buffer, random: Random, other: Buffer): Buffer {
  const [start, end] = blockOf(other, random);
  other.copy(input, placeIn(input, random), start, end);
  return input;
}

function insertToken(input: Buffer, random: Random): Buffer {
  const at = placeIn(input, random);
  const token = random.pick(tokens);
  const replaced = random.oneIn(2) ? token.length : 0;
  return Buffer.concat([input.subarray(0, at), token, input.subarray(at + replaced)]);
}

/** Nests brackets deeply: recursive parsers overflow the stack. */
function nest(input: Buffer, random: Random): Buffer {
  const opening = random.pick(['[', '{"a":', '(', '- ', '{', '[[', '<a>', '{a: ', '\n ', 'a.', '[a.']);
  const depth = random.pick([10, 100, 1_000, 20_000]);
  const at = placeIn(input, random);
  return Buffer.concat([input.subarray(0, at), Buffer.from(opening.repeat(depth)), input.subarray(at)]);
}

/** A position in the input; seldom in a run of zeros, which programs and databases are full of. */
function placeIn(input: Buffer, random: Random): number {
  let at = random.below(input.length);
  for (let tries = 0; tries < 32 && input[at] === 0; tries += 1) at = random.below(input.length);
  return at;
}

function blockOf(input: Buffer, random: Random): [start: number, end: number] {
  const start = placeIn(input, random);
  const most = random.pick([1, 8, 64, 512, 4096]);
  return [start, Math.min(input.length, start + 1 + random.below(most))];
}
