import type { EarlierTag } from '@tidewaiter/store';

import { chooseBaseline, isDecidedByNewest } from './baseline-choice.js';

const known = (tag: string, digest = tag): EarlierTag => {
  return { tag, digest: `sha256:${digest}`, at: new Date(0), pushedBy: null, isAnalyzed: true };
};
const push = (tag: string, digest = tag) => ({ repository: 'shop/app', tag, digest: `sha256:${digest}` });

describe('chooseBaseline', () => {
  it.each<[string, string, EarlierTag[], string | null, string | null]>([
    ['the version before', '2.0.1', [known('latest'), known('2.0.0'), known('1.9')], '2.0.0', 'previous-version'],
    [
      'a version that is no alias of the push',
      '2.0.1',
      [known('2.0', '2.0.1'), known('2.0.0')],
      '2.0.0',
      'previous-version',
    ],
    ['the same digest under the version before', '2.0.1', [known('2.0.0', '2.0.1')], '2.0.0', 'previous-version'],
    ['the newest push where no version is lower', '1.0.1', [known('2.0.0'), known('1.9')], '2.0.0', 'previous-push'],
    [
      'the newest push for a commit',
      'sha-4f2a91c',
      [known('sha-abc1234'), known('main')],
      'sha-abc1234',
      'previous-push',
    ],
    ['the newest push for a new alias', 'latest', [known('2.0.1-slim'), known('2.0.1')], '2.0.1', 'previous-push'],
    ['no other variant', '1.2.3-slim', [known('1.2.3-alpine'), known('1.2.3'), known('latest')], null, null],
    ['null without known tags', '1.0.0', [], null, null],
  ])('chooses %s', (_, tag, tags, expected, reason) => {
    const choice = chooseBaseline(push(tag), tags, []);
    expect([choice?.known.tag ?? null, choice?.reason ?? null]).toEqual([expected, reason]);
  });

  const tags = [known('edge'), known('2.0.0'), known('stable')];
  it.each<[string, string | null, string | null]>([
    ['version', '2.0.0', 'previous-version'],
    ['time', 'edge', 'previous-push'],
    ['none', null, null],
    ['tag:stable', 'stable', 'configured'],
    ['tag:missing', null, null],
  ])('applies setting %s, by the first rule that matches', (compareWith, expected, reason) => {
    const settings = [
      { repository: 'other/*', compareWith: 'none' },
      { repository: 'shop/*', compareWith },
      { repository: '*', compareWith: 'none' },
    ];
    const choice = chooseBaseline(push('2.0.1'), tags, settings);
    expect([choice?.known.tag ?? null, choice?.reason ?? null]).toEqual([expected, reason]);
  });
});

describe('isDecidedByNewest', () => {
  it.each([
    ['sha-4f2a91c', 'version', true],
    ['main', 'version', true],
    ['2.0.1', 'version', false],
    ['2.0.1', 'time', true],
    ['main', 'tag:stable', false],
    ['main', 'none', false],
  ])('decides %s, compared by %s', (tag, compareWith, expected) => {
    expect(isDecidedByNewest(push(tag), [{ repository: '*', compareWith }])).toBe(expected);
  });
});
