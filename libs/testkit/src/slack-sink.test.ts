import { slackSink, type SlackSink } from './slack-sink.js';

let slack: SlackSink;

beforeEach(async () => {
  slack = await slackSink();
});
afterEach(async () => slack.stop());

const call = async (method: string, fields: object, authorization = 'Bearer xoxb'): Promise<unknown> => {
  const headers = { authorization, 'content-type': 'application/json; charset=utf-8' };
  const answer = await fetch(`${slack.apiUrl}/${method}`, { method: 'POST', body: JSON.stringify(fields), headers });
  return answer.json();
};

const ask = async (
  method: string,
  query: Record<string, string>,
): Promise<{ messages: { ts: string; metadata?: object }[] }> => {
  const headers = { authorization: 'Bearer xoxb' };
  const body = new URLSearchParams(query);
  const answer = await fetch(`${slack.apiUrl}/${method}`, { method: 'POST', body, headers });
  return (await answer.json()) as never;
};

const metadata = { event_type: 'x', event_payload: { id: '1' } };
const first = '1700000000.000001';

describe('slackSink', () => {
  it('accepts posts of webhooks and of bots', async () => {
    const posted = await fetch(slack.webhookUrl, { method: 'POST', body: '{"text":"hi"}' });
    expect(await posted.text()).toBe('ok');
    expect(await call('chat.postMessage', { channel: 'C1', text: 'hi' })).toEqual({
      ok: true,
      channel: 'C1',
      ts: first,
    });
    expect(await call('chat.postMessage', { channel: '#ops', text: 'hi' })).toMatchObject({ channel: 'COPS' });
    expect(await call('chat.postMessage', { channel: 'C1' }, '')).toEqual({ ok: false, error: 'not_authed' });
  });

  it('edits existing messages', async () => {
    await call('chat.postMessage', { channel: 'C1', text: 'hi' });
    expect(await call('chat.update', { channel: 'C1', ts: first, text: 'ho' })).toMatchObject({ ok: true, ts: first });
    expect(slack.channel('C1')).toMatchObject([{ text: 'ho', edits: 1 }]);
    expect(await call('chat.update', { channel: '#c1', ts: first })).toEqual({ ok: false, error: 'channel_not_found' });
    slack.remove('C1', first);
    expect(await call('chat.update', { channel: 'C1', ts: first })).toEqual({ ok: false, error: 'message_not_found' });
  });

  it('keeps threads out of the channel, except for broadcast replies', async () => {
    await call('chat.postMessage', { channel: 'C1', text: 'hi', metadata });
    await call('chat.postMessage', { channel: 'C1', text: 'quiet', thread_ts: first, metadata });
    await call('chat.postMessage', { channel: 'C1', text: 'loud', thread_ts: first, reply_broadcast: true });
    expect(slack.channel('C1').map(({ text }) => text)).toEqual(['hi', 'loud']);
    expect(slack.thread('C1', first).map(({ text }) => text)).toEqual(['quiet', 'loud']);
    const { messages } = await ask('conversations.history', { channel: 'C1' });
    expect(messages).toMatchObject([{ text: 'loud', thread_ts: first }, { text: 'hi' }]);
    expect(messages[1]).not.toHaveProperty('metadata');
    const replies = await ask('conversations.replies', { channel: 'C1', ts: first, include_all_metadata: 'true' });
    expect(replies.messages).toMatchObject([{ text: 'hi', metadata }, { text: 'quiet', metadata }, { text: 'loud' }]);
  });
});
