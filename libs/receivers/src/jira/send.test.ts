import { AccessDenied, InvalidInput, Secret, Unavailable } from '@tidewaiter/domain';
import { Egress } from '@tidewaiter/egress';
import type { Message } from '@tidewaiter/messages';
import { jiraSink, type JiraSink } from '@tidewaiter/testkit';

import { plainHttp } from '../http-config.js';
import { type Outcome, OutcomeUnknown, type OutgoingMessage } from '../sender.js';
import type { JiraConfig } from './config.js';
import { jiraSender } from './send.js';

const message: Message = {
  kind: 'incident',
  status: 'firing',
  severity: 'critical',
  title: 'Critical · miner in shop/checkout',
  summary: 'A program that no package brought digs for coins.',
  facts: [{ label: 'Workload', value: 'shop/Deployment/checkout' }],
  sections: [],
  links: [{ text: 'Open incident', url: 'https://tidewaiter.example.com/#incidents/1' }],
  footer: 'Tidewaiter',
};
const resolved: Message = { ...message, status: 'resolved', title: 'Resolved · miner in shop/checkout' };
const delivery = (about: Message = message, more: Partial<OutgoingMessage> = {}): OutgoingMessage => ({
  id: '0198a1c2-7d9f-7abc-8def-0123456789ab',
  groupKey: '{}:{}',
  groupLabels: {},
  alerts: [{ identity: 'incident-1', labels: {}, annotations: {}, status: 'firing', startsAt: '', endsAt: null }],
  message: about,
  attempt: 1,
  reached: [],
  receiver: 'team',
  externalUrl: 'https://tidewaiter.example.com',
  edition: null,
  ...more,
});

let atlassian: JiraSink;
let egress: Egress;

const start = async (...kind: Parameters<typeof jiraSink>) => {
  atlassian = await jiraSink(...kind);
};
beforeEach(() => {
  egress = new Egress({ allow: [] });
});
afterEach(async () => {
  await egress.close();
  await atlassian.stop();
});

function config(more: Partial<JiraConfig> = {}): JiraConfig {
  return {
    apiUrl: atlassian.apiUrl(3),
    isCloud: true,
    takesDocuments: true,
    http: { ...plainHttp, auth: { type: 'basic', username: 'bot@example.com', password: new Secret('token') } },
    project: 'SEC',
    issueType: 'Bug',
    summary: undefined,
    labels: ['tidewaiter'],
    priority: undefined,
    kept: new Set(),
    resolveTransition: 'Resolve',
    reopenTransition: 'Reopen',
    wontFixResolution: "Won't Do",
    reopenWithinMs: 3_600_000,
    fields: {},
    timeoutMs: 0,
    sendResolved: true,
    ...more,
  };
}

async function post(what = delivery(), to = config()): Promise<Outcome> {
  return jiraSender.send(to, what, { egress, signal: new AbortController().signal });
}

const failureOf = async (attempt: Promise<unknown>): Promise<unknown> => attempt.catch((reason: unknown) => reason);
const states = () => atlassian.issues.map(({ key, status }) => `${key} ${status}`);

