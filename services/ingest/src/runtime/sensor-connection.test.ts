import { completed } from '@tidewaiter/collections';
import { Secret } from '@tidewaiter/domain';
import type { SensorSettings } from '@tidewaiter/runtime';

import { sensorConnection } from './sensor-connection.js';

const noKeys = { get: async () => 'none' };
const topicArn = 'arn:aws:sns:eu-west-1:123456789012:cloudtrail';
const open = (more: Partial<SensorSettings>) =>
  sensorConnection(
    { name: 'aws', kind: 'cloudtrail', cluster: null, silentAfterMs: null, allowUnauthenticated: false, ...more },
    noKeys,
    Buffer.alloc(32),
  );
const request = (headers: Record<string, string>, body: object = {}) => ({
  headers,
  body: Buffer.from(JSON.stringify(body)),
});
const token = new Secret('t0ken');

describe('sensorConnection', () => {
  it.each([
    ['a token, and it is right', { token }, { authorization: 'Bearer t0ken' }, true, false],
    ['a token, and it is wrong', { token }, { authorization: 'Bearer other' }, false, false],
    ['a token, and it is in a header of its own', { token }, { 'x-api-key': 't0ken' }, true, false],
    ['no token', {}, {}, false, true],
    ['no token, and none needed', { allowUnauthenticated: true }, {}, true, false],
    // A configured token is always checked.
    ['a token, and none needed', { token, allowUnauthenticated: true }, {}, false, false],
    // A configured signature is always required.
    ['a topic, and none needed', { sns: { topicArn }, allowUnauthenticated: true }, {}, false, false],
  ])('opens with %s', async (_, settings, headers, isAuthentic, isClosed) => {
    const connection = open(settings);
    await expect(connection.isAuthentic(request(headers))).resolves.toBe(isAuthentic);
    expect(connection.isClosed).toBe(isClosed);
  });

  it('refuses a message of another topic, and one with a certificate of another host', async () => {
    const connection = open({ sns: { topicArn, certificate: 'none' } });
    const message = {
      Type: 'Notification',
      TopicArn: topicArn,
      Message: '{}',
      SignatureVersion: '2',
      Signature: 'eA==',
    };
    for (const change of [
      { TopicArn: `${topicArn}x`, SigningCertURL: 'https://sns.eu-west-1.amazonaws.com/a.pem' },
      { SigningCertURL: 'https://sns.eu-west-1.amazonaws.com.evil.example/a.pem' },
      { SigningCertURL: 'https://sns.eu-west-1.amazonaws.com/a.pem' },
    ]) {
      await expect(connection.isAuthentic(request({}, { ...message, ...change }))).resolves.toBe(false);
    }
  });

  it('counts a subscription request of SNS without following its URL', () => {
    const question = {
      Type: 'SubscriptionConfirmation',
      TopicArn: topicArn,
      Message: 'm',
      SubscribeURL: 'https://evil.example',
    };
    expect(completed(open({ token }).read(Buffer.from(JSON.stringify(question)), '2026-01-02T03:04:05Z'))).toEqual({
      records: [],
      ignored: { 'subscription-confirmation': 1 },
      dropped: 0,
    });
  });
});
