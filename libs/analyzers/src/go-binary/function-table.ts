import { numbersOf } from '../elf.js';

// Start of a function table: a number for the version, two bytes of 0, the size of an instruction
// and that of a pointer.
const versions = { go116: 0xfffffffa, go118: 0xfffffff0, go120: 0xfffffff1 };
const headerBytes = 8;

/** Tables of a program with others inside (embedded files), and texts that only look like one. */
const maxTables = 64;
/** The largest programs have some 200,000. Repeated names count, too, as tables may overlap. */
const maxNames = 300_000;
const maxNameBytes = 4_096;

/**
 * Names of the functions in a program, as the linker writes them, with those that were inlined:
 * `golang.org/x/net/html.(*Tokenizer).Next`. Stripping keeps them, since a stack trace prints them.
 * Undefined if there is no table (Go before 1.16 has another one, and packed programs hide it), or
 * more than any compiler writes: a part of the names would prove that the others are missing.
 * @see https://github.com/golang/go/blob/master/src/runtime/symtab.go, pcHeader
 */
export function functionNames(content: Buffer): Set<string> | undefined {
  let found: Set<string> | undefined;
  let [tables, count] = [0, 0];
  for (const names of tablesIn(content)) {
    tables += 1;
    if (tables > maxTables) return undefined;
    found ??= new Set();
    for (const name of namesIn(names)) {
      found.add(name);
      count += 1;
      if (count > maxNames) return undefined;
    }
  }
  return found;
}

/** Regions of names, without those of damaged or accidental headers. */
function* tablesIn(content: Buffer): Generator<Buffer> {
  for (const [version, number] of Object.entries(versions)) {
    for (const isLittleEndian of [true, false]) {
      const magic = Buffer.alloc(6);
      if (isLittleEndian) magic.writeUInt32LE(number);
      else magic.writeUInt32BE(number);
      for (let at = content.indexOf(magic); at !== -1; at = content.indexOf(magic, at + 1)) {
        const names = nameRegion(content.subarray(at), isLittleEndian, version !== 'go116');
        if (names !== undefined) yield names;
      }
    }
  }
}

function nameRegion(table: Buffer, isLittleEndian: boolean, hasTextStart: boolean): Buffer | undefined {
  const [instruction, pointer] = [table[6]!, table[7]!];
  if (![1, 2, 4].includes(instruction) || ![4, 8].includes(pointer)) return undefined;
  const { word } = numbersOf(table.subarray(0, headerBytes + 8 * pointer), isLittleEndian, pointer === 8 ? 64 : 32);
  const field = (index: number) => word(headerBytes + index * pointer);
  const first = hasTextStart ? 3 : 2;
  const [functions, start, end] = [field(0), field(first), field(first + 1)];
  const isPlausible = functions > 0 && start >= headerBytes && end > start && end <= table.length;
  return isPlausible ? table.subarray(start, end) : undefined;
}

function* namesIn(region: Buffer): Generator<string> {
  for (let start = 0; start < region.length;) {
    const end = region.indexOf(0, start);
    if (end === -1) return;
    if (end > start && end - start <= maxNameBytes) yield region.toString('latin1', start, end);
    start = end + 1;
  }
}
