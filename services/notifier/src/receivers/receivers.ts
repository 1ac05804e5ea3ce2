import { alertmanager } from './alertmanager/alertmanager.js';
import { discord } from './discord/discord.js';
import { email } from './email/email.js';
import { incidentio } from './incidentio/incidentio.js';
import { jira } from './jira/jira.js';
import { mattermost } from './mattermost/mattermost.js';
import { msteamsv2 } from './msteamsv2/msteamsv2.js';
import { opsgenie } from './opsgenie/opsgenie.js';
import { pagerduty } from './pagerduty/pagerduty.js';
import { pushover } from './pushover/pushover.js';
import type { Configs, OutgoingMessage, Kind, Outcome, Receiver, SendContext } from './receiver.js';
import { rocketchat } from './rocketchat/rocketchat.js';
import { slack } from './slack/slack.js';
import { sns } from './sns/sns.js';
import { telegram } from './telegram/telegram.js';
import { victorops } from './victorops/victorops.js';
import { webex } from './webex/webex.js';
import { webhook } from './webhook/webhook.js';
import { wechat } from './wechat/wechat.js';

/** Every kind of channel. A new one is a folder beside these and a line here. */
export const receivers: { [K in Kind]: Receiver<K> } = {
  slack,
  email,
  webhook,
  pagerduty,
  opsgenie,
  msteamsv2,
  discord,
  telegram,
  sns,
  jira,
  incidentio,
  mattermost,
  pushover,
  rocketchat,
  victorops,
  webex,
  wechat,
  alertmanager,
};

/** One channel of a receiver, as routing.yaml gives it. */
type Channel<K extends Kind> = { [P in K]: { kind: P; config: Configs[P] } }[K];

/** Sends a delivery once. @throws as `Receiver.send` says */
export async function send<K extends Kind>(
  { kind, config }: Channel<K>,
  delivery: OutgoingMessage,
  context: SendContext,
): Promise<Outcome> {
  return receivers[kind].send(config, delivery, context);
}

/**
 * Looks for an unconfirmed delivery in its channel; null when it is not there, or when the channel cannot tell.
 * @throws Unavailable, OutcomeUnknown
 */
export async function find<K extends Kind>(
  { kind, config }: Channel<K>,
  delivery: OutgoingMessage,
  context: SendContext,
): Promise<Outcome | null> {
  return (await receivers[kind].find?.(config, delivery, context)) ?? null;
}

/** Whether a channel wants to know of every change of what it was told of. */
export function follows<K extends Kind>({ kind, config }: Channel<K>): boolean {
  return receivers[kind].follows?.(config) ?? false;
}
