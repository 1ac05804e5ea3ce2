import type { Observation } from '@tidewaiter/domain';
import { type ContainerLookup, factContext, factsFromFile } from '@tidewaiter/facts';

import { imageEvidence } from './image-evidence.js';

const shell = {
  ...{ activity: 'exec', timeMs: 0, cluster: 'eu1', file: null, network: null, request: null, pod: null },
  process: { executable: '/bin/sh', workingDirectory: null, sha256: null },
} as unknown as Observation;
const place = { imageDigest: null } as Parameters<typeof imageEvidence>[2];

it.each([
  [['command', 'args'], ['its pod starts the image with another command']],
  [['args'], []],
  [null, []],
] as const)('tells of a container whose pod says %j in place of its image: %j', (overrides, expected) => {
  const lookup = {
    ...{ digestOf: () => null, workloadOf: () => null, startedAtOf: () => null, workload: () => null },
    ...{ namespaceLabelsOf: () => ({}), probesOf: () => [], overridesOf: () => overrides },
  } satisfies ContainerLookup;
  const told = imageEvidence(shell, factContext({ ...factsFromFile({}), lookup }), place);
  expect(told.map(({ text }) => text)).toEqual(expected);
});
