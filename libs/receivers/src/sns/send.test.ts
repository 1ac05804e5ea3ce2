import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { AccessDenied, InvalidInput, Secret, Unavailable } from '@tidewaiter/domain';
import { Egress } from '@tidewaiter/egress';
import type { Message } from '@tidewaiter/messages';
import { snsSink, type SnsSink } from '@tidewaiter/testkit';

import { plainHttp } from '../http-config.js';
import { type Outcome, OutcomeUnknown, type OutgoingMessage } from '../sender.js';
import type { SnsConfig } from './config.js';
import { publication, snsLimits } from './render.js';
import { snsSender } from './send.js';

const topicArn = 'arn:aws:sns:eu-central-1:123456789012:alerts';
const message: Message = {
  kind: 'push',
  status: 'firing',
  severity: 'critical',
  title: 'Critical · shop/app:1 brings 2 findings',
  summary: 'Pushed by ci a minute ago.',
  facts: [{ label: 'Image', value: 'shop/app:1' }],
  sections: [
    {
      title: 'New',
      items: [{ severity: 'high', text: 'CVE-1 in openssl', detail: 'fixed in 2', isNew: true }],
      omitted: 3,
    },
  ],
  links: [{ text: 'Open', url: 'https://tidewaiter.example.com/#pushes/1' }],
  footer: 'Tidewaiter',
};
const delivery: OutgoingMessage = {
  id: '0198a1c2-7d9f-7abc-8def-0123456789ab',
  groupKey: '{}:{}',
  groupLabels: {},
  alerts: [],
  message,
  attempt: 1,
  reached: [],
  receiver: 'team',
  externalUrl: 'https://tidewaiter.example.com',
  edition: null,
};

let amazon: SnsSink;
let egress: Egress;

beforeEach(async () => {
  amazon = await snsSink();
  egress = new Egress({ allow: [] });
});
afterEach(async () => {
  await egress.close();
  await amazon.stop();
});

function config(more: Partial<SnsConfig> = {}): SnsConfig {
  return {
    apiUrl: amazon.url,
    region: 'eu-central-1',
    credentials: {
      accessKey: amazon.accessKey,
      secretKey: new Secret(amazon.secretKey),
      sessionToken: undefined,
    },
    roleArn: undefined,
    stsUrl: amazon.url,
    target: { topicArn },
    subject: undefined,
    attributes: [],
    http: plainHttp,
    timeoutMs: 0,
    sendResolved: true,
    ...more,
  };
}

async function publish(to: SnsConfig, what = delivery): Promise<Outcome> {
  return snsSender.send(to, what, { egress, signal: new AbortController().signal });
}

it('publishes to a topic, signed', async () => {
  const { reference } = await publish(config({ attributes: [['severity', 'Sev2 &=+ü']] }));
  expect(amazon.messages(topicArn)).toEqual([
    {
      id: reference,
      subject: 'Critical · shop/app:1 brings 2 findings',
      text: [
        'Critical · shop/app:1 brings 2 findings',
        '',
        'Pushed by ci a minute ago.',
        'Image: shop/app:1',
        '',
        'New',
        '- [High] CVE-1 in openssl',
        '  fixed in 2',
        '+3 more',
        '',
        'Open: https://tidewaiter.example.com/#pushes/1',
      ].join('\n'),
      attributes: { severity: 'Sev2 &=+ü' },
      groupId: undefined,
    },
  ]);
});

it('gives a FIFO topic the keys for order and deduplication', async () => {
  const fifo = config({ target: { topicArn: `${topicArn}.fifo` } });
  const first = await publish(fifo);
  expect(await publish(fifo, { ...delivery, attempt: 2 })).toEqual(first);
  await publish(fifo, { ...delivery, id: '0198a1c2-7d9f-7abc-8def-0123456789ac' });
  const published = amazon.messages(`${topicArn}.fifo`);
  expect(published).toHaveLength(2);
  expect(new Set(published.map(({ groupId }) => groupId)).size).toBe(1);
});

it('sends a phone one line', async () => {
  await publish(config({ target: { phoneNumber: '+15555550100' } }));
  expect(amazon.messages('+15555550100')).toMatchObject([{ text: message.title, subject: undefined }]);
});

