import {
  type Baseline,
  compareSeverity,
  cut,
  type Digest,
  type Finding,
  placeOf,
  type Platform,
} from '@tidewaiter/domain';

import type { BaseChange } from './base-change.js';
import { fileChange, mostCommandingFirst, mostRelevantFirst, newFirst, versionChange } from './change-order.js';
import type { FileChange } from './file-changes.js';
import type { ImageDiff } from './image-diff.js';
import type { ImageOrigin } from './image-state.js';
import type { NewHost } from './new-hosts.js';
import type { PackageChange } from './package-changes.js';
import type { ConfigChange, StepChange } from './stored-config.js';

/** Platform of a push beside the same platform of its baseline. */
export interface PlatformPair {
  platform: Platform;
  before: Digest | null;
  after: Digest | null;
}

export interface PlatformChange extends PlatformPair {
  /** `unread`: the earlier content was never analyzed, so the difference is unknown. */
  change: 'compared' | 'same' | 'added' | 'removed' | 'unread';
}

/** Pair with its difference; null if not compared. */
export interface ComparedPlatform extends PlatformChange {
  diff: ImageDiff | null;
}

/** Item with the platforms that have it, unless all compared platforms do. */
export type OnPlatforms<Item> = Item & { platforms?: Platform[] };

/** Total count, and the most relevant items: {@link maxListed} at most. */
export interface Listed<Item> {
  total: number;
  items: OnPlatforms<Item>[];
}

export interface Counted<Item> extends Listed<Item> {
  added: number;
  removed: number;
  changed: number;
}

export type FindingChange = Pick<
  Finding,
  'kind' | 'id' | 'severity' | 'title' | 'packageName' | 'path' | 'fingerprint'
> & {
  /**
   * `app/.env:3`, or `env TOKEN` outside of files; absent in comparisons that an older version
   * stored.
   */
  place?: string | null;
};

/** Facts about the two pushes beside their images. */
export interface ComparedPushes {
  comparedWith: Baseline;
  /** Null if the registry does not report the account. */
  pushers: { before: string | null; after: string | null };
}

/**
 * Changes of a push against its baseline, over all platforms, without duplicates. Unknown parts are
 * null.
 */
export interface PushChanges extends Partial<ComparedPushes> {
  platforms: PlatformChange[];
  /** Whether everything could be compared. */
  isComplete: boolean;
  packages: Counted<PackageChange>;
  /**
   * `code` counts programs, libraries, scripts and startup files, without those that a new package
   * version explains.
   */
  files: (Counted<FileChange> & { newSetuid: number; code?: number }) | null;
  config: Listed<ConfigChange> | null;
  steps: Listed<StepChange> | null;
  base: OnPlatforms<BaseChange>[];
  hosts: Listed<NewHost> | null;
  /** Absent if not requested. */
  origin?: OnPlatforms<{ before: ImageOrigin | null; after: ImageOrigin | null }>[];
  findings: {
    introduced: Listed<FindingChange>;
    /** Not caused by the push: these became known after the earlier image was built. */
    newlyPublished: Listed<FindingChange>;
    resolved: Listed<FindingChange>;
  };
}

export const maxListed = 200;
const maxTextLength = 500;

/** Pairs the images of two pushes by platform; several images of one platform in their order. */
export function pairPlatforms(
  before: readonly { platform: Platform; digest: Digest }[],
  after: readonly { platform: Platform; digest: Digest }[],
): PlatformPair[] {
  const [old, current] = [before, after].map((images) => Map.groupBy(images, ({ platform }) => platform));
  const platforms = [...new Set([...after, ...before].map(({ platform }) => platform))].toSorted();
  return platforms.flatMap((platform) => {
    const [was, is] = [old?.get(platform) ?? [], current?.get(platform) ?? []];
    return Array.from({ length: Math.max(was.length, is.length) }, (_, index) => ({
      platform,
      before: was[index]?.digest ?? null,
      after: is[index]?.digest ?? null,
    }));
  });
}

