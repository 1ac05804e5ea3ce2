import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';

import { AccessDenied, InvalidInput, Secret, Unavailable } from '@tidewaiter/domain';
import { Egress } from '@tidewaiter/egress';
import { httpSink, type SinkAnswer } from '@tidewaiter/testkit';
import { SMTPServer } from 'smtp-server';

import { dedupKey } from './dedup-key.js';
import { plainHttp } from './http-config.js';
import type { Receiver } from './receiver.js';
import { receivers, send } from './receivers.js';
import { OutcomeUnknown, type OutgoingMessage, type SendContext } from './sender.js';
import { plainTls } from './tls-config.js';

/** Used for every secret of a configuration. */
const secret = 'Zm9yLXlvdXItZXllcy1vbmx5LWZvci15b3U';

type Trouble = 'temporary' | 'refused' | 'denied' | 'hang' | 'drop';
type ConfigOf<R> = R extends Receiver<infer Config> ? Config : never;
type Channel = {
  [K in keyof typeof receivers]: { kind: K; config: ConfigOf<(typeof receivers)[K]> };
}[keyof typeof receivers];

/** Fake server of a channel, as far as the contract needs it. */
interface Bench {
  channel(host: string, port: number): Channel;
  port: number;
  /** Failures of the next attempts, one each. */
  next(...troubles: Trouble[]): void;
  /** Number of configured failures that have not happened yet. */
  waiting(): number;
  /** Delivery identifier in each accepted message. */
  taken(): string[];
  stop(): Promise<void>;
}

const delivery: OutgoingMessage = {
  id: '0198a1c2-7d9f-7abc-8def-0123456789ab',
  groupKey: '{}:{}',
  groupLabels: {},
  attempt: 1,
  reached: [],
  receiver: 'team',
  externalUrl: 'https://tidewaiter.example.com',
  edition: null,
  alerts: [
    {
      identity: 'x',
      labels: { severity: 'high' },
      annotations: {},
      status: 'firing',
      startsAt: '2026-11-25T10:42:00Z',
      endsAt: null,
    },
  ],
  image: {
    ...{ name: 'registry.example.com/shop/app', version: '1', digest: 'sha256:0', revision: null },
    ...{ analyzedAt: '2026-11-25T10:42:00Z', bom: '{}', findings: [] },
  },
  message: {
    kind: 'push',
    status: 'firing',
    severity: 'high',
    title: 'High · shop',
    summary: 'New.',
    facts: [],
    sections: [],
    links: [],
    footer: 'Tidewaiter',
  },
};

async function httpBench(
  answers: Record<'ok' | 'temporary' | 'refused' | 'denied', SinkAnswer>,
  channel: Bench['channel'],
  idOf: (request: { text: string; headers: NodeJS.Dict<string | string[]> }) => string,
  /** Answers to read-only requests, which never fail. */
  questions: Record<string, SinkAnswer> = {},
): Promise<Bench> {
  const taken: string[] = [];
  const troubles: Trouble[] = [];
  const sink = await httpSink((request) => {
    const known = questions[request.path];
    if (known) return known;
    const trouble = troubles.shift();
    if (trouble === 'hang' || trouble === 'drop') return trouble;
    if (trouble === undefined) taken.push(idOf(request));
    return answers[trouble ?? 'ok'];
  });
  return {
    channel,
    port: Number(new URL(sink.url).port),
    next: (...more) => void troubles.push(...more),
    waiting: () => troubles.length,
    taken: () => taken,
    stop: () => sink.stop(),
  };
}

const slackLook = {
  username: undefined,
  iconEmoji: undefined,
  iconUrl: undefined,
  http: plainHttp,
  timeoutMs: 0,
  sendResolved: false,
};

const timing = { http: plainHttp, timeoutMs: 0, sendResolved: true };
const pager = {
  ...timing,
  key: new Secret(secret),
  severity: undefined,
  class: undefined,
  component: undefined,
  group: undefined,
  source: undefined,
  client: undefined,
  clientUrl: undefined,
  details: [],
};
const jsonAnswers = {
  ok: { status: 202 },
  temporary: { status: 429, headers: { 'retry-after': '7' }, body: secret },
  refused: { status: 400, body: secret },
  denied: { status: 403, body: secret },
};

