import { bytesAt, halfAt, wordAt, type PeFile } from './pe-file.js';

const resourceDirectory = 2;
const versionType = 16;
const isDirectory = 0x80000000;
const maxResources = 4096;
const maxTextLength = 1024;
/** Usual ones have some 1,000 bytes. */
const maxVersionBytes = 64 * 1024;

/**
 * Texts of the version resource by their names: `ProductName`, `ProductVersion`, `FileVersion`,
 * `CompanyName`.
 * @throws MalformedFile when resources point outside of the file
 * @see https://learn.microsoft.com/windows/win32/menurc/vs-versioninfo
 */
export function versionTexts(file: PeFile): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  const block = findVersion(file);
  if (block) readTexts(block, texts);
  return texts;
}

/** Resources are a tree of types, names and languages; the first of each is used. */
function findVersion(file: PeFile): Buffer | undefined {
  const root = bytesAt(file, file.directories[resourceDirectory]?.address ?? 0);
  if (!root) return undefined;
  const names = childOf(root, 0, (id) => id === versionType);
  const languages = names === undefined ? undefined : childOf(root, names, () => true);
  const data = languages === undefined ? undefined : childOf(root, languages, () => true);
  if (data === undefined) return undefined;
  return bytesAt(file, wordAt(root, data))?.subarray(0, Math.min(wordAt(root, data + 4), maxVersionBytes));
}

/** Offset of the first child with a wanted id, from the start of the resources. */
function childOf(root: Buffer, directory: number, isWanted: (id: number) => boolean): number | undefined {
  const children = Math.min(halfAt(root, directory + 12) + halfAt(root, directory + 14), maxResources);
  for (let index = 0; index < children; index += 1) {
    const entry = directory + 16 + index * 8;
    if (isWanted(wordAt(root, entry))) return wordAt(root, entry + 4) & ~isDirectory;
  }
  return undefined;
}

/** Depth of texts: the version, `StringFileInfo`, a table of a language, its texts. */
const textDepth = 3;

/**
 * Every block is a length, a length of the value, a type, a name, the value, and then blocks within
 * it.
 */
function readTexts(block: Buffer, texts: Map<string, string>, depth = 0): void {
  const name = textAt(block, 6);
  const value = aligned(6 + (name.length + 1) * 2);
  const valueLength = halfAt(block, 2);
  if (depth === textDepth) {
    if (!texts.has(name)) texts.set(name, textAt(block, value).trim());
    return;
  }
  if (depth === 1 && name !== 'StringFileInfo') return;
  const end = Math.min(halfAt(block, 0), block.length);
  for (let at = aligned(value + valueLength); at + 6 <= end;) {
    const length = halfAt(block, at);
    if (length < 6) return;
    readTexts(block.subarray(at, Math.min(at + length, end)), texts, depth + 1);
    at = aligned(at + length);
  }
}

function aligned(at: number): number {
  return Math.ceil(at / 4) * 4;
}

/** Reads a text in UTF-16 up to its zero. */
function textAt(block: Buffer, at: number): string {
  const text = block.toString('utf16le', Math.min(at, block.length), Math.min(at + maxTextLength * 2, block.length));
  const end = text.indexOf('\0');
  return end === -1 ? text : text.slice(0, end);
}