/** Merges the differences of all platforms, bounded for any images. */
export function pushChanges(platforms: readonly ComparedPlatform[], pushes?: ComparedPushes): PushChanges {
  const compared = platforms.flatMap(({ platform, diff }) => (diff ? [{ platform, diff }] : []));
  // Added, removed and equal platforms have no unknown parts.
  const differing = platforms.filter(({ change }) => change === 'compared' || change === 'unread');
  const every = <Item>(listOf: (diff: ImageDiff) => readonly Item[], keyOf?: (item: Item) => unknown) =>
    merged(compared, listOf, keyOf);
  const known = <Item>(listOf: (diff: ImageDiff) => readonly Item[] | null, keyOf?: (item: Item) => unknown) => {
    const isUnknown = differing.length > 0 && differing.every(({ diff }) => diff === null || listOf(diff) === null);
    return isUnknown ? null : every((diff) => listOf(diff) ?? [], keyOf);
  };
  const files = known(({ files }) => files, fileKey);
  const config = known(({ config }) => config);
  const steps = known(({ steps }) => steps);
  const hosts = known(({ hosts }) => hosts, hostKey);
  const origin = every(({ origin }) => (origin ? [origin] : []));
  return {
    ...(pushes && shortened(pushes)),
    platforms: platforms.map(({ diff: _, ...platform }) => platform),
    isComplete: platforms.every(isWhole),
    packages: counted(newFirst(every(({ packages }) => packages)), versionChange),
    files: files && {
      ...counted(mostRelevantFirst(files), fileChange),
      newSetuid: countSetuid(files),
      code: files.filter(isUnexplainedCode).length,
    },
    config: config && listed(mostCommandingFirst(config)),
    steps: steps && listed(steps),
    base: listed(every(({ base }) => [base])).items,
    hosts: hosts && listed(hosts),
    ...(origin.length > 0 && { origin: listed(origin).items }),
    findings: {
      introduced: listed(every(({ findings }) => findings.introduced.map(toFindingChange), findingKey)),
      newlyPublished: listed(every(({ findings }) => findings.newlyPublished.map(toFindingChange), findingKey)),
      resolved: listed(every(({ findings }) => findings.resolved.map(toFindingChange), findingKey)),
    },
  };
}

/** Findings that both sides of a comparison have, worst first. */
export function keptFindings(platforms: readonly ComparedPlatform[]): Listed<FindingChange> {
  const compared = platforms.flatMap(({ platform, diff }) => (diff ? [{ platform, diff }] : []));
  const kept = merged(compared, ({ findings }) => findings.unchanged.map(toFindingChange), findingKey);
  return listed(kept.toSorted((a, b) => compareSeverity(a.severity, b.severity)));
}

function isWhole({ change, diff }: ComparedPlatform): boolean {
  if (!diff) return change !== 'unread';
  return !diff.isPartial && diff.files !== null && diff.config !== null && diff.steps !== null && diff.hosts !== null;
}

/** Items of all platforms without duplicates, in the order of first occurrence. */
function merged<Item>(
  compared: readonly { platform: Platform; diff: ImageDiff }[],
  listOf: (diff: ImageDiff) => readonly Item[],
  keyOf: (item: Item) => unknown = (item) => item,
): OnPlatforms<Item>[] {
  if (compared.length === 1) return [...listOf(compared[0]!.diff)] as OnPlatforms<Item>[];
  const items = new Map<string, { item: Item; platforms: Set<Platform> }>();
  for (const { platform, diff } of compared) {
    for (const item of listOf(diff)) {
      const key = JSON.stringify(keyOf(item));
      const known = items.get(key);
      if (known) known.platforms.add(platform);
      else items.set(key, { item, platforms: new Set([platform]) });
    }
  }
  const all = new Set(compared.map(({ platform }) => platform)).size;
  return Array.from(items.values(), ({ item, platforms }) => ({
    ...item,
    ...(platforms.size < all && { platforms: [...platforms] }),
  }));
}

function listed<Item>(items: readonly OnPlatforms<Item>[]): Listed<Item> {
  return { total: items.length, items: items.slice(0, maxListed).map(shortened) };
}

function counted<Item>(
  items: readonly OnPlatforms<Item>[],
  changeOf: (item: Item) => 'added' | 'removed' | 'changed',
): Counted<Item> {
  const counts = { added: 0, removed: 0, changed: 0 };
  for (const item of items) counts[changeOf(item)] += 1;
  return { ...counts, ...listed(items) };
}

/** A hostile image has names of any length. */
function shortened<Value>(value: Value): Value {
  const short = JSON.stringify(value, (_key, each: unknown) =>
    typeof each === 'string' ? cut(each, maxTextLength) : each,
  );
  return JSON.parse(short) as Value;
}

/** The bytes of a program differ between platforms: its change is listed once. */
function fileKey({ path, change, isNewSetuid: isNew }: FileChange): unknown {
  return [path, change, isNew];
}

function hostKey({ host }: NewHost): unknown {
  return host;
}

function findingKey({ fingerprint }: FindingChange): unknown {
  return fingerprint;
}

function countSetuid(files: readonly FileChange[]): number {
  return files.filter(({ isNewSetuid }) => isNewSetuid).length;
}

const codeKinds = new Set<FileChange['kind']>(['setuid', 'startup', 'program', 'library', 'script']);

/** Whether code differs without a new version of its package. */
export function isUnexplainedCode({ kind, change, upgradedWith }: FileChange): boolean {
  return codeKinds.has(kind) && change !== 'mode' && change !== 'owner' && upgradedWith === undefined;
}

function toFindingChange(finding: Finding): FindingChange {
  const { kind, id, severity, title, packageName, path, fingerprint } = finding;
  return { kind, id, severity, title, packageName, path, place: placeOf(finding), fingerprint };
}
