import { factContext, factsFromFile } from '@tidewaiter/facts';
import { observe } from '@tidewaiter/sensors';

import { recordOf } from '../storylines/storyline.js';
import { FileWriters } from './file-writers.js';
import { works } from './own-work.js';
import { PodOrigins } from './pod-origins.js';
import { ProcessTree } from './process-tree.js';

const digest = `sha256:${'d'.repeat(64)}`;
const programs = [
  ...['/bin/sh', '/bin/bash', '/usr/bin/crontab', '/usr/bin/curl', '/usr/bin/python3.11', '/usr/bin/supervisord'],
  ...['/usr/sbin/nginx', '/opt/ruby/bin/ruby', '/opt/bin/configure', '/entry.sh', '/users.sh'],
];

interface Start {
  /** Command lines from the first of the container on. */
  chain: string[];
  /** Seconds after the start of the container. */
  afterS?: number;
  policy?: object;
  image?: object;
  init?: boolean;
  suspicion?: string;
}

/** Whether the last of a chain is work of a start script. */
function isExplained({ chain, afterS = 20, policy = {}, image = {}, init = true, suspicion }: Start): boolean {
  const beganMs = Date.parse('2026-04-01T10:00:00Z');
  const start_time = new Date(beganMs).toISOString();
  const id = `containerd://${'c'.repeat(64)}`;
  const container = { id, name: 'main', image: { id: `r.example/app@${digest}` }, start_time };
  const place = { pod: { namespace: 'shop', name: 'app-0', container }, docker: 'c'.repeat(31), in_init_tree: init };
  const at = new Date(beganMs + afterS * 1000).toISOString();
  const named = (text: string, index: number) => {
    const [binary = ''] = text.split(' ', 1);
    return { exec_id: `${index}`, pid: index + 9, uid: 0, binary, arguments: text.slice(binary.length + 1) };
  };
  const tree = new ProcessTree();
  const lines = ['/usr/bin/containerd-shim-runc-v2', ...chain];
  const seen = chain.map((line, index) => {
    const process = { ...named(line, index + 1), ...place, parent_exec_id: `${index}`, start_time: at };
    const parent = { ...named(lines[index]!, index), ...(index > 0 ? place : {}), start_time: at };
    const event = { process_exec: { process, parent }, node_name: 'n', time: at };
    const observation = observe(recordOf({ id: `${index}`, at, source: 'tetragon', event }, 'c'));
    return { observation, process: tree.note(observation) };
  });
  const { observation, process } = seen.at(-1)!;
  if (suspicion !== undefined) tree.suspect(process!, suspicion, observation.timeMs);
  const files = Object.fromEntries(programs.map((each) => [each, { sha256: 'a'.repeat(64) }]));
  const known = { repository: 'docker.io/acme/app', tag: '1', digest, files, packages: [], ...image };
  const facts = factContext(
    factsFromFile({ format: 'tidewaiter-storyline-facts/1', cluster: 'c', images: { [digest]: known }, policy }),
  );
  const [writers, origins] = [new FileWriters(), new PodOrigins()];
  return works['start-script']({ observation, process, tree, writers, origins, facts });
}

const script = '/bin/bash /entry.sh';

describe('start-script', () => {
  it.each<[string, Start]>([
    ['the script itself', { chain: [script] }],
    ['a script that it starts', { chain: [script, '/bin/bash /users.sh bob'] }],
    ['a program of the image', { chain: [script, '/usr/bin/crontab /app/crontab'] }],
    ['an interpreter with a script of the image', { chain: [script, '/opt/ruby/bin/ruby /opt/bin/configure'] }],
    ['a script below a supervisor', { chain: ['/usr/bin/python3.11 /usr/bin/supervisord', script] }],
    ['an unsigned image', { chain: [script], image: { signature: { signed: false, verified: false } } }],
  ])('explains %s', (_, start) => {
    expect(isExplained(start)).toBe(true);
  });

  it.each<[string, Start]>([
    ['what happens later', { chain: [script], afterS: 600 }],
    ['a session of exec', { chain: [script], init: false }],
    ['a command line', { chain: ['/bin/sh -c "crontab /tmp/x"', '/usr/bin/crontab /tmp/x'] }],
    ['a script that the image lacks', { chain: ['/bin/bash /data/run.sh'] }],
    ['a server', { chain: [script, '/usr/sbin/nginx'] }],
    ['code on the command line', { chain: [script, '/usr/bin/python3.11 -c x'] }],
    ['a download', { chain: [script, '/usr/bin/curl -o /etc/cron.d/x https://x.example'] }],
    ['a script below an interpreter', { chain: ['/usr/bin/python3.11 /app.py', script] }],
    ['a program that the image lacks', { chain: [script, '/data/crontab x'] }],
    ['a file of the node', { chain: [script, '/usr/bin/crontab /host/etc/cron.d/x'] }],
    ['an image that runs for the first time', { chain: [script], policy: { image_first_seen: true } }],
    [
      'an image by a moved tag',
      { chain: [script], image: { previous_digests: [{ digest: `sha256:${'e'.repeat(64)}` }] } },
    ],
    ['a suspected process', { chain: [script], suspicion: 'drift' }],
  ])('does not explain %s', (_, start) => {
    expect(isExplained(start)).toBe(false);
  });
});
