import {
  activities,
  type Activity,
  type JsonObject,
  type JsonValue,
  type Observation,
  unknownContainer,
  unknownNetwork,
  unknownPod,
  unknownProcess,
} from '@tidewaiter/domain';

import { readHostname } from '../domains.js';
import { bool, number, text, texts } from '../json.js';
import { baseName } from '../observation.js';
import { readPriority } from '../priority.js';

type Set = (observation: Observation, value: JsonValue) => void;

/**
 * Setters of the observation, by the name of a mapped field. Parts without a mapped field stay null
 * as a whole.
 */
const setters: Readonly<Record<string, Set>> = {
  activity: (observation, value) => {
    if (isActivity(value)) observation.activity = value;
  },
  ...textsOf('process', processOf, [
    ['execId', 'execId'],
    ['parentExecId', 'parentExecId'],
    ['executable', 'executable'],
    ['commandLine', 'commandLine'],
    ['arguments', 'arguments'],
    ['name', 'name'],
    ['workingDirectory', 'workingDirectory'],
    ['user', 'user'],
    ['parentExecutable', 'parentExecutable'],
    ['parentCommandLine', 'parentCommandLine'],
    ['sha256', 'sha256'],
  ]),
  ...numbersOf('process', processOf, ['pid', 'parentPid', 'uid', 'auditUid']),
  'process.inInitTree': (observation, value) => {
    processOf(observation).inInitTree = bool(value);
  },
  ...textsOf('container', containerOf, [
    ['id', 'id'],
    ['name', 'name'],
    ['image', 'imageRepository'],
    ['imageTag', 'imageTag'],
    ['imageDigest', 'imageDigest'],
    ['startedAt', 'startedAt'],
  ]),
  ...textsOf('pod', podOf, [
    ['namespace', 'namespace'],
    ['name', 'name'],
    ['uid', 'uid'],
    ['workload', 'workload'],
    ['workloadKind', 'workloadKind'],
    ['serviceAccount', 'serviceAccount'],
  ]),
  'file.path': (observation, value) => {
    const path = text(value);
    if (path !== null) observation.file = { path, access: observation.file?.access ?? 'read', to: null };
  },
  'file.access': (observation, value) => {
    const { file } = observation;
    const access = accesses.find((each) => each === value);
    if (file !== null && access !== undefined) file.access = access;
  },
  ...textsOf('network', networkOf, [
    ['protocol', 'protocol'],
    ['sourceIp', 'sourceIp'],
    ['destinationIp', 'destinationIp'],
  ]),
  ...numbersOf('network', networkOf, ['sourcePort', 'destinationPort', 'bytes']),
  'network.hostname': (observation, value) => {
    networkOf(observation).hostname = readHostname(text(value));
  },
  'alert.rule': (observation, value) => {
    alertOf(observation).rule = text(value) ?? '';
  },
  'alert.priority': (observation, value) => {
    alertOf(observation).priority = readPriority(value);
  },
  'alert.output': (observation, value) => {
    alertOf(observation).output = text(value) ?? '';
  },
  'alert.tags': (observation, value) => {
    alertOf(observation).tags = texts(value);
  },
};

const accesses = ['read', 'write', 'delete', 'rename', 'link', 'map', 'mode'] as const;

/** Names that a mapping may use; the first four are about the record itself. */
export const genericFields: readonly string[] = ['at', 'id', 'node', 'cluster', ...Object.keys(setters)];

/**
 * Sets the mapped fields; without a mapped activity, it follows from the parts that are present.
 */
export function readFields(observation: Observation, fields: JsonObject): void {
  for (const [name, value] of Object.entries(fields)) {
    if (Object.hasOwn(setters, name)) setters[name]?.(observation, value);
  }
  const { process } = observation;
  if (process !== null) process.name ??= baseName(process.executable);
  if (!('activity' in fields)) observation.activity = activityOf(observation);
}

function activityOf({ alert, file, network, process }: Observation): Activity {
  if (alert !== null) return 'alert';
  if (file !== null) return 'file';
  if (network !== null) return network.destinationIp === null && network.hostname !== null ? 'dns' : 'connect';
  return process === null ? 'other' : 'exec';
}

function isActivity(value: JsonValue): value is Activity {
  return activities.some((each) => each === value);
}

function textsOf<Part extends object>(
  prefix: string,
  partOf: (observation: Observation) => Part,
  names: readonly (readonly [string, keyof Part])[],
): Record<string, Set> {
  const set =
    (key: keyof Part): Set =>
    (observation, value) => {
      Object.assign(partOf(observation), { [key]: typeof value === 'number' ? String(value) : text(value) });
    };
  return Object.fromEntries(names.map(([name, key]) => [`${prefix}.${name}`, set(key)]));
}

function numbersOf<Part extends object>(
  prefix: string,
  partOf: (observation: Observation) => Part,
  names: readonly (keyof Part & string)[],
): Record<string, Set> {
  const set =
    (key: keyof Part): Set =>
    (observation, value) => {
      Object.assign(partOf(observation), { [key]: number(value) });
    };
  return Object.fromEntries(names.map((name) => [`${prefix}.${name}`, set(name)]));
}

function processOf(observation: Observation) {
  return (observation.process ??= unknownProcess());
}

function containerOf(observation: Observation) {
  return (observation.container ??= unknownContainer());
}

function podOf(observation: Observation) {
  return (observation.pod ??= unknownPod());
}

function networkOf(observation: Observation) {
  return (observation.network ??= unknownNetwork());
}

function alertOf(observation: Observation) {
  return (observation.alert ??= { rule: '', priority: 'warning', output: '', tags: [] });
}
