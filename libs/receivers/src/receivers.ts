import type { ChannelConfig, ChannelReaders, Integration } from '@tidewaiter/routing';

import { alertmanager } from './alertmanager/alertmanager.js';
import { defectdojo } from './defectdojo/defectdojo.js';
import { dependencyTrack } from './dependency_track/dependency_track.js';
import { discord } from './discord/discord.js';
import { elasticsearch } from './elasticsearch/elasticsearch.js';
import { email } from './email/email.js';
import { readHttpDefaults } from './http-config.js';
import { incidentio } from './incidentio/incidentio.js';
import { jira } from './jira/jira.js';
import { mattermost } from './mattermost/mattermost.js';
import { msteamsv2 } from './msteamsv2/msteamsv2.js';
import { opsgenie } from './opsgenie/opsgenie.js';
import { pagerduty } from './pagerduty/pagerduty.js';
import { pushover } from './pushover/pushover.js';
import type { Receiver } from './receiver.js';
import { rocketchat } from './rocketchat/rocketchat.js';
import type { Outcome, OutgoingMessage, SendContext, ChannelSender } from './sender.js';
import { slack } from './slack/slack.js';
import { sns } from './sns/sns.js';
import { splunkHec } from './splunk_hec/splunk_hec.js';
import { syslog } from './syslog/syslog.js';
import { telegram } from './telegram/telegram.js';
import { victorops } from './victorops/victorops.js';
import { webex } from './webex/webex.js';
import { webhook } from './webhook/webhook.js';
import { wechat } from './wechat/wechat.js';

/**
 * Every kind of channel, in the order of the channels of a receiver. A new one is a folder beside
 * these and a line here.
 */
export const receivers = {
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
  wechat,
  webex,
  alertmanager,
  syslog,
  splunk_hec: splunkHec,
  elasticsearch,
  dependency_track: dependencyTrack,
  defectdojo,
};

/** The kinds of channel for `parseRouting`. */
export const channelReaders: ChannelReaders = (global) => {
  const http = readHttpDefaults(global);
  return Object.values<Receiver<ChannelConfig>>(receivers).map((receiver) => {
    const { kind, isForPrograms, isForImages, follows } = receiver;
    return [kind, { read: receiver.reader(global, http), isForPrograms, isForImages, follows }] as const;
  });
};

/** Channel of a receiver, as `parseRouting` returns it. */
type Channel = Pick<Integration, 'kind' | 'config'>;

/** Sends a delivery once. @throws as `ChannelSender.send` */
export async function send(channel: Channel, delivery: OutgoingMessage, context: SendContext): Promise<Outcome> {
  const sender = await senderOf(channel);
  return sender.send(channel.config, delivery, context);
}

/**
 * Looks for an unconfirmed delivery in its channel; null when it is not there, or when the channel
 * cannot be asked.
 * @throws Unavailable, OutcomeUnknown
 */
export async function find(channel: Channel, delivery: OutgoingMessage, context: SendContext): Promise<Outcome | null> {
  const sender = await senderOf(channel);
  return (await sender.find?.(channel.config, delivery, context)) ?? null;
}

/**
 * The configuration was read by the reader of the same kind, so it is of the type that the sender
 * takes.
 */
async function senderOf({ kind }: Channel): Promise<ChannelSender<ChannelConfig>> {
  const all: Record<string, Receiver<ChannelConfig>> = receivers;
  const receiver = all[kind];
  if (!receiver) throw new TypeError(`no receiver of the kind ${kind}`);
  return receiver.sender();
}
