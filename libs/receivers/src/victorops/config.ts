import type { Secret } from '@tidewaiter/domain';
import { rendered, type Section } from '@tidewaiter/routing';

import { type HttpConfig, refuseAuth } from '../http-config.js';

/** One entry of `victorops_configs`; VictorOps is now called Splunk On-Call. */
export interface VictorOpsConfig {
  /** Ends with a slash; API key and routing key are appended. */
  apiUrl: string;
  apiKey: Secret;
  routingKey: string;
  /** By default derived from the severity of the message. */
  messageType: VictorOpsMessageType | undefined;
  monitoringTool: string | undefined;
  customFields: [name: string, value: string][];
  http: HttpConfig;
  timeoutMs: number;
  sendResolved: boolean;
}

export type VictorOpsMessageType = (typeof messageTypes)[number];

const messageTypes = ['CRITICAL', 'WARNING', 'INFO'] as const;

/** Defaults of the `global` section for every VictorOps receiver. */
export interface VictorOpsDefaults {
  apiUrl: string;
  apiKey: Secret | undefined;
}

export function readVictorOpsDefaults(global: Section): VictorOpsDefaults {
  return {
    apiUrl: global.url('victorops_api_url') ?? 'https://alert.victorops.com/integrations/generic/20131114/alert/',
    apiKey: global.secret('victorops_api_key'),
  };
}

/**
 * Reads one entry of `victorops_configs`; undefined when a problem was noted.
 * @see https://prometheus.io/docs/alerting/latest/configuration/ `<victorops_config>`
 */
export function readVictorOps(
  section: Section,
  http: HttpConfig,
  defaults: VictorOpsDefaults,
): VictorOpsConfig | undefined {
  const apiKey = section.secret('api_key') ?? defaults.apiKey;
  const routingKey = section.text('routing_key');
  const apiUrl = section.url('api_url') ?? defaults.apiUrl;
  const config = {
    apiUrl: apiUrl.endsWith('/') ? apiUrl : `${apiUrl}/`,
    messageType: readMessageType(section),
    monitoringTool: section.wording('monitoring_tool'),
    customFields: readCustomFields(section),
    http,
    timeoutMs: section.timeoutMs('timeout'),
    sendResolved: section.flag('send_resolved') ?? true,
  };
  refuseAuth(section, http, 'the API key authenticates it');
  section.finish(['state_message', 'entity_display_name'], rendered);
  if (!apiKey) section.problem('api_key', 'or api_key_file is required, or global.victorops_api_key');
  if (routingKey === undefined) section.problem('routing_key', 'is required');
  return apiKey && routingKey !== undefined ? { apiKey, routingKey, ...config } : undefined;
}

function readMessageType(section: Section): VictorOpsMessageType | undefined {
  const text = section.wording('message_type');
  const type = messageTypes.find((each) => each === text);
  if (text !== undefined && type === undefined)
    section.problem('message_type', `expected one of ${messageTypes.join(', ')}`);
  return type;
}

const ownFields = new Set([
  'routing_key',
  'message_type',
  'state_message',
  'entity_display_name',
  'monitoring_tool',
  'entity_id',
  'entity_state',
]);

function readCustomFields(section: Section): [name: string, value: string][] {
  const fields = section.plainPairs('custom_fields');
  for (const [name] of fields)
    if (ownFields.has(name)) section.problem('custom_fields', `${name} is set by the message itself`);
  return fields;
}
