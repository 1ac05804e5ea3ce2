import { factContext, factsFromFile } from '@tidewaiter/facts';
import { observe } from '@tidewaiter/sensors';

import { recordOf } from '../storylines/storyline.js';
import { FileWriters } from './file-writers.js';
import { IssuedKeys } from './issued-keys.js';
import { installedBy } from './own-install.js';
import { OwnObjects } from './own-objects.js';
import { PodOrigins } from './pod-origins.js';
import { ProcessTree } from './process-tree.js';

const digest = `sha256:${'d'.repeat(64)}`;
const programs = [
  ...['/bin/sh', '/bin/bash', '/usr/bin/tini', '/usr/bin/curl', '/usr/bin/node', '/usr/bin/demoter'],
  ...['/usr/bin/app', '/entry.sh', '/update.sh'],
];

interface Start {
  /** Command lines from the first of the container on; the last is of a program the image lacks. */
  chain: string[];
  /** Executable that wrote the program of the last. */
  writtenBy?: string;
  /** Seconds after the start of the container at which the second, and all below it, start. */
  afterS?: number;
  image?: object;
  init?: boolean;
  exposed?: boolean;
}

function installer({ chain, writtenBy, afterS = 5, image = {}, init = true, exposed }: Start): string | undefined {
  const beganMs = Date.parse('2026-04-01T10:00:00Z');
  const start_time = new Date(beganMs).toISOString();
  const id = `containerd://${'c'.repeat(64)}`;
  const container = { id, name: 'main', image: { id: `r.example/app@${digest}` }, start_time };
  const place = { pod: { namespace: 'shop', name: 'app-0', container }, docker: 'c'.repeat(31), in_init_tree: init };
  const named = (text: string, at: number) => {
    const [binary = ''] = text.split(' ', 1);
    return { exec_id: `${at}`, pid: at + 9, uid: 0, binary, arguments: text.slice(binary.length + 1) };
  };
  const tree = new ProcessTree();
  const writers = new FileWriters();
  const lines = ['/usr/bin/containerd-shim-runc-v2', ...chain];
  const seen = chain.map((line, index) => {
    const at = new Date(beganMs + (index === 0 ? 0 : afterS * 1000)).toISOString();
    const process = { ...named(line, index + 1), ...place, parent_exec_id: `${index}`, start_time: at };
    const parent = { ...named(lines[index]!, index), ...(index > 0 ? place : {}), start_time: at };
    const event = { process_exec: { process, parent }, node_name: 'n', time: at };
    const observation = observe(recordOf({ id: `${index}`, at, source: 'tetragon', event }, 'c'));
    return { observation, process: tree.note(observation) };
  });
  const { observation, process } = seen.at(-1)!;
  const path = observation.process!.executable!;
  if (writtenBy !== undefined) {
    writers.note({ ...observation, file: { path, access: 'write', to: null } }, [writtenBy, '/usr/bin/app']);
  }
  const files = Object.fromEntries(programs.map((each) => [each, { sha256: 'a'.repeat(64) }]));
  const known = { repository: 'r.example/app', tag: '1', digest, files, packages: [], ...image };
  const facts = factContext(
    factsFromFile({
      format: 'tidewaiter-storyline-facts/1',
      cluster: 'c',
      images: { [digest]: known },
      workloads: exposed === undefined ? {} : { 'shop/StatefulSet/app': { exposed } },
    }),
  );
  return installedBy({
    observation,
    process,
    tree,
    writers,
    origins: new PodOrigins(),
    objects: new OwnObjects(),
    issuedKeys: new IssuedKeys(),
    facts,
  });
}

const script = '/bin/bash /entry.sh';

const unsigned = { repository: 'docker.io/evil/app', signature: { signed: false, verified: false } };

describe('installedBy', () => {
  it.each<[string, Start]>([
    ['the script with which the container starts', { chain: [script, '/data/server'] }],
    ['a script below an init', { chain: ['/usr/bin/tini -- /entry.sh', script, '/bin/sh /update.sh', '/data/x'] }],
    ['a script below a program that starts it at once', { chain: ['/usr/bin/demoter', script, '/data/server'] }],
    ['a script that runs for long', { chain: [script, '/data/server'], afterS: 5_000 }],
  ])('names %s', (_, start) => {
    expect(installer(start)).toBe('start-script');
  });

  it.each<[string, Start, string]>([
    ['at its start', { chain: ['/usr/bin/app', '/data/plugins/x'], writtenBy: '/usr/bin/app' }, 'application'],
    [
      'later',
      { chain: ['/usr/bin/app', '/data/plugins/x'], writtenBy: '/usr/bin/app', afterS: 900 },
      'running-application',
    ],
    [
      'in an image of unknown origin',
      { chain: ['/usr/bin/app', '/data/plugins/x'], writtenBy: '/usr/bin/app', image: unsigned },
      'running-application',
    ],
    [
      'from where it unpacks itself',
      { chain: ['/usr/bin/app', '/tmp/_MEI1/x'], writtenBy: '/usr/bin/app', exposed: false },
      'application',
    ],
  ])('names the application that has written it and starts it %s', (_, start, expected) => {
    expect(installer(start)).toBe(expected);
  });

  it.each<[string, Start]>([
    ['a command line', { chain: ['/bin/sh -c "curl x | sh"', '/data/server'] }],
    ['a script that the image lacks', { chain: ['/bin/bash /data/run.sh', '/data/server'] }],
    ['a server below the script', { chain: [script, '/usr/bin/app serve', '/data/x'] }],
    ['a script that a server calls', { chain: ['/usr/bin/app serve', '/bin/sh /update.sh', '/data/x'], afterS: 900 }],
    ['a script below an interpreter', { chain: ['/usr/bin/node /a.js', script, '/data/x'] }],
    ['a session of exec', { chain: [script, '/data/x'], init: false }],
    ['an image of unknown origin', { chain: [script, '/data/x'], image: unsigned }],
    [
      'what such an image unpacks itself',
      { chain: ['/usr/bin/app', '/tmp/x'], writtenBy: '/usr/bin/app', exposed: false, image: unsigned },
    ],
    ['a download that the application starts', { chain: ['/usr/bin/app', '/data/x'], writtenBy: '/usr/bin/curl' }],
    ['an interpreter', { chain: ['/usr/bin/node /a.js', '/data/x'], writtenBy: '/usr/bin/node' }],
    ...[{ exposed: true }, { exposed: false, afterS: 900 }, {}].map((more): [string, Start] => [
      `a temporary folder with ${JSON.stringify(more)}`,
      { chain: ['/usr/bin/app', '/tmp/x'], writtenBy: '/usr/bin/app', ...more },
    ]),
    ['an application that starts what it did not write', { chain: ['/usr/bin/app', '/data/x'] }],
    ...['/tmp/x', '/dev/shm/x', '/data/.x', '/usr/bin/x', '/lib/x', 'memfd:x'].map((path): [string, Start] => [
      `${path} by the script`,
      { chain: [script, path] },
    ]),
  ])('names none for %s', (_, start) => {
    expect(installer(start)).toBeUndefined();
  });
});
