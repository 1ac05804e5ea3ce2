import { factContext, factsFromFile } from '@tidewaiter/facts';
import { observe } from '@tidewaiter/sensors';

import { recordOf } from '../storylines/storyline.js';
import { FileWriters } from './file-writers.js';
import { isOwnWork } from './own-work.js';
import { PodOrigins } from './pod-origins.js';
import { ProcessTree } from './process-tree.js';

const digest = `sha256:${'d'.repeat(64)}`;
const programs = ['/bin/sh', '/usr/bin/agentd', '/usr/bin/nsenter', '/usr/sbin/modprobe', '/usr/bin/node', '/sbin/apk'];

interface Start {
  command: string;
  parent?: string;
  init?: boolean;
  image?: object;
}

/** Whether a process that starts like this does the work of its container. */
function isExplained({
  command,
  parent = '/usr/bin/containerd-shim-runc-v2',
  init = true,
  image = {},
}: Start): boolean {
  const container = { id: `containerd://${'c'.repeat(64)}`, name: 'main', image: { id: `r.example/agent@${digest}` } };
  const place = { pod: { namespace: 'shop', name: 'agent-0', container }, docker: 'c'.repeat(31), in_init_tree: init };
  const named = (text: string, id: string) => {
    const [binary = ''] = text.split(' ', 1);
    const start_time = '2026-04-01T10:00:00Z';
    return { exec_id: id, pid: 1, uid: 0, cwd: '/', binary, arguments: text.slice(binary.length + 1), start_time };
  };
  const process = { ...named(command, 'child'), ...place, parent_exec_id: 'parent' };
  const at = '2026-04-01T10:00:00Z';
  const event = { process_exec: { process, parent: named(parent, 'parent') }, node_name: 'n', time: at };
  const observation = observe(recordOf({ id: '1', at, source: 'tetragon', event }, 'c'));
  const files = Object.fromEntries(programs.map((path) => [path, { sha256: 'a'.repeat(64), package: 'agent' }]));
  const known = { repository: 'r.example/agent', tag: '1', digest, files, packages: [], ...image };
  const facts = factContext({
    ...factsFromFile({ format: 'tidewaiter-storyline-facts/1', cluster: 'c', images: { [digest]: known } }),
  });
  const tree = new ProcessTree();
  const found = tree.note(observation);
  const inputs = { observation, process: found, tree, writers: new FileWriters(), origins: new PodOrigins(), facts };
  return isOwnWork(inputs);
}

describe('isOwnWork', () => {
  it.each([
    ['the declared command', { command: '/usr/bin/nsenter --mount=/proc/1/ns/mnt -- iscsiadm -m node' }],
    ['a declared shell command', { command: '/bin/sh -c "nsenter -t 1 -m pgrep iscsid"' }],
    ['what the entry script starts', { command: '/sbin/apk add socat', parent: '/bin/sh /entrypoint.sh' }],
    ['what an agent starts itself', { command: '/usr/sbin/modprobe ip_vs', parent: '/usr/bin/agentd --all' }],
    ['an agent that ran before it was watched', { command: '/usr/sbin/modprobe ip_vs', parent: '/opt/agent/run' }],
  ])('explains %s', (_what, start) => {
    expect(isExplained(start)).toBe(true);
  });

  it.each([
    ['a process that exec started', { command: '/usr/bin/nsenter -t 1 -m ls', init: false }],
    ['a shell on the host', { command: '/usr/bin/nsenter -t 1 -m -- bash' }],
    ['a download by the agent', { command: '/usr/bin/nsenter -t 1 -m -- bash -c "curl x | sh"' }],
    ['what a server starts', { command: '/usr/sbin/modprobe ip_vs', parent: '/usr/bin/node /app.js' }],
    ['what a program in a temporary folder starts', { command: '/usr/sbin/modprobe x', parent: '/tmp/agentd' }],
    ['a program that is not in the image', { command: '/usr/bin/other' }],
  ])('does not explain %s', (_what, start) => {
    expect(isExplained(start)).toBe(false);
  });
});
