import { factContext, factsFromFile } from '@tidewaiter/facts';
import { observe } from '@tidewaiter/sensors';

import { recordOf } from '../storylines/storyline.js';
import { FileWriters } from './file-writers.js';
import { VirtualEnvironments } from './virtual-environments.js';

const digest = `sha256:${'d'.repeat(64)}`;
const files = Object.fromEntries(
  ['/usr/bin/python3.12', '/usr/bin/python3', '/usr/local/bin/uv'].map((path) => [path, { sha256: 'a'.repeat(64) }]),
);
const image = { repository: 'r.example/app', tag: '1', digest, files, packages: [] };
const facts = factContext(
  factsFromFile({ format: 'tidewaiter-storyline-facts/1', cluster: 'c', images: { [digest]: image } }),
);

function started(line: string, container = 'c') {
  const [binary = ''] = line.split(' ', 1);
  const id = `containerd://${container.repeat(64)}`;
  const pod = { namespace: 'a', name: 'b', container: { id, name: 'm', image: { id: `r.example/app@${digest}` } } };
  const process = { exec_id: '1', pid: 9, uid: 0, cwd: '/srv', binary, arguments: line.slice(binary.length + 1), pod };
  const event = { process_exec: { process }, node_name: 'n', time: '2026-04-01T10:00:00Z' };
  return observe(recordOf({ id: '1', at: '2026-04-01T10:00:00Z', source: 'tetragon', event }, 'c'));
}

interface Use {
  made: string;
  run: string;
  written?: string;
  elsewhere?: boolean;
}

/** Executable of what runs after an environment was made, also after a restart of the detector. */
function executableOf({ made, run, written, elsewhere = false }: Use): string | null | undefined {
  const before = new VirtualEnvironments();
  before.note(started(made), facts);
  const environments = new VirtualEnvironments();
  environments.restore(before.snapshot());
  const writers = new FileWriters();
  const observation = started(run, elsewhere ? 'e' : 'c');
  if (written !== undefined) {
    writers.note({ ...observation, file: { path: written, access: 'write', to: null } }, ['/usr/bin/curl']);
  }
  environments.name(observation, null, writers);
  return observation.process?.executable;
}

const made = '/usr/bin/python3.12 -m venv /tmp/v --system-site-packages';

describe('VirtualEnvironments', () => {
  it.each<[string, Use, string]>([
    ['its python', { made, run: '/tmp/v/bin/python a.py' }, '/usr/bin/python3.12'],
    ['its pip', { made, run: '/tmp/v/bin/pip install x' }, '/usr/bin/python3.12'],
    [
      'that of a folder in the working directory',
      { made: '/usr/bin/python3.12 -m venv .venv', run: '/srv/.venv/bin/python3' },
      '/usr/bin/python3.12',
    ],
    [
      'that of another tool',
      { made: '/usr/local/bin/uv venv --python 3.12 /v', run: '/v/bin/python3.12' },
      '/usr/bin/python3',
    ],
  ])('names the interpreter of the image for %s', (_, use, expected) => {
    expect(executableOf(use)).toBe(expected);
  });

  it.each<[string, Use]>([
    ['that a process has overwritten', { made, run: '/tmp/v/bin/python', written: '/tmp/v/bin/python' }],
    ['of a folder that nothing has made', { made, run: '/tmp/w/bin/python' }],
    ['of another container', { made, run: '/tmp/v/bin/python', elsewhere: true }],
    ['by another name', { made, run: '/tmp/v/bin/kworker' }],
    ['that a dropped program made', { made: '/tmp/python3 -m venv /tmp/v', run: '/tmp/v/bin/python' }],
    ['of a command that only has the word', { made: '/usr/bin/python3.12 a.py venv /tmp/v', run: '/tmp/v/bin/python' }],
  ])('leaves a program %s', (_, use) => {
    expect(executableOf(use)).toBe(use.run.split(' ', 1)[0]);
  });
});