const benches: Record<string, () => Promise<Bench>> = {
  'slack, incoming webhook': () =>
    httpBench(
      {
        ok: { status: 200, body: 'ok' },
        temporary: { status: 429, headers: { 'retry-after': '7' }, body: `rate_limited ${secret}` },
        refused: { status: 400, body: `invalid_payload ${secret}` },
        denied: { status: 403, body: 'action_prohibited' },
      },
      (host, port) => ({
        kind: 'slack',
        config: {
          ...slackLook,
          target: {
            mode: 'webhook',
            url: new Secret(`http://${host}:${port}/services/T0/B0/${secret}`),
            channel: undefined,
          },
        },
      }),
      // A webhook has no field for an id: only this channel can get undetected duplicates.
      () => delivery.id,
    ),
  'slack, bot': () =>
    httpBench(
      {
        ok: { status: 200, body: { ok: true, ts: '1.2' } },
        temporary: { status: 200, headers: { 'retry-after': '7' }, body: { ok: false, error: 'ratelimited' } },
        refused: { status: 200, body: { ok: false, error: 'is_archived', token: secret } },
        denied: { status: 200, body: { ok: false, error: 'invalid_auth', token: secret } },
      },
      (host, port) => ({
        kind: 'slack',
        config: {
          ...slackLook,
          target: {
            mode: 'bot',
            url: `http://${host}:${port}/api/chat.postMessage`,
            token: new Secret(`xoxb-${secret}`),
            channel: 'C1',
          },
        },
      }),
      ({ text }) => JSON.parse(text).metadata.event_payload.delivery_id,
    ),
  // These two take the same image again without a duplicate.
  dependency_track: () =>
    httpBench(
      { ...jsonAnswers, ok: { status: 200, body: { token: 'f90934f5' } } },
      (host, port) => ({
        kind: 'dependency_track',
        config: {
          ...{ http: plainHttp, timeoutMs: 0, sendResolved: false, takes: () => true },
          ...{ url: `http://${host}:${port}`, apiKey: new Secret(secret), autoCreate: true, tags: [] },
        },
      }),
      ({ headers }) => (headers['x-api-key'] === secret ? delivery.id : 'another key'),
    ),
  defectdojo: () =>
    httpBench(
      { ...jsonAnswers, ok: { status: 201, body: { test: 7 } } },
      (host, port) => ({
        kind: 'defectdojo',
        config: {
          ...{ http: plainHttp, timeoutMs: 0, sendResolved: false, takes: () => true },
          ...{ url: `http://${host}:${port}`, token: new Secret(secret), minSeverity: 'negligible' },
          ...{ productType: 'Images', product: undefined, engagement: 'Tidewaiter' },
          ...{ autoCreate: true, closeOldFindings: true },
        },
      }),
      ({ headers }) => (headers['authorization'] === `Token ${secret}` ? delivery.id : 'another token'),
    ),
  webhook: () =>
    httpBench(
      {
        ok: { status: 202 },
        temporary: { status: 503, headers: { 'retry-after': '7' }, body: secret },
        refused: { status: 422, body: secret },
        denied: { status: 401, body: secret },
      },
      (host, port) => ({
        kind: 'webhook',
        config: {
          url: new Secret(`http://${host}:${port}/hook?token=${secret}`),
          http: {
            ...plainHttp,
            auth: { type: 'authorization', scheme: 'Bearer', credentials: new Secret(secret) },
            headers: [['x-team', new Secret(secret)]],
          },
          maxAlerts: 0,
          timeoutMs: 0,
          signingSecret: new Secret(`whsec_${secret}`),
          sendResolved: true,
        },
      }),
      ({ headers }) =>
        headers['webhook-id'] === headers['idempotency-key'] ? String(headers['webhook-id']) : 'two ids',
    ),
  'pagerduty, Events API v2': () =>
    httpBench(
      jsonAnswers,
      (host, port) => ({
        kind: 'pagerduty',
        config: { ...pager, api: 'v2', url: `http://${host}:${port}/v2/enqueue` },
      }),
      ({ text }) => (JSON.parse(text).dedup_key === dedupKey(delivery) ? delivery.id : 'another key'),
    ),
  'pagerduty, Events API v1': () =>
    httpBench(
      { ...jsonAnswers, temporary: { ...jsonAnswers.temporary, status: 403 }, denied: { status: 401, body: secret } },
      (host, port) => ({ kind: 'pagerduty', config: { ...pager, api: 'v1', url: `http://${host}:${port}/create` } }),
      ({ text }) => (JSON.parse(text).incident_key === dedupKey(delivery) ? delivery.id : 'another key'),
    ),
  opsgenie: () =>
    httpBench(
      jsonAnswers,
      (host, port) => ({
        kind: 'opsgenie',
        config: {
          ...timing,
          apiKey: new Secret(secret),
          apiUrl: `http://${host}:${port}/`,
          responders: [],
          tags: [],
          priority: undefined,
          entity: undefined,
          source: undefined,
          note: undefined,
          details: [],
        },
      }),
      ({ text }) => (JSON.parse(text).alias === dedupKey(delivery) ? delivery.id : 'another alias'),
    ),
  // These three have no field for an id: a failure after acceptance leads to a duplicate.
  msteamsv2: () =>
    httpBench(
      jsonAnswers,
      (host, port) => ({
        kind: 'msteamsv2',
        config: { ...timing, url: new Secret(`http://${host}:${port}/flow?sig=${secret}`) },
      }),
      () => delivery.id,
    ),
  discord: () =>
    httpBench(
      jsonAnswers,
      (host, port) => ({
        kind: 'discord',
        config: {
          ...timing,
          url: new Secret(`http://${host}:${port}/api/webhooks/1/${secret}`),
          username: undefined,
          avatarUrl: undefined,
        },
      }),
      () => delivery.id,
    ),
  telegram: () =>
    httpBench(
      {
        ok: { status: 200, body: { ok: true, result: { message_id: 7 } } },
        temporary: { status: 429, body: { ok: false, error_code: 429, parameters: { retry_after: 7 } } },
        refused: { status: 400, body: { ok: false, description: `chat not found ${secret}` } },
        denied: { status: 401, body: { ok: false, description: secret } },
      },
      (host, port) => ({
        kind: 'telegram',
        config: {
          ...timing,
          token: new Secret(`1:${secret}`),
          apiUrl: `http://${host}:${port}`,
          chatId: '-1',
          threadId: undefined,
          isSilent: false,
        },
      }),
      () => delivery.id,
    ),
  sns: () =>
    httpBench(
      {
        ok: { status: 200, body: '<PublishResult><MessageId>m1</MessageId></PublishResult>' },
        temporary: { status: 429, headers: { 'retry-after': '7' }, body: `<Code>Throttled</Code>${secret}` },
        refused: { status: 404, body: `<Code>NotFound</Code><Message>${secret}</Message>` },
        denied: { status: 403, body: `<Code>${secret}</Code>` },
      },
      (host, port) => ({
        kind: 'sns',
        config: {
          ...timing,
          apiUrl: `http://${host}:${port}`,
          region: 'eu-central-1',
          credentials: { accessKey: 'AKIDEXAMPLE', secretKey: new Secret(secret), sessionToken: new Secret(secret) },
          roleArn: undefined,
          stsUrl: `http://${host}:${port}`,
          target: { topicArn: 'arn:aws:sns:eu-central-1:123456789012:alerts.fifo' },
          subject: undefined,
          attributes: [],
        },
      }),
      ({ text }) => new URLSearchParams(text).get('MessageDeduplicationId') ?? 'no id',
    ),
  jira: () =>
    httpBench(
      {
        ok: { status: 201, body: { key: 'SEC-1' } },
        temporary: { status: 429, headers: { 'retry-after': '7' }, body: secret },
        refused: { status: 400, body: { errorMessages: [secret], errors: { [secret]: secret } } },
        denied: { status: 403, body: secret },
      },
      (host, port) => ({
        kind: 'jira',
        config: {
          ...timing,
          apiUrl: `http://${host}:${port}/rest/api/2`,
          isCloud: false,
          takesDocuments: false,
          http: { ...plainHttp, auth: { type: 'basic', username: 'tidewaiter', password: new Secret(secret) } },
          project: 'SEC',
          issueType: 'Bug',
          summary: undefined,
          labels: [],
          priority: undefined,
          kept: new Set(),
          resolveTransition: undefined,
          reopenTransition: undefined,
          wontFixResolution: undefined,
          reopenWithinMs: 0,
          fields: {},
        },
      }),
      ({ text }) => JSON.parse(text).properties[0].value.delivery,
      { '/rest/api/2/search': { status: 200, body: { issues: [] } } },
    ),
  victorops: () =>
    httpBench(
      jsonAnswers,
      (host, port) => ({
        kind: 'victorops',
        config: {
          ...timing,
          apiUrl: `http://${host}:${port}/alert/`,
          apiKey: new Secret(secret),
          routingKey: 'team',
          messageType: undefined,
          monitoringTool: undefined,
          customFields: [],
        },
      }),
      ({ text }) => (JSON.parse(text).entity_id === dedupKey(delivery) ? delivery.id : 'another id'),
    ),
  incidentio: () =>
    httpBench(
      jsonAnswers,
      (host, port) => ({
        kind: 'incidentio',
        config: {
          ...timing,
          http: {
            ...plainHttp,
            auth: { type: 'authorization', scheme: 'Bearer', credentials: new Secret(secret) },
          },
          url: `http://${host}:${port}/v2/alert_events/alertmanager/1`,
          maxAlerts: 0,
        },
      }),
      ({ text }) => (JSON.parse(text).groupKey === delivery.groupKey ? delivery.id : 'another group'),
    ),
  // These four have no field for an id either.
  pushover: () =>
    httpBench(
      jsonAnswers,
      (host, port) => ({
        kind: 'pushover',
        config: {
          ...timing,
          url: `http://${host}:${port}/1/messages.json`,
          token: new Secret(secret),
          userKey: new Secret(secret),
          device: undefined,
          sound: undefined,
          priority: undefined,
          retrySeconds: 60,
          expireSeconds: 3600,
          ttlSeconds: 0,
          isMonospace: false,
        },
      }),
      () => delivery.id,
    ),
  webex: () =>
    httpBench(
      jsonAnswers,
      (host, port) => ({
        kind: 'webex',
        config: {
          ...timing,
          http: {
            ...plainHttp,
            auth: { type: 'authorization', scheme: 'Bearer', credentials: new Secret(secret) },
          },
          url: `http://${host}:${port}/v1/messages`,
          roomId: 'r1',
        },
      }),
      () => delivery.id,
    ),
  rocketchat: () =>
    httpBench(
      {
        ok: { status: 200, body: { success: true, message: { _id: 'm1' } } },
        temporary: { status: 429, headers: { 'retry-after': '7' }, body: { success: false, error: secret } },
        refused: { status: 200, body: { success: false, error: `error-room-not-found ${secret}` } },
        denied: { status: 401, body: { status: 'error', message: secret } },
      },
      (host, port) => ({
        kind: 'rocketchat',
        config: {
          ...timing,
          apiUrl: `http://${host}:${port}`,
          token: new Secret(secret),
          tokenId: new Secret(secret),
          channel: '#security',
          emoji: undefined,
          iconUrl: undefined,
        },
      }),
      () => delivery.id,
    ),
  mattermost: () =>
    httpBench(
      { ...jsonAnswers, ok: { status: 200, body: 'ok' } },
      (host, port) => ({
        kind: 'mattermost',
        config: {
          ...timing,
          url: new Secret(`http://${host}:${port}/hooks/${secret}`),
          channel: undefined,
          username: undefined,
          iconUrl: undefined,
          iconEmoji: undefined,
        },
      }),
      () => delivery.id,
    ),
  wechat: () =>
    httpBench(
      {
        ok: { status: 200, body: { errcode: 0, msgid: 'm1' } },
        temporary: { status: 200, headers: { 'retry-after': '7' }, body: { errcode: 45_009, errmsg: secret } },
        refused: { status: 200, body: { errcode: 81_013, errmsg: secret } },
        denied: { status: 200, body: { errcode: 60_020, errmsg: secret } },
      },
      (host, port) => ({
        kind: 'wechat',
        config: {
          ...timing,
          apiUrl: `http://${host}:${port}/cgi-bin/`,
          corpId: 'corp',
          apiSecret: new Secret(secret),
          agentId: '1',
          toUser: '@all',
          toParty: undefined,
          toTag: undefined,
        },
      }),
      // It detects a duplicate by its text.
      () => delivery.id,
      {
        [`/cgi-bin/gettoken?corpid=corp&corpsecret=${secret}`]: {
          status: 200,
          body: { errcode: 0, access_token: secret, expires_in: 7200 },
        },
      },
    ),
  alertmanager: () =>
    httpBench(
      jsonAnswers,
      (host, port) => ({
        kind: 'alertmanager',
        config: {
          ...timing,
          url: `http://${host}:${port}`,
          http: { ...plainHttp, auth: { type: 'basic', username: 'tidewaiter', password: new Secret(secret) } },
        },
      }),
      ({ text }) => (JSON.parse(text)[0].labels.severity === 'high' ? delivery.id : 'another alert'),
    ),
  splunk_hec: () =>
    httpBench(
      { ...jsonAnswers, ok: { status: 200, body: { text: 'Success', code: 0 } } },
      (host, port) => ({
        kind: 'splunk_hec',
        config: {
          ...timing,
          audit: false,
          url: `http://${host}:${port}`,
          token: new Secret(secret),
          index: undefined,
          source: 'tidewaiter',
          sourcetype: 'tidewaiter:ocsf',
        },
      }),
      ({ text }) => JSON.parse(text).event.metadata.uid.replace(/-0$/, ''),
    ),
  elasticsearch: () =>
    httpBench(
      { ...jsonAnswers, ok: { status: 200, body: { errors: false, items: [{ create: { status: 201 } }] } } },
      (host, port) => ({
        kind: 'elasticsearch',
        config: {
          ...timing,
          audit: false,
          url: `http://${host}:${port}`,
          http: { ...plainHttp, auth: { type: 'authorization', scheme: 'ApiKey', credentials: new Secret(secret) } },
          index: 'findings',
        },
      }),
      ({ text }) => JSON.parse(text.split('\n', 1)[0]!).create._id.replace(/-0$/, ''),
    ),
  syslog: syslogBench,
  email: mailBench,
};

