import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Report } from '@tidewaiter/reports';
import * as fc from 'fast-check';

import { BoundedFolder } from './bounded-folder.js';
import { ReportCache } from './report-cache.js';
import { textOf } from './report-key.js';

const folder = mkdtempSync(join(tmpdir(), 'tidewaiter-cache-'));
afterAll(() => rmSync(folder, { recursive: true }));
const fresh = () => mkdtempSync(join(folder, 'part-'));

const report = { schemaVersion: 1, findings: [{ id: 'CVE-2026-1', title: 'Ünïcode' }] } as unknown as Report;
const from = new Date('2026-06-01T10:00:00Z');
const until = new Date('2026-06-02T00:00:00Z');
const secretKey = Buffer.alloc(32, 1);

describe('ReportCache', () => {
  it('answers with the report from its time on, and until it is over', () => {
    const cache = new ReportCache(fresh(), secretKey);
    expect(cache.get('key', from)).toBeNull();
    cache.put('key', report, { from, until });
    expect(cache.get('key', from)).toEqual(report);
    expect(cache.get('key', new Date(until.getTime() - 1))).toEqual(report);
    expect(cache.get('key', until)).toBeNull();
    // The clock was set back.
    expect(cache.get('key', new Date(from.getTime() - 1))).toBeNull();
  });

  it('answers with nothing from a file that was changed, cut, renamed, or written under another key', () => {
    const part = fresh();
    const cache = new ReportCache(part, secretKey);
    cache.put('key', report, { from, until });
    const path = join(part, 'key.report');
    const bytes = readFileSync(path);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const changed = Buffer.from(bytes);
        changed[at] = changed[at]! ^ change;
        writeFileSync(path, changed);
        expect(cache.get('key', from)).toBeNull();
        writeFileSync(path, bytes.subarray(0, at));
        expect(cache.get('key', from)).toBeNull();
      }),
      { numRuns: 100 },
    );
    writeFileSync(path, Buffer.concat([bytes, Buffer.from(' ')]));
    expect(cache.get('key', from)).toBeNull();
    writeFileSync(path, bytes);
    expect(cache.get('key', from)).toEqual(report);
    expect(new ReportCache(part, Buffer.alloc(32, 2)).get('key', from)).toBeNull();
    writeFileSync(join(part, 'other.report'), bytes);
    expect(cache.get('other', from)).toBeNull();
  });

  it('goes on where the folder cannot be written', () => {
    const file = join(fresh(), 'file');
    writeFileSync(file, '');
    const cache = new ReportCache(join(file, 'reports'), secretKey);
    cache.put('key', report, { from, until });
    expect(cache.get('key', from)).toBeNull();
  });
});

describe('BoundedFolder', () => {
  const maxBytes = 1024 * 1024;
  const sizeOf = (part: string) =>
    readdirSync(part).reduce((total, name) => total + statSync(join(part, name)).size, 0);

  it('stays below its limit, whatever several writers write', () => {
    const sizes = fc.array(fc.tuple(fc.nat(30), fc.nat(maxBytes / 16)), { minLength: 60, maxLength: 120 });
    fc.assert(
      fc.property(sizes, (writes) => {
        const part = fresh();
        const writers = [1, 2, 3].map(() => new BoundedFolder(part, maxBytes));
        for (const [index, [name, size]] of writes.entries()) {
          writers[index % 3]!.write(`${name}.file`, Buffer.alloc(size), new Date(from.getTime() + index * 1_000));
          expect(sizeOf(part)).toBeLessThanOrEqual(maxBytes);
        }
        rmSync(part, { recursive: true });
      }),
      { numRuns: 20 },
    );
  });

  it('keeps what was read last, and the newest', () => {
    const part = new BoundedFolder(fresh(), maxBytes);
    const at = (second: number) => new Date(Date.now() + second * 1_000);
    part.write('used', Buffer.alloc(1_000), at(0));
    for (let index = 1; index <= 200; index += 1) {
      part.write(`file-${index}`, Buffer.alloc(16_384), at(index));
      expect(part.read('used', at(index + 0.5))).toHaveLength(1_000);
    }
    expect(part.read('file-200', at(300))).toHaveLength(16_384);
    expect(part.read('file-1', at(300))).toBeNull();
  });
});

describe('textOf', () => {
  const plain = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom(null, true, false, Number.POSITIVE_INFINITY),
      fc.integer(),
      fc.string({ maxLength: 3 }),
      fc.date({ noInvalidDate: true }),
      fc.uint8Array({ maxLength: 2 }),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.uniqueArray(fc.string({ maxLength: 2 }), { maxLength: 3 }).map((values) => new Set(values)),
      fc.dictionary(fc.string({ maxLength: 2 }), tie('value'), { maxKeys: 3 }),
    ),
  })).value;

  it('differs for values that differ', () => {
    fc.assert(
      fc.property(plain, plain, (a, b) => {
        expect(textOf(a) === textOf(b)).toBe(fc.stringify(sorted(a)) === fc.stringify(sorted(b)));
      }),
      { numRuns: 2_000 },
    );
  });

  it('is the same for another order of keys, and for a field that is undefined', () => {
    expect(textOf({ a: 1, b: new Set(['x', 'y']), c: undefined })).toBe(textOf({ b: new Set(['y', 'x']), a: 1 }));
  });

  it.each([
    ['a function', () => 1],
    ['a map', new Map()],
    ['an instance', new (class Some {})()],
  ])('rejects %s, which might answer in any way', (_, value) => {
    expect(() => textOf({ value })).toThrow(TypeError);
  });

  function sorted(value: unknown): unknown {
    if (value instanceof Set) return new Set([...(value as Set<string>)].toSorted());
    if (Array.isArray(value)) return value.map(sorted);
    if (value === null || typeof value !== 'object' || Object.getPrototypeOf(value) === Date.prototype) return value;
    if (value instanceof Uint8Array) return value;
    return Object.fromEntries(
      Object.entries(value)
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, each]) => [key, sorted(each)]),
    );
  }
});
