import { InvalidInput, Secret } from '@tidewaiter/domain';

import { ecr } from './ecr.js';

const digest = `sha256:${'ab'.repeat(32)}`;
const detail = {
  result: 'SUCCESS',
  'action-type': 'PUSH',
  'repository-name': 'shop/app',
  'image-tag': '1.0',
  'image-digest': digest,
  'manifest-media-type': 'application/vnd.oci.image.manifest.v1+json',
};
const event = {
  id: 'e1',
  source: 'aws.ecr',
  account: '123456789012',
  region: 'eu-west-1',
  time: '2026-01-02T03:04:05Z',
  'detail-type': 'ECR Image Action',
  detail,
};
const request = (body: unknown) => ({ headers: {}, body: Buffer.from(JSON.stringify(body)) });
const envelope = {
  Type: 'Notification',
  MessageId: 'm1',
  TopicArn: 'arn:aws:sns:eu-west-1:123456789012:images',
  Message: JSON.stringify(event),
};

describe('ecr', () => {
  it.each([
    ['straight', event],
    ['through SNS', envelope],
  ])('reads a push that came %s as the same delivery', (_how, body) => {
    expect(ecr.parse(request(body)).events).toMatchObject([
      {
        outcome: 'push',
        registry: '123456789012.dkr.ecr.eu-west-1.amazonaws.com',
        repository: 'shop/app',
        tag: '1.0',
        digest,
        at: '2026-01-02T03:04:05Z',
        deliveryKey: 'e1',
      },
    ]);
  });

  const other = (type: string, more: object) => ({ ...event, 'detail-type': type, detail: { ...detail, ...more } });

  it.each([
    [other('ECR Image Action', { 'action-type': 'DELETE' }), { events: [{ outcome: 'delete' }] }],
    [other('ECR Image Action', { result: 'FAILURE' }), { events: [], ignored: { ignore: 1 } }],
    [other('ECR Pull Through Cache Action', { 'sync-status': 'SUCCESS' }), { events: [{ outcome: 'push' }] }],
    [other('ECR Pull Through Cache Action', { 'sync-status': 'FAILED' }), { events: [], ignored: { ignore: 1 } }],
    [other('ECR Replication Action', {}), { events: [{ outcome: 'push' }] }],
    [other('ECR Image Scan', {}), { events: [], ignored: { scan: 1 } }],
    [other('Inspector2 Finding', {}), { events: [], ignored: { scan: 1 } }],
    [other('ECR Referrer Action', {}), { events: [], ignored: { ignore: 1 } }],
    [
      { ...envelope, Type: 'SubscriptionConfirmation' },
      { events: [], ignored: { 'subscription-confirmation': 1 } },
    ],
    [
      { ...event, region: 'cn-north-1' },
      { events: [{ registry: '123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn' }] },
    ],
  ])('reads %#', (body, expected) => {
    expect(ecr.parse(request(body))).toMatchObject(expected);
  });

  it('reads what an input transformer makes of it', () => {
    const cloudEvent = {
      specversion: '1.0',
      id: 'c1',
      type: 'com.amazon.ecr.image.push',
      source: 'urn:aws:ecr:eu-west-1:123456789012:repository/shop/app',
      data: { repositoryName: 'shop/app', imageDigest: digest, imageTag: '1.0', registryId: '123456789012' },
    };
    expect(ecr.parse(request(cloudEvent)).events).toMatchObject([
      { registry: '123456789012.dkr.ecr.eu-west-1.amazonaws.com', repository: 'shop/app', tag: '1.0', digest },
    ]);
  });

  it('refuses what is no event', () => {
    expect(() => ecr.parse(request({}))).toThrow(InvalidInput);
  });

  it.each(['no JSON', '{"Event":"s3:TestEvent"}'])('ignores %j of another publisher of the topic', (Message) => {
    expect(ecr.parse(request({ ...envelope, Message }))).toEqual({ events: [], ignored: { ignore: 1 } });
    const raw = {
      headers: { 'x-amz-sns-message-type': 'Notification' },
      body: Buffer.from('{"Event":"s3:TestEvent"}'),
    };
    expect(ecr.parse(raw)).toEqual({ events: [], ignored: { ignore: 1 } });
  });

  it('takes the key of an API destination', () => {
    const isKnown = (headers: Record<string, string>) =>
      ecr.authenticate({ headers, body: Buffer.alloc(0) }, new Secret('s3cret'));
    expect(isKnown({ 'x-api-key': 's3cret' })).toBe(true);
    expect(isKnown({ authorization: `Basic ${Buffer.from('any:s3cret').toString('base64')}` })).toBe(true);
    expect(isKnown({ 'x-api-key': 'other' })).toBe(false);
  });
});
