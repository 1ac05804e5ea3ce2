/** Rules and events for bench/detector.ts, with the sizes and kinds of a real cluster. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { RuntimeRecord } from '@tidewaiter/domain';

export interface RuleText {
  path: string;
  text: string;
}

/** Number of correlations, each over one rule of its own. */
export const correlations = 100;

/** Rule number `salt`, of a realistic kind; no two search for the same text. */
function saltedRule(salt: number): string {
  const kinds = [
    `selection: { Image|endswith: [/tool-${salt}, /helper-${salt}], CommandLine|contains: ['--get-${salt}', 'fetch ${salt}'] }\n  condition: selection`,
    `parent: { ParentImage|endswith: /server-${salt} }\n  shell: { Image|endswith: [/sh, /bash, /dash] }\n  known: { CommandLine|startswith: 'sh -c check-${salt}' }\n  condition: parent and shell and not known`,
    `selection: { CommandLine|contains|all: ['/tmp/', '.x${salt}', 'chmod'] }\n  condition: selection`,
    `drifted: { Image|startswith: /opt/odd-${salt}/, File.InImage: false }\n  condition: drifted`,
    `selection: { Image|endswith: /agent-${salt}, User: root, Image.Signed: false }\n  filter: { CurrentDirectory|startswith: /srv/${salt} }\n  condition: selection and not filter`,
  ];
  // A share of regular expressions like SigmaHQ's.
  const pattern = `selection: { CommandLine|re: 'ncat?\\s+-[ce]\\s+\\S*sh\\s+target-${salt}\\.example' }\n  condition: selection`;
  const detection = salt % 30 === 7 ? pattern : kinds[salt % kinds.length];
  return `title: Salted rule ${salt}\nid: ${uuid(salt)}\nname: salted_${salt}\nlevel: medium\nlogsource: { product: linux, category: process_creation }\ndetection:\n  ${detection}\n`;
}

/** A part that about every hundredth event matches, and the correlation over it. */
function saltedCorrelation(salt: number): string {
  const part = `title: Part ${salt}\nid: ${uuid(1e6 + salt)}\nname: part_${salt}\nlevel: informational\nlogsource: { product: linux, category: process_creation }\ndetection:\n  selection: { CommandLine|contains: 'worker=${salt} ' }\n  condition: selection\n`;
  const types = [
    'type: event_count\n  timespan: 1m\n  condition: { gte: 50000 }',
    'type: value_count\n  timespan: 5m\n  condition: { field: CommandLine, gte: 50000 }',
  ];
  return `${part}---\ntitle: Correlation ${salt}\nid: ${uuid(2e6 + salt)}\nlevel: high\ncorrelation:\n  ${types[salt % 2]}\n  rules: [part_${salt}]\n  group-by: [Process.Executable, Container.Id]\n`;
}

const uuid = (salt: number) => `5a17ed00-0000-4000-8000-${salt.toString(16).padStart(12, '0')}`;

/**
 * SigmaHQ's Linux rules, where the shared data is available: most rules of an installation are
 * third-party ones.
 */
function sharedRules(): RuleText[] {
  const folder = resolve(process.env['TIDEWAITER_SHARED'] ?? '../shared', 'detection/sigma');
  return existsSync(folder) ? textsIn(folder) : [];
}

/** Rules that Tidewaiter ships. */
export function ownRuleTexts(): RuleText[] {
  return textsIn(fileURLToPath(new URL('../rules', import.meta.url)));
}

function textsIn(folder: string): RuleText[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.yml'))
    .map((path) => ({ path, text: readFileSync(join(folder, path), 'utf8') }));
}

/** `count` rules, shared ones first, and the correlations. */
export function ruleTexts(count: number): RuleText[] {
  const shared = sharedRules().slice(0, count);
  const salted = Array.from({ length: Math.max(0, count - shared.length) }, (_, salt) => saltedRule(salt));
  const correlated = Array.from({ length: correlations }, (_, salt) => saltedCorrelation(salt));
  return [...shared, ...[...salted, ...correlated].map((text, index) => ({ path: `salted-${index}.yml`, text }))];
}

