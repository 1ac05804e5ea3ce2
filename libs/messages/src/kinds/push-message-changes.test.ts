import { type FileChange, type ImageDiff, pushChanges, type PushChanges } from '@tidewaiter/integrity';

import { changeItems } from './push-message-changes.js';

const base = (more: object = {}) => ({ name: null, digest: null, os: 'debian 12', layers: 3, ...more });
const nothing: ImageDiff = {
  isPartial: false,
  packages: [],
  files: [],
  config: [],
  steps: [],
  base: { isChanged: false, before: base(), after: base(), commonLayers: 3 },
  hosts: [],
  findings: { introduced: [], newlyPublished: [], resolved: [], unchanged: [] },
};
const setuid = (path: string) => ({
  path,
  change: 'added' as const,
  kind: 'setuid' as const,
  sizeBytes: 1,
  modeBefore: null,
  modeAfter: '4755',
  isNewSetuid: true,
});

const edited = (path: string, more: Partial<FileChange> = {}): FileChange => ({
  ...{
    path,
    change: 'content',
    kind: 'library',
    sizeBytes: 1,
    modeBefore: '0644',
    modeAfter: '0644',
    isNewSetuid: false,
  },
  ...{ sha256Before: 'a'.repeat(64), sha256After: 'b'.repeat(64), ...more },
});

function changes(...diffs: Partial<ImageDiff>[]): PushChanges {
  return pushChanges(
    diffs.map((diff, index) => ({
      platform: ['linux/amd64', 'linux/arm64'][index]!,
      before: 'sha256:a',
      after: 'sha256:b',
      change: 'compared',
      diff: { ...nothing, ...diff },
    })),
  );
}

const textOf = (changes: PushChanges) =>
  changeItems(changes).map(({ text, detail }) => (detail === null ? text : `${text}: ${detail}`));

const numbered = (total: number) => Array.from({ length: total }, (_, index) => index + 1);

describe('changeItems', () => {
  it.each<[string, PushChanges, string[]]>([
    ['nothing of what is the same', changes({}), []],
    [
      'who runs and what runs',
      changes({
        config: [
          { field: 'user', before: 'app', after: 'root' },
          { field: 'entrypoint', before: '/app', after: '/bin/sh with 2 arguments' },
          { field: 'cmd', before: 'node with 1 argument', after: '' },
          { field: 'env PATH', before: 'set', after: 'set' },
        ],
      }),
      [
        'runs as root now: previously as app',
        'entrypoint changed: /app → /bin/sh with 2 arguments',
        'command changed: node with 1 argument → none',
      ],
    ],
    ['nothing of another user without rights', changes({ config: [{ field: 'user', before: 'a', after: 'b' }] }), []],
    ['nothing of root as before', changes({ config: [{ field: 'user', before: '', after: 'root' }] }), []],
    [
      'set-uid files, a few by name',
      changes({ files: numbered(7).map((each) => setuid(`bin/${each}`)) }),
      ['7 new setuid or setgid files: bin/1, bin/2, bin/3, bin/4, bin/5 and 2 more'],
    ],
    [
      'changed, new and removed code, with hashes',
      changes({
        files: [
          edited('opt/app/lib/core.so'),
          edited('usr/bin/tool', { change: 'added', kind: 'program', sha256Before: null }),
          edited('app/old.py', { change: 'removed', kind: 'script', sha256After: null }),
          edited('etc/cron.d/x', { kind: 'startup' }),
          edited('app/data.bin', { kind: 'other' }),
          edited('usr/lib/libssl.so.3', { upgradedWith: { type: 'deb', name: 'libssl3' } }),
        ],
      }),
      [
        'changed startup file etc/cron.d/x: sha256 aaaaaaaaaaaa → bbbbbbbbbbbb',
        'new program usr/bin/tool: sha256 bbbbbbbbbbbb',
        'changed library opt/app/lib/core.so: sha256 aaaaaaaaaaaa → bbbbbbbbbbbb',
        'removed script app/old.py: sha256 aaaaaaaaaaaa',
      ],
    ],
    [
      'how many more files of code differ than it names, beyond those that are stored',
      changes({ files: numbered(300).map((each) => edited(`opt/${each}.so`)) }),
      [
        ...[1, 2, 3, 4].map((each) => `changed library opt/${each}.so: sha256 aaaaaaaaaaaa → bbbbbbbbbbbb`),
        '296 more programs, libraries or scripts changed',
      ],
    ],
    [
      'new hosts, a few by name, of more than are kept',
      changes({ hosts: numbered(300).map((each) => ({ host: `h${each}.io`, namedIn: ['a.js'] })) }),
      ['300 new hosts in its files, command or build steps: h1[.]io, h2[.]io, h3[.]io, h4[.]io, h5[.]io and 295 more'],
    ],
    [
      'the base',
      changes({ base: { isChanged: true, before: base(), after: base({ os: 'alpine 3.20' }), commonLayers: 0 } }),
      ['base image changed: debian 12 → alpine 3.20'],
    ],
    [
      'who signed and built',
      changes({
        origin: {
          before: { revision: '1', builder: 'a', source: 'https://git/a', signers: ['release'] },
          after: { revision: '2', builder: 'b', source: 'https://git/b', signers: [] },
        },
      }),
      [
        'signer changed: release → unsigned',
        'builder changed: a → b',
        'source repository changed: https://git/a → https://git/b',
      ],
    ],
    [
      'another pusher',
      { ...changes({}), pushers: { before: 'ci-bot', after: 'mallory' } },
      ['pushed by mallory, previously by ci-bot'],
    ],
    [
      'nothing of a pusher that one of the two registries does not name',
      { ...changes({}), pushers: { before: null, after: 'a' } },
      [],
    ],
    ['that it does not know', changes({ hosts: null }), ['not everything could be compared with the previous push']],
    [
      'which platform it is',
      changes({}, { config: [{ field: 'user', before: 'app', after: '0' }] }),
      ['runs as root now: previously as app · linux/arm64 only'],
    ],
  ])('lists %s', (_, changes, expected) => {
    expect(textOf(changes)).toEqual(expected);
  });
});
