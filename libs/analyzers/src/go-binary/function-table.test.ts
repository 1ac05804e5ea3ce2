import * as fc from 'fast-check';

import { functionTable } from './function-table-writer.js';
import { functionNames } from './function-table.js';

describe('functionNames', () => {
  it.each([
    ['Go 1.16', { magic: 0xfffffffa }],
    ['Go 1.18', { magic: 0xfffffff0 }],
    ['Go 1.20', {}],
    ['32 bits', { pointerBytes: 4 }],
    ['big-endian machines', { isLittleEndian: false }],
  ] as const)('reads the table of %s', (_, shape) => {
    const table = functionTable(['main.main', 'fmt.Println'], shape);
    expect([...functionNames(Buffer.concat([Buffer.alloc(100), table]))!]).toEqual(['main.main', 'fmt.Println']);
  });

  it('joins the tables of a program and of one inside', () => {
    const content = Buffer.concat([functionTable(['main.main', 'a.A']), functionTable(['main.main', 'b.B'])]);
    expect([...functionNames(content)!].toSorted()).toEqual(['a.A', 'b.B', 'main.main']);
  });

  it.each([
    ['Go 1.2', functionTable(['main.main'], { magic: 0xfffffffb })],
    ['no table', Buffer.alloc(1_000, 1)],
    ['a header that is cut off', functionTable(['main.main']).subarray(0, 40)],
    ['names beyond the file', functionTable(['main.main']).subarray(0, -70)],
    ['an instruction size of 3', functionTable(['main.main'], { instructionBytes: 3 })],
  ])('finds nothing in %s', (_, content) => {
    expect(functionNames(content)).toBeUndefined();
  });

  it('leaves out names that are longer than any of a compiler', () => {
    expect([...functionNames(functionTable(['a'.repeat(5_000), 'fmt.Println']))!]).toEqual(['fmt.Println']);
  });

  it('reads any bytes without an error', () => {
    const table = functionTable(['main.main', 'fmt.Println']);
    fc.assert(
      fc.property(fc.nat(table.length - 1), fc.uint8Array({ maxLength: 16 }), (at, bytes) => {
        const damaged = Buffer.from(table);
        damaged.set(bytes.subarray(0, table.length - at), at);
        expect(functionNames(damaged)?.size ?? 0).toBeLessThanOrEqual(table.length);
      }),
    );
  });

  it.each([
    ['tables', Buffer.concat(Array.from({ length: 20_000 }, () => functionTable(['a.A'])))],
    ['names', functionTable(Array.from({ length: 300_001 }, (_, index) => `a.F${index}`))],
  ])('knows nothing of a program with more %s than any compiler writes', (_, content) => {
    expect(functionNames(content)).toBeUndefined();
  });

  it('reads as many tables as a program may hold', () => {
    const content = Buffer.concat(Array.from({ length: 64 }, () => functionTable(['a.A'])));
    expect([...functionNames(content)!]).toEqual(['a.A']);
  });
});