export const digest = `sha256:${'c0ffee'.repeat(10)}abcd`;

const commands = [
  ['/usr/bin/pg_isready', '--host=127.0.0.1 --port=5432 --timeout=5 --dbname=shop --username=checkout --quiet'],
  ['/usr/bin/du', '--summarize --block-size=1M --exclude=*.tmp /var/lib/app/queue /var/lib/app/spool'],
  ['/usr/local/bin/node', '/srv/app/dist/worker.js --queue=orders --concurrency=8 --region=eu-central-1'],
  ['/usr/bin/python3', '-m gunicorn.app.wsgiapp --bind 0.0.0.0:8000 --workers 4 shop.wsgi:application'],
  ['/usr/bin/grep', '-R --include=*.conf listen_addresses /etc/postgresql/15/main'],
  ['/usr/bin/jq', '--raw-output .status.conditions[] /var/run/app/state.json /var/run/app/peers.json'],
] as const;

/**
 * Number of containers of a node. Each event has a command line of its own, whatever its container.
 */
const containersOfNode = 40;

/** Exec event number `turn` of a node, as Tetragon sends it: about 1.7 KB. */
export function execRecord(
  turn: number,
  node: string,
  timeMs: number,
  { binary, containers = containersOfNode }: { binary?: string; containers?: number } = {},
): RuntimeRecord {
  const at = new Date(timeMs).toISOString().replace('Z', '123456Z');
  const [executable, args] = commands[turn % commands.length]!;
  const container = createHash('sha256')
    .update(`${node} ${turn % containers}`)
    .digest('hex');
  const execId = Buffer.from(`${node}:${turn}:4711${turn}`).toString('base64');
  const parentId = Buffer.from(`${node}:parent:${turn % containers}`).toString('base64');
  const pod = {
    namespace: 'shop',
    name: `checkout-7d4b9c6f5-${container.slice(0, 5)}`,
    container: {
      id: `containerd://${container}`,
      name: 'checkout',
      image: { id: `registry.example.com/shop/checkout@${digest}`, name: 'registry.example.com/shop/checkout:1.4.0' },
      start_time: '2026-11-25T09:00:00Z',
      pid: 40 + turn,
    },
    pod_labels: {
      app: 'checkout',
      'app.kubernetes.io/instance': 'checkout',
      'app.kubernetes.io/part-of': 'shop',
      'pod-template-hash': '7d4b9c6f5',
    },
    workload: 'checkout',
    workload_kind: 'Deployment',
  };
  const process = {
    exec_id: execId,
    pid: 1_000 + turn,
    uid: 1_000,
    cwd: '/srv/app',
    binary: binary ?? executable,
    arguments: `${args} worker=${turn % 4_000} trace=${turn.toString(16).padStart(32, '0')}`,
    flags: 'execve clone inInitTree',
    start_time: at,
    auid: 4_294_967_295,
    pod,
    docker: container.slice(0, 31),
    parent_exec_id: parentId,
    refcnt: 1,
    tid: 1_000 + turn,
    in_init_tree: true,
  };
  const parent = {
    exec_id: parentId,
    pid: 40,
    uid: 1_000,
    cwd: '/srv/app',
    binary: '/usr/local/bin/node',
    arguments: '/srv/app/dist/main.js --config /etc/app/config.yaml --log-format json',
    flags: 'execve rootcwd clone inInitTree',
    start_time: '2026-11-25T09:00:01.000000000Z',
    auid: 4_294_967_295,
    docker: container.slice(0, 31),
    parent_exec_id: Buffer.from(`${node}:init`).toString('base64'),
    tid: 40,
    in_init_tree: true,
  };
  const event = { process_exec: { process, parent }, node_name: node, time: at, cluster_name: 'eu1' };
  return {
    id: `${execId}:exec`,
    source: 'tetragon',
    sensor: 'tetragon-eu1',
    cluster: 'eu1',
    node,
    at,
    event,
  };
}
