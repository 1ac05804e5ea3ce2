import { createHmac, timingSafeEqual } from 'node:crypto';

import { InvalidInput, printable, type Secret } from '@tidewaiter/domain';
import { slackActionIds } from '@tidewaiter/receivers';
import { parseSilenceMatchers } from '@tidewaiter/routing';
import { type HookRequest, parseJson } from '@tidewaiter/webhooks';
import { z } from 'zod';

/** Limit on the age of a request: an older one may be a replay. */
const maxAgeMs = 5 * 60_000;
const maxNameChars = 80;

/** Action that a user requested by pressing a button. */
export interface SlackInteraction {
  /** `jane (Slack)` */
  by: string;
  /** URL at which Slack accepts a reply that only this user sees. */
  responseUrl: string | null;
  action: ButtonAction;
}

export type ButtonAction =
  | { kind: 'acknowledge'; incident: string }
  | { kind: 'silence'; incident: string | null; matchers: string[] };

/**
 * Whether Slack signed these bytes with the configured secret, and recently.
 * @see https://docs.slack.dev/authentication/verifying-requests-from-slack
 */
export function isSignedBySlack({ headers, body }: HookRequest, secret: Secret, nowMs: number): boolean {
  const at = headers['x-slack-request-timestamp'] ?? '';
  if (!/^\d{1,12}$/.test(at) || Math.abs(nowMs - Number(at) * 1000) > maxAgeMs) return false;
  const expected = createHmac('sha256', secret.reveal()).update(`v0:${at}:`).update(body).digest();
  const [, hex] = /^v0=([0-9a-f]{64})$/.exec(headers['x-slack-signature'] ?? '') ?? [];
  return hex !== undefined && timingSafeEqual(Buffer.from(hex, 'hex'), expected);
}

const uuid = z.uuid();
const payload = z.object({
  type: z.string(),
  user: z.object({ id: z.string(), username: z.string().optional(), name: z.string().optional() }).optional(),
  actions: z.array(z.object({ action_id: z.string(), value: z.string().optional() })).default([]),
  response_url: z.string().optional(),
});

const silence = z.object({
  incident: uuid.nullable(),
  matchers: z.array(z.string().min(1).max(1_000)).min(1).max(16),
});

/**
 * The action of a signed request; null for actions that are not Tidewaiter's, such as a button that
 * opened a page.
 * @throws InvalidInput `BODY_UNRECOGNIZED`
 */
export function readSlackInteraction(body: Buffer): SlackInteraction | null {
  const text = new URLSearchParams(body.toString('utf8')).get('payload');
  const read = payload.safeParse(text === null ? null : parseJson(Buffer.from(text)));
  if (!read.success) throw new InvalidInput('BODY_UNRECOGNIZED', 'this is no interaction of Slack');
  const { type, user, actions, response_url: responseUrl = null } = read.data;
  const [pressed] = actions;
  const action = type === 'block_actions' && pressed ? readAction(pressed) : null;
  if (action === null) return null;
  const name = printable(user?.username ?? user?.name ?? user?.id ?? 'somebody').slice(0, maxNameChars);
  return { by: `${name} (Slack)`, responseUrl, action };
}

function readAction({
  action_id: id,
  value = '',
}: {
  action_id: string;
  value?: string | undefined;
}): ButtonAction | null {
  if (id === slackActionIds.acknowledge) {
    if (uuid.safeParse(value).success) return { kind: 'acknowledge', incident: value };
    throw new InvalidInput('BODY_UNRECOGNIZED', 'the button names no incident');
  }
  return id === slackActionIds.silence ? readSilence(value) : null;
}

function readSilence(value: string): ButtonAction {
  const read = silence.safeParse(parseJson(Buffer.from(value)));
  if (!read.success) throw new InvalidInput('BODY_UNRECOGNIZED', 'the button says nothing that can be silenced');
  const { incident, matchers } = read.data;
  parseSilenceMatchers(matchers);
  return { kind: 'silence', incident, matchers };
}
