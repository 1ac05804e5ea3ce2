import type { Activity, JsonValue, Observation } from '@tidewaiter/domain';
import type { LogSource } from '@tidewaiter/sigma';

import { at, isObject, object, scalars } from './json.js';
import { capabilitiesOf, hostPathsOf } from './kubernetes-audit/requested-pods.js';
import { neutralGetter, unlessEmpty } from './neutral-fields.js';

/** Activities by the category that Sigma has for them; what has none is there for our own rules alone. */
const linuxCategories: Partial<Record<Activity, string>> = {
  exec: 'process_creation',
  exit: 'process_termination',
  connect: 'network_connection',
  accept: 'network_connection',
  dns: 'dns_query',
  load: 'image_load',
};

const byKey = new Map<string, readonly LogSource[]>();

/** What the event is in Sigma's words, and `tidewaiter/<activity>` for rules that ask for no sensor in particular. */
export function logsourcesOf(observation: Observation): readonly LogSource[] {
  const { source, activity } = observation;
  const key = activity === 'file' ? `${source} file ${observation.file?.access}` : `${source} ${activity}`;
  let known = byKey.get(key);
  if (known === undefined) {
    known = Object.freeze([...foreignLogsources(observation), { product: 'tidewaiter', category: activity }]);
    byKey.set(key, known);
  }
  return known;
}

function foreignLogsources({ source, activity, file }: Observation): LogSource[] {
  if (activity === 'alert') return [{ product: source, service: 'alert' }];
  if (activity === 'request') return requestLogsources(source);
  if (activity === 'container') return [{ product: 'kubernetes', category: 'container' }];
  // Sigma's file_event is about files that are made, the hooks see writes. What is only read is none.
  const category =
    activity === 'file' ? (file?.access === 'write' ? 'file_event' : undefined) : linuxCategories[activity];
  return category === undefined ? [] : [{ product: 'linux', category }];
}

function requestLogsources(source: Observation['source']): LogSource[] {
  if (source === 'kubernetes-audit') return [{ product: 'kubernetes', category: 'application', service: 'audit' }];
  return source === 'cloudtrail' ? [{ product: 'aws', service: 'cloudtrail' }] : [];
}

type Getter = (observation: Observation) => JsonValue | undefined;

/** Sigma's names of what happens on Linux. @see https://sigmahq.io/sigma-specification/specification/sigma-appendix-taxonomy.html */
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

/** What SigmaHQ's rules ask of Kubernetes and the API server does not send as such. */
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
 * How a field that a rule names is read: Sigma's name, ours (`Process.Executable`), or the sensor's own as literal key or dotted
 * path. Undefined where it is missing.
 */
export function sigmaGetter(name: string): (observation: Observation) => unknown {
  const neutral = neutralGetter(name);
  // No member of an event passes for one of ours. Most that a rule of ours asks for are none of this event, and it is not searched for them.
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

/** The members of an event in which fields of these names may stand. */
export function nativeMembers(names: Iterable<string>): ReadonlySet<string> {
  const members = new Set<string>();
  for (const name of names) {
    members.add(name);
    for (let dot = name.indexOf('.'); dot > 0; dot = name.indexOf('.', dot + 1)) members.add(name.slice(0, dot));
  }
  return members;
}

/** Of whom nothing but {@link sigmaGetter} and keywords looks into their own words. */
const plainSources: ReadonlySet<string> = new Set<Observation['source']>(['tetragon', 'tracee']);

/** Whether rules that ask for nothing outside of `members` may see the sensor's own words of an event. */
export function isNativeAsked({ source, activity, native }: Observation, members: ReadonlySet<string>): boolean {
  if (!plainSources.has(source) || searchedFields[activity] === undefined) return true;
  for (const member in native) if (members.has(member)) return true;
  return false;
}

/**
 * What a Linux event is in Sigma's words, where keywords are looked for. Not in the sensor's: it repeats the whole command line of
 * a process with everything that the process does.
 */
const searchedFields: Partial<Record<Activity, readonly string[]>> = {
  exec: ofProcess,
  // What it was started with was searched then.
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
