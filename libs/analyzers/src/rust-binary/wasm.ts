/** First bytes of every module and component; the version follows. */
const magic = Buffer.from('\0asm', 'latin1');
const headerBytes = 8;
const customId = 0;
/** Sections of a component that are a module or a component in it. */
const nestedIds = [1, 4];
/** Limits for one file; the modules of compilers have some dozen sections. */
const maxSections = 10_000;
const maxDepth = 4;

/** Whether a file is a WebAssembly module or component, by its first bytes. */
export function isWasm(head: Uint8Array): boolean {
  return magic.equals(head.subarray(0, magic.length));
}

/**
 * Content of the first custom section of this name, in a module or in one of a component.
 * @see https://webassembly.github.io/spec/core/binary/modules.html#custom-section
 * @see https://github.com/WebAssembly/component-model/blob/main/design/mvp/Binary.md
 */
export function customSection(content: Buffer, name: string): Buffer | undefined {
  for (const section of customSections(content, maxDepth)) if (section.name === name) return section.content;
  return undefined;
}

function* customSections(module: Buffer, depth: number): Generator<{ name: string; content: Buffer }> {
  if (!isWasm(module) || depth === 0) return;
  // The second half of a component's version says that it is one.
  const isComponent = module[6] === 1;
  let at = headerBytes;
  for (let count = 0; at < module.length && count < maxSections; count += 1) {
    const size = readVarint(module, at + 1);
    const body = module.subarray(size.end, size.end + size.value);
    const id = module[at]!;
    if (id === customId) {
      const name = readVarint(body, 0);
      const nameEnd = name.end + name.value;
      yield { name: body.toString('utf8', name.end, nameEnd), content: body.subarray(nameEnd) };
    } else if (isComponent && nestedIds.includes(id)) {
      yield* customSections(body, depth - 1);
    }
    at = size.end + size.value;
  }
}

/** Unsigned LEB128 of 32 bits. */
function readVarint(bytes: Buffer, start: number): { value: number; end: number } {
  let value = 0;
  for (let index = 0; index < 5; index += 1) {
    const byte = bytes[start + index] ?? 0;
    value += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return { value, end: start + index + 1 };
  }
  return { value, end: start + 5 };
}
