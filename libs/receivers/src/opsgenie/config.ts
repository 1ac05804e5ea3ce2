import type { Secret } from '@tidewaiter/domain';
import { rendered, type Section } from '@tidewaiter/routing';

import { type HttpConfig, refuseAuth } from '../http-config.js';

/** One entry of `opsgenie_configs`. */
export interface OpsgenieConfig {
  apiKey: Secret;
  /** Ends with a slash. */
  apiUrl: string;
  responders: Record<string, string>[];
  tags: string[];
  /** `P1` to `P5`; by default derived from the severity of the message. */
  priority: string | undefined;
  entity: string | undefined;
  source: string | undefined;
  note: string | undefined;
  details: [name: string, value: string][];
  http: HttpConfig;
  timeoutMs: number;
  sendResolved: boolean;
}

/** Defaults of the `global` section for every Opsgenie receiver. */
export interface OpsgenieDefaults {
  apiKey: Secret | undefined;
  apiUrl: string;
}

export function readOpsgenieDefaults(global: Section): OpsgenieDefaults {
  return {
    apiKey: global.headerSecret('opsgenie_api_key'),
    apiUrl: global.url('opsgenie_api_url') ?? 'https://api.opsgenie.com/',
  };
}

/**
 * Reads one entry of `opsgenie_configs`; undefined when a problem was noted.
 * @see https://prometheus.io/docs/alerting/latest/configuration/ `<opsgenie_config>`
 */
export function readOpsgenie(
  section: Section,
  http: HttpConfig,
  defaults: OpsgenieDefaults,
): OpsgenieConfig | undefined {
  const apiKey = section.headerSecret('api_key') ?? defaults.apiKey;
  const apiUrl = section.url('api_url') ?? defaults.apiUrl;
  const config = {
    apiUrl: apiUrl.endsWith('/') ? apiUrl : `${apiUrl}/`,
    responders: section.sections('responders').map(readResponder),
    tags: splitList(section.wording('tags')),
    priority: readPriority(section),
    entity: section.wording('entity'),
    source: section.wording('source'),
    note: section.wording('note'),
    details: section.plainPairs('details'),
    http,
    timeoutMs: section.timeoutMs('timeout'),
    sendResolved: section.flag('send_resolved') ?? true,
  };
  refuseAuth(section, http, 'the API key authenticates it');
  section.finish(['message', 'description', 'actions', 'update_alerts'], rendered);
  if (!apiKey) section.problem('api_key', 'or api_key_file is required, or global.opsgenie_api_key');
  return apiKey && { apiKey, ...config };
}

const responderTypes = new Set(['team', 'teams', 'user', 'escalation', 'schedule']);

function readResponder(section: Section): Record<string, string> {
  const responder: Record<string, string> = {};
  for (const key of ['id', 'name', 'username', 'type']) {
    const text = section.text(key);
    if (text !== undefined) responder[key] = text;
  }
  section.finish();
  if (!responderTypes.has(responder['type'] ?? ''))
    section.problem('type', 'expected team, user, escalation or schedule');
  if (Object.keys(responder).length < 2) section.problem('name', 'or id or username is required');
  return responder;
}

function readPriority(section: Section): string | undefined {
  const priority = section.wording('priority');
  if (priority === undefined || /^P[1-5]$/.test(priority)) return priority;
  section.problem('priority', 'expected one of P1, P2, P3, P4, P5');
  return undefined;
}

function splitList(text = ''): string[] {
  return text
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '');
}
