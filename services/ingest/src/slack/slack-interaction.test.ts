import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';

import { InvalidInput, Secret } from '@tidewaiter/domain';
import { itWith, sharedData } from '@tidewaiter/testkit';

import { isSignedBySlack, readSlackInteraction } from './slack-interaction.js';

const secret = new Secret('not the one of anybody');
const nowMs = Date.parse('2026-11-25T10:00:00Z');
const incident = '7d1f9c52-0b0a-4a1e-8c3d-2f4e6a8b0c1d';

const signed = (body: Buffer, atMs = nowMs, key = secret.reveal()) => {
  const at = String(Math.floor(atMs / 1000));
  const signature = createHmac('sha256', key).update(`v0:${at}:`).update(body).digest('hex');
  return { headers: { 'x-slack-request-timestamp': at, 'x-slack-signature': `v0=${signature}` }, body };
};
const bodyOf = (payload: unknown) => Buffer.from(new URLSearchParams({ payload: JSON.stringify(payload) }).toString());
const press = (action: object, more: object = {}) =>
  bodyOf({ type: 'block_actions', user: { id: 'U1', username: 'jane' }, actions: [action], ...more });
const silence = (value: unknown) => ({ action_id: 'tidewaiter_silence', value: JSON.stringify(value) });
const acknowledge = { action_id: 'tidewaiter_acknowledge', value: incident };

describe('a signature', () => {
  const body = Buffer.from('payload=%7B%7D\xff', 'latin1');

  it('holds over the bytes as they came', () => {
    expect(isSignedBySlack(signed(body), secret, nowMs)).toBe(true);
    expect(isSignedBySlack({ ...signed(body), body: Buffer.from(`${body.toString('latin1')} `) }, secret, nowMs)).toBe(
      false,
    );
  });

  it.each([
    [-301_000, false],
    [-299_000, true],
    [299_000, true],
    [301_000, false],
  ])('that is %i ms off counts: %s', (offMs, counts) => {
    expect(isSignedBySlack(signed(body, nowMs + offMs), secret, nowMs)).toBe(counts);
  });

  it.each<[string, object]>([
    ['another secret', signed(body, nowMs, 'other').headers],
    ['no headers', {}],
    ['half of one', { ...signed(body).headers, 'x-slack-signature': 'v0=00' }],
    [
      'another version',
      { ...signed(body).headers, 'x-slack-signature': signed(body).headers['x-slack-signature'].replace('v0', 'v1') },
    ],
    ['no time', { ...signed(body).headers, 'x-slack-request-timestamp': '' }],
    ['a time of letters', { ...signed(body).headers, 'x-slack-request-timestamp': '1e9' }],
  ])('with %s does not', (_, headers) => {
    expect(isSignedBySlack({ headers: headers as Record<string, string>, body }, secret, nowMs)).toBe(false);
  });
});

const shared = sharedData('fixtures/notify/slack/interaction-block-actions.json');

itWith(shared)("holds for Slack's own example", () => {
  const { headers, rawBody, secret: key } = JSON.parse(readFileSync(shared.path, 'utf8'));
  const hook = {
    headers: {
      'x-slack-request-timestamp': headers['X-Slack-Request-Timestamp'],
      'x-slack-signature': headers['X-Slack-Signature'],
    },
    body: Buffer.from(rawBody),
  };
  const at = Number(headers['X-Slack-Request-Timestamp']) * 1000;
  expect(isSignedBySlack(hook, new Secret(key), at)).toBe(true);
  expect(readSlackInteraction(hook.body)).toBeNull();
});

describe('a press', () => {
  it('says who asks for what', () => {
    expect(readSlackInteraction(press(acknowledge, { response_url: 'https://hooks.slack.com/actions/1' }))).toEqual({
      by: 'jane (Slack)',
      responseUrl: 'https://hooks.slack.com/actions/1',
      action: { kind: 'acknowledge', incident },
    });
    const matchers = ['kind="incident"', 'rule="Shell"'];
    expect(readSlackInteraction(press(silence({ incident: null, matchers })))?.action).toEqual({
      kind: 'silence',
      incident: null,
      matchers,
    });
  });

  it.each([
    ['a link', press({ action_id: 'tidewaiter_open_0' })],
    ["another app's button", press({ action_id: 'x', value: '1' })],
    ['a dialog', bodyOf({ type: 'view_submission' })],
    ['no action', bodyOf({ type: 'block_actions', actions: [] })],
  ])('of %s asks for nothing of ours', (_, body) => {
    expect(readSlackInteraction(body)).toBeNull();
  });

  it.each([
    ['no form', Buffer.from('{}')],
    ['no JSON', Buffer.from('payload=x')],
    ['no object', bodyOf(7)],
    ['no incident', press({ ...acknowledge, value: "1' OR 1" })],
    ['no matchers', press(silence({ incident: null, matchers: [] }))],
    ['a matcher that is none', press(silence({ incident: null, matchers: ['='] }))],
    ['everything', press(silence({ incident: null, matchers: ['rule=~".*"'] }))],
    ['too many', press(silence({ incident: null, matchers: Array.from({ length: 17 }, () => 'a="b"') }))],
  ])('of %s is refused', (_, body) => {
    expect(() => readSlackInteraction(body)).toThrow(InvalidInput);
  });

  it('shows a hostile name as harmless text', () => {
    const name = `a\u001b[31m\n${'x'.repeat(500)}`;
    const { by = '' } = readSlackInteraction(press(acknowledge, { user: { id: 'U1', username: name } })) ?? {};
    expect(by).not.toMatch(/\p{Cc}/u);
    expect(by.length).toBeLessThan(100);
  });
});
