import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { ability, programs, sharedData } from './needs.js';
import { faultsOf, skipsOf } from './skip-reporter.js';

const repository = resolve(__dirname, '../../..');

/** Test files and what they import of `e2e`. */
const testFiles = ['libs', 'services', 'cli', 'e2e', 'fuzz'].flatMap((folder) =>
  readdirSync(join(repository, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => !/(^|\/)(node_modules|dist)\//.test(path))
    .filter((path) => path.endsWith('.test.ts') || (folder === 'e2e' && path.endsWith('.ts')))
    .map((path) => join(folder, path)),
);

/** Ways to leave a test out that the report of skipped tests would not explain. */
const otherWays: readonly RegExp[] = [
  /\b(?:describe|it|test)\s*\.\s*(?:skip|todo|only)\b/,
  /\b(?:xit|xtest|xdescribe)\(/,
  /\bTIDEWAITER_(?:SHARED|CORPUS)\b/,
  /\bSKIPPED\b/,
];

describe('skipped tests', () => {
  it('are skipped by the functions of `needs.ts` alone', () => {
    const own = 'libs/testkit/src/skips.test.ts';
    const others = testFiles
      .filter((path) => path !== own)
      .filter((path) => {
        const text = readFileSync(join(repository, path), 'utf8');
        return otherWays.some((way) => way.test(text));
      });
    expect(testFiles.length).toBeGreaterThan(600);
    expect(others).toEqual([]);
  });

  it('name what is missing, each once', () => {
    expect(programs('bash', 'skopeo').missing).not.toContain('bash');
    expect(sharedData('no/such/file')).toMatchObject({ isThere: false, missing: ['TIDEWAITER_SHARED/no/such/file'] });
    expect(ability('root', true)).toEqual({ isThere: true, missing: [] });
    expect(ability('root', false)).toEqual({ isThere: false, missing: ['root'] });
  });

  describe('in the results of a run', () => {
    const run = (...tests: [status: string, fullName: string][]) => ({
      testResults: [
        {
          testFilePath: join(repository, 'libs/oci/src/a.test.ts'),
          testResults: tests.map(([status, fullName]) => ({ status, fullName })),
        },
      ],
    });

    it('are found with their reason', () => {
      const results = run(['passed', 'a'], ['pending', 'b [needs cosign, root]'], ['todo', 'c'], ['pending', 'd']);
      const file = 'libs/oci/src/a.test.ts';
      expect(skipsOf(results)).toEqual([
        { file, test: 'b [needs cosign, root]', missing: ['cosign', 'root'] },
        { file, test: 'c', missing: [] },
        { file, test: 'd', missing: [] },
      ]);
    });

    it('are faults where the machine can have what they need, and without a reason', () => {
      const skips = skipsOf(run(['pending', 'b [needs cosign, root]'], ['pending', 'x [needs cosign]'], ['todo', 'c']));
      expect(faultsOf(skips, (need) => need === 'cosign')).toEqual([
        'skipped without cosign, which this machine can have',
        'skipped without a reason: libs/oci/src/a.test.ts: c',
      ]);
      expect(faultsOf(skipsOf(run(['pending', 'b [needs root]'])), () => false)).toEqual([]);
    });
  });
});
