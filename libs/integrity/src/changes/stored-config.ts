import type { ImageConfig } from '@tidewaiter/oci';

import { hostsInStep } from '../files/named-hosts.js';

/** One field that a config sets. */
export interface ConfigSetting {
  /** `user`, `entrypoint`, `env PATH`, `label maintainer`, `port 80/tcp`. */
  field: string;
  /** Text for display; never the value of a variable, label or argument, which may be a secret. */
  shown: string;
  /** Keyed hash of the value; absent if `shown` is the whole value. */
  fingerprint?: string;
}

/** Image config for storage and comparison, without values that may be secrets. */
export interface StoredConfig {
  settings: ConfigSetting[];
  /** Build steps, the first one first; recognized secrets are masked. */
  steps: string[];
  /** Hosts in the steps. */
  stepHosts: string[];
  /** Hosts in the entrypoint and command; absent from configs that an older version stored. */
  commandHosts?: string[];
  /** Base image according to the labels of the image. */
  base: { name: string | null; digest: string | null };
  /** Identifies the fingerprint key: only fingerprints of the same key can be compared. */
  fingerprintedBy: string | null;
}

/** Functions that remove secrets from a config. */
export interface ConfigRedaction {
  mask: (text: string) => string;
  /** Null if values are not fingerprinted. */
  fingerprint: { by: string; of: (value: string) => string } | null;
}

const maxSettings = 2_000;
const maxSteps = 1_000;
const maxShown = 500;
const maxHosts = 1_000;

/** Extracts the comparable fields of a config, without secrets. */
export function redactConfig(config: ImageConfig, { mask, fingerprint }: ConfigRedaction): StoredConfig {
  const short = (text: string) => mask(text).slice(0, maxShown);
  const steps = config.history.flatMap(({ createdBy }) => (createdBy ? [createdBy] : [])).slice(0, maxSteps);
  const label = (name: string) => (Object.hasOwn(config.labels, name) ? short(config.labels[name]!) : null);
  const settings = Array.from(settingsOf(config)).slice(0, maxSettings);
  return {
    settings: settings.map(({ field, shown, value }) => ({
      field: short(field),
      shown: short(shown),
      ...(value !== undefined && fingerprint && { fingerprint: fingerprint.of(value) }),
    })),
    steps: steps.map(short),
    stepHosts: hostsIn(steps),
    commandHosts: hostsIn([...config.entrypoint, ...config.cmd, [...config.entrypoint, ...config.cmd].join(' ')]),
    // @see https://github.com/opencontainers/image-spec/blob/main/annotations.md
    base: { name: label('org.opencontainers.image.base.name'), digest: label('org.opencontainers.image.base.digest') },
    fingerprintedBy: fingerprint?.by ?? null,
  };
}

function hostsIn(commands: readonly string[]): string[] {
  return [...new Set(commands.flatMap(hostsInStep))].toSorted().slice(0, maxHosts);
}

function* settingsOf(config: ImageConfig): Generator<{ field: string; shown: string; value?: string }> {
  yield { field: 'user', shown: config.user ?? '' };
  yield { field: 'entrypoint', shown: programOf(config.entrypoint), value: JSON.stringify(config.entrypoint) };
  yield { field: 'cmd', shown: programOf(config.cmd), value: JSON.stringify(config.cmd) };
  for (const port of config.exposedPorts) yield { field: `port ${port}`, shown: 'exposed' };
  for (const path of config.volumes ?? []) yield { field: `volume ${path}`, shown: 'declared' };
  if (config.healthcheck) yield { field: 'healthcheck', shown: 'set', value: JSON.stringify(config.healthcheck) };
  for (const variable of config.env) {
    const [name = ''] = variable.split('=', 1);
    yield { field: `env ${name}`, shown: 'set', value: variable };
  }
  for (const [name, value] of Object.entries(config.labels)) yield { field: `label ${name}`, shown: 'set', value };
}

/** Program and number of its arguments. */
function programOf([program = '', ...args]: readonly string[]): string {
  return args.length === 0 ? program : `${program} with ${args.length} argument${args.length === 1 ? '' : 's'}`;
}

export interface ConfigChange {
  field: string;
  /** Null if the field was not set. */
  before: string | null;
  after: string | null;
}

/** Differences between the settings of two configs, sorted by field. */
export function configChanges(before: StoredConfig, after: StoredConfig): ConfigChange[] {
  const [old, current] = [before, after].map(({ settings }) => new Map(settings.map((each) => [each.field, each]))) as [
    Map<string, ConfigSetting>,
    Map<string, ConfigSetting>,
  ];
  const isOneMaker = before.fingerprintedBy === after.fingerprintedBy;
  const changes: ConfigChange[] = [];
  for (const field of new Set([...old.keys(), ...current.keys()])) {
    const [was, is] = [old.get(field), current.get(field)];
    const differs = was?.shown !== is?.shown || (isOneMaker && was?.fingerprint !== is?.fingerprint);
    if (differs) changes.push({ field, before: was?.shown ?? null, after: is?.shown ?? null });
  }
  return changes.toSorted((a, b) => (a.field < b.field ? -1 : 1));
}

export interface StepChange {
  change: 'added' | 'removed';
  step: string;
}

/** Build steps that only one of the two has: removed steps first, each group in its order. */
export function stepChanges(before: readonly string[], after: readonly string[]): StepChange[] {
  const gone = without(before, after).map((step) => ({ change: 'removed' as const, step }));
  return [...gone, ...without(after, before).map((step) => ({ change: 'added' as const, step }))];
}

/** Multiset difference: a step that occurs twice in `steps` and once in `others` is left once. */
function without(steps: readonly string[], others: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const step of others) counts.set(step, (counts.get(step) ?? 0) + 1);
  return steps.filter((step) => {
    const left = counts.get(step) ?? 0;
    counts.set(step, left - 1);
    return left <= 0;
  });
}

/** Whether a config that names this user runs as root. */
export function isRoot(user: string): boolean {
  return /^(?:|root|0+)(?::|$)/.test(user);
}
