import { type Digest, type Observation, type ObservedProcess, unknownProcess } from '@tidewaiter/domain';
import { type ContainerLookup, factContext, factsFromFile } from '@tidewaiter/facts';

import { imageEvidence } from './image-evidence.js';

const shell = {
  ...{ activity: 'exec', timeMs: 0, cluster: 'eu1', file: null, network: null, request: null, pod: null },
  process: { ...unknownProcess(), executable: '/bin/sh' },
} as unknown as Observation;
const place = { imageDigest: null } as Parameters<typeof imageEvidence>[2];

describe('imageEvidence', () => {
  it.each([
    [['command', 'args'], ['the pod overrides the command of the image']],
    [['args'], []],
    [null, []],
  ] as const)('reports a container whose pod overrides %j of its image: %j', (overrides, expected) => {
    const lookup = {
      ...{
        digestOf: () => null,
        workloadOf: () => null,
        startedAtOf: () => null,
        accountAt: () => null,
        workload: () => null,
      },
      ...{ namespaceLabelsOf: () => ({}), probesOf: () => [], overridesOf: () => overrides },
      isOfAnotherCluster: () => false,
    } satisfies ContainerLookup;
    const evidence = imageEvidence(shell, factContext({ ...factsFromFile({}), lookup }), place);
    expect(evidence.map(({ text }) => text)).toEqual(expected);
  });

  describe('with an exploited package in an archive', () => {
    const digest: Digest = `sha256:${'a'.repeat(64)}`;
    const facts = factContext({
      ...factsFromFile({
        images: {
          [digest]: {
            vulnerabilities: [
              { id: 'CVE-2026-1', package: 'other', path: '/opt/other.jar', kev: true, epss: 0.99 },
              {
                id: 'CVE-2021-44228',
                package: 'log4j-core',
                path: '/srv/shop.ear!/lib/log4j-core-2.14.1.jar',
                kev: true,
              },
            ],
          },
        },
      }),
      lookup: {
        ...{
          digestOf: () => digest,
          workloadOf: () => null,
          startedAtOf: () => null,
          accountAt: () => null,
          workload: () => null,
        },
        ...{ namespaceLabelsOf: () => ({}), probesOf: () => [], overridesOf: () => null },
        isOfAnotherCluster: () => false,
      } satisfies ContainerLookup,
    });
    const inUse = (process: Partial<ObservedProcess>, path: string | null = null) => {
      const file = path === null ? null : ({ path, access: 'read', to: null } as const);
      const observation = { ...shell, activity: 'alert' as const, file, process: { ...unknownProcess(), ...process } };
      return imageEvidence(observation, facts, { ...place, imageDigest: digest })
        .filter(({ finding }) => finding === 'in-use-vulnerability')
        .map(({ text }) => text);
    };
    const text = 'CVE-2021-44228 (KEV) in log4j-core at /srv/shop.ear!/lib/log4j-core-2.14.1.jar is in use';

    it('names the archive of an exploited package with which the parent of a shell was started', () => {
      expect(inUse({ commandLine: 'sh -c id', parentCommandLine: 'java -jar /srv/shop.ear' })).toEqual([text]);
    });

    it('names the archive that a process reads', () => {
      expect(inUse({ commandLine: 'jsvc' }, '/srv/shop.ear')).toEqual([text]);
    });

    it('does not report an archive in use that no process was started with', () => {
      expect(inUse({ commandLine: 'sh -c id', parentCommandLine: 'java -jar /app/else.jar' })).toEqual([]);
    });
  });
});
