import { createHash } from 'node:crypto';

import {
  InvalidInput,
  isDigest,
  priorities,
  type Priority,
  type RuntimeContainer,
  type RuntimeEvent,
} from '@tidewaiter/domain';

import {
  authorizationEquals,
  field,
  isObject,
  parseJson,
  readText,
  readTime,
  secretEquals,
} from '../../hook-request.js';
import type { ParsedEvents, SensorContext, SensorKind } from '../sensor-kind.js';

/**
 * Falco's JSON alerts: one object (`http_output`, falcosidekick), an array, or one object a line (log shippers).
 * @see https://falco.org/docs/concepts/outputs/channels/#http-https-output
 */
export const falco: SensorKind = {
  kind: 'falco',
  title: 'Falco',
  // Falco's http_output sends no headers of ours, so its token may also stand in the URL.
  authenticate: (request, token) =>
    authorizationEquals(request, token) || secretEquals(request.query?.['token'], token),
  parse({ body }, context) {
    const parsed: ParsedEvents = { events: [], ignored: {} };
    for (const alert of readAlerts(body)) {
      const outcome = readAlert(alert, context);
      if (typeof outcome === 'object') parsed.events.push(outcome);
      else parsed.ignored[outcome] = (parsed.ignored[outcome] ?? 0) + 1;
      if (field(alert, 'rule') === dropRule) parsed.dropped = (parsed.dropped ?? 0) + droppedBy(alert);
    }
    return parsed;
  },
};

// Twice what Falco's driver hands over of a command line. With the other bounds it keeps the largest event below the 256 KiB of
// one message, even when every character needs six bytes.
const maxLongChars = 8192;
const maxTags = 32;
const maxTagChars = 128;

function readAlerts(body: Buffer): unknown[] {
  const value = parseBatch(body);
  const alerts = Array.isArray(value) ? value : [value];
  // Tried on the whole batch: among readable alerts a foreign one is only counted.
  if (alerts.length > 0 && !alerts.some((alert) => typeof field(alert, 'rule') === 'string')) {
    throw new InvalidInput('BODY_UNRECOGNISED', 'The body holds no alert of Falco; is `json_output` on?');
  }
  return alerts;
}

function parseBatch(body: Buffer): unknown {
  try {
    return parseJson(body);
  } catch (error) {
    const lines = body
      .toString('utf8')
      .split('\n')
      .filter((line) => line.trim() !== '');
    const alerts = lines.map(parseLine);
    if (lines.length < 2 || !alerts.some(isObject)) throw error;
    return alerts;
  }
}

function parseLine(line: string): unknown {
  try {
    return parseJson(Buffer.from(line));
  } catch {
    // Counted as malformed with the rest of what is no alert.
    return null;
  }
}

const dropRule = 'Falco internal: syscall event drop';

function readAlert(
  alert: unknown,
  { sensor, cluster }: SensorContext,
): RuntimeEvent | 'internal' | 'test' | 'malformed' {
  const rule = readText(field(alert, 'rule'));
  if (rule === null) return 'malformed';
  if (rule.startsWith('Falco internal: ')) return 'internal';
  // falcosidekick's POST /test.
  if (rule === 'Test rule') return 'test';
  const at = readTime(field(alert, 'time'));
  if (at === null) return 'malformed';
  const fields = field(alert, 'output_fields');
  return {
    id: idOf(alert),
    source: 'falco',
    sensor,
    cluster,
    at,
    rule,
    priority: readPriority(field(alert, 'priority')),
    output: readText(field(alert, 'output'), maxLongChars) ?? '',
    tags: readTags(field(alert, 'tags')),
    host: known(field(alert, 'hostname')) ?? known(field(fields, 'evt.hostname')),
    container: readContainer(fields),
    kubernetes: readKubernetes(fields),
    process: readProcess(fields),
  };
}

/** falcosidekick's `uuid` is new for each time it passes the alert on, so it cannot tell a repetition. */
function idOf(alert: unknown): string {
  const fields = field(alert, 'output_fields');
  const sorted = isObject(fields) ? Object.entries(fields).toSorted(([a], [b]) => (a < b ? -1 : 1)) : null;
  const whole = [...['rule', 'time', 'hostname', 'output'].map((name) => field(alert, name)), sorted];
  return createHash('sha256').update(JSON.stringify(whole)).digest('hex');
}

const shortPriorities: ReadonlyMap<string, Priority> = new Map([
  ['info', 'informational'],
  ['warn', 'warning'],
]);

/** Its case varies between producers. What we do not know neither wakes anybody nor hides: `warning`. */
function readPriority(value: unknown): Priority {
  const word = typeof value === 'string' ? value.toLowerCase() : '';
  return priorities.find((priority) => priority === word) ?? shortPriorities.get(word) ?? 'warning';
}

function readTags(value: unknown): string[] {
  if (!Array.isArray(value)) return [];
  return value
    .slice(0, maxTags)
    .map((tag) => readText(tag, maxTagChars))
    .filter((tag) => tag !== null);
}

function readContainer(fields: unknown): RuntimeContainer | null {
  const id = known(field(fields, 'container.id'));
  if (id === null || id === 'host') return null;
  const digest = field(fields, 'container.image.digest');
  return {
    id,
    name: known(field(fields, 'container.name')),
    imageRepository: known(field(fields, 'container.image.repository')),
    imageTag: known(field(fields, 'container.image.tag')),
    imageDigest: isDigest(digest) ? digest : null,
  };
}

/** From the syscall source, or (`ka.`) from the Kubernetes audit log, whose target may be anything but a pod. */
function readKubernetes(fields: unknown): RuntimeEvent['kubernetes'] {
  const auditedPod = field(fields, 'ka.target.resource') === 'pods';
  const namespace = known(field(fields, 'k8s.ns.name')) ?? known(field(fields, 'ka.target.namespace'));
  const auditedName = known(field(fields, 'ka.target.name')) ?? known(field(fields, 'ka.resp.name'));
  const pod = known(field(fields, 'k8s.pod.name')) ?? (auditedPod ? auditedName : null);
  return namespace === null && pod === null ? null : { namespace, pod };
}

function readProcess(fields: unknown): RuntimeEvent['process'] {
  const process = {
    name: known(field(fields, 'proc.name')),
    commandLine: known(field(fields, 'proc.cmdline'), maxLongChars),
    executable: known(field(fields, 'proc.exepath'), maxLongChars),
    user: known(field(fields, 'user.name')) ?? known(field(fields, 'ka.user.name')),
  };
  return Object.values(process).every((value) => value === null) ? null : process;
}

function known(value: unknown, maxChars?: number): string | null {
  return value === '<NA>' ? null : readText(value, maxChars);
}

/** A message of lost events without a readable number still says that something was lost. */
function droppedBy(alert: unknown): number {
  const count = Number(field(alert, 'output_fields', 'n_drops'));
  return Number.isSafeInteger(count) && count > 0 ? count : 1;
}
