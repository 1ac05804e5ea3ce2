import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { useSourceMaps } from './stack-traces.js';

const before = Error.prepareStackTrace;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidewaiter-stack-traces-'));
  useSourceMaps();
});

afterEach(() => {
  Error.prepareStackTrace = before;
  rmSync(folder, { recursive: true });
});

function traceOf(error: Error, ...frames: string[]): unknown {
  return Error.prepareStackTrace(
    error,
    frames.map((frame) => ({ toString: () => frame }) as NodeJS.CallSite),
  );
}

describe('useSourceMaps', () => {
  it('names lines of the sources, and leaves places without a map as they are', () => {
    const chunk = join(folder, 'chunk.js');
    // Line 1, column 1 of the chunk is line 11, column 3 of the source.
    const map = { version: 3, sources: ['../src/gate.ts'], names: [], mappings: 'AAUE' };
    writeFileSync(`${chunk}.map`, JSON.stringify(map));
    const frames = [
      `judge (${pathToFileURL(chunk).href}:1:1)`,
      `file://${folder}/other.js:2:3`,
      'new Promise (<anonymous>)',
    ];
    expect(traceOf(new RangeError('too long'), ...frames)).toBe(
      [
        'RangeError: too long',
        `    at judge (${join(dirname(folder), 'src/gate.ts')}:11:3)`,
        `    at file://${folder}/other.js:2:3`,
        '    at new Promise (<anonymous>)',
      ].join('\n'),
    );
  });

  it('bears a broken map', () => {
    writeFileSync(join(folder, 'broken.js.map'), '{');
    const place = `file://${folder}/broken.js:1:1`;
    expect(traceOf(new Error('x'), place)).toBe(`Error: x\n    at ${place}`);
  });
});
