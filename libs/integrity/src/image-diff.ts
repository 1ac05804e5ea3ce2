import {
  buildTime,
  type Finding,
  type FindingChanges,
  findingChanges,
  type ImagePackage,
  type PackageType,
} from '@tidewaiter/domain';
import { type ImageConfig, type LayerEntries, type LayerEntry, overlay } from '@tidewaiter/oci';

/** What two images are compared by. */
export interface ImageState {
  packages: readonly ImagePackage[];
  findings: readonly Finding[];
  /** Entries of each layer, from the bottom up. */
  layers: readonly LayerEntries[];
  config: ImageConfig | null;
}

export interface PackageChange {
  type: PackageType;
  name: string;
  /** Null where the package is new. */
  before: string | null;
  /** Null where it is gone. */
  after: string | null;
}

export interface FileChange {
  path: string;
  change: 'added' | 'removed' | 'content' | 'mode' | 'owner' | 'type' | 'link';
  sizeBytes: number;
}

export interface ConfigChange {
  /** `user`, `entrypoint`, `env PATH`, `label maintainer`. */
  field: string;
  /** Null where there was none; of variables, labels and arguments never the value, which may be a secret. */
  before: string | null;
  after: string | null;
}

/** What makes an image differ from another. */
export interface ImageDiff {
  packages: PackageChange[];
  files: FileChange[];
  config: ConfigChange[];
  findings: FindingChanges;
}

/** Compares what two images show; each list is sorted, so that the same two give the same answer. */
export function diffImages(before: ImageState, after: ImageState): ImageDiff {
  return {
    packages: diffPackages(before.packages, after.packages),
    files: diffFiles(before.layers, after.layers),
    config: diffConfigs(before.config, after.config),
    findings: findingChanges({ ...before, createdAt: buildTime(before.config?.created) }, after.findings),
  };
}

/** By name: of a package with several versions those count that only one image has. */
function diffPackages(before: readonly ImagePackage[], after: readonly ImagePackage[]): PackageChange[] {
  const [old, current] = [before, after].map(versionsByName) as [VersionsByName, VersionsByName];
  const changes: PackageChange[] = [];
  for (const key of new Set([...old.keys(), ...current.keys()])) {
    const [type, name] = key.split('\n') as [PackageType, string];
    const gone = [...(old.get(key) ?? [])].filter((version) => !current.get(key)?.has(version)).toSorted();
    const come = [...(current.get(key) ?? [])].filter((version) => !old.get(key)?.has(version)).toSorted();
    for (let index = 0; index < Math.max(gone.length, come.length); index += 1) {
      changes.push({ type, name, before: gone[index] ?? null, after: come[index] ?? null });
    }
  }
  return changes.toSorted((a, b) => order(a.type, b.type) || order(a.name, b.name));
}

type VersionsByName = Map<string, Set<string>>;

function versionsByName(packages: readonly ImagePackage[]): VersionsByName {
  const versions: VersionsByName = new Map();
  for (const { type, name, version, state } of packages) {
    if (state !== 'present') continue;
    const key = `${type}\n${name}`;
    versions.set(key, (versions.get(key) ?? new Set()).add(version));
  }
  return versions;
}

function diffFiles(before: ImageState['layers'], after: ImageState['layers']): FileChange[] {
  const old = overlay(before).shown;
  const current = overlay(after).shown;
  const changes: FileChange[] = [];
  for (const { entry } of current.values()) {
    const { path, size } = entry;
    const change = changeOf(old.get(path)?.entry, entry);
    if (change) changes.push({ path, change, sizeBytes: size });
  }
  for (const { entry } of old.values()) {
    const { path, size } = entry;
    if (!current.has(path)) changes.push({ path, change: 'removed', sizeBytes: size });
  }
  return changes.toSorted((a, b) => order(a.path, b.path));
}

function changeOf(before: LayerEntry | undefined, after: LayerEntry): FileChange['change'] | undefined {
  if (!before) return 'added';
  if (before.type !== after.type) return 'type';
  if (before.sha256 !== after.sha256 || before.size !== after.size) return 'content';
  if (before.linkTarget !== after.linkTarget) return 'link';
  if (before.mode !== after.mode) return 'mode';
  return before.uid !== after.uid || before.gid !== after.gid ? 'owner' : undefined;
}

function diffConfigs(before: ImageConfig | null, after: ImageConfig | null): ConfigChange[] {
  const old = configFields(before);
  const current = configFields(after);
  const changes: ConfigChange[] = [];
  for (const field of new Set([...old.keys(), ...current.keys()])) {
    const [was, is] = [old.get(field), current.get(field)];
    if (was?.compared !== is?.compared) changes.push({ field, before: was?.shown ?? null, after: is?.shown ?? null });
  }
  return changes.toSorted((a, b) => order(a.field, b.field));
}

interface ConfigField {
  compared: string;
  shown: string;
}

function configFields(config: ImageConfig | null): Map<string, ConfigField> {
  const fields = new Map<string, ConfigField>();
  if (!config) return fields;
  const add = (field: string, value: string, shown = value) => fields.set(field, { compared: value, shown });
  add('user', config.user ?? '');
  add('entrypoint', config.entrypoint.join(' '), programOf(config.entrypoint));
  add('cmd', config.cmd.join(' '), programOf(config.cmd));
  for (const port of config.exposedPorts) add(`port ${port}`, port, 'exposed');
  for (const variable of config.env) {
    const [name = ''] = variable.split('=', 1);
    add(`env ${name}`, variable, 'set');
  }
  for (const [name, value] of Object.entries(config.labels)) add(`label ${name}`, value, 'set');
  return fields;
}

function order(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** The program and how many arguments it is given. */
function programOf([program = '', ...args]: readonly string[]): string {
  return args.length === 0 ? program : `${program} with ${args.length} argument${args.length === 1 ? '' : 's'}`;
}
