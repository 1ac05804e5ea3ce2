import type { Activity, JsonValue, Observation } from '@tidewaiter/domain';
import type { LogSource } from '@tidewaiter/sigma';

import { at, isObject, object, scalars } from './json.js';
import { capabilitiesOf, hostPathsOf } from './kubernetes-audit/requested-pods.js';
import { neutralGetter, unlessEmpty } from './neutral-fields.js';

/**
 * Sigma's category of each activity; an activity without one is only for Tidewaiter's own rules.
 */
const linuxCategories: Partial<Record<Activity, string>> = {
  exec: 'process_creation',
  exit: 'process_termination',
  connect: 'network_connection',
  accept: 'network_connection',
  dns: 'dns_query',
  load: 'image_load',
};

/** By sensor, activity and {@link detailOf}: one key of them would be a new text each time. */
const known = new Map<string, Map<string, Map<string, readonly LogSource[]>>>();

/** Part of an event, beside sensor and activity, on which its log sources depend. */
function detailOf({ activity, file, alert }: Observation): string {
  if (alert !== null) return 'alert';
  return activity === 'file' ? String(file?.access) : '';
}

/**
 * Log sources of the event in Sigma's terms, and `tidewaiter/<activity>` for rules that do not
 * require a sensor.
 */
export function logsourcesOf(observation: Observation): readonly LogSource[] {
  const { source, activity } = observation;
  const detail = detailOf(observation);
  const before = known.get(source)?.get(activity)?.get(detail);
  if (before !== undefined) return before;
  const made = Object.freeze([...foreignLogsources(observation), { product: 'tidewaiter', category: activity }]);
  const ofSource = known.get(source) ?? new Map<string, Map<string, readonly LogSource[]>>();
  const ofActivity = ofSource.get(activity) ?? new Map<string, readonly LogSource[]>();
  known.set(source, ofSource.set(activity, ofActivity.set(detail, made)));
  return made;
}

/** Rules of others for an event are not for the alert about it, which has its own. */
function foreignLogsources({ source, activity, file, alert }: Observation): LogSource[] {
  if (alert !== null) return [{ product: source, service: 'alert' }];
  if (activity === 'request') return requestLogsources(source);
  if (activity === 'container') return [{ product: 'kubernetes', category: 'container' }];
  // Sigma's file_event is about created files, the hooks see writes. A read has no category.
  const category =
    activity === 'file' ? (file?.access === 'write' ? 'file_event' : undefined) : linuxCategories[activity];
  return category === undefined ? [] : [{ product: 'linux', category }];
}

function requestLogsources(source: Observation['source']): LogSource[] {
  if (source === 'kubernetes-audit') return [{ product: 'kubernetes', category: 'application', service: 'audit' }];
  return source === 'cloudtrail' ? [{ product: 'aws', service: 'cloudtrail' }] : [];
}

type Getter = (observation: Observation) => JsonValue | undefined;

/**
 * Sigma's field names for Linux events.
 * @see https://sigmahq.io/sigma-specification/specification/sigma-appendix-taxonomy.html
 */
const linuxFields: ReadonlyMap<string, Getter> = new Map<string, Getter>([
  ['Image', ({ process }) => process?.executable],
  ['CommandLine', ({ process }) => process?.commandLine],
  ['ParentImage', ({ process }) => process?.parentExecutable],
  ['ParentCommandLine', ({ process }) => process?.parentCommandLine],
  ['CurrentDirectory', ({ process }) => process?.workingDirectory],
  ['User', ({ process }) => process?.user],
  ['ProcessId', ({ process }) => process?.pid],
  ['ParentProcessId', ({ process }) => process?.parentPid],
  ['ProcessGuid', ({ process }) => process?.execId],
  ['ParentProcessGuid', ({ process }) => process?.parentExecId],
  ['LogonId', ({ process }) => process?.auditUid],
  ['Hashes', ({ process }) => (process?.sha256 ? `SHA256=${process.sha256}` : null)],
  ['sha256', ({ process }) => process?.sha256],
  ['TargetFilename', ({ file }) => file?.path],
  ['ImageLoaded', ({ file, activity }) => (activity === 'load' ? file?.path : null)],
  ['Initiated', ({ activity }) => (activity === 'connect' ? 'true' : activity === 'accept' ? 'false' : null)],
  ['Protocol', ({ network }) => network?.protocol],
  ['SourceIp', ({ network }) => network?.sourceIp],
  ['SourcePort', ({ network }) => network?.sourcePort],
  ['DestinationIp', ({ network }) => network?.destinationIp],
  ['DestinationPort', ({ network }) => network?.destinationPort],
  ['DestinationHostname', ({ network }) => network?.hostname],
  ['QueryName', ({ network, activity }) => (activity === 'dns' ? network?.hostname : null)],
]);

