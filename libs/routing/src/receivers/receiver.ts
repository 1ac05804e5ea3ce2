import type { Section } from '../section.js';
import { readEmail } from './email.js';
import type { EmailConfig, EmailDefaults } from './email.js';
import { readSlack } from './slack.js';
import type { SlackConfig, SlackDefaults } from './slack.js';
import { readWebhook } from './webhook.js';
import type { WebhookConfig } from './webhook.js';

/** One way to reach a receiver. With the receiver's name, `kind` and `index` say which one, as in `slack_configs[0]`. */
export type Integration =
  | { kind: 'slack'; index: number; config: SlackConfig }
  | { kind: 'email'; index: number; config: EmailConfig }
  | { kind: 'webhook'; index: number; config: WebhookConfig };

/** Somebody who is told; with no integrations, nobody, on purpose. */
export interface Receiver {
  name: string;
  integrations: Integration[];
}

const unsupportedKinds = [
  'discord',
  'incidentio',
  'jira',
  'jsm',
  'mattermost',
  'msteams',
  'msteamsv2',
  'opsgenie',
  'pagerduty',
  'pushover',
  'rocketchat',
  'signl4',
  'sns',
  'telegram',
  'victorops',
  'webex',
  'wechat',
].map((kind) => `${kind}_configs`);

/** Reads `receivers`, by name. */
export function readReceivers(root: Section, slack: SlackDefaults, email: EmailDefaults): Map<string, Receiver> {
  const receivers = new Map<string, Receiver>();
  for (const section of root.sections('receivers')) {
    const name = section.scalar('name');
    if (name === undefined) section.problem('name', 'is required');
    else if (receivers.has(name)) section.problem('name', 'another receiver has this name');
    const integrations = readIntegrations(section, slack, email);
    section.finish(unsupportedKinds);
    if (name !== undefined) receivers.set(name, { name, integrations });
  }
  return receivers;
}

function readIntegrations(section: Section, slack: SlackDefaults, email: EmailDefaults): Integration[] {
  const integrations: Integration[] = [];
  for (const [index, entry] of section.sections('slack_configs').entries()) {
    const config = readSlack(entry, slack);
    if (config) integrations.push({ kind: 'slack', index, config });
  }
  for (const [index, entry] of section.sections('email_configs').entries()) {
    const config = readEmail(entry, email);
    if (config) integrations.push({ kind: 'email', index, config });
  }
  for (const [index, entry] of section.sections('webhook_configs').entries()) {
    const config = readWebhook(entry);
    if (config) integrations.push({ kind: 'webhook', index, config });
  }
  return integrations;
}
