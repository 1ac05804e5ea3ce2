import { Secret, Unavailable } from '@tidewaiter/domain';
import { Egress } from '@tidewaiter/egress';
import type { Message } from '@tidewaiter/messages';
import { slackSink, type SlackSink } from '@tidewaiter/testkit';

import { plainHttp } from '../http-config.js';
import type { Edition, Outcome, OutgoingMessage, SendContext } from '../sender.js';
import type { SlackConfig } from './config.js';
import { slackSender } from './send.js';

// An incident as a channel lives through it, beside a Slack that keeps messages as the real one
// does.

const egress = new Egress({ allow: [] });
const context: SendContext = { egress, signal: new AbortController().signal };
let sink: SlackSink;
let channel: string;

beforeEach(async () => {
  sink = await slackSink();
  channel = 'C0000001';
});
afterEach(async () => sink.stop());
afterAll(async () => egress.close());

const config = (sendResolved = true): SlackConfig => ({
  username: undefined,
  iconEmoji: undefined,
  iconUrl: undefined,
  http: plainHttp,
  timeoutMs: 0,
  sendResolved,
  target: { mode: 'bot', url: `${sink.apiUrl}/chat.postMessage`, token: new Secret('xoxb-1'), channel },
});

const history = [
  { revision: 1, lines: ['Program started that the image does not have (T1059)'] },
  { revision: 2, lines: ['Connection to mining pool (T1496.001)'] },
  { revision: 3, lines: ['Severity rose from high to critical'] },
  { revision: 4, lines: ['Resolved by jane'] },
];

const message = (revision: number): Message => ({
  kind: 'incident',
  status: revision === 4 ? 'resolved' : 'firing',
  severity: revision < 3 ? 'high' : 'critical',
  title: `state ${revision} <!channel>`,
  summary: 'A miner.',
  facts: [],
  sections: [],
  links: [],
  footer: 'INC-1',
  history: history.filter((each) => each.revision <= revision),
});

const nothing: Edition['thread'] = { first: null, last: null, isInDoubt: false };

const threadOf = (revision: number, { reference }: Outcome): Edition['thread'] => {
  const last = { revision, reference, message: message(revision) };
  return { first: last, last, isInDoubt: false };
};

const delivery = (revision: number, thread: Edition['thread']): OutgoingMessage => ({
  id: `delivery-${revision}`,
  groupKey: '{}',
  groupLabels: {},
  alerts: [],
  attempt: 1,
  reached: [],
  receiver: 'team',
  externalUrl: 'https://tidewaiter.example.com',
  edition: { subject: 'incident-1', revision, thread },
  message: message(revision),
});

const send = async (revision: number, thread: Edition['thread'], sendResolved = true) =>
  slackSender.send(config(sendResolved), delivery(revision, thread), context);

const inChannel = () => sink.channel('C0000001').map(({ text }) => text.replace(/: .*|\. A miner\./s, ''));
const inThread = (ts: string) => sink.thread('C0000001', ts).map(({ text }) => text.replace(/^.*?: /s, ''));
const tsOf = ({ reference }: Outcome) => reference!.split('/')[1]!;

it('keeps one message, whose thread grows, and broadcasts only when it becomes worse', async () => {
  const first = await send(1, nothing);
  const second = await send(2, threadOf(1, first));
  const third = await send(3, threadOf(2, second));
  const fourth = await send(4, threadOf(3, third));
  expect([second, third, fourth]).toEqual([first, first, first]);
  expect(inThread(tsOf(first))).toEqual([
    'Connection to mining pool (T1496.001)',
    'Severity rose from high to critical',
    'Resolved by jane',
  ]);
  // The rise in severity is the one answer that the channel sees.
  expect(inChannel()).toEqual(['state 4 &lt;!channel&gt;', 'state 3 &lt;!channel&gt;']);
  expect(sink.channel('C0000001')[0]).toMatchObject({ edits: 3 });
  expect(JSON.stringify(sink.received)).not.toContain('<!channel>');
});

it('posts everything since its last message in one reply', async () => {
  const first = await send(1, nothing);
  await send(3, threadOf(1, first));
  expect(inThread(tsOf(first))).toEqual(['Connection to mining pool (T1496.001). Severity rose from high to critical']);
});

it('brings a message to its end without a word where good news is not asked for', async () => {
  const first = await send(1, nothing, false);
  await send(4, threadOf(1, first), false);
  expect(inChannel()).toEqual(['state 4 &lt;!channel&gt;']);
  expect(inThread(tsOf(first))).toEqual([]);
  expect(await send(4, nothing, false)).toMatchObject({ reference: null, note: 'the channel has no message to edit' });
  expect(sink.channel('C0000001')).toHaveLength(1);
});

it('posts a new message when a user deleted the old one', async () => {
  const first = await send(1, nothing);
  sink.remove('C0000001', tsOf(first));
  const second = await send(2, threadOf(1, first));
  expect(second).not.toEqual(first);
  expect(inChannel()).toEqual(['state 2 &lt;!channel&gt;']);
});

it('answers in the thread where a message cannot be edited any more', async () => {
  const first = await send(1, nothing);
  sink.next({ status: 200, body: { ok: false, error: 'edit_window_closed' } });
  const { note, ...second } = await send(2, threadOf(1, first));
  expect(second).toEqual(first);
  expect(note).toContain('Slack does not allow the edit');
  expect(inThread(tsOf(first))).toHaveLength(1);
});