describe('on the Cloud', () => {
  beforeEach(async () => start('cloud'));

  it('has one issue of one thing, from its beginning to its end', async () => {
    expect(await post()).toEqual({ outcome: 'sent', reference: 'SEC-1', refused: [] });
    const [issue] = atlassian.issues;
    expect(issue).toMatchObject({
      fields: {
        project: { key: 'SEC' },
        issuetype: { name: 'Bug' },
        summary: 'Critical · miner in shop/checkout',
        description: { type: 'doc' },
        priority: { name: 'Highest' },
        labels: ['tidewaiter', expect.stringMatching(/^ALERT\{[0-9a-f]{64}\}$/)],
      },
      properties: { tidewaiter: { delivery: delivery().id } },
    });
    issue?.fields.labels.push('triaged');
    await post(delivery({ ...message, severity: 'high' }));
    expect(issue).toMatchObject({ edits: 1, fields: { priority: { name: 'High' } } });
    expect(issue?.fields.labels).toContain('triaged');
    expect(await post(delivery(resolved))).toMatchObject({ reference: 'SEC-1' });
    expect(issue).toMatchObject({ status: 'Done', fields: { summary: 'Resolved · miner in shop/checkout' } });
    expect(states()).toEqual(['SEC-1 Done']);
  });

  it('reopens an issue whose subject returns soon', async () => {
    await post();
    await post(delivery(resolved));
    await post();
    expect(states()).toEqual(['SEC-1 To Do']);
  });

  it.each([
    ['was closed long ago', 'Done', 3_700_000, {}],
    ['is not to be done', "Won't Do", 0, {}],
    ['has no way back', 'Done', 0, { reopenTransition: undefined }],
  ])('makes another issue where the first %s', async (_, resolution, msAgo, more) => {
    await post();
    atlassian.close('SEC-1', resolution, msAgo);
    await post(delivery(), config(more));
    expect(states()).toEqual(['SEC-1 Done', 'SEC-2 To Do']);
  });

  it('ignores a resolution without an open issue, and a repeated one', async () => {
    expect(await post(delivery(resolved))).toMatchObject({ reference: null });
    await post();
    await post(delivery(resolved));
    expect(await post(delivery(resolved))).toMatchObject({ reference: null });
    expect(states()).toEqual(['SEC-1 Done']);
  });

  it('finds an issue that was created without a confirmation', async () => {
    atlassian.next('usual', 'swallow');
    const error = await failureOf(post());
    expect(error).toBeInstanceOf(OutcomeUnknown);
    // Jira's search finds the issue only after some time.
    expect(error).toHaveProperty('retryAfterMs', 60_000);
    expect(await post(delivery(message, { attempt: 2 }))).toMatchObject({ reference: 'SEC-1' });
    expect(atlassian.issues).toHaveLength(1);
  });

  // Failures at each request of a message: at the search, and at the writes after it.
  const troubles = ['swallow', 'drop', { status: 500 }, { status: 429 }] as const;
  const places = [0, 1, 2, 3].flatMap((before) => troubles.map((trouble) => [trouble, before] as const));

  it.each(places)('has one issue, and closes it, after %j at request %i', async (trouble, before) => {
    const untilSent = async (what: OutgoingMessage) => {
      atlassian.next(...Array.from({ length: before }, () => 'usual' as const), trouble);
      for (let attempt = 1; attempt <= 3; attempt += 1)
        if (!((await failureOf(post({ ...what, attempt }))) instanceof Error)) return;
    };
    await untilSent(delivery());
    expect(states()).toEqual(['SEC-1 To Do']);
    await untilSent(delivery(resolved));
    expect(states()).toEqual(['SEC-1 Done']);
  });

  it('asks for the issue of the earlier message, which a search may not find yet', async () => {
    atlassian.stopIndexing();
    await post();
    const earlier = { revision: 1, message, reference: 'SEC-1' };
    const edition = { subject: 'i1', revision: 2, thread: { first: earlier, last: earlier, isInDoubt: false } };
    await post(delivery(message, { edition }));
    expect(atlassian.issues).toHaveLength(1);
    expect(atlassian.received.map(({ method, path }) => `${method} ${path.split('?')[0]}`).slice(2)).toEqual([
      'GET /rest/api/3/issue/SEC-1',
      'PUT /rest/api/3/issue/SEC-1',
    ]);
  });

  it('waits for the search index while an older state is unconfirmed', async () => {
    const edition = { subject: 'i1', revision: 2, thread: { first: null, last: null, isInDoubt: true } };
    const error = await failureOf(post(delivery(message, { edition })));
    expect(error).toMatchObject({ code: 'JIRA_INDEXING', retryAfterMs: 60_000 });
    expect(error).not.toBeInstanceOf(OutcomeUnknown);
    await post(delivery(message, { edition, attempt: 2 }));
    expect(atlassian.issues).toHaveLength(1);
  });

  it('searches for another issue where a user deleted it', async () => {
    const gone = { revision: 1, message, reference: 'SEC-77' };
    const edition = { subject: 'i1', revision: 2, thread: { first: gone, last: gone, isInDoubt: false } };
    expect(await post(delivery(message, { edition }))).toMatchObject({ reference: 'SEC-1' });
  });

  it('keeps the fields that the file leaves to users', async () => {
    await post();
    const [issue] = atlassian.issues;
    Object.assign(issue?.fields ?? {}, { summary: 'mine', labels: ['own', ...(issue?.fields.labels ?? [])] });
    await post(
      delivery({ ...message, title: 'High · miner' }),
      config({ kept: new Set(['summary', 'description', 'labels']), labels: ['x'] }),
    );
    expect(issue?.fields).toMatchObject({ summary: 'mine', priority: { name: 'Highest' } });
    expect(issue?.fields.labels).not.toContain('x');
  });

  it('sends other fields, and names those that Jira does not take', async () => {
    const fields = { components: [{ name: 'Monitoring' }], customfield_10001: 5 };
    await post(delivery(), config({ fields }));
    expect(atlassian.issues[0]?.fields).toMatchObject(fields);
    const error = await failureOf(post(delivery(), config({ fields: { customfield_1: 'x' } })));
    expect(error).toBeInstanceOf(InvalidInput);
    expect((error as Error).message).toBe('Jira answered status 400, because of customfield_1');
  });

  it('refuses a transition that is not there', async () => {
    await post();
    await expect(post(delivery(resolved), config({ resolveTransition: 'Ship' }))).rejects.toMatchObject({
      code: 'JIRA_NO_TRANSITION',
      retryable: false,
    });
  });

  it('reports a failed search as unavailable, with no outcome in doubt', async () => {
    for (const trouble of ['drop', { status: 200, body: 'a login page' }] as const) {
      atlassian.next(trouble);
      const error = await failureOf(post());
      expect(error).toMatchObject({ code: 'JIRA_UNAVAILABLE', retryable: true });
      expect(error).not.toBeInstanceOf(OutcomeUnknown);
    }
    expect(atlassian.issues).toEqual([]);
  });

  it('waits as long as Jira asks, wherever it asks', async () => {
    const busy = { status: 429, headers: { 'retry-after': '30' } };
    for (const before of [[], ['usual'], ['usual', 'usual']] as const) {
      if (before.length === 2) await post();
      atlassian.next(...before, busy);
      const error = await failureOf(post(before.length === 2 ? delivery(resolved) : delivery()));
      expect(error).toBeInstanceOf(Unavailable);
      expect(error).toHaveProperty('retryAfterMs', 30_000);
    }
  });

  it('is known by its credentials', async () => {
    expect(await failureOf(post(delivery(), config({ http: plainHttp })))).toBeInstanceOf(AccessDenied);
  });
});

it('omits a default priority that the project does not have, but not a configured one', async () => {
  await start('cloud', { withPriorities: false });
  expect(await post()).toMatchObject({ reference: 'SEC-1' });
  await post(delivery(message, { attempt: 2 }));
  expect(atlassian.issues).toMatchObject([{ edits: 1 }]);
  await expect(post(delivery(), config({ priority: 'Blocker' }))).rejects.toThrow('because of priority');
});

it('speaks to a Data Center in its own way', async () => {
  await start('datacenter');
  const own = config({
    apiUrl: atlassian.apiUrl(2),
    isCloud: false,
    takesDocuments: false,
    http: { ...plainHttp, auth: { type: 'authorization', scheme: 'Bearer', credentials: new Secret('token') } },
  });
  await post(delivery(), own);
  await post(delivery(resolved), own);
  expect(atlassian.issues).toMatchObject([
    { key: 'SEC-1', status: 'Done', fields: { description: expect.stringContaining('digs for coins.') } },
  ]);
});