/** Syslog answers nothing: a server can only close, break or keep the connection. */
async function syslogBench(): Promise<Bench> {
  const taken: string[] = [];
  const troubles: Trouble[] = [];
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', () => undefined);
    socket.on('end', () => {
      const trouble = troubles.shift();
      if (trouble === 'hang') return;
      if (trouble === 'drop') return void socket.resetAndDestroy();
      const [, json = ''] =
        /^\d+ <131>1 \S+ host app - 2004 - \uFEFF(.*)$/.exec(Buffer.concat(chunks).toString()) ?? [];
      taken.push(JSON.parse(json).metadata.uid.replace(/-0$/, ''));
      socket.end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    channel: (host, port) => ({
      kind: 'syslog',
      config: {
        ...{ transport: 'tcp', host, port, facility: 16, hostname: 'host', appName: 'app' },
        ...{ tls: plainTls, timeoutMs: 0, sendResolved: true, audit: false },
      },
    }),
    next: (...more) => void troubles.push(...more),
    waiting: () => troubles.length,
    taken: () => taken,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** Channels that confirm or refuse a message. */
const answering = Object.entries(benches).filter(([name]) => name !== 'syslog');

async function mailBench(): Promise<Bench> {
  const taken: string[] = [];
  const troubles: Trouble[] = [];
  const sockets = new Set<Socket>();
  const refusal = (responseCode: number) => Object.assign(new Error(`said by the server: ${secret}`), { responseCode });
  const server = new SMTPServer({
    disabledCommands: ['STARTTLS'],
    allowInsecureAuth: true,
    disableReverseLookup: true,
    logger: false,
    onAuth: ({ username, password }, _session, done) => {
      if (troubles[0] !== 'denied') return done(null, { user: `${username}${password === secret}` });
      troubles.shift();
      return done(refusal(535));
    },
    onData: (stream, _session, done) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const trouble = troubles.shift();
        if (trouble === 'hang') return;
        if (trouble === 'drop') return sockets.forEach((socket) => socket.destroy());
        if (trouble) return done(refusal(trouble === 'temporary' ? 451 : 554));
        taken.push(/^Message-ID: <([^@]+)@example\.org>\r$/m.exec(Buffer.concat(chunks).toString())?.[1] ?? 'no id');
        done();
      });
    },
  });
  server.server.on('connection', (socket: Socket) => void sockets.add(socket));
  const listener = server.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  return {
    port: (listener.address() as AddressInfo).port,
    channel: (host, port) => ({
      kind: 'email',
      config: {
        to: ['team@example.org'],
        from: 'Tidewaiter <tidewaiter@example.org>',
        smarthost: { host, port },
        hello: 'localhost',
        auth: { username: 'tidewaiter', identity: undefined, password: new Secret(secret), isCramMd5: false },
        requireTls: false,
        implicitTls: undefined,
        tls: plainTls,
        headers: new Map(),
        sendResolved: false,
      },
    }),
    next: (...more) => void troubles.push(...more),
    waiting: () => troubles.length,
    taken: () => taken,
    stop: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

it('runs the contract against every receiver', () => {
  const held = new Set(Object.keys(benches).map((name) => name.split(',')[0]));
  expect(held).toEqual(new Set(Object.keys(receivers)));
});

describe.each(Object.entries(benches))('the contract of %s', (name, start) => {
  let bench: Bench;
  let egress: Egress;
  let context: SendContext;

  beforeEach(async () => {
    bench = await start();
    egress = new Egress({ allow: [] }, async () => [{ address: '127.0.0.1', family: 4 }]);
    context = { egress, signal: new AbortController().signal };
  });
  afterEach(async () => {
    await egress.close();
    await bench.stop();
  });

  const attempt = (signal = context.signal, host = '127.0.0.1', port = bench.port) =>
    send(bench.channel(host, port), delivery, { ...context, signal });
  /** Error of an attempt, which must not show a secret at any depth. */
  const failureOf = async (attempted: Promise<unknown>) => {
    const error: unknown = await attempted.then(
      () => 'no failure',
      (reason: unknown) => reason,
    );
    expect(inspect(error, { depth: 20, showHidden: true })).not.toContain(secret);
    return error;
  };

  it('sends with the id of the delivery', async () => {
    expect(await attempt()).toMatchObject({ outcome: 'sent', refused: [] });
    expect(bench.taken()).toEqual([delivery.id]);
  });

  if (answering.some(([each]) => each === name)) {
    it('reports a temporary failure as retryable, and then sends with the same id', async () => {
      bench.next('temporary');
      const error = await failureOf(attempt());
      expect(error).toBeInstanceOf(Unavailable);
      expect(error).not.toBeInstanceOf(OutcomeUnknown);
      expect(bench.taken()).toEqual([]);
      await attempt();
      expect(bench.taken()).toEqual([delivery.id]);
    });

    it('reports a refusal as final', async () => {
      bench.next('refused');
      const error = await failureOf(attempt());
      expect(error).toBeInstanceOf(InvalidInput);
      expect(error).toHaveProperty('retryable', false);
    });

    it('reports denied credentials as final', async () => {
      bench.next('denied');
      const error = await failureOf(attempt());
      expect(error).toBeInstanceOf(AccessDenied);
      expect(error).toHaveProperty('retryable', false);
    });
  }

  it('reports an unknown outcome when the connection breaks after the message', async () => {
    bench.next('drop');
    const error = await failureOf(attempt());
    expect(error).toBeInstanceOf(OutcomeUnknown);
    expect(error).toHaveProperty('retryable', true);
  });

  it('aborts when no answer comes', async () => {
    bench.next('hang');
    const deadline = new AbortController();
    const failure = failureOf(attempt(deadline.signal));
    while (bench.waiting() > 0) await sleep(5);
    deadline.abort(new DOMException('it took too long', 'TimeoutError'));
    expect(await failure).toBeInstanceOf(OutcomeUnknown);
  });

  it('aborts when the process stops, as retryable', async () => {
    bench.next('hang');
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 100);
    expect(await failureOf(attempt(stop.signal))).toHaveProperty('retryable', true);
  });

  it('reports that nothing was sent when the connection is refused', async () => {
    const unused = createServer().listen(0, '127.0.0.1');
    await once(unused, 'listening');
    const { port } = unused.address() as AddressInfo;
    await unused[Symbol.asyncDispose]();
    const error = await failureOf(attempt(context.signal, '127.0.0.1', port));
    expect(error).toBeInstanceOf(Unavailable);
    expect(error).not.toBeInstanceOf(OutcomeUnknown);
    expect(error).toHaveProperty('retryable', true);
  });

  it('does not follow a name to a private address', async () => {
    const error = await failureOf(attempt(context.signal, 'hooks.example.com'));
    expect(error).toMatchObject({ code: 'EGRESS_REFUSED' });
    expect(bench.taken()).toEqual([]);
  });
});

it.each(answering.filter(([name]) => name !== 'email'))('%s returns the requested retry delay', async (_, start) => {
  const bench = await start();
  const egress = new Egress({ allow: [] });
  bench.next('temporary');
  const attempt = send(bench.channel('127.0.0.1', bench.port), delivery, {
    egress,
    signal: new AbortController().signal,
  });
  await expect(attempt).rejects.toHaveProperty('retryAfterMs', 7000);
  await egress.close();
  await bench.stop();
});
