import { InvalidInput } from '@tidewaiter/domain';

import { readInhibitRules } from './inhibition.js';
import type { InhibitRule } from './inhibition.js';
import { unsupportedGlobalMailKeys } from './receivers/email.js';
import { channelReaders, readReceivers } from './receivers/receiver.js';
import type { Receiver } from './receivers/receiver.js';
import { readRoute } from './route.js';
import type { Route } from './route.js';
import { Section } from './section.js';
import type { Reading, ReadFile } from './section.js';
import { readTimeIntervals } from './time-interval.js';
import { readYaml } from './yaml-document.js';

/** A whole `routing.yaml`. What `global` says for receivers is already in them. */
export interface RoutingConfig {
  route: Route;
  /** By name. Every receiver that a route names is here. */
  receivers: Map<string, Receiver>;
  inhibitRules: readonly InhibitRule[];
}

const unsupportedKeys = ['templates', 'tracing'];

const unsupportedGlobalKeys = [
  ...unsupportedGlobalMailKeys,
  'http_config',
  'jira_api_url',
  'wechat_api_url',
  'wechat_api_secret',
  'wechat_api_secret_file',
  'wechat_api_corp_id',
  'victorops_api_url',
  'victorops_api_key',
  'victorops_api_key_file',
  'webex_api_url',
  'rocketchat_api_url',
  'rocketchat_token',
  'rocketchat_token_file',
  'rocketchat_token_id',
  'rocketchat_token_id_file',
  'mattermost_webhook_url',
  'mattermost_webhook_url_file',
];

/**
 * Reads `routing.yaml`, which is written as Alertmanager's configuration.
 * @param readFile gives the text of a file that a `*_file` key names
 * @throws InvalidInput `ROUTING_INVALID` with everything that is wrong, one line each, with its path and never with a value
 * @see https://prometheus.io/docs/alerting/latest/configuration/
 */
export function parseRouting(text: string, readFile: ReadFile): RoutingConfig {
  const reading: Reading = { problems: [], readFile };
  const root = readYaml(text, reading.problems);
  refuseAny(reading.problems);
  if (!(root instanceof Map)) throw new InvalidInput('ROUTING_INVALID', 'expected a map with route and receivers');
  const config = readConfig(new Section(root, '', reading), reading);
  refuseAny(reading.problems);
  return config;
}

function refuseAny(problems: string[]): void {
  if (problems.length > 0) throw new InvalidInput('ROUTING_INVALID', problems.join('\n'));
}

function readConfig(root: Section, reading: Reading): RoutingConfig {
  const global = root.section('global') ?? new Section(new Map(), 'global', reading);
  const readers = channelReaders(global);
  // It is for alerts that somebody else sends; ours say when they end.
  global.durationMs('resolve_timeout');
  global.finish(unsupportedGlobalKeys);
  const receivers = readReceivers(root, readers);
  const timeIntervals = readTimeIntervals(root);
  const inhibitRules = readInhibitRules(root);
  const named = { receivers, timeIntervals };
  const route = readRoute(root.section('route') ?? new Section(new Map(), 'route', reading), named);
  root.finish(unsupportedKeys);
  return { route, receivers, inhibitRules };
}
