import { AccessDenied, InvalidInput, Secret, Unavailable } from '@tidewaiter/domain';
import type { EgressResponse } from '@tidewaiter/runtime';
import { z } from 'zod';

import { answerText, isTemporary, post, retryAfterMs, type Post } from '../outbound.js';
import { OutcomeUnknown, receiver, type Configs, type Delivery, type Outcome, type SendContext } from '../receiver.js';
import { slackBlocks, slackText } from './blocks.js';

type SlackConfig = Configs['slack'];
type Webhook = Extract<SlackConfig['target'], { mode: 'webhook' }>;
type Bot = Extract<SlackConfig['target'], { mode: 'bot' }>;

/**
 * Slack, through an incoming webhook or as a bot. Only a bot can look up whether an unconfirmed message arrived; it needs the
 * right to read the channel's history, and the channel's id rather than its name.
 * @see https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
 * @see https://docs.slack.dev/reference/methods/chat.postMessage
 */
export const slack = receiver({
  kind: 'slack',
  async send(config, delivery, context) {
    const { target } = config;
    if (target.mode === 'webhook') return sendToWebhook(target, jsonPost(config, payload(config, delivery)), context);
    const metadata = { event_type: eventType, event_payload: { delivery_id: delivery.id } };
    const body = { ...payload(config, delivery), metadata };
    const { ts } = await call(target, target.url, jsonPost(config, body), context);
    return { outcome: 'sent', reference: ts ?? null, refused: [] };
  },
  async find({ target, timeoutMs }, delivery, context) {
    return target.mode === 'bot' ? findAsBot(target, timeoutMs, delivery, context) : null;
  },
});

/** Marks a message with the delivery's id, which is how `find` knows it again. */
const eventType = 'tidewaiter_delivery';
/** Messages of the channel that `find` looks through, newest first. */
const historyLength = 100;
/** Bytes of an answer: so many messages of ours fit. */
const maxAnswerBytes = 4 * 1024 * 1024;

function payload({ target, username, iconEmoji, iconUrl }: SlackConfig, { message }: Delivery): object {
  return {
    channel: target.channel,
    username,
    icon_emoji: iconEmoji,
    icon_url: iconUrl,
    text: slackText(message),
    blocks: slackBlocks(message),
    unfurl_links: false,
    unfurl_media: false,
  };
}

function jsonPost({ timeoutMs }: SlackConfig, body: object): Post {
  return { headers: { 'content-type': 'application/json; charset=utf-8' }, body: JSON.stringify(body), timeoutMs };
}

async function sendToWebhook({ url }: Webhook, request: Post, context: SendContext): Promise<Outcome> {
  const response = await post(url.reveal(), request, context);
  if (response.status >= 200 && response.status < 300) {
    await response.discard();
    return { outcome: 'sent', reference: null, refused: [] };
  }
  throw failure(response, await answerText(response, maxAnswerBytes));
}

/** Null also when Slack does not let us look: then the message is sent again, which is better than not at all. */
async function findAsBot(bot: Bot, timeoutMs: number, { id }: Delivery, context: SendContext): Promise<Outcome | null> {
  const query = { channel: bot.channel, limit: String(historyLength), include_all_metadata: 'true' };
  const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
  const request = { headers, body: new URLSearchParams(query).toString(), timeoutMs };
  try {
    const { messages = [] } = await call(bot, new URL('conversations.history', bot.url).href, request, context);
    const found = messages.find(
      ({ metadata }) => metadata?.event_type === eventType && metadata.event_payload['delivery_id'] === id,
    );
    return found ? { outcome: 'sent', reference: found.ts, refused: [] } : null;
  } catch (error) {
    if (error instanceof AccessDenied || error instanceof InvalidInput) return null;
    throw error;
  }
}

const apiAnswer = z.object({
  ok: z.boolean(),
  error: z.string().optional(),
  ts: z.string().optional(),
  messages: z
    .array(
      z.object({
        ts: z.string(),
        metadata: z
          .object({ event_type: z.string(), event_payload: z.record(z.string(), z.unknown()) })
          .optional()
          .catch(undefined),
      }),
    )
    .optional(),
});

type ApiAnswer = z.infer<typeof apiAnswer>;

/** Calls a method of the Web API, which says most of its errors with status 200. */
async function call({ token }: Bot, url: string, request: Post, context: SendContext): Promise<ApiAnswer> {
  const credentials = { authorization: new Secret(`Bearer ${token.reveal()}`) };
  const response = await post(url, { ...request, credentials }, context);
  const text = await answerText(response, maxAnswerBytes);
  const answer = readAnswer(text);
  if (answer?.ok) return answer;
  if (!answer && response.status === 200) {
    throw new OutcomeUnknown('Slack answered in a form that is not its own; the message may have arrived', undefined);
  }
  throw failure(response, answer?.error ?? text);
}

function readAnswer(text: string): ApiAnswer | undefined {
  try {
    return apiAnswer.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

// What Slack calls the troubles that pass. @see https://docs.slack.dev/reference/methods/chat.postMessage, "Errors"
const temporary = new Set([
  'ratelimited',
  'rate_limited',
  'internal_error',
  'fatal_error',
  'service_unavailable',
  'request_timeout',
]);
// Troubles with who we are. Everything else is about the message or the channel.
const denied = new Set([
  'invalid_auth',
  'not_authed',
  'account_inactive',
  'token_revoked',
  'token_expired',
  'no_permission',
  'missing_scope',
  'not_allowed_token_type',
  'access_denied',
  'org_login_required',
  'invalid_token',
  'action_prohibited',
  'no_service',
  'no_active_hooks',
]);

function failure({ status, headers }: EgressResponse, reason: string): AccessDenied | InvalidInput | Unavailable {
  // Slack's own words only: a stranger behind the URL could answer with our token, and this ends in logs.
  const code = /^[a-z_]{1,60}$/.test(reason.trim()) ? reason.trim() : `status ${status}`;
  const message = `Slack answered ${code}`;
  if (status === 429 || code === 'ratelimited' || code === 'rate_limited') {
    return new Unavailable('SLACK_RATE_LIMITED', message, retryAfterMs(headers, new Date()));
  }
  if (isTemporary(status) || temporary.has(code)) {
    return new Unavailable('SLACK_UNAVAILABLE', message, retryAfterMs(headers, new Date()));
  }
  if (status === 401 || denied.has(code)) return new AccessDenied('SLACK_DENIED', message);
  return new InvalidInput('SLACK_REFUSED', message);
}