it('ends a message that cannot be edited in its thread also where good news is not asked for', async () => {
  const first = await send(1, nothing, false);
  sink.next({ status: 200, body: { ok: false, error: 'cant_update_message' } });
  await send(4, threadOf(1, first), false);
  expect(inThread(tsOf(first))).toEqual([expect.stringContaining('Resolved by jane')]);
});

describe('a reminder', () => {
  const reminder = (thread: Edition['thread'], more: Partial<OutgoingMessage> = {}): OutgoingMessage => ({
    ...delivery(1, thread),
    id: 'reminder',
    message: { ...message(1), title: 'still open', isReminder: true },
    ...more,
  });

  it('is broadcast below the message, which stays unchanged', async () => {
    const first = await send(1, nothing);
    expect(await slackSender.send(config(), reminder(threadOf(1, first)), context)).toEqual(first);
    expect(inChannel()).toEqual(['state 1 &lt;!channel&gt;', 'still open']);
    expect(inThread(tsOf(first))).toHaveLength(1);
    expect(sink.channel('C0000001')[0]).toMatchObject({ edits: 0 });
  });

  it('finds its message also where that is about no incident', async () => {
    const first = await slackSender.send(config(), { ...delivery(1, nothing), edition: null }, context);
    const again = reminder(nothing, { edition: null, replyTo: first.reference });
    expect(await slackSender.find!(config(), again, context)).toBeNull();
    expect(await slackSender.send(config(), again, context)).toEqual(first);
    expect(await slackSender.find!(config(), again, context)).toEqual(first);
    expect(inThread(tsOf(first))).toHaveLength(1);
  });

  it('is a message of its own where there is none that it repeats, or not any more', async () => {
    await slackSender.send(config(), reminder(nothing, { edition: null }), context);
    sink.next({ status: 200, body: { ok: false, error: 'thread_not_found' } });
    await slackSender.send(config(), reminder(nothing, { edition: null, replyTo: 'C0000001/1.1' }), context);
    expect(inChannel()).toEqual(['still open', 'still open']);
  });
});

it('moves with the channel', async () => {
  const first = await send(1, nothing);
  channel = 'C0000002';
  expect((await send(2, threadOf(1, first))).reference).toMatch(/^C0000002\//);
});

it('edits by the id that Slack gave where the channel is known by its name', async () => {
  channel = '#ops';
  const first = await send(1, nothing);
  expect(first.reference).toMatch(/^COPS\//);
  await send(2, threadOf(1, first));
  expect(sink.channel('COPS')).toMatchObject([{ edits: 1 }]);
});

describe('an unconfirmed message', () => {
  it('finds the first message by its incident, and goes on in its thread', async () => {
    const first = await send(1, nothing);
    expect(await send(2, { ...nothing, isInDoubt: true })).toEqual(first);
    expect(inChannel()).toEqual(['state 2 &lt;!channel&gt;']);
    expect(inThread(tsOf(first))).toEqual(['Connection to mining pool (T1496.001)']);
  });

  it('writes the first message when there is no trace of one', async () => {
    await send(2, { ...nothing, isInDoubt: true });
    expect(inChannel()).toEqual(['state 2 &lt;!channel&gt;']);
  });

  it('does not answer twice in the thread', async () => {
    const first = await send(1, nothing);
    const second = delivery(2, threadOf(1, first));
    expect(await slackSender.find!(config(), second, context)).toBeNull();
    await slackSender.send(config(), second, context);
    expect(await slackSender.find!(config(), second, context)).toEqual(first);
  });

  it('answers after an edit that was not followed by its answer', async () => {
    const first = await send(1, nothing);
    const second = delivery(2, threadOf(1, first));
    const original = sink.received.length;
    // The edit arrives, the answer does not.
    sink.next({ status: 200, body: { ok: true } }, { status: 429, headers: { 'retry-after': '1' } });
    await expect(slackSender.send(config(), second, context)).rejects.toBeInstanceOf(Unavailable);
    expect(sink.received).toHaveLength(original + 2);
    expect(await slackSender.find!(config(), second, context)).toBeNull();
    await slackSender.send(config(), second, context);
    expect(inThread(tsOf(first))).toHaveLength(1);
  });
});

it('has buttons where an endpoint receives them, and none for actions that were taken', async () => {
  const withButtons = { ...context, hasSlackButtons: true };
  const buttons = () => {
    const blocks = sink.channel(channel)[0]!.blocks as { type: string; elements?: { action_id: string }[] }[];
    const elements = blocks.flatMap((block) => (block.type === 'actions' ? (block.elements ?? []) : []));
    return elements.map(({ action_id: id }) => id);
  };
  const first = await slackSender.send(config(), delivery(1, nothing), withButtons);
  expect(buttons()).toEqual(['tidewaiter_acknowledge']);
  const second = delivery(2, threadOf(1, first));
  await slackSender.send(config(), { ...second, message: { ...second.message, isAcknowledged: true } }, withButtons);
  expect(buttons()).toEqual([]);
  expect(sink.channel(channel)[0]!.blocks[0]).toMatchObject({ text: { text: expect.stringMatching(/^👀/) } });
});
