import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync, gunzipSync } from 'node:zlib';

import { TidewaiterError } from '@tidewaiter/domain';
import { brokenCopies, elfFile } from '@tidewaiter/testkit';
import * as fc from 'fast-check';

import { rustBinary } from './rust-binary.js';

// Program of rustc 1.95 with a section of cargo-auditable's form, zeroed except for headers and
// section.
const program = gunzipSync(readFileSync(join(__dirname, 'fixtures/app.gz')));
const path = 'usr/local/bin/app';
const analyze = (content: Buffer) => rustBinary.analyze({ path, content });
const withSection = (content: Buffer | string) => elfFile([{ name: '.dep-v0', content }]);
const withAudit = (audit: unknown) => withSection(deflateSync(JSON.stringify(audit)));

describe('rustBinary', () => {
  it('reads runtime crates, including the program', () => {
    expect(rustBinary.wants(path, program.subarray(0, 512))).toBe(true);
    const { packages, damage } = analyze(program);
    expect(packages?.map(({ name, version }) => `${name}@${version}`)).toEqual([
      'app@0.3.0',
      'serde@1.0.116',
      'time@0.1.43',
      'smallvec@0.6.9',
      'libc@0.2.150',
    ]);
    expect(packages?.[1]).toEqual({
      type: 'cargo',
      name: 'serde',
      version: '1.0.116',
      source: { name: 'serde', version: '1.0.116' },
      licenses: [],
      foundIn: path,
    });
    expect(damage).toBeUndefined();
  });

  it('returns nothing for a program without audit data', () => {
    expect(analyze(elfFile([{ name: '.text', content: 'code' }]))).toEqual({});
  });

  it('reports that a truncated program could not be searched', () => {
    expect(analyze(program.subarray(0, 4096))).toEqual({ damage: 'ELF headers cut off' });
  });

  it('counts entries that are no crates', () => {
    const packages = [{ name: '{{name}}', version: '1.0.0' }, { name: 'a', version: 1 }, null, 'x', { name: 'a' }];
    expect(analyze(withAudit({ packages: [...packages, { name: 'a', version: '1.0.0' }] }))).toMatchObject({
      packages: [{ name: 'a', version: '1.0.0' }],
      damage: '5 records without a usable name, version or status',
    });
  });

  it.each<[string, Buffer, string]>([
    ['no zlib', withSection('not zlib'), 'MALFORMED_FILE'],
    ['nothing', withSection(''), 'MALFORMED_FILE'],
    ['zlib cut off', withSection(deflateSync('{"packages":[]}').subarray(0, -6)), 'MALFORMED_FILE'],
    ['no JSON', withSection(deflateSync('{"packages":[')), 'MALFORMED_FILE'],
    ['no packages', withAudit({}), 'MALFORMED_FILE'],
    ['packages that are no list', withAudit({ packages: { length: 3 } }), 'MALFORMED_FILE'],
    ['no object', withAudit(null), 'MALFORMED_FILE'],
    ['200 MB of zeros', withSection(deflateSync(Buffer.alloc(200 << 20))), 'LIMIT_EXCEEDED'],
  ])('rejects %s', (_what, content, code) => {
    expect(() => analyze(content)).toThrow(expect.objectContaining({ code }));
  });

  it('limits the inflated size', () => {
    const bomb = withSection(deflateSync(Buffer.alloc(200 << 20)));
    const before = process.memoryUsage().rss;
    expect(() => analyze(bomb)).toThrow(expect.objectContaining({ limit: 'maxAuditBytes' }));
    expect(process.memoryUsage().rss - before).toBeLessThan(64 << 20);
  });

  it('throws only its own errors for changed or truncated files', () => {
    const whole = withAudit({ packages: [{ name: 'a', version: '1.0.0' }] });
    fc.assert(
      fc.property(brokenCopies(whole), (content) => {
        try {
          analyze(content);
        } catch (error) {
          expect(error).toBeInstanceOf(TidewaiterError);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
