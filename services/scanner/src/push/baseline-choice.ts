import { type Baseline, type Digest, matchesWildcard } from '@tidewaiter/domain';
import type { ReleaseSettings } from '@tidewaiter/runtime';
import type { EarlierTag } from '@tidewaiter/store';
import { isSameVariant, predecessorOf, readTagVersion } from '@tidewaiter/versions';

/** Fields of a push that the choice of its baseline needs. */
export interface ComparedPush {
  repository: string;
  tag: string;
  digest: Digest;
}

/** Tag that a push is compared with, and the reason. */
export interface BaselineChoice extends Pick<Baseline, 'reason' | 'line'> {
  known: EarlierTag;
}

/**
 * Chooses the baseline of the first push of a tag, among the digests of the other tags of the
 * repository: as configured, else the version before it, else the newest push of the same variant.
 * Null without candidates.
 * @param known newest first
 */
export function chooseBaseline(
  push: ComparedPush,
  known: readonly EarlierTag[],
  settings: readonly ReleaseSettings[],
): BaselineChoice | null {
  const compareWith = ruleFor(push, settings);
  if (compareWith === 'none') return null;
  if (compareWith.startsWith('tag:')) {
    const configured = known.find(({ tag }) => compareWith === `tag:${tag}`);
    return configured ? { known: configured, reason: 'configured', line: null } : null;
  }
  return (compareWith === 'version' ? previousVersion(push, known) : null) ?? previousPush(push, known);
}

/**
 * Whether {@link chooseBaseline} takes the newest tag of the variant of a push, so that a choice
 * among the newest tags is that among all: the tag names no version, or the setting is `time`.
 */
export function isDecidedByNewest(push: ComparedPush, settings: readonly ReleaseSettings[]): boolean {
  const compareWith = ruleFor(push, settings);
  return compareWith === 'time' || (compareWith === 'version' && readTagVersion(push.tag) === null);
}

function ruleFor({ repository }: ComparedPush, settings: readonly ReleaseSettings[]): string {
  return settings.find((rule) => matchesWildcard(rule.repository, repository))?.compareWith ?? 'version';
}

function previousVersion(push: ComparedPush, known: readonly EarlierTag[]): BaselineChoice | null {
  const candidates = known.filter((each) => !isAliasOf(push, each));
  const found = predecessorOf(
    push.tag,
    candidates.map(({ tag }) => tag),
  );
  const version = found && candidates.find(({ tag }) => tag === found.tag);
  return version ? { known: version, reason: 'previous-version', line: found.line } : null;
}

/** `2.0` is not a version before `2.0.1` if it already points to the same content. */
function isAliasOf({ tag, digest }: ComparedPush, known: EarlierTag): boolean {
  if (known.digest !== digest) return false;
  const [own, other] = [readTagVersion(tag), readTagVersion(known.tag)];
  return own !== null && other !== null && other.numbers.length < own.numbers.length;
}

function previousPush({ tag }: ComparedPush, known: readonly EarlierTag[]): BaselineChoice | null {
  const newest = known.find((each) => isSameVariant(tag, each.tag));
  return newest ? { known: newest, reason: 'previous-push', line: null } : null;
}
