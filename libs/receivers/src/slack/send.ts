import { AccessDenied, InvalidInput } from '@tidewaiter/domain';
import { type Message, risesAbove } from '@tidewaiter/messages';

import type { Edition, Outcome, OutgoingMessage, SendContext, ChannelSender } from '../sender.js';
import type { SlackConfig } from './config.js';
import { noteBlocks, noteText, slackBlocks, slackText } from './render.js';
import { slackActions } from './slack-actions.js';
import {
  ask,
  callWith,
  postToWebhook,
  type SlackBot,
  type SlackCall,
  type SlackMessage,
  SlackRefused,
} from './slack-api.js';

/**
 * Sends to Slack through an incoming webhook or as a bot. A bot keeps one message for each incident
 * and push: it edits the message on changes and posts news in its thread, broadcast to the channel
 * only for reminders or if it became worse. Only a bot can look up whether an unconfirmed message
 * arrived; that needs the permission to read the channel's history, and the channel's id rather
 * than its name.
 * @see https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
 * @see https://docs.slack.dev/reference/methods/chat.postMessage
 */
export const slackSender: ChannelSender<SlackConfig> = {
  async send(config, delivery, context) {
    const { target, http, timeoutMs } = config;
    const call = { http, timeoutMs, context };
    if (target.mode === 'bot') return sendAsBot(config, delivery, { bot: target, ...call });
    await postToWebhook(target, contentOf(config, delivery, context), call);
    return sent(null);
  },
  async find({ target, http, timeoutMs }, delivery, context) {
    if (target.mode === 'webhook') return null;
    const slack = { bot: target, http, timeoutMs, context };
    return whereAllowed(async () => findAsBot(delivery, slack));
  },
};

/** Location of a message. Its text form is the reference of a delivery. */
interface MessagePlace {
  /** Channel id, which editing requires; posting accepts a name, too. */
  channel: string;
  ts: string;
}

/**
 * Metadata type that marks a message with the delivery id and subject, by which `find` recognizes
 * it.
 */
const eventType = 'tidewaiter_delivery';
/** Limit on the messages of the channel that are searched, newest first. */
const historyLength = 100;
/** Limit on the thread replies that are searched. */
const repliesLength = 999;

// Error codes for a deleted message or thread.
const deleted = new Set(['message_not_found', 'thread_not_found']);
// Error codes for a message that exists but can no longer be edited.
const uneditable = new Set(['cant_update_message', 'edit_window_closed']);

async function sendAsBot(config: SlackConfig, delivery: OutgoingMessage, slack: SlackCall): Promise<Outcome> {
  const root = await rootOf(delivery, slack);
  if (root !== null && delivery.message.isReminder) return remind(config, delivery, root, slack);
  const edited = root === null ? 'gone' : await edit(config, delivery, root, slack);
  if (root === null || edited === 'gone') return postAsBot(config, delivery, slack);
  await note(config, delivery, root, { slack, isEdited: edited === 'edited' });
  return edited === 'edited'
    ? sent(root)
    : { ...sent(root), note: 'Slack does not allow the edit: the changes are in the thread' };
}

/** Posts a reminder as a broadcast reply to the original message instead of a new message. */
async function remind(
  config: SlackConfig,
  delivery: OutgoingMessage,
  root: MessagePlace,
  slack: SlackCall,
): Promise<Outcome> {
  const content = { ...contentOf(config, delivery, slack.context), metadata: metadataOf(delivery) };
  const place = { channel: root.channel, thread_ts: root.ts, reply_broadcast: true };
  try {
    await callWith('chat.postMessage', { ...content, ...place }, slack);
    return sent(root);
  } catch (error) {
    if (!(error instanceof SlackRefused) || !deleted.has(error.word)) throw error;
    return postAsBot(config, delivery, slack);
  }
}

async function postAsBot(config: SlackConfig, delivery: OutgoingMessage, slack: SlackCall): Promise<Outcome> {
  if (isNeedless(config, delivery)) return { ...sent(null), note: 'the channel has no message to edit' };
  const content = { ...contentOf(config, delivery, slack.context), metadata: metadataOf(delivery) };
  const { ts, channel = slack.bot.channel } = await callWith('chat.postMessage', content, slack);
  return sent(ts === undefined ? null : { channel, ts });
}

/**
 * Whether a resolution needs no message: the channel does not ask for it, or never got the message
 * that it resolves.
 */
function isNeedless({ sendResolved }: SlackConfig, { edition, message }: OutgoingMessage): boolean {
  if (!edition || message.status !== 'resolved') return false;
  const { last, isInDoubt } = edition.thread;
  return !sendResolved || (message.kind === 'push' && edition.revision > 1 && last === null && !isInDoubt);
}

/** Edits the message. `gone`: a user deleted it. `fixed`: Slack forbids the edit. */
async function edit(
  config: SlackConfig,
  delivery: OutgoingMessage,
  root: MessagePlace,
  slack: SlackCall,
): Promise<'edited' | 'fixed' | 'gone'> {
  const { text, blocks } = contentOf(config, delivery, slack.context);
  try {
    await callWith('chat.update', { ...root, text, blocks, metadata: metadataOf(delivery) }, slack);
    return 'edited';
  } catch (error) {
    if (!(error instanceof SlackRefused)) throw error;
    if (error.word === 'message_not_found') return 'gone';
    // Then only the thread shows the later states.
    if (uneditable.has(error.word)) return 'fixed';
    throw error;
  }
}

