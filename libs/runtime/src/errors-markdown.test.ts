import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { channelCodes, codeEntry, codeSections, errorCatalog, type CodeEntry } from '@tidewaiter/domain';

import { errorsMarkdown } from './errors-markdown.js';

const root = resolve(__dirname, '../../..');
const sources = globSync(['libs/*/src/**/*.ts', 'services/**/src/**/*.ts', 'cli/src/**/*.ts'], { cwd: root })
  .filter((path) => !path.endsWith('.test.ts') && !path.startsWith('libs/testkit/'))
  .map((path) => readFileSync(join(root, path), 'utf8'));

const kindOfClass: Record<string, CodeEntry['is']> = {
  InvalidInput: 'input',
  NotFound: 'missing',
  AccessDenied: 'denied',
  Unavailable: 'unavailable',
  NotYet: 'unavailable',
  TidewaiterError: 'failed',
};
/** Codes that the sources throw, with the class of the error. */
const thrown = sources.flatMap((text) =>
  [...text.matchAll(/new (\w+)\(\s*'([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)'/g)].flatMap(([, name, code]) =>
    kindOfClass[name!] ? [{ code: code!, is: kindOfClass[name!]! }] : [],
  ),
);
const warned = sources.flatMap((text) =>
  [...text.matchAll(/(?:\.add|warn)\(\s*'([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)'/g)].map(([, code]) => code!),
);

describe('errorCatalog', () => {
  it('has every code that is thrown or warned of', () => {
    const codes = new Set([...thrown.map(({ code }) => code), ...warned]);
    expect(codes.size).toBeGreaterThan(150);
    expect([...codes].filter((code) => codeEntry(code) === undefined)).toEqual([]);
  });

  it('has no code that nothing throws', () => {
    const text = sources.filter((source) => !source.includes('codeSections: readonly')).join('\n');
    expect(Object.keys(errorCatalog).filter((code) => !text.includes(`'${code}'`))).toEqual([]);
  });

  it('has each code once', () => {
    const codes = codeSections.flatMap((section) => Object.keys(section.codes));
    expect(codes.length).toBe(new Set(codes).size);
  });

  it('calls a code what the class of its error is', () => {
    const byCode = Map.groupBy(thrown, ({ code }) => code);
    const differing = [...byCode].filter(([code, uses]) => {
      const is = codeEntry(code)?.is;
      return is !== 'warning' && !uses.some((use) => use.is === is);
    });
    expect(differing.map(([code, uses]) => `${code}: ${uses[0]!.is}`)).toEqual([]);
  });

  it('has a remedy for each code of a channel', () => {
    for (const ending of Object.keys(channelCodes)) expect(codeEntry(`SLACK_${ending}`)?.fix).toMatch(/\.$/);
  });
});

describe('errorsMarkdown', () => {
  it('gives the page that docs/errors.md holds (else: npm run docs)', () => {
    expect(readFileSync(join(root, 'docs/errors.md'), 'utf8')).toBe(errorsMarkdown());
  });
});
