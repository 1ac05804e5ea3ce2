import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

import { Unavailable } from '@tidewaiter/domain';
import { exportJWK, SignJWT } from 'jose';

import { isFromServiceAccount, isFromTopic } from './sender-proofs.js';

const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pem = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }).toString();
const request = (body: unknown, headers: Record<string, string> = {}) => ({
  headers,
  body: Buffer.from(JSON.stringify(body)),
});

describe('a message of SNS', () => {
  const topicArn = 'arn:aws:sns:eu-west-1:123456789012:images';
  const about = {
    Message: '{"source":"aws.ecr"}',
    MessageId: 'm1',
    Timestamp: '2026-01-02T03:04:05.000Z',
    TopicArn: topicArn,
    Type: 'Notification',
  };
  const signed = (fields: Record<string, string>, algorithm: 'sha1' | 'sha256' = 'sha256') => {
    const text = Object.keys(fields)
      .toSorted()
      .map((name) => `${name}\n${fields[name]}\n`)
      .join('');
    return {
      ...fields,
      SignatureVersion: algorithm === 'sha1' ? '1' : '2',
      Signature: sign(algorithm, Buffer.from(text), pair.privateKey).toString('base64'),
      SigningCertURL: 'https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-01.pem',
    };
  };
  const asked: string[] = [];
  const keys = {
    get: async (url: URL) => {
      asked.push(url.href);
      return pem(pair.publicKey);
    },
  };
  beforeEach(() => asked.splice(0));
  const isKnown = async (body: object) => isFromTopic(request(body), { topicArn }, keys);

  it.each([
    ['of version 2', signed(about)],
    ['of version 1', signed(about, 'sha1')],
    ['with a subject', signed({ ...about, Subject: 'hello' })],
    [
      'that asks for confirmation',
      signed({ ...about, Type: 'SubscriptionConfirmation', SubscribeURL: 'u', Token: 't' }),
    ],
  ])('is accepted %s', async (_what, body) => {
    await expect(isKnown(body)).resolves.toBe(true);
    expect(asked).toEqual(['https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-01.pem']);
  });

  it.each([
    ['that was changed', { ...signed(about), Message: '{}' }],
    ['of another version', { ...signed(about), SignatureVersion: '3' }],
    ['without a signature', { ...about, SigningCertURL: signed(about).SigningCertURL }],
  ])('is refused %s', async (_what, body) => {
    await expect(isKnown(body)).resolves.toBe(false);
  });

  it.each<[string, object]>([
    ['another topic, perhaps of a stranger', signed({ ...about, TopicArn: `${topicArn}-2` })],
    ['what is no message', { Type: 'Notification' }],
    ['what is nothing', []],
    ...[
      'https://sns.eu-west-1.amazonaws.com.evil.example/x.pem',
      'https://sns.evil.example/x.pem',
      'http://sns.eu-west-1.amazonaws.com/x.pem',
      'https://sns.eu-west-1.amazonaws.com:444/x.pem',
      'https://user@sns.eu-west-1.amazonaws.com/x.pem',
      'https://sns.eu-west-1.amazonaws.com/x',
      'no url',
    ].map((url): [string, object] => [url, { ...signed(about), SigningCertURL: url }]),
  ])('is refused without a request: %s', async (_what, body) => {
    await expect(isKnown(body)).resolves.toBe(false);
    expect(asked).toEqual([]);
  });

  it('is verified with the configured certificate without a request', async () => {
    const given = (key: KeyObject) => ({ topicArn, certificate: pem(key) });
    await expect(isFromTopic(request(signed(about)), given(pair.publicKey), keys)).resolves.toBe(true);
    await expect(isFromTopic(request(signed(about)), given(stranger.publicKey), keys)).resolves.toBe(false);
    await expect(isFromTopic(request(signed(about)), { topicArn, certificate: 'none' }, keys)).resolves.toBe(false);
    expect(asked).toEqual([]);
  });
});

describe('a token of Google', () => {
  const audience = 'https://tidewaiter.example.com/hooks/registry/main';
  const serviceAccount = 'push@project.example.com';
  const claims = { email: serviceAccount, email_verified: true };
  const token = async (more: object = {}, key = pair.privateKey, aud = audience, iss = 'https://accounts.google.com') =>
    new SignJWT({ ...claims, ...more })
      .setProtectedHeader({ alg: 'RS256', kid: 'k1' })
      .setAudience(aud)
      .setIssuer(iss)
      .setExpirationTime('5m')
      .sign(key);
  const published = async () => ({
    get: async () => JSON.stringify({ keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'k1', alg: 'RS256' }] }),
  });
  const isKnown = async (authorization?: string) =>
    isFromServiceAccount(
      request({}, authorization === undefined ? {} : { authorization }),
      { audience, serviceAccount },
      await published(),
    );

  it('is accepted', async () => {
    await expect(isKnown(`Bearer ${await token()}`)).resolves.toBe(true);
  });

  it.each<[string, () => Promise<string>]>([
    ['for another audience', async () => token({}, pair.privateKey, 'https://other.example.com')],
    ['of another issuer', async () => token({}, pair.privateKey, audience, 'https://accounts.example.com')],
    ['of another account', async () => token({ email: 'else@project.example.com' })],
    ['whose address nobody verified', async () => token({ email_verified: false })],
    ['of a stranger’s key', async () => token({}, stranger.privateKey)],
    ['that is over', async () => token({ exp: 1 }).then((text) => text.replace(/\.[^.]+$/, '.AAAA'))],
    ['that is none', async () => 'a.b.c'],
    ['without a signature', async () => `${Buffer.from('{"alg":"none"}').toString('base64url')}.e30.`],
  ])('is refused %s', async (_what, make) => {
    await expect(isKnown(`Bearer ${await make()}`)).resolves.toBe(false);
  });

  it('is false without a token', async () => {
    await expect(isKnown()).resolves.toBe(false);
  });

  it('is unavailable with invalid keys', async () => {
    const broken = { get: async () => 'no JSON' };
    const authorization = `Bearer ${await token()}`;
    await expect(
      isFromServiceAccount(request({}, { authorization }), { audience, serviceAccount }, broken),
    ).rejects.toThrow(Unavailable);
  });
});
