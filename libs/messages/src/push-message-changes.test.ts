import { type ImageDiff, pushChanges, type PushChanges } from '@tidewaiter/integrity';

import { changeItems } from './push-message-changes.js';

const base = (more: object = {}) => ({ name: null, digest: null, os: 'debian 12', layers: 3, ...more });
const nothing: ImageDiff = {
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

const textOf = (told: PushChanges) =>
  changeItems(told).map(({ text, detail }) => (detail === null ? text : `${text}: ${detail}`));

const numbered = (total: number) => Array.from({ length: total }, (_, index) => index + 1);

it.each<[string, PushChanges, string[]]>([
  ['nothing of what is the same', changes({}), []],
  [
    'who runs and what runs',
    changes({
      config: [
        { field: 'user', before: 'app', after: 'root' },
        { field: 'entrypoint', before: '/app', after: '/bin/sh with 2 arguments' },
        { field: 'env PATH', before: 'set', after: 'set' },
      ],
    }),
    ['runs as root now: before as app', 'entrypoint changed: /app → /bin/sh with 2 arguments'],
  ],
  ['nothing of another user without rights', changes({ config: [{ field: 'user', before: 'a', after: 'b' }] }), []],
  ['nothing of root as before', changes({ config: [{ field: 'user', before: '', after: 'root' }] }), []],
  [
    'set-uid files, a few by name',
    changes({ files: numbered(7).map((each) => setuid(`bin/${each}`)) }),
    ['7 new set-uid or set-gid files: bin/1, bin/2, bin/3, bin/4, bin/5 and 2 more'],
  ],
  [
    'new hosts, a few by name, of more than are kept',
    changes({ hosts: numbered(300).map((each) => ({ host: `h${each}.io`, namedIn: ['a.js'] })) }),
    ['300 new hosts in its files or build steps: h1[.]io, h2[.]io, h3[.]io, h4[.]io, h5[.]io and 295 more'],
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
        before: { revision: '1', builder: 'a', signers: ['release'] },
        after: { revision: '2', builder: 'b', signers: [] },
      },
    }),
    ['signed by others: release → nobody', 'built by another builder: a → b'],
  ],
  ['that it does not know', changes({ hosts: null }), ['not everything could be compared with the previous push']],
  [
    'which platform it is',
    changes({}, { config: [{ field: 'user', before: 'app', after: '0' }] }),
    ['runs as root now: before as app · linux/arm64 only'],
  ],
])('tells %s', (_, told, expected) => {
  expect(textOf(told)).toEqual(expected);
});
