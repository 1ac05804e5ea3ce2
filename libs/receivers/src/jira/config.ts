import { rendered, type Section, templated, type YamlValue } from '@tidewaiter/routing';

import type { HttpConfig } from '../http-config.js';

/** One entry of `jira_configs`. */
export interface JiraConfig {
  /** URL of the API without a trailing slash: `https://example.atlassian.net/rest/api/3`. */
  apiUrl: string;
  /** Whether this is Jira Cloud, whose search endpoint differs from that of Data Center. */
  isCloud: boolean;
  /** Whether descriptions are Atlassian documents (version 3 of the API) instead of wiki markup. */
  takesDocuments: boolean;
  project: string;
  issueType: string;
  /** Replaces the title of the message. */
  summary: string | undefined;
  labels: string[];
  /** Name of a priority; by default derived from the severity of the message. */
  priority: string | undefined;
  /** Fields that an update leaves as users edited them. */
  kept: ReadonlySet<'summary' | 'description' | 'labels'>;
  /** Names of workflow transitions. */
  resolveTransition: string | undefined;
  reopenTransition: string | undefined;
  /** Resolution with which closed issues are not reopened. */
  wontFixResolution: string | undefined;
  /**
   * Time after its resolution in which an issue is reopened instead of creating a new one, in
   * milliseconds.
   */
  reopenWithinMs: number;
  /** Additional fields, sent unchanged. */
  fields: Record<string, JiraValue>;
  http: HttpConfig;
  timeoutMs: number;
  sendResolved: boolean;
}

export type JiraValue = string | number | null | JiraValue[] | { [name: string]: JiraValue };

/** Defaults of the `global` section for every Jira receiver. */
export interface JiraDefaults {
  apiUrl: string | undefined;
}

export function readJiraDefaults(global: Section): JiraDefaults {
  return { apiUrl: global.url('jira_api_url') };
}

/**
 * Reads one entry of `jira_configs`; undefined when a problem was noted.
 * @see https://prometheus.io/docs/alerting/latest/configuration/ `<jira_config>`
 */
export function readJira(section: Section, http: HttpConfig, defaults: JiraDefaults): JiraConfig | undefined {
  const api = readApi(section, defaults);
  const [project, issueType] = [readProject(section), section.text('issue_type')];
  const [summary, description, labels] = [readSummary(section), readDescription(section), readLabels(section)];
  const isKept = { summary: summary.isKept, description: description.isKept, labels: labels.isKept };
  const config = {
    http,
    summary: summary.text,
    labels: labels.values,
    kept: new Set((['summary', 'description', 'labels'] as const).filter((name) => isKept[name])),
    priority: section.wording('priority'),
    resolveTransition: section.text('resolve_transition'),
    reopenTransition: section.text('reopen_transition'),
    wontFixResolution: section.text('wont_fix_resolution'),
    reopenWithinMs: section.durationMs('reopen_duration') ?? 0,
    fields: readFields(section),
    timeoutMs: section.timeoutMs('timeout'),
    sendResolved: section.flag('send_resolved') ?? true,
  };
  section.finish();
  if (issueType === undefined) section.problem('issue_type', 'is required');
  return api && project !== undefined && issueType !== undefined
    ? { ...api, project, issueType, ...config }
    : undefined;
}

function readApi(
  section: Section,
  defaults: JiraDefaults,
): Pick<JiraConfig, 'apiUrl' | 'isCloud' | 'takesDocuments'> | undefined {
  const url = (section.url('api_url') ?? defaults.apiUrl)?.replace(/\/$/, '');
  const type = section.text('api_type') ?? 'auto';
  if (!['auto', 'cloud', 'datacenter'].includes(type))
    section.problem('api_type', 'expected auto, cloud or datacenter');
  if (url === undefined) section.problem('api_url', 'is required, or global.jira_api_url');
  if (url === undefined) return undefined;
  const { hostname, pathname } = new URL(url);
  const isAtlassians = /(?:^|\.)atlassian\.(?:net|com)$/.test(hostname);
  const isCloud = type === 'cloud' || (type === 'auto' && (isAtlassians || pathname.endsWith('/3')));
  // A browser URL is completed with the API path; every Data Center has version 2.
  const apiUrl = pathname.includes('/rest/') ? url : `${url}/rest/api/${isCloud ? 3 : 2}`;
  const version = /\/rest\/api\/(2|3|latest)$/.exec(apiUrl)?.[1];
  if (version) return { apiUrl, isCloud, takesDocuments: version === '3' };
  section.problem('api_url', 'expected a path such as /rest/api/3');
  return undefined;
}

function readProject(section: Section): string | undefined {
  const project = section.text('project');
  if (project !== undefined && /^[A-Za-z]\w{0,254}$/.test(project)) return project;
  section.problem('project', project === undefined ? 'is required' : 'expected the key of a project, such as SEC');
  return undefined;
}

/** Reads a text, or in newer files a map that can also forbid updates of an existing issue. */
function readSummary(section: Section): { text: string | undefined; isKept: boolean } {
  if (!section.isMap('summary')) return { text: section.wording('summary'), isKept: false };
  const own = section.sectionOrEmpty('summary');
  const summary = { text: own.wording('template'), isKept: !(own.flag('enable_update') ?? true) };
  own.finish();
  return summary;
}

function readDescription(section: Section): { isKept: boolean } {
  if (!section.isMap('description')) {
    if (section.scalar('description') !== undefined) section.ignored('description', rendered);
    return { isKept: false };
  }
  const own = section.sectionOrEmpty('description');
  const isKept = !(own.flag('enable_update') ?? true);
  own.finish(['template'], rendered);
  return { isKept };
}

function readLabels(section: Section): { values: string[]; isKept: boolean } {
  const own = section.isMap('labels') ? section.sectionOrEmpty('labels') : undefined;
  const texts = (own ? own.texts('values') : section.texts('labels')) ?? [];
  const values = texts.filter((label) => !label.includes('{{'));
  const isKept = !(own?.flag('enable_update') ?? true);
  own?.finish();
  if (values.length < texts.length) section.ignored('labels', templated);
  if (!values.every((label) => /^\S{1,255}$/.test(label))) section.problem('labels', 'a label has no white space');
  return { values, isKept };
}

const ownFields: ReadonlySet<string> = new Set([
  'project',
  'issuetype',
  'summary',
  'description',
  'labels',
  'priority',
]);

function readFields(section: Section): JiraConfig['fields'] {
  const value = section.value('fields');
  if (value === undefined) return {};
  if (!(value instanceof Map)) section.problem('fields', 'expected a map');
  if (!(value instanceof Map)) return {};
  for (const name of value.keys()) if (ownFields.has(name)) section.problem('fields', `${name} has a key of its own`);
  const plain = [...value].filter(([, own]) => !JSON.stringify(jiraValue(own)).includes('{{'));
  if (plain.length < value.size) section.ignored('fields', templated);
  return Object.fromEntries(plain.map(([name, own]) => [name, numberOr(own)]));
}

/**
 * Converts a numeric text to a number, but only at the top level of a field: inside an object a
 * number is an id, which Jira takes as text.
 */
function numberOr(value: YamlValue): JiraValue {
  return typeof value === 'string' && /^-?\d{1,15}(?:\.\d{1,10})?$/.test(value) ? Number(value) : jiraValue(value);
}

function jiraValue(value: YamlValue): JiraValue {
  if (Array.isArray(value)) return value.map(jiraValue);
  if (!(value instanceof Map)) return value;
  return Object.fromEntries([...value].map(([name, own]) => [name, jiraValue(own)]));
}
