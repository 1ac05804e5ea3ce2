import { factContext, factsFromFile } from '@tidewaiter/facts';
import { observe } from '@tidewaiter/sensors';

import { recordOf } from '../storylines/storyline.js';
import { isInImage } from './declared-program.js';
import { FileWriters } from './file-writers.js';
import { IssuedKeys } from './issued-keys.js';
import { OwnObjects } from './own-objects.js';
import { PodOrigins } from './pod-origins.js';
import { ProcessTree } from './process-tree.js';

const digest = `sha256:${'d'.repeat(64)}`;
const shim = '/usr/bin/containerd-shim-runc-v2';

interface Start {
  /** Programs from the first of the container on; the last is the event's. */
  chain: string[];
  runtime?: string;
  init?: boolean;
  /** Path that a process of the container wrote before. */
  written?: string;
}

/** `File.InImage` of the last program of a chain, in a container whose image has two programs. */
function inImage({ chain, runtime = shim, init = true, written }: Start): unknown {
  const container = { id: `containerd://${'c'.repeat(64)}`, name: 'main', image: { id: `r.example/app@${digest}` } };
  const place = { pod: { namespace: 'shop', name: 'app-0', container }, docker: 'c'.repeat(31), in_init_tree: init };
  const at = '2026-04-01T10:00:00Z';
  const named = (binary: string, id: number) => ({ exec_id: `${id}`, pid: id + 9, uid: 0, binary, start_time: at });
  const tree = new ProcessTree();
  const writers = new FileWriters();
  const programs = [runtime, ...chain];
  const seen = chain.map((binary, index) => {
    const process = { ...named(binary, index + 1), ...place, parent_exec_id: `${index}` };
    const parent = { ...named(programs[index]!, index), ...(index > 0 ? place : {}) };
    const event = { process_exec: { process, parent }, node_name: 'n', time: at };
    const observation = observe(recordOf({ id: `${index}`, at, source: 'tetragon', event }, 'c'));
    return { observation, process: tree.note(observation) };
  });
  const { observation, process } = seen.at(-1)!;
  if (written !== undefined) {
    writers.note({ ...observation, file: { path: written, access: 'write', to: null } }, ['/usr/bin/curl']);
  }
  const files = { '/bin/sh': { sha256: 'a'.repeat(64) }, '/usr/bin/app': { sha256: 'b'.repeat(64) } };
  const image = { repository: 'r.example/app', tag: '1', digest, files, packages: [] };
  const facts = factContext(
    factsFromFile({ format: 'tidewaiter-storyline-facts/1', cluster: 'c', images: { [digest]: image } }),
  );
  return isInImage({
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

describe('isInImage', () => {
  it.each<[string, Start, unknown]>([
    ['is true of a program of the image', { chain: ['/usr/bin/app'] }, true],
    ['is false of a program below it that the image lacks', { chain: ['/usr/bin/app', '/data/x'] }, false],
    ['is unknown of the first program of a container', { chain: ['/controller/manager'] }, undefined],
    [
      'is unknown of the same program further down',
      { chain: ['/controller/manager', '/usr/bin/app', '/bin/sh', '/controller/manager'] },
      undefined,
    ],
    ['is unknown below a copy of the runtime', { chain: ['/proc/self/exe', '/tools/entrypoint'] }, undefined],
    [
      'is false of it once a process of the container wrote there',
      { chain: ['/controller/manager'], written: '/controller/manager' },
      false,
    ],
    ['is false of what an exec opened', { chain: ['/controller/manager'], init: false }, false],
    ['is false of the first program in a folder for passing files', { chain: ['/tmp/manager'] }, false],
    ['is false where no runtime started the first program', { chain: ['/data/x'], runtime: '/usr/bin/app' }, false],
  ])('%s', (_, start, expected) => {
    expect(inImage(start)).toBe(expected);
  });
});
