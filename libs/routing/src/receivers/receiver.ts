import type { Section } from '../section.js';
import { readSummarySchedule } from '../summary-schedule.js';
import type { SummarySchedule } from '../summary-schedule.js';
import { showName } from '../yaml-document.js';
import { readAlertmanager } from './alertmanager.js';
import type { AlertmanagerConfig } from './alertmanager.js';
import { readDiscord, readTeams, readTelegram, readTelegramDefaults } from './chat.js';
import type { DiscordConfig, TeamsConfig, TelegramConfig } from './chat.js';
import { readEmail, readEmailDefaults } from './email.js';
import type { EmailConfig } from './email.js';
import { readHttpConfig, readHttpDefaults } from './http-config.js';
import type { HttpConfig } from './http-config.js';
import { readIncidentio } from './incidentio.js';
import type { IncidentioConfig } from './incidentio.js';
import { readJira, readJiraDefaults } from './jira.js';
import type { JiraConfig } from './jira.js';
import { readMattermost, readMattermostDefaults } from './mattermost.js';
import type { MattermostConfig } from './mattermost.js';
import { readOpsgenie, readOpsgenieDefaults } from './opsgenie.js';
import type { OpsgenieConfig } from './opsgenie.js';
import { readPagerDuty, readPagerDutyDefaults } from './pagerduty.js';
import type { PagerDutyConfig } from './pagerduty.js';
import { readPushover } from './pushover.js';
import type { PushoverConfig } from './pushover.js';
import { readRocketChat, readRocketChatDefaults } from './rocketchat.js';
import type { RocketChatConfig } from './rocketchat.js';
import { readSlack, readSlackDefaults } from './slack.js';
import type { SlackConfig } from './slack.js';
import { readAwsDefaults, readSns } from './sns.js';
import type { SnsConfig } from './sns.js';
import { readVictorOps, readVictorOpsDefaults } from './victorops.js';
import type { VictorOpsConfig } from './victorops.js';
import { readWebex, readWebexDefaults } from './webex.js';
import type { WebexConfig } from './webex.js';
import { readWebhook } from './webhook.js';
import type { WebhookConfig } from './webhook.js';
import { readWeChat, readWeChatDefaults } from './wechat.js';
import type { WeChatConfig } from './wechat.js';

/** Configuration type of each kind of channel, by the prefix of its `_configs` key. */
export interface ChannelConfigs {
  slack: SlackConfig;
  email: EmailConfig;
  webhook: WebhookConfig;
  pagerduty: PagerDutyConfig;
  opsgenie: OpsgenieConfig;
  msteamsv2: TeamsConfig;
  discord: DiscordConfig;
  telegram: TelegramConfig;
  sns: SnsConfig;
  jira: JiraConfig;
  incidentio: IncidentioConfig;
  mattermost: MattermostConfig;
  pushover: PushoverConfig;
  rocketchat: RocketChatConfig;
  victorops: VictorOpsConfig;
  webex: WebexConfig;
  wechat: WeChatConfig;
  alertmanager: AlertmanagerConfig;
}

export type ChannelKind = keyof ChannelConfigs;

/** One channel of a receiver. The receiver's name, `kind` and `index` identify it, as in `slack_configs[0]`. */
export type Integration = {
  [K in ChannelKind]: { kind: K; index: number; config: ChannelConfigs[K] };
}[ChannelKind];

/** Named list of channels; one without integrations discards its alerts on purpose. */
export interface ReceiverConfig {
  name: string;
  integrations: Integration[];
  /** Times at which collected messages go out as one summary; null: each message goes out when it comes. */
  digest: SummarySchedule | null;
  /**
   * Name of the receiver that takes over when a channel of this one stops accepting messages; an
   * extension of Tidewaiter.
   */
  fallback: string | null;
}

/**
 * Reader of one entry of each kind of channel, whose `http_config` is read already; returns
 * undefined after noting a problem.
 */