it('cuts a text that is too long, and counts the rest', async () => {
  const long = '\u{1f6a2}漢"\\<&'.repeat(50);
  const items = Array.from({ length: 12 }, () => ({ severity: null, text: long, detail: long, isNew: true }));
  const huge: Message = {
    ...message,
    title: long,
    sections: Array.from({ length: 100 }, () => ({ title: 'New', items, omitted: 100 })),
  };
  const attributes = Array.from({ length: 50 }, (_, n): [string, string] => [`name-${n}`, 'ü'.repeat(1024)]);
  await publish(config({ attributes }), { ...delivery, message: huge });
  const [published] = amazon.messages(topicArn);
  expect(published?.text).toMatch(/\n\+\d+ more\n/);
  expect(Buffer.byteLength(published?.text ?? '')).toBeGreaterThan(snsLimits.bytes / 3);
  expect(published?.subject?.length).toBeLessThanOrEqual(snsLimits.subjectChars);
});

it('has a subject of one’s own', () => {
  expect(publication(config({ subject: 'Images' }), delivery)).toContainEqual(['Subject', 'Images']);
});

describe('a role', () => {
  const roleArn = 'arn:aws:iam::123456789012:role/tidewaiter';
  const actions = () => amazon.received.map(({ text }) => new URLSearchParams(text).get('Action'));

  it('is taken on once for many messages', async () => {
    const asRole = config({ roleArn });
    await publish(asRole);
    await publish(asRole);
    expect(amazon.messages(topicArn)).toHaveLength(2);
    expect(actions()).toEqual(['AssumeRole', 'Publish', 'Publish']);
  });

  it('exchanges the current token in the file of a workload', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sns-'));
    const tokenFile = join(folder, 'token');
    await writeFile(tokenFile, `${amazon.webIdentityToken}\n`);
    const credentials = { tokenFile, roleArn };
    await publish(config({ credentials }));
    await publish(config({ credentials, roleArn }));
    expect(actions()).toEqual([
      'AssumeRoleWithWebIdentity',
      'Publish',
      'AssumeRoleWithWebIdentity',
      'AssumeRole',
      'Publish',
    ]);
    await writeFile(tokenFile, 'of somebody else');
    await expect(publish(config({ credentials }))).rejects.toThrow('STS answered InvalidIdentityToken');
    await rm(folder, { recursive: true });
    await expect(publish(config({ credentials }))).rejects.toMatchObject({ code: 'STS_DENIED' });
    expect(amazon.messages(topicArn)).toHaveLength(2);
  });

  it('that cannot be taken on leaves nothing in doubt', async () => {
    amazon.next('drop');
    const error: unknown = await publish(config({ roleArn })).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'STS_UNAVAILABLE', retryable: true });
    expect(error).not.toBeInstanceOf(OutcomeUnknown);
  });
});

const answer = (status: number, code: string) => ({
  status,
  body: `<ErrorResponse><Error><Code>${code}</Code></Error></ErrorResponse>`,
});

it.each([
  [answer(400, 'Throttling'), Unavailable, 'SNS answered Throttling'],
  [answer(400, 'KMSThrottling'), Unavailable, 'SNS answered KMSThrottling'],
  [answer(429, 'Throttled'), Unavailable, 'SNS answered Throttled'],
  [answer(500, 'InternalError'), Unavailable, 'SNS answered InternalError'],
  [{ status: 503, body: 'upstream' }, Unavailable, 'SNS answered status 503'],
  [answer(403, 'AuthorizationError'), AccessDenied, 'SNS answered AuthorizationError'],
  [answer(403, 'SignatureDoesNotMatch'), AccessDenied, 'SNS answered SignatureDoesNotMatch'],
  [answer(400, 'ExpiredToken'), AccessDenied, 'SNS answered ExpiredToken'],
  [{ status: 403, body: 'forbidden' }, AccessDenied, 'SNS answered status 403'],
  [answer(404, 'NotFound'), InvalidInput, 'SNS answered NotFound'],
  [answer(400, 'InvalidParameter'), InvalidInput, 'SNS answered InvalidParameter'],
  [answer(400, 'wJalrXUtnFEMI'), InvalidInput, 'SNS answered status 400'],
  [{ status: 200, body: 'a login page' }, OutcomeUnknown, 'SNS answered in a form'],
])('classifies %j', async (answer, kind, words) => {
  amazon.next(answer);
  const error: unknown = await publish(config()).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(kind);
  expect((error as Error).message).toContain(words);
});

it('is known by its signature alone', async () => {
  const wrong = { ...config().credentials, secretKey: new Secret('another') };
  await expect(publish(config({ credentials: wrong }))).rejects.toThrow('SNS answered SignatureDoesNotMatch');
  await expect(publish(config({ target: { topicArn: `${topicArn}-no-such` } }))).rejects.toThrow('NotFound');
});
