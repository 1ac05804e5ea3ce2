import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync, gzipSync } from 'node:zlib';

import type { RunningService } from '@tidewaiter/runtime';
import { type KubernetesStandIn, kubernetesStandIn, startHttpServer, type TestHttpServer } from '@tidewaiter/testkit';

import { start } from './main.js';

interface Posted {
  path: string;
  authorization: string | undefined;
  body: string;
}

const hour = 3_600_000;
const fresh = (credential: string, rotateInMs = hour) => ({
  cluster: 'eu1',
  credential,
  expiresAt: new Date(Date.now() + 2 * hour).toISOString(),
  rotateAt: new Date(Date.now() + rotateInMs).toISOString(),
});

let hub: TestHttpServer;
let posted: Posted[];
/** Answers of the hub by path; what is not here is accepted. */
let answers: Map<string, (request: Posted) => { status: number; body?: object; isCut?: boolean }>;
let api: KubernetesStandIn;
let folder: string;
let environment: Record<string, string>;
let running: RunningService[];

beforeEach(async () => {
  posted = [];
  answers = new Map([['/agent/v1/join', () => ({ status: 200, body: fresh('first') })]]);
  hub = await startHttpServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const raw = Buffer.concat(parts);
      const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw;
      const read = { path: request.url ?? '', authorization: request.headers.authorization, body: body.toString() };
      posted.push(read);
      const answer = answers.get(read.path)?.(read) ?? { status: 202, body: {} };
      if (answer.isCut) return void request.socket.destroy();
      response.writeHead(answer.status).end(JSON.stringify(answer.body ?? {}));
    });
  });
  api = await kubernetesStandIn();
  folder = await mkdtemp(join(tmpdir(), 'tidewaiter-agent-'));
  environment = {
    TIDEWAITER_HUB_URL: `http://127.0.0.1:${hub.port}`,
    TIDEWAITER_JOIN_TOKEN: 'join-token',
    TIDEWAITER_AGENT_DIR: folder,
    TIDEWAITER_SENSOR_TOKEN: 'sensor-token',
    TIDEWAITER_KUBERNETES_URL: api.url,
    TIDEWAITER_HTTP_PORT: '0',
    TIDEWAITER_LOG_LEVEL: 'silent',
  };
  running = [];
});

afterEach(async () => {
  for (const agent of running) await agent.stop();
  await hub.stop();
  await api.stop();
  await rm(folder, { recursive: true, force: true });
});

async function startAgent(more: Record<string, string> = {}): Promise<RunningService> {
  const agent = await start({ ...environment, ...more });
  running.push(agent);
  return agent;
}

async function stop(agent: RunningService): Promise<void> {
  running = running.filter((each) => each !== agent);
  await agent.stop();
}

async function until(what: string, isTrue: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = performance.now() + 60_000; !(await isTrue()); await sleep(20))
    if (performance.now() > end) throw new Error(`not in time: ${what}`);
}

/** Events that the hub has, without repetitions. */
function eventsOf(source: string): Record<string, unknown>[] {
  const lines = posted
    .filter(({ path }) => path === `/agent/v1/events/${source}`)
    .filter((request) => (answers.get(request.path)?.(request).status ?? 202) === 202)
    .flatMap(({ body }) => body.split('\n').filter(Boolean));
  return [...new Set(lines)].map((line) => JSON.parse(line) as Record<string, unknown>);
}

const watched = () =>
  eventsOf('kubernetes-watch').map((event) => {
    const { metadata } = event['object'] as { metadata: { name: string } };
    return `${String(event['type'])} ${metadata.name}`;
  });

const send = async (
  agent: RunningService,
  source: string,
  body: string | Buffer,
  headers: Record<string, string> = {},
) =>
  fetch(`${agent.url}/events/${source}`, {
    method: 'POST',
    headers: { authorization: 'Bearer sensor-token', ...headers },
    body,
  });

const problemsOf = async (agent: RunningService): Promise<Record<string, string>> =>
  ((await (await fetch(`${agent.url}/readyz`)).json()) as { problems: Record<string, string> }).problems;

