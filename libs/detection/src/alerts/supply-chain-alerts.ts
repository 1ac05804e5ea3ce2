import { createHash } from 'node:crypto';

import type { Digest } from '@tidewaiter/domain';

import type { DetectionAlert, AlertLevel, Weight } from './alert.js';

/**
 * Push whose tag was moved, whose signature, builder or account is unusual, or whose content
 * differs from that of its revision.
 */
export interface SuspectPush {
  pushId: string;
  connection: string;
  /** Host of the registry. */
  registry: string;
  repository: string;
  tag: string;
  digest: Digest;
  /** Digests of the images in the push. */
  imageDigests: Digest[];
  previousDigest: Digest | null;
  pushedBy: string | null;
  /** ISO 8601. */
  pushedAt: string;
  /** Time at which its analysis ended, in milliseconds since 1970. */
  analyzedMs: number;
  /** Its supply-chain findings. */
  findings: { id: string; title: string }[];
  /** Images of its revision whose code or configuration differs from that of its own images. */
  alterations: Alteration[];
}

/** Two different contents built from one revision. */
export interface Alteration {
  previousDigest: Digest;
  digest: Digest;
  /**
   * Whether a push with the same two contents was decided earlier, outside the window in which
   * pushes belong together.
   */
  isReported: boolean;
}

/** Decisions about suspect pushes. */
export interface SettledPushes {
  pushIds: string[];
  /** Pushes that an incident reports instead of a message of their own. */
  inIncident: string[];
  alerts: DetectionAlert[];
}

/**
 * Debounce: one actor moves many tags within seconds, so a decision waits for this time without
 * further pushes.
 */
const quietMs = 5_000;
const longestWaitMs = 20_000;
/** Maximum time between pushes of one actor, or to one digest, that belong together. */
export const suspectWindowMs = 10 * 60_000;

const moved = 'release-tag-moved';
const altered = 'same-revision-different-content';
/** Findings of content from another identity, or not from its sources. */
const foreign = new Set(['image-unsigned', 'identity-missing', 'identity-changed', altered]);

/**
 * Decides which of the waiting pushes open or join an incident. Pushes of one account, or to one
 * digest, within the window form one group: several moved release tags are one incident, and so is
 * one moved tag whose content is unsigned or of another identity. Content that differs from an
 * earlier build of its revision is an incident without a moved tag, once for the two contents.
 * @param known pushes of the window that were decided before
 */
export function settlePushes(
  waiting: readonly SuspectPush[],
  known: readonly SuspectPush[],
  nowMs: number,
): SettledPushes {
  const settled: SettledPushes = { pushIds: [], inIncident: [], alerts: [] };
  for (const group of groupsOf(waiting)) {
    if (!isQuiet(group, nowMs)) continue;
    const before = known.filter((each) => group.some((push) => areRelated(push, each)));
    settled.pushIds.push(...group.map(({ pushId }) => pushId));
    if (!opensIncident([...before, ...group])) continue;
    settled.alerts.push(...alertsOf([...before, ...group]));
    settled.inIncident.push(...group.filter((push) => isCovered(push, group, before)).map(({ pushId }) => pushId));
  }
  return settled;
}

/**
 * Whether the incident's message covers that of the push: they opened it together, or it is about
 * the same digest or altered contents. Different content that comes later needs its own message.
 */
function isCovered(push: SuspectPush, group: readonly SuspectPush[], before: readonly SuspectPush[]): boolean {
  const others = [...group, ...before].filter(({ pushId }) => pushId !== push.pushId);
  return (group.length > 1 && before.length === 0) || others.some((other) => haveSameContent(push, other));
}

function haveSameContent(a: SuspectPush, b: SuspectPush): boolean {
  const areAlike = a.alterations.length > 0 && a.alterations.every((each) => hasAlteration(b, each));
  return a.digest === b.digest || areAlike;
}

function opensIncident(pushes: readonly SuspectPush[]): boolean {
  const isNewAlteration = ({ alterations }: SuspectPush) => alterations.some(({ isReported }) => !isReported);
  return (
    movedTags(pushes).size > 1 || pushes.some((push) => (isMoved(push) && isForeign(push)) || isNewAlteration(push))
  );
}

function groupsOf(waiting: readonly SuspectPush[]): SuspectPush[][] {
  const left = new Set(waiting);
  const groups: SuspectPush[][] = [];
  for (const first of waiting) {
    if (!left.delete(first)) continue;
    const group = [first];
    for (const member of group) {
      for (const other of left) {
        if (!areRelated(member, other)) continue;
        left.delete(other);
        group.push(other);
      }
    }
    groups.push(group);
  }
  return groups;
}

function areRelated(a: SuspectPush, b: SuspectPush): boolean {
  if (Math.abs(Date.parse(a.pushedAt) - Date.parse(b.pushedAt)) > suspectWindowMs) return false;
  // Before the comparison of connections: a mirror has a connection of its own.
  if (a.alterations.some((each) => hasAlteration(b, each))) return true;
  if (a.connection !== b.connection) return false;
  return a.digest === b.digest || (a.pushedBy !== null && a.pushedBy === b.pushedBy);
}

function hasAlteration({ alterations }: SuspectPush, { previousDigest, digest }: Alteration): boolean {
  return alterations.some((each) => each.previousDigest === previousDigest && each.digest === digest);
}

function isQuiet(group: readonly SuspectPush[], nowMs: number): boolean {
  const times = group.map(({ analyzedMs }) => analyzedMs);
  return nowMs - Math.max(...times) >= quietMs || nowMs - Math.min(...times) >= longestWaitMs;
}

