import { AccessDenied, InvalidInput, Secret, Unavailable } from '@tidewaiter/domain';
import type { EgressResponse } from '@tidewaiter/egress';
import { z } from 'zod';

import type { HttpConfig } from '../http-config.js';
import { answerText, isTemporary, jsonOf, post, type Post, retryAfterMs } from '../outbound.js';
import { OutcomeUnknown, type SendContext } from '../sender.js';
import type { SlackConfig } from './config.js';

type SlackTarget = SlackConfig['target'];
export type SlackWebhook = Extract<SlackTarget, { mode: 'webhook' }>;
export type SlackBot = Extract<SlackTarget, { mode: 'bot' }>;

/** Limit on an answer: enough for the messages of one page. */
const maxAnswerBytes = 4 * 1024 * 1024;

/** Slack rejects the request permanently. */
export class SlackRefused extends InvalidInput {
  constructor(
    /** Error code of Slack: `message_not_found`. */
    readonly word: string,
  ) {
    super('SLACK_REFUSED', `Slack answered ${word}`);
  }
}

const slackMessage = z.object({
  ts: z.string(),
  thread_ts: z.string().optional().catch(undefined),
  metadata: z
    .object({ event_type: z.string(), event_payload: z.record(z.string(), z.unknown()) })
    .optional()
    .catch(undefined),
});

const apiAnswer = z.object({
  ok: z.boolean(),
  error: z.string().optional(),
  channel: z.string().optional().catch(undefined),
  ts: z.string().optional(),
  messages: z.array(slackMessage).optional(),
});

export type SlackMessage = z.infer<typeof slackMessage>;
type ApiAnswer = z.infer<typeof apiAnswer>;

export interface SlackCall {
  bot: SlackBot;
  http: HttpConfig;
  /** Timeout of one request; 0 for the default. */
  timeoutMs: number;
  context: SendContext;
}

/** Posts to an incoming webhook, which only answers `ok`. */
export async function postToWebhook(
  { url }: SlackWebhook,
  body: object,
  { http, timeoutMs, context }: Omit<SlackCall, 'bot'>,
): Promise<void> {
  const response = await post(url.reveal(), { ...json(body), http, timeoutMs }, context);
  if (response.status < 200 || response.status >= 300)
    throw failure(response, await answerText(response, maxAnswerBytes));
  await response.discard();
}

/** Calls a method of the Web API that takes JSON: `chat.update`. */
export async function callWith(method: string, body: object, slack: SlackCall): Promise<ApiAnswer> {
  return call(method, json(body), slack);
}

/** Calls a read method, which takes form data only. */
export async function ask(method: string, query: Record<string, string>, slack: SlackCall): Promise<SlackMessage[]> {
  const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
  const { messages = [] } = await call(method, { headers, body: new URLSearchParams(query).toString() }, slack);
  return messages;
}

type Content = Pick<Post, 'headers' | 'body'>;

function json(body: object): Content {
  return { headers: { 'content-type': 'application/json; charset=utf-8' }, body: JSON.stringify(body) };
}

/**
 * Calls a method of the Web API, which reports most errors with status 200. The configured URL is
 * that of `chat.postMessage`.
 */
async function call(
  method: string,
  content: Content,
  { bot, http, timeoutMs, context }: SlackCall,
): Promise<ApiAnswer> {
  const { url, token } = bot;
  const credentials = { authorization: new Secret(`Bearer ${token.reveal()}`) };
  const address = method === 'chat.postMessage' ? url : new URL(method, url).href;
  const response = await post(address, { ...content, credentials, http, timeoutMs }, context);
  const text = await answerText(response, maxAnswerBytes);
  const answer = apiAnswer.safeParse(jsonOf(text)).data;
  if (answer?.ok) return answer;
  if (!answer && response.status === 200) {
    throw new OutcomeUnknown('Slack answered in a form that is not its own; the message may have arrived', undefined);
  }
  throw failure(response, answer?.error ?? text);
}

// Slack's error codes for temporary failures.
// @see https://docs.slack.dev/reference/methods/chat.postMessage, "Errors"
const temporary = new Set([
  'ratelimited',
  'rate_limited',
  'internal_error',
  'fatal_error',
  'service_unavailable',
  'request_timeout',
]);
// Error codes about credentials. All others concern the message or the channel.
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
  // Use Slack's own error codes only: an attacker behind the URL could answer with the token, and
  // this text is logged.
  const code = /^[a-z_]{1,60}$/.test(reason.trim()) ? reason.trim() : `status ${status}`;
  const message = `Slack answered ${code}`;
  if (status === 429 || code === 'ratelimited' || code === 'rate_limited') {
    return new Unavailable('SLACK_RATE_LIMITED', message, retryAfterMs(headers, new Date()));
  }
  if (isTemporary(status) || temporary.has(code)) {
    return new Unavailable('SLACK_UNAVAILABLE', message, retryAfterMs(headers, new Date()));
  }
  if (status === 401 || denied.has(code)) return new AccessDenied('SLACK_DENIED', message);
  return new SlackRefused(code);
}
