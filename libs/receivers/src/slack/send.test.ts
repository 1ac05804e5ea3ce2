import { AccessDenied, InvalidInput, Secret, Unavailable } from '@tidewaiter/domain';
import { Egress } from '@tidewaiter/egress';
import { httpSink, type HttpSink, type SinkAnswer } from '@tidewaiter/testkit';

import { plainHttp } from '../http-config.js';
import type { OutgoingMessage, SendContext } from '../sender.js';
import type { SlackConfig } from './config.js';
import { slackSender } from './send.js';

const delivery: OutgoingMessage = {
  id: '0198a1c2',
  groupKey: '{}:{}',
  groupLabels: {},
  alerts: [],
  attempt: 2,
  reached: [],
  receiver: 'team',
  externalUrl: 'https://tidewaiter.example.com',
  edition: null,
  message: {
    kind: 'push',
    status: 'firing',
    severity: 'high',
    title: 'High · <!channel>',
    summary: 'New.',
    facts: [],
    sections: [],
    links: [],
    footer: 'Tidewaiter',
  },
};

describe('slack', () => {
  let sink: HttpSink;
  let usual: SinkAnswer;
  const egress = new Egress({ allow: [] });
  const context: SendContext = { egress, signal: new AbortController().signal };

  beforeEach(async () => {
    usual = { status: 200, body: 'ok' };
    sink = await httpSink(() => usual);
  });
  afterEach(() => sink.stop());
  afterAll(() => egress.close());

  const look = {
    username: 'Tidewaiter',
    iconEmoji: undefined,
    iconUrl: undefined,
    http: plainHttp,
    timeoutMs: 0,
    sendResolved: false,
  };
  const webhook = (): SlackConfig => ({
    ...look,
    target: { mode: 'webhook', url: new Secret(`${sink.url}/services/T0/B0/x`), channel: undefined },
  });
  const bot = (): SlackConfig => ({
    ...look,
    target: { mode: 'bot', url: `${sink.url}/api/chat.postMessage`, token: new Secret('xoxb-1'), channel: 'C1' },
  });

  it('posts blocks and a text without commands to a webhook', async () => {
    expect(await slackSender.send(webhook(), delivery, context)).toEqual({
      outcome: 'sent',
      reference: null,
      refused: [],
    });
    const [request] = sink.received;
    expect(request).toMatchObject({
      method: 'POST',
      path: '/services/T0/B0/x',
      headers: { 'content-type': 'application/json; charset=utf-8' },
    });
    expect(request?.body).toEqual({
      username: 'Tidewaiter',
      text: 'High · &lt;!channel&gt;. New.',
      blocks: expect.any(Array),
      unfurl_links: false,
      unfurl_media: false,
    });
    expect(request?.text).not.toContain('<!channel>');
  });

  it('posts as a bot, with the delivery in the metadata', async () => {
    usual = { status: 200, body: { ok: true, channel: 'C1', ts: '1751371201.000200' } };
    expect(await slackSender.send(bot(), delivery, context)).toEqual({
      outcome: 'sent',
      reference: 'C1/1751371201.000200',
      refused: [],
    });
    expect(sink.received[0]).toMatchObject({
      path: '/api/chat.postMessage',
      headers: { authorization: 'Bearer xoxb-1' },
      body: {
        channel: 'C1',
        metadata: { event_type: 'tidewaiter_delivery', event_payload: { delivery_id: '0198a1c2' } },
      },
    });
  });

  // The words of docs.slack.dev for incoming webhooks.
  it.each<[number, string, unknown]>([
    [400, 'invalid_payload', InvalidInput],
    [400, 'invalid_blocks', InvalidInput],
    [403, 'action_prohibited', AccessDenied],
    [404, 'channel_not_found', InvalidInput],
    [404, 'no_service', AccessDenied],
    [410, 'channel_is_archived', InvalidInput],
    [429, 'rate_limited', Unavailable],
    [500, 'rollup_error', Unavailable],
    [502, '<html>Bad gateway</html>', Unavailable],
  ])('webhook: %i %s', async (status, body, expected) => {
    usual = { status, body };
    await expect(slackSender.send(webhook(), delivery, context)).rejects.toBeInstanceOf(expected);
  });

  it.each<[string, unknown]>([
    ['channel_not_found', InvalidInput],
    ['not_in_channel', InvalidInput],
    ['is_archived', InvalidInput],
    ['msg_blocks_too_long', InvalidInput],
    ['invalid_auth', AccessDenied],
    ['token_revoked', AccessDenied],
    ['ratelimited', Unavailable],
    ['internal_error', Unavailable],
  ])('bot: 200 %s', async (error, expected) => {
    usual = { status: 200, body: { ok: false, error } };
    await expect(slackSender.send(bot(), delivery, context)).rejects.toBeInstanceOf(expected);
  });

  it.each<SinkAnswer>([
    { status: 200, body: '<html>Please log in</html>' },
    { status: 200, body: '{}' },
    { status: 200, body: '{"ok":"yes"}' },
  ])('does not take %j for a success of a bot', async (answer) => {
    usual = answer;
    await expect(slackSender.send(bot(), delivery, context)).rejects.toMatchObject({
      code: 'DELIVERY_UNCONFIRMED',
      retryable: true,
    });
  });

  it('finds a message that arrived without a confirmation', async () => {
    const metadata = { event_type: 'tidewaiter_delivery', event_payload: { delivery_id: '0198a1c2' } };
    const others = [
      { ts: '9.9' },
      { ts: '8.8', metadata: { event_type: 'other', event_payload: metadata.event_payload } },
      { ts: '7.7', metadata: 'odd' },
    ];
    usual = { status: 200, body: { ok: true, messages: [...others, { ts: '5.5', metadata }] } };
    expect(await slackSender.find?.(bot(), delivery, context)).toEqual({
      outcome: 'sent',
      reference: 'C1/5.5',
      refused: [],
    });
    expect(sink.received[0]).toMatchObject({
      path: '/api/conversations.history',
      text: 'channel=C1&limit=100&include_all_metadata=true',
      headers: { authorization: 'Bearer xoxb-1' },
    });
    usual = { status: 200, body: { ok: true, messages: others } };
    expect(await slackSender.find?.(bot(), delivery, context)).toBeNull();
  });

  it('finds nothing where it may not look, and asks again where it could not', async () => {
    usual = { status: 200, body: { ok: false, error: 'missing_scope' } };
    expect(await slackSender.find?.(bot(), delivery, context)).toBeNull();
    expect(await slackSender.find?.(webhook(), delivery, context)).toBeNull();
    expect(sink.received).toHaveLength(1);
    usual = { status: 503 };
    await expect(slackSender.find?.(bot(), delivery, context)).rejects.toBeInstanceOf(Unavailable);
  });
});
