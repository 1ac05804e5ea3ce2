import { createHmac } from 'node:crypto';

import { InvalidInput, Secret } from '@tidewaiter/domain';

import { gitea } from './gitea.js';

const digest = `sha256:${'ab'.repeat(32)}`;
const published = {
  type: 'container',
  owner: { login: 'Shop' },
  name: 'App',
  version: '1.0',
  html_url: 'https://git.example.com/Shop/-/packages/container/app/1.0',
  created_at: '2026-01-02T03:04:05Z',
};
const payload = { action: 'created', package: published, sender: { login: 'ci' } };
const headers = { 'x-gitea-delivery': 'd1' };
const request = (body: unknown) => ({ headers, body: Buffer.from(JSON.stringify(body)) });

it('reads a package as the image that is pulled, in small letters', () => {
  expect(gitea.parse(request(payload)).events).toMatchObject([
    {
      outcome: 'push',
      registry: 'git.example.com',
      repository: 'shop/app',
      tag: '1.0',
      digest: null,
      actor: 'ci',
      at: '2026-01-02T03:04:05Z',
      deliveryKey: expect.stringMatching(/^sha256:\w{64}$/),
      identity: 'event',
    },
  ]);
});

it.each([
  [{ package: { ...published, version: digest } }, { events: [{ tag: null, digest }] }],
  [{ action: 'deleted' }, { events: [{ outcome: 'delete', tag: '1.0' }] }],
  [{ package: { ...published, type: 'npm' } }, { events: [], ignored: { ignore: 1 } }],
  [{ package: undefined }, { events: [], ignored: { ignore: 1 } }],
])('reads %j', (more, expected) => {
  expect(gitea.parse(request({ ...payload, ...more }))).toMatchObject(expected);
});

it('keys an event by the JSON that is signed, in JSON and in any form', () => {
  const json = JSON.stringify(payload);
  const form = (more: Record<string, string>) => ({
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-gitea-delivery': 'other' },
    body: Buffer.from(new URLSearchParams({ payload: json, ...more }).toString()),
  });
  const keys = [request(payload), form({}), form({ more: '1' })].map(
    (each) => gitea.parse(each).events[0]?.deliveryKey,
  );
  expect(new Set(keys).size).toBe(1);
});

it('refuses what is no webhook', () => {
  expect(() => gitea.parse(request({}))).toThrow(InvalidInput);
});

describe('the signature', () => {
  const secret = new Secret('s3cret');
  const json = JSON.stringify(payload);
  const signature = createHmac('sha256', 's3cret').update(json).digest('hex');
  const form = Buffer.from(new URLSearchParams({ payload: json }).toString());

  it.each([
    ['of JSON', { 'x-gitea-signature': signature }, Buffer.from(json), true],
    ['of Forgejo', { 'x-forgejo-signature': signature, 'x-gitea-signature': 'other' }, Buffer.from(json), true],
    [
      'of the JSON in a form',
      { 'x-gitea-signature': signature, 'content-type': 'application/x-www-form-urlencoded' },
      form,
      true,
    ],
    ['that is empty', { 'x-gitea-signature': '', 'x-hub-signature-256': 'sha256=' }, Buffer.from(json), false],
    ['that is missing', {}, Buffer.from(json), false],
    ['of another body', { 'x-gitea-signature': signature }, Buffer.from(`${json} `), false],
  ])('%s', (_what, given, body, isKnown) => {
    expect(gitea.authenticate({ headers: given, body }, secret)).toBe(isKnown);
  });
});
