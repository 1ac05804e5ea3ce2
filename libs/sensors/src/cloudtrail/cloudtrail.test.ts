import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { JsonObject } from '@tidewaiter/domain';

import { cloudtrail } from './cloudtrail.js';

const connection = {
  sensor: 'aws',
  cluster: null,
  receivedAt: '2026-01-02T03:04:06Z',
  fingerprintKey: Buffer.alloc(32),
};
const call = JSON.parse(readFileSync(join(__dirname, 'fixtures/event.json'), 'utf8')) as JsonObject;

const read = (body: object) => cloudtrail.read(Buffer.from(JSON.stringify(body)), connection);
const see = (change: object) => read({ ...call, ...change }).records.map(cloudtrail.observe)[0];

/** The key that signed it is the only secret of it. */
const masked = JSON.parse(JSON.stringify(call).replace('AKIAEXAMPLE', 'AKIA***MPLE')) as JsonObject;

const bridged = {
  version: '0',
  'detail-type': 'AWS API Call via CloudTrail',
  source: 'aws.iam',
  time: '2026-01-02T03:04:09Z',
  detail: call,
};
const notified = (message: unknown) => ({
  Type: 'Notification',
  MessageId: 'm',
  TopicArn: 'arn',
  Message: JSON.stringify(message),
  Timestamp: '2026-01-02T03:04:10Z',
});

describe('cloudtrail', () => {
  it.each([
    ['as it is', call],
    ['through EventBridge', bridged],
    ['through SNS', notified(call)],
    ['through EventBridge and SNS', notified(bridged)],
    ['in a file of a trail', { Records: [call] }],
  ])('reads a call %s', (_, body) => {
    expect(read(body).records).toMatchObject([
      { id: 'd2905ac3-9898-433f-b10d-9302abe4e208', node: null, at: '2026-01-02T03:04:05Z', event: masked },
    ]);
  });

  it('says who asked for what, from where, and whether it was done', () => {
    expect(see({})).toMatchObject({
      activity: 'request',
      request: {
        user: 'arn:aws:iam::123456789012:user/report',
        accessKeyId: 'AKIA***MPLE',
        sourceIps: ['203.0.113.7'],
        userAgent: 'aws-cli/2.15',
        verb: 'CreateRole',
        resource: 'iam.amazonaws.com',
        namespace: '123456789012',
        name: 'backdoor',
        succeeded: false,
      },
    });
    expect(
      see({ errorCode: undefined, requestParameters: null, userIdentity: { invokedBy: 'AWS Internal' } })?.request,
    ).toMatchObject({
      user: 'AWS Internal',
      name: null,
      succeeded: true,
    });
  });

  it.each([
    [{ secretId: 'prod/db' }, 'prod/db'],
    [{ path: '/prod/', recursive: true, withDecryption: true }, '/prod/'],
    [{ name: '/prod/db', withDecryption: true }, '/prod/db'],
    [{ secretId: ['a', 'b'] }, null],
  ])('names the secret that a call reads: %j', (requestParameters, name) => {
    expect(see({ requestParameters })?.request?.name).toBe(name);
  });

  it('counts that a file lies in a bucket, which is not fetched', () => {
    const notice = notified({ s3Bucket: 'trail', s3ObjectKey: ['AWSLogs/1/CloudTrail/x.json.gz'] });
    expect(read(notice)).toEqual({ records: [], ignored: { 'log-file': 1 }, dropped: 0 });
  });

  it('knows a call without time by its envelope', () => {
    expect(read({ ...bridged, detail: { ...call, eventTime: undefined } }).records[0]?.at).toBe('2026-01-02T03:04:09Z');
  });

  it.each([
    ['a message that is no JSON', { ...notified(0), Message: 'hello' }],
    ['something else of EventBridge', { 'detail-type': 'Scheduled Event', detail: {} }],
    ['envelopes without end', notified(notified(notified(notified(call))))],
  ])('is not %s', (_, body) => {
    expect(() => read(body)).toThrow(expect.objectContaining({ code: 'BODY_UNRECOGNIZED' }));
  });
});