const pods = '/api/v1/pods';
const pod = (name: string, more: object = {}) => ({
  metadata: {
    uid: `uid-${name}`,
    name,
    namespace: 'shop',
    ownerReferences: [{ kind: 'DaemonSet', name: 'd' }],
    ...more,
  },
  spec: { nodeName: 'n1', containers: [{ name: 'c', image: 'i' }] },
});

describe('the agent', () => {
  it('joins, and sends what the cluster has and what changes in it', async () => {
    for (let index = 0; index < 1_201; index += 1) api.put(pods, pod(`p${index}`));
    const agent = await startAgent();
    await until('all pods', () => watched().length === 1_201);
    expect(eventsOf('kubernetes-watch')[0]).toMatchObject({ type: 'ADDED', object: { kind: 'Pod', apiVersion: 'v1' } });
    api.put(pods, pod('p0', { labels: { changed: 'yes' } }));
    api.delete(pods, 'uid-p1');
    api.put('/apis/apps/v1/deployments', { metadata: { uid: 'd', name: 'web', namespace: 'shop' } });
    await until('changes', () => watched().length === 1_204);
    expect(watched().slice(-3).toSorted()).toEqual(['ADDED web', 'DELETED p1', 'MODIFIED p0']);
    expect(posted.find(({ path }) => path === '/agent/v1/join')?.body).toContain('join-token');
    const events = posted.filter(({ path }) => path.includes('events'));
    expect(new Set(events.map(({ authorization }) => authorization))).toEqual(new Set(['Bearer first']));
    await until('ready', async () => Object.keys(await problemsOf(agent)).length === 0);
  });

  it('goes on after a restart where it was, and reports what was deleted meanwhile', async () => {
    for (const name of ['stays', 'goes', 'goes-late']) api.put(pods, pod(name));
    const first = await startAgent();
    await until('all pods', () => watched().length === 3);
    await stop(first);
    api.delete(pods, 'uid-goes');
    const second = await startAgent();
    await until('the deletion', () => watched().includes('DELETED goes'));
    const lists = () => api.requests.filter((path) => path.startsWith(`${pods}?limit`)).length;
    expect(lists()).toBe(1);
    await stop(second);
    // Without the history of changes only a list shows that an object is gone.
    api.delete(pods, 'uid-goes-late');
    api.put(pods, pod('new'));
    api.compact();
    await startAgent();
    await until('the deletion', () => watched().includes('DELETED goes-late') && watched().includes('ADDED new'));
    expect(lists()).toBe(2);
    const deletion = eventsOf('kubernetes-watch').find(
      ({ type, object }) =>
        type === 'DELETED' && (object as { metadata: { name: string } }).metadata.name === 'goes-late',
    );
    expect(deletion?.['object']).toEqual({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        ...{ name: 'goes-late', namespace: 'shop', uid: 'uid-goes-late', resourceVersion: '4' },
        ownerReferences: [{ kind: 'DaemonSet', name: 'd' }],
        deletionTimestamp: expect.any(String),
      },
      spec: { nodeName: 'n1' },
    });
    expect(watched().filter((event) => event === 'ADDED stays')).toHaveLength(1);
  });

  it('loses nothing when the API server is away and has forgotten its history', async () => {
    api.put(pods, pod('stays'));
    api.put(pods, pod('goes'));
    const agent = await startAgent();
    await until('all pods', () => watched().length === 2);
    api.refuse(503);
    api.delete(pods, 'uid-goes');
    api.put(pods, pod('comes'));
    api.compact();
    await until('the problem', async () => (await problemsOf(agent))['kubernetes']?.includes('pods: 503') ?? false);
    api.refuse(null);
    await until('the changes', () => watched().includes('DELETED goes') && watched().includes('ADDED comes'));
    await until('ready', async () => (await problemsOf(agent))['kubernetes'] === undefined);
  });

  it('names resources that it may not list', async () => {
    api.refuse(403);
    const agent = await startAgent();
    await until('the problem', async () => (await problemsOf(agent))['kubernetes']?.includes('pods: 403') ?? false);
  });

  it('keeps events while the hub is away, over a restart, and sends each then', async () => {
    const agent = await startAgent({ TIDEWAITER_KUBERNETES_WATCH: 'off' });
    await until('the join', () => posted.some(({ path }) => path === '/agent/v1/join'));
    const away = () => ({ status: 503 });
    for (const source of ['falco', 'tetragon', 'kubernetes-audit']) answers.set(`/agent/v1/events/${source}`, away);
    const sent: object[] = [];
    for (let index = 0; index < 50; index += 1) {
      sent.push({ source: 'falco', index });
      expect((await send(agent, 'falco', JSON.stringify({ source: 'falco', index }, null, 2))).status).toBe(202);
    }
    await until('the problem', async () => (await problemsOf(agent))['hub']?.includes('the hub is away') ?? false);
    await stop(agent);
    const again = await startAgent({ TIDEWAITER_KUBERNETES_WATCH: 'off' });
    expect((await send(again, 'tetragon', '{"b":1}\n{"b":2}\n')).status).toBe(202);
    answers.clear();
    await until('the events', () => eventsOf('falco').length === 50 && eventsOf('tetragon').length === 2);
    expect(eventsOf('falco')).toEqual(sent);
    await until('ready', async () => Object.keys(await problemsOf(again)).length === 0);
    expect(posted.filter(({ path }) => path === '/agent/v1/join')).toHaveLength(1);
  });

  it('sends events again whose answer was lost', async () => {
    let tries = 0;
    answers.set('/agent/v1/events/falco', () => ({ status: 202, isCut: (tries += 1) === 1 }));
    const agent = await startAgent({ TIDEWAITER_KUBERNETES_WATCH: 'off' });
    await send(agent, 'falco', '{"a":1}');
    await until('the second try', () => tries >= 2);
    expect(eventsOf('falco')).toEqual([{ a: 1 }]);
  });

  it('leaves out the event that the hub rejects, and counts it', async () => {
    answers.set('/agent/v1/events/falco', ({ body }) =>
      body.includes('poison') ? { status: 422, body: { code: 'BODY_UNRECOGNIZED' } } : { status: 202 },
    );
    const agent = await startAgent({ TIDEWAITER_KUBERNETES_WATCH: 'off' });
    await send(agent, 'falco', '{"a":1}\n{"a":"poison"}\n{"a":2}\n{"a":3}');
    await until('the others', () => eventsOf('falco').length === 3);
    expect(eventsOf('falco')).toEqual([{ a: 1 }, { a: 2 }, { a: 3 }]);
    await until('the report', () =>
      posted.some(({ path, body }) => path === '/agent/v1/status' && body.includes('"dropped":{"falco":1}')),
    );
  });

  it('sends less at once behind a proxy that refuses large bodies', async () => {
    answers.set('/agent/v1/events/falco', ({ body }) => ({ status: body.length > 20_000 ? 413 : 202 }));
    const agent = await startAgent({ TIDEWAITER_KUBERNETES_WATCH: 'off' });
    const lines = Array.from({ length: 100 }, (_, index) => JSON.stringify({ index, text: 'x'.repeat(1_000) }));
    await send(agent, 'falco', lines.join('\n'));
    await until('all', () => eventsOf('falco').length === 100);
  });

  it('replaces its credential in time', async () => {
    answers.set('/agent/v1/join', () => ({ status: 200, body: fresh('first', 0) }));
    answers.set('/agent/v1/credential', () => ({ status: 200, body: fresh('second') }));
    const agent = await startAgent({ TIDEWAITER_KUBERNETES_WATCH: 'off' });
    await until('the rotation', () => posted.some(({ path }) => path === '/agent/v1/credential'));
    await until('its use', async () => {
      await send(agent, 'falco', JSON.stringify({ at: performance.now() }));
      return posted.some(({ path, authorization }) => path.includes('falco') && authorization === 'Bearer second');
    });
    await stop(agent);
    await startAgent({ TIDEWAITER_KUBERNETES_WATCH: 'off' });
    await until('its use after a restart', () => posted.at(-1)?.authorization === 'Bearer second');
  });

  it('says in readiness when its credential is revoked, and joins again by a new token alone', async () => {
    const agent = await startAgent({ TIDEWAITER_KUBERNETES_WATCH: 'off' });
    await until('ready', async () => (await problemsOf(agent))['hub'] === undefined);
    const refused = () => ({ status: 401, body: { code: 'AGENT_CREDENTIAL_INVALID' } });
    for (const path of ['events/falco', 'status']) answers.set(`/agent/v1/${path}`, refused);
    expect((await send(agent, 'falco', '{"kept":true}')).status).toBe(202);
    await until('the problem', async () => (await problemsOf(agent))['hub']?.includes('revoked') ?? false);
    await stop(agent);
    const again = await startAgent({ TIDEWAITER_KUBERNETES_WATCH: 'off', TIDEWAITER_JOIN_TOKEN: 'another' });
    answers.clear();
    answers.set('/agent/v1/join', () => ({ status: 200, body: fresh('second') }));
    await until('the kept event', () => eventsOf('falco').length === 1);
    await until('ready', async () => Object.keys(await problemsOf(again)).length === 0);
    expect(posted.filter(({ path }) => path === '/agent/v1/join')).toHaveLength(2);
  });

  it('says in readiness when its join token is refused, and does not try it for ever', async () => {
    answers.set('/agent/v1/join', () => ({ status: 401, body: { code: 'JOIN_TOKEN_INVALID' } }));
    const agent = await startAgent({ TIDEWAITER_KUBERNETES_WATCH: 'off' });
    await until('the problem', async () => (await problemsOf(agent))['hub']?.includes('used or expired') ?? false);
    await sleep(6_000);
    expect(posted).toHaveLength(1);
  });

  it.each([
    ['no token', 'falco', '{}', { authorization: '' }, 401],
    ['a wrong token', 'falco', '{}', { authorization: 'Bearer other' }, 401],
    ['an unknown source', 'cri', '{}', {}, 404],
    ['events of its own watch', 'kubernetes-watch', '{}', {}, 404],
    ['an empty body', 'falco', '', {}, 400],
    ['a body that is no JSON', 'kubernetes-audit', '{"kind": "EventList"', {}, 400],
    ['a number', 'falco', '17', {}, 400],
    ['another encoding', 'falco', '{}', { 'content-encoding': 'br' }, 415],
    ['a damaged encoding', 'falco', '{}', { 'content-encoding': 'gzip' }, 400],
    ['a body that is too large', 'falco', ' '.repeat(17 * 2 ** 20), {}, 413],
    ['a bomb', 'falco', gzipSync(Buffer.alloc(40 * 2 ** 20)), { 'content-encoding': 'gzip' }, 413],
  ])('refuses %s', async (_, source, body, headers, status) => {
    const agent = await startAgent({ TIDEWAITER_KUBERNETES_WATCH: 'off' });
    expect((await send(agent, source, body, headers)).status).toBe(status);
  });

  it('refuses all sensors while it has no token for them', async () => {
    const { TIDEWAITER_SENSOR_TOKEN: _, ...without } = environment;
    environment = without;
    const agent = await startAgent({ TIDEWAITER_KUBERNETES_WATCH: 'off' });
    expect((await send(agent, 'falco', '{}', { authorization: '' })).status).toBe(401);
  });

  it('takes the readable lines of a body, as they are', async () => {
    const agent = await startAgent({ TIDEWAITER_KUBERNETES_WATCH: 'off' });
    const packed = gzipSync('{"time": 1767323045123456789}\n{broken\n');
    const answer = await send(agent, 'falco', packed, { 'content-encoding': 'gzip' });
    expect(await answer.json()).toEqual({ accepted: 1, malformed: 1 });
    await until('the event', () => posted.some(({ body }) => body === '{"time": 1767323045123456789}\n'));
  });

  it('does not start twice in one folder, nor in one that it cannot write', async () => {
    await writeFile(join(folder, 'file'), '');
    await expect(start({ ...environment, TIDEWAITER_AGENT_DIR: join(folder, 'file') })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    });
  });
});
