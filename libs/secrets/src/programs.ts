import { hasKnownFormat, isPackageDatabase, mayHoldSecrets } from './paths.js';

/** Kind of file as which secrets are searched; `history` is text whose file is unknown. */
export type SearchedKind = 'text' | 'history' | 'program';

/**
 * ELF, PE, Mach-O in both byte orders, universal binaries, Java classes, WebAssembly, SQLite, dumps
 * of Redis.
 */
const magics = '7f454c46 4d5a feedface cefaedfe feedfacf cffaedfe cafebabe 0061736d 53514c69 52454449'.split(' ');
/** Bytecode beside the sources of installed packages, which have the same strings. */
const installedBytecode =
  /(?:^|\/)(?:(?:site|dist)-packages|lib\/(?:python|pypy)[\d.]{1,6})\/(?:.{1,200}\/)?__pycache__\//;
/** Databases of wallets, whose names end like those of other binary files. */
const wallet = /(?:^|\/)(?:wallet\.dat|wallets\/[^/]{1,100}\.dat)$/;

/** Kind by the path and the first bytes of a file; undefined if it is not searched. */
export function searchedKind(path: string, head: Uint8Array): SearchedKind | undefined {
  if (mayHoldSecrets(path, head) || (wallet.test(path) && head.length > 0)) return 'text';
  return isProgram(path, head) ? 'program' : undefined;
}

function isProgram(path: string, head: Uint8Array): boolean {
  if (head.length === 0 || installedBytecode.test(path) || isPackageDatabase(path)) return false;
  // Compiled Python: a number of the version, and the end of a line. The source of an application
  // may be gone, or be without the secret by now.
  if (head[2] === 0x0d && head[3] === 0x0a && path.endsWith('.pyc')) return true;
  const start = Buffer.from(head.subarray(0, 4)).toString('hex');
  // Files of data that no list knows are searched as programs: serialized objects, swap files of
  // editors, dumps.
  return magics.some((magic) => start.startsWith(magic)) || !hasKnownFormat(path);
}

/** Characters of the shortest string that is searched: no strong format is shorter. */
const shortest = 20;
/** Limit on a string that continues in the next piece. */
const longestCarry = 64 * 1024;

const isPrintable = new Uint8Array(256);
for (let byte = 0x20; byte < 0x7f; byte += 1) isPrintable[byte] = 1;
// The lines of a PEM belong together.
for (const byte of [0x09, 0x0a, 0x0d]) isPrintable[byte] = 1;
const isWideByte = isPrintable.with(0, 1);

/**
 * Strings of a program that arrives in pieces, each on lines of its own. What the methods return is
 * valid until the next call for any program.
 */
export class ProgramStrings {
  #carry: Buffer = Buffer.alloc(0);
  /** Whether the program may have strings of two bytes a character, as for Windows and .NET. */
  #isWide: boolean | undefined;

  of(piece: Buffer): Buffer {
    this.#isWide ??= isWide(piece);
    const content = this.#carry.length > 0 ? Buffer.concat([this.#carry, piece]) : piece;
    const from = startOfLastRun(content, this.#isWide ? isWideByte : isPrintable);
    this.#carry = Buffer.from(content.subarray(from));
    return this.#strings(content.subarray(0, from));
  }

  /** Strings at the end of the last piece. */
  rest(): Buffer {
    return this.#strings(this.#carry);
  }

  /** Strings of a program that is in one piece. */
  whole(content: Buffer): Buffer {
    this.#isWide = isWide(content);
    return this.#strings(content);
  }

  #strings(content: Buffer): Buffer {
    const strings = stringsIn(content);
    return this.#isWide ? Buffer.concat([strings, wideStrings(content)]) : strings;
  }
}

function isWide(start: Buffer): boolean {
  return start[0] === 0x4d && start[1] === 0x5a;
}

const newline = 0x0a;
/** Memory of the last strings: programs have millions, and an object for each would be garbage. */
let collected = Buffer.alloc(0);

/**
 * Looks at every twentieth byte: a shorter string does not count, and most of a program is skipped.
 */
function stringsIn(content: Buffer): Buffer {
  // Each string is followed by the end of its line, and may be there twice.
  const most = 2 * (content.length + Math.ceil(content.length / shortest));
  if (collected.length < most) collected = Buffer.allocUnsafeSlow(most);
  const strings = collected;
  let length = 0;
  for (let at = shortest - 1; at < content.length; at += shortest) {
    if (isPrintable[content[at]!] === 0) continue;
    let start = at;
    while (start > 0 && isPrintable[content[start - 1]!] === 1) start -= 1;
    let end = at + 1;
    while (end < content.length && isPrintable[content[end]!] === 1) end += 1;
    at = end - 1;
    if (end - start < shortest) continue;
    for (let from = start; from < end; from += 1) strings[length++] = content[from]!;
    strings[length++] = newline;
    const [first, last] = statedString(content, start, end);
    for (let from = first; from < last; from += 1) strings[length++] = content[from]!;
    if (first < last) strings[length++] = newline;
  }
  return strings.subarray(0, length);
}

/**
 * Place of a string whose length is before it, where a letter follows that is of the format: as in
 * serialized objects of Python (four bytes) and Java (two), whose low byte may be printable, too.
 */
function statedString(content: Buffer, start: number, end: number): [first: number, last: number] {
  const four = start >= 4 ? content.readUInt32LE(start - 4) : 0;
  if (four >= shortest && four < end - start) return [start, start + four];
  for (const first of [start, start + 1]) {
    const two = first >= 2 ? content.readUInt16BE(first - 2) : 0;
    if (two >= shortest && two < end - first) return [first, first + two];
  }
  return [end, end];
}

/** Start of a string that may continue after the content. */
function startOfLastRun(content: Buffer, isPart: Uint8Array): number {
  const limit = Math.max(0, content.length - longestCarry);
  let start = content.length;
  while (start > limit && isPart[content[start - 1]!] === 1) start -= 1;
  return start;
}

const wide = new RegExp(`(?:[\\x20-\\x7e]\\0){${shortest},}`, 'g');

function wideStrings(content: Buffer): Buffer {
  const found = content.toString('latin1').match(wide);
  return Buffer.from(found === null ? '' : `${found.join('\n').replaceAll('\0', '')}\n`, 'latin1');
}