/**
 * Fields that SigmaHQ's rules for Kubernetes use and the API server does not send under these
 * names.
 */
const auditFields: ReadonlyMap<string, Getter> = new Map<string, Getter>([
  ['apiGroup', ({ native }) => object(native['objectRef'])['apiGroup']],
  ['hostPath', ({ native }) => unlessEmpty(hostPathsOf(native))],
  ['capabilities', ({ native }) => unlessEmpty(capabilitiesOf(native))],
]);

/** The value of a field that a rule names, see {@link sigmaGetter}. */
export function sigmaField(observation: Observation, name: string): unknown {
  return sigmaGetter(name)(observation);
}

/**
 * Getter of a field that a rule names: Sigma's name, a neutral one (`Process.Executable`), or the
 * sensor's own as literal key or dotted path. The value is undefined where the field is missing.
 */
export function sigmaGetter(name: string): (observation: Observation) => unknown {
  const neutral = neutralGetter(name);
  // A neutral name never reads a member of an event. Most neutral fields that a rule names are
  // missing in an event, and its members are not searched for them.
  if (neutral !== undefined) return (observation) => neutral(observation) ?? undefined;
  const [linux, audit] = [linuxFields.get(name), auditFields.get(name)];
  return (observation) => {
    const { source, activity, native } = observation;
    const value = activity === 'request' ? undefined : linux?.(observation);
    if (value !== undefined && value !== null) return value;
    const own = at(native, name);
    if (own !== undefined) return own;
    if (source === 'kubernetes-audit') return audit?.(observation);
    return source === 'falco' && isObject(native['output_fields']) ? at(native['output_fields'], name) : undefined;
  };
}

const ofProcess = ['Image', 'CommandLine', 'ParentImage', 'ParentCommandLine', 'CurrentDirectory', 'User', 'ProcessId'];
const ofConnection = ['Image', 'Initiated', 'DestinationIp', 'DestinationPort', 'DestinationHostname', 'Protocol'];

/** Top-level members of an event that may hold fields of these names. */
export function nativeMembers(names: Iterable<string>): ReadonlySet<string> {
  const members = new Set<string>();
  for (const name of names) {
    members.add(name);
    for (let dot = name.indexOf('.'); dot > 0; dot = name.indexOf('.', dot + 1)) members.add(name.slice(0, dot));
  }
  return members;
}

/** Sources whose native fields are only read by {@link sigmaGetter} and keywords. */
const plainSources: ReadonlySet<string> = new Set<Observation['source']>(['tetragon', 'tracee']);

/** Whether rules that read only `members` may need the native fields of an event. */
export function isNativeAsked({ source, activity, native }: Observation, members: ReadonlySet<string>): boolean {
  if (!plainSources.has(source) || searchedFields[activity] === undefined) return true;
  for (const member in native) if (members.has(member)) return true;
  return false;
}

/**
 * Fields of a Linux event that keywords search, by Sigma's names. Native fields are not searched:
 * the sensor repeats the whole command line of a process with each of its events.
 */
const searchedFields: Partial<Record<Activity, readonly string[]>> = {
  exec: ofProcess,
  // The command line was already searched at the exec.
  exit: ['Image', 'User'],
  privilege: ['Image', 'User'],
  connect: ofConnection,
  accept: ofConnection,
  listen: ofConnection,
  send: ofConnection,
  file: ['Image', 'TargetFilename'],
  load: ['Image', 'ImageLoaded'],
  dns: ['Image', 'QueryName'],
};

const searchedGetters: Partial<Record<Activity, readonly Getter[]>> = Object.fromEntries(
  Object.entries(searchedFields).map(([activity, names]) => [
    activity,
    names.flatMap((name) => linuxFields.get(name) ?? []),
  ]),
);

/** Every scalar value of the event, for keywords. */
export function scalarsOf(observation: Observation): (string | number | boolean)[] {
  const getters = searchedGetters[observation.activity];
  if (getters === undefined) return [...scalars(observation.native)];
  const found: (string | number | boolean)[] = [];
  for (const getter of getters) {
    const value = getter(observation);
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') found.push(value);
  }
  return found;
}
