import { EntryTable } from './entry-table.js';
import type { LayerEntry } from './layer-entry.js';

function file(path: string, more: Partial<LayerEntry> = {}): LayerEntry {
  return { path, type: 'file', mode: 0o644, uid: 0, gid: 0, size: 0, ...more };
}

const plain = (entries: Iterable<LayerEntry>) => JSON.parse(JSON.stringify([...entries])) as LayerEntry[];

describe('EntryTable', () => {
  it('returns added entries with all fields or none', () => {
    const entries = [
      file(''),
      file('usr/bin/é😀\uEFE4', { mode: 0o7777, uid: 2 ** 32 - 1, gid: 70_000, size: 2 ** 50 }),
      file('all', { sha256: 'ab'.repeat(32), md5: 'cd'.repeat(16), sha1: 'ef'.repeat(20), linkTarget: 'é' }),
      file('some', { sha1: 'ef'.repeat(20) }),
      file('link', { type: 'symlink', linkTarget: '' }),
      file('bin/ping', { capabilities: '0100000200200000000000000000000000000000' }),
      file('link/all', { type: 'hardlink', linkTarget: 'all', sha256: '00'.repeat(32), capabilities: '00'.repeat(24) }),
      file('gone', { whiteout: 'file' }),
      file('dir', { type: 'directory', whiteout: 'opaque' }),
    ];
    const table = EntryTable.of(entries);
    expect(plain(table)).toEqual(entries);
    table.compact();
    expect(plain(table)).toEqual(entries);
    expect(table.length).toBe(entries.length);
    expect(table.at(entries.length)).toBeUndefined();
  });

  it('holds more than one page and the longest names', () => {
    const entries = Array.from({ length: 2_000 }, (_, index) => file(`${index}/${'\uEFFF'.repeat(index * 2)}`));
    expect(plain(EntryTable.of(entries))).toEqual(entries);
  });

  it('hands over its pages once', () => {
    const table = EntryTable.of([file('a'), file('b')]);
    const copy = new EntryTable();
    for (const page of table.takePages()) expect(copy.addPage(Buffer.from(page))).toBe(true);
    expect(Array.from(copy, ({ path }) => path)).toEqual(['a', 'b']);
    expect([...table]).toEqual([]);
  });

  it('closes the gaps of removed entries', () => {
    const table = EntryTable.of(['a', 'b', 'c'].map((path) => file(path)));
    table.remove(1);
    expect(table.at(2)?.path).toBe('c');
    table.compact();
    expect(Array.from(table, ({ path }) => path)).toEqual(['a', 'c']);
    expect(table.at(1)?.path).toBe('c');
    expect(EntryTable.of([]).at(0)).toBeUndefined();
  });
});