function movedTags(pushes: readonly SuspectPush[]): Set<string> {
  return new Set(pushes.filter(isMoved).map(({ repository, tag }) => `${repository}:${tag}`));
}

function isMoved({ findings }: SuspectPush): boolean {
  return findings.some(({ id }) => id === moved);
}

function isForeign({ findings }: SuspectPush): boolean {
  return findings.some(({ id }) => foreign.has(id));
}

/** Creates an alert for each push of an incident; the same pushes give the same alerts again. */
function alertsOf(pushes: readonly SuspectPush[]): DetectionAlert[] {
  const tags = movedTags(pushes).size;
  const repositories = new Set(pushes.map(({ registry, repository }) => `${registry}/${repository}`));
  const image = tags > 1 && repositories.size === 1 ? [...repositories][0]! : null;
  return pushes.map((push) => alertOf(push, tags, image));
}

function alertOf(push: SuspectPush, tags: number, image: string | null): DetectionAlert {
  const { pushId, registry, repository, tag, digest, imageDigests, pushedAt, pushedBy, findings } = push;
  const { rule, finding } = ruleOf(push, tags);
  const event = `push:${pushId}`;
  return {
    id: createHash('sha256').update(`tidewaiter supply-chain ${pushId}`).digest('hex').slice(0, 32),
    rule,
    severity: rule.level,
    weight: weightOf(push, tags),
    at: pushedAt,
    timeMs: Date.parse(pushedAt),
    events: [event],
    eventTimesMs: [Date.parse(pushedAt)],
    techniques: ['T1195.002'],
    stage: 'initial-access',
    title: rule.title,
    explanation: moveText(push),
    finding,
    name: nameOf(push, tags),
    isFact: true,
    bySensor: false,
    keys: [
      // First, so that each push is a group of its own in its cluster.
      event,
      ...(pushedBy === null ? [] : [`actor:${push.connection}/${pushedBy}`]),
      ...new Set([digest, ...imageDigests].map((each) => `release:${each}`)),
    ],
    context: {
      cluster: null,
      node: null,
      namespace: null,
      pod: null,
      container: null,
      workload: null,
      image: image ?? `${registry}/${repository}:${tag}`,
      imageDigest: imageDigests[0] ?? digest,
    },
    image: findings
      .filter(({ id }) => id !== moved)
      .map(({ id, title }) => ({ text: title, finding: id, technique: null, vulnerability: null })),
    artifacts: pushedBy === null ? [] : [{ kind: 'identity', value: pushedBy }],
    evidence: [
      {
        event,
        at: pushedAt,
        source: 'registry',
        rule: rule.title,
        text: moveText(push),
        where: registry,
        record: recordOf(push),
      },
    ],
    lowered: null,
  };
}

function weightOf(push: SuspectPush, tags: number): Weight {
  const isEnough = isMoved(push) ? tags > 1 || isForeign(push) : push.alterations.length > 0;
  return isEnough ? 'alone' : 'support';
}

function ruleOf(push: SuspectPush, tags: number): { rule: DetectionAlert['rule']; finding: string } {
  const [finding, title] = meaningOf(push);
  const level: AlertLevel = isMoved(push) && isForeign(push) && tags > 1 ? 'critical' : 'high';
  const id = `tidewaiter:${finding}`;
  const from = { author: 'Tidewaiter', license: 'Apache-2.0', link: null, file: null };
  return { finding, rule: { id, title, level, tags: ['attack.initial-access', 'attack.t1195.002'], ...from } };
}

function meaningOf(push: SuspectPush): [finding: string, title: string] {
  if (isMoved(push)) return [moved, 'Release tag moved to different content'];
  if (push.alterations.length > 0) return [altered, 'Same revision, different content'];
  return [push.findings[0]?.id ?? moved, 'Push with unusual identity'];
}

function nameOf(push: SuspectPush, tags: number): string | null {
  if (!isMoved(push)) return null;
  const by = push.pushedBy === null ? '' : ` by ${push.pushedBy}`;
  return tags > 1 ? `${tags} release tags moved${by}` : `Release tag ${push.tag} moved${by}`;
}

/**
 * Formats as `rel/tool:v0.3.0 moved from sha256:0123456789ab to sha256:abcdef012345 by mallory; Not
 * signed by release`.
 */
function moveText(push: SuspectPush): string {
  const { repository, tag, digest, previousDigest, pushedBy, findings, alterations } = push;
  const by = pushedBy === null ? ' by an unknown account' : ` by ${pushedBy}`;
  const from = previousDigest !== null && isMoved(push) ? `moved from ${shortDigest(previousDigest)} to` : 'pushed as';
  const differs = isMoved(push) ? [] : alterations.map((each) => `differs from ${shortDigest(each.previousDigest)}`);
  const others = findings.filter(({ id }) => id !== moved).map(({ title }) => title);
  return [`${repository}:${tag} ${from} ${shortDigest(digest)}${by}`, ...differs, ...others].join('; ');
}

function shortDigest(digest: Digest): string {
  return digest.slice(0, 'sha256:'.length + 12);
}

function recordOf({ repository, tag, digest, previousDigest, pushedBy, pushedAt, findings }: SuspectPush) {
  return {
    repository,
    tag,
    from: previousDigest,
    to: digest,
    by: pushedBy,
    at: pushedAt,
    findings: findings.map(({ id }) => id),
  };
}