/** Posts the news since the last update of the channel in the thread. */
async function note(
  config: SlackConfig,
  delivery: OutgoingMessage,
  root: MessagePlace,
  { slack, isEdited }: { slack: SlackCall; isEdited: boolean },
): Promise<void> {
  const { message, edition } = delivery;
  const last = edition?.thread.last ?? null;
  const lines = linesSince(message, edition);
  // The edited message shows the resolution; an uneditable one does not.
  const isUnasked = message.status === 'resolved' && !config.sendResolved && isEdited;
  if (lines.length === 0 || isUnasked) return;
  const { username, iconEmoji, iconUrl } = config;
  await callWith(
    'chat.postMessage',
    {
      channel: root.channel,
      thread_ts: root.ts,
      reply_broadcast: last !== null && risesAbove(last.message, message),
      username,
      icon_emoji: iconEmoji,
      icon_url: iconUrl,
      text: noteText(message, lines),
      blocks: noteBlocks(message, lines),
      metadata: metadataOf(delivery),
      unfurl_links: false,
      unfurl_media: false,
    },
    slack,
  );
}

function linesSince({ history = [] }: Message, edition: Edition | null): string[] {
  if (!edition) return [];
  const shown = edition.thread.last?.revision ?? edition.revision - 1;
  return history
    .filter(({ revision }) => revision > shown && revision <= edition.revision)
    .flatMap(({ lines }) => lines);
}

/** Message of the subject in the channel; null without one. */
async function rootOf(delivery: OutgoingMessage, slack: SlackCall): Promise<MessagePlace | null> {
  const { edition } = delivery;
  const known = knownRoot(delivery, slack.bot);
  if (known || !edition?.thread.isInDoubt) return known;
  return whereAllowed(async () => findInChannel((payload) => payload['subject'] === edition.subject, slack));
}

/** Earlier message about the subject, or the message that a reminder repeats. */
function knownRoot({ edition, message, replyTo = null }: OutgoingMessage, bot: SlackBot): MessagePlace | null {
  return placeOf(edition?.thread.last?.reference ?? (message.isReminder ? replyTo : null), bot);
}

async function findAsBot(delivery: OutgoingMessage, slack: SlackCall): Promise<Outcome | null> {
  const isIt = (payload: Record<string, unknown>) => payload['delivery_id'] === delivery.id;
  const root = knownRoot(delivery, slack.bot);
  if (root === null) {
    const found = await findInChannel(isIt, slack);
    return found && sent(found);
  }
  const query = { channel: root.channel, ts: root.ts, limit: String(repliesLength), include_all_metadata: 'true' };
  const replies = await ask('conversations.replies', query, slack);
  // The message itself carries the mark as soon as it is edited; only a reply in the thread proves
  // that all steps were done.
  return replies.some((reply) => reply.ts !== root.ts && bears(reply, isIt)) ? sent(root) : null;
}

async function findInChannel(
  isIt: (payload: Record<string, unknown>) => boolean,
  slack: SlackCall,
): Promise<MessagePlace | null> {
  const { channel } = slack.bot;
  const query = { channel, limit: String(historyLength), include_all_metadata: 'true' };
  const messages = await ask('conversations.history', query, slack);
  const found = messages.find((message) => bears(message, isIt));
  // A broadcast reply belongs to the thread of another message.
  return found ? { channel, ts: found.thread_ts ?? found.ts } : null;
}

function bears({ metadata }: SlackMessage, isIt: (payload: Record<string, unknown>) => boolean): boolean {
  return metadata?.event_type === eventType && isIt(metadata.event_payload);
}

/**
 * Runs a lookup; null also when Slack denies it: then the message is sent again, which is better
 * than not at all.
 */
async function whereAllowed<T>(look: () => Promise<T | null>): Promise<T | null> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof AccessDenied || error instanceof InvalidInput) return null;
    throw error;
  }
}

function metadataOf({ id, edition }: OutgoingMessage): object {
  return { event_type: eventType, event_payload: { delivery_id: id, ...(edition && { subject: edition.subject }) } };
}

function contentOf(
  { target, username, iconEmoji, iconUrl }: SlackConfig,
  delivery: OutgoingMessage,
  { hasSlackButtons }: SendContext,
) {
  const { message } = delivery;
  // Only messages of an app can have buttons whose interactions arrive.
  const actions = hasSlackButtons && target.mode === 'bot' ? slackActions(delivery) : null;
  return {
    channel: target.channel,
    username,
    icon_emoji: iconEmoji,
    icon_url: iconUrl,
    text: slackText(message),
    blocks: slackBlocks(message, actions),
    unfurl_links: false,
    unfurl_media: false,
  };
}

function sent(place: MessagePlace | null): Outcome {
  return { outcome: 'sent', reference: place && `${place.channel}/${place.ts}`, refused: [] };
}

/**
 * Parses a reference; null when it is invalid, or lies in another channel than the configured one.
 */
function placeOf(reference: string | null, bot: SlackBot): MessagePlace | null {
  const [channel, ts] = reference?.split('/') ?? [];
  if (channel === undefined || ts === undefined) return null;
  // A channel name does not reveal its id.
  const isElsewhere = /^[CGD][A-Z0-9]{5,}$/.test(bot.channel) && bot.channel !== channel;
  return isElsewhere ? null : { channel, ts };
}
