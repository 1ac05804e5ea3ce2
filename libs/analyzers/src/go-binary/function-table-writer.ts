export interface FunctionTableShape {
  magic?: number;
  pointerBytes?: 4 | 8;
  isLittleEndian?: boolean;
  instructionBytes?: number;
}

/** Function table of a Go program with these names and no functions, for tests. */
export function functionTable(
  names: readonly string[],
  { magic = 0xfffffff1, pointerBytes = 8, isLittleEndian = true, instructionBytes = 1 }: FunctionTableShape = {},
): Buffer {
  const hasTextStart = magic !== 0xfffffffa;
  const region = Buffer.from(names.map((name) => `${name}\0`).join(''), 'latin1');
  const fields = hasTextStart ? [names.length, 1, 0] : [names.length, 1];
  const start = 8 + (fields.length + 5) * pointerBytes;
  const end = start + region.length;
  const header = Buffer.alloc(start);
  header.writeUInt32LE(magic);
  if (!isLittleEndian) header.writeUInt32BE(magic);
  header[6] = instructionBytes;
  header[7] = pointerBytes;
  for (const [index, value] of [...fields, start, end, end, end, end].entries()) {
    const at = 8 + index * pointerBytes;
    if (isLittleEndian) header.writeUInt32LE(value, at);
    else header.writeUInt32BE(value, at + pointerBytes - 4);
  }
  return Buffer.concat([header, region, Buffer.alloc(64)]);
}