type Readers = { [K in ChannelKind]: (entry: Section, http: HttpConfig) => ChannelConfigs[K] | undefined };

/** Readers of the channels of a receiver, with the default HTTP settings. */
interface ChannelReaders {
  readers: Readers;
  http: HttpConfig;
}

/** Builds the readers of every kind of channel with their defaults from `global`. */
export function channelReaders(global: Section): ChannelReaders {
  return {
    http: readHttpDefaults(global),
    readers: {
      slack: knowing(readSlackDefaults(global), readSlack),
      email: knowing(readEmailDefaults(global), (entry, _http, defaults) => readEmail(entry, defaults)),
      webhook: readWebhook,
      pagerduty: knowing(readPagerDutyDefaults(global), readPagerDuty),
      opsgenie: knowing(readOpsgenieDefaults(global), readOpsgenie),
      msteamsv2: readTeams,
      discord: readDiscord,
      telegram: knowing(readTelegramDefaults(global), readTelegram),
      sns: knowing(readAwsDefaults(global), readSns),
      jira: knowing(readJiraDefaults(global), readJira),
      incidentio: readIncidentio,
      mattermost: knowing(readMattermostDefaults(global), readMattermost),
      pushover: readPushover,
      rocketchat: knowing(readRocketChatDefaults(global), readRocketChat),
      victorops: knowing(readVictorOpsDefaults(global), readVictorOps),
      wechat: knowing(readWeChatDefaults(global), readWeChat),
      webex: knowing(readWebexDefaults(global), readWebex),
      alertmanager: readAlertmanager,
    },
  };
}

function knowing<Defaults, Config>(
  defaults: Defaults,
  read: (entry: Section, http: HttpConfig, defaults: Defaults) => Config,
): (entry: Section, http: HttpConfig) => Config {
  return (entry, http) => read(entry, http, defaults);
}

/** Channel kinds of Alertmanager that Tidewaiter does not support, with the reason. */
const missingKinds = {
  msteams_configs: ' (the connectors of Office 365 have ended; use msteamsv2_configs)',
  jsm_configs: '',
  jsmops_configs: '',
  signl4_configs: '',
};

/** Reads `receivers`, by name. */
export function readReceivers(root: Section, channels: ChannelReaders): Map<string, ReceiverConfig> {
  const receivers = new Map<string, ReceiverConfig>();
  for (const section of root.sections('receivers')) {
    const name = section.scalar('name');
    if (name === undefined) section.problem('name', 'is required');
    else if (receivers.has(name)) section.problem('name', 'another receiver has this name');
    const integrations = (Object.keys(channels.readers) as ChannelKind[]).flatMap((kind) =>
      readIntegrations(section, kind, channels),
    );
    const digest = readSummarySchedule(section);
    const fallback = section.scalar('fallback') ?? null;
    readMissingKinds(section, integrations.length > 0);
    section.finish();
    if (name !== undefined) receivers.set(name, { name, integrations, digest, fallback });
  }
  for (const [index, { fallback }] of [...receivers.values()].entries()) {
    if (fallback !== null && !receivers.has(fallback))
      root.problem(`receivers[${index}].fallback`, `no receiver ${showName(fallback)}`);
  }
  return receivers;
}

/** Refuses unsupported channels of a receiver that has no other one; warns if it has one. */
function readMissingKinds(section: Section, hasChannel: boolean): void {
  for (const [key, why] of Object.entries(missingKinds)) {
    if (section.value(key) === undefined) continue;
    if (hasChannel) section.ignored(key, why);
    else section.unsupported(key, why);
  }
}

function readIntegrations(section: Section, kind: ChannelKind, { readers, http }: ChannelReaders): Integration[] {
  return section.sections(`${kind}_configs`).flatMap((entry, index) => {
    // Mail does not use HTTP, so its `http_config` is left to be reported as an unknown key.
    const config = readers[kind](entry, kind === 'email' ? http : readHttpConfig(entry, http));
    return config === undefined ? [] : [{ kind, index, config } as Integration];
  });
}
