import { clientOf, type Digest, type JsonObject, type Observation } from '@tidewaiter/domain';

import { isAddress } from './addresses.js';
import type { FactContext } from './context.js';
import type { HabitKind, Habits } from './habits.js';
import { identitiesOf } from './identity.js';

/** Value seen for an image, a cluster or an identity. */
export interface LearnedHabit {
  /** `destination` of an image, `image` of a cluster, or a {@link HabitKind} of an identity. */
  kind: 'destination' | 'image' | HabitKind;
  /** Digest, cluster or identity. */
  subject: string;
  value: string;
  firstSeenMs: number;
  lastSeenMs: number;
}

export interface LearnedOptions {
  /**
   * Learning period of a subject, during which no question is answered; also the age from which
   * later values count as usual.
   */
  learningMs?: number;
  /** Limit on subjects; the least recently seen are evicted first. */
  maxSubjects?: number;
}

/** Limit on values of a subject; a subject that reaches it has no habits. */
export const maxHabits = 256;

/** Subject of the accounts of the cloud whose audit logs arrive. */
const auditedAccounts = 'cloudtrail:recipients';

/** Subjects of the roles of the cloud: accounts that assumed them, and changes of who may. */
const assumers = 'cloudtrail:assumed-by:';
const trustChanges = 'cloudtrail:trust-changed:';

const controllerManager = 'system:kube-controller-manager';
/** Time in which each member of a control plane calls: it asks for its lease every few seconds. */
const membersMs = 10 * 60_000;

interface Times {
  firstSeenMs: number;
  lastSeenMs: number;
}

interface Learner {
  sinceMs: number;
  lastSeenMs: number;
  values: Map<string, Times>;
}

const day = 24 * 3_600_000;
/** Interval in which a repeated habit is reported as changed at most once. */
const reportAgainMs = 3_600_000;

/**
 * Habits of images, identities and clusters. A value is usual if it was seen during the learning
 * period of its subject, or at least one such period ago. The order of events does not matter.
 */
export class Learned implements Habits {
  /** By kind and subject. */
  readonly #learners = new Map<string, Learner>();
  readonly #changed = new Map<string, LearnedHabit>();
  readonly #learningMs: number;
  readonly #maxSubjects: number;

  constructor({ learningMs = day, maxSubjects = 50_000 }: LearnedOptions = {}) {
    this.#learningMs = learningMs;
    this.#maxSubjects = maxSubjects;
  }

  /** Learns from an event, after the rules evaluated it. */
  observe(observation: Observation, context: Pick<FactContext, 'digestOf'>): void {
    const { network, request, container, cluster, activity } = observation;
    const atMs = Math.floor(observation.timeMs);
    const digest = container || network ? context.digestOf(observation) : null;
    if (digest !== null) {
      this.#see('image', cluster ?? '', digest, atMs);
      const names = activity === 'connect' ? [network?.destinationIp, network?.hostname] : [];
      for (const name of names) if (name) this.#see('destination', digest, name.toLowerCase(), atMs);
    }
    const account = observation.source === 'cloudtrail' ? observation.native['recipientAccountId'] : undefined;
    if (typeof account === 'string') this.#see('source', auditedAccounts, account, atMs);
    // A refused call is no evidence of usual behavior.
    if (!request?.succeeded) return;
    if (observation.source === 'cloudtrail') this.#observeTrust(observation, atMs);
    const [identity] = identitiesOf(request);
    if (identity === undefined) return;
    for (const source of request.sourceIps.filter(isAddress)) {
      this.#see('source', identity, source, atMs);
      if (identity === controllerManager) this.#see('source', `${identity}@${cluster ?? ''}`, source, atMs);
    }
    const client = clientOf(request.userAgent);
    if (client !== null) this.#see('client', identity, client, atMs);
    if (request.namespace) this.#see('namespace', identity, request.namespace, atMs);
  }

  #observeTrust({ request, native }: Observation, atMs: number): void {
    const { roleArn, roleName, externalId } = (native['requestParameters'] ?? {}) as JsonObject;
    const account = (native['userIdentity'] as JsonObject | null)?.['accountId'];
    const home = native['recipientAccountId'];
    if (request?.verb === 'AssumeRole' && typeof roleArn === 'string' && typeof account === 'string') {
      if (account !== home && externalId) this.#see('source', `${assumers}${roleArn}`, account, atMs);
      return;
    }
    const isChange = /^(?:CreateRole|UpdateAssumeRolePolicy)$/.test(request?.verb ?? '');
    if (isChange && typeof home === 'string' && typeof roleName === 'string')
      this.#see('source', `${trustChanges}${home}/${roleName}`, 'changed', atMs);
  }

  hasTalkedTo(digest: Digest, destination: string, atMs: number): boolean | undefined {
    return this.#isUsual('destination', digest, destination.toLowerCase(), atMs);
  }

  isUsual(kind: HabitKind, identity: string, value: string, atMs: number): boolean | undefined {
    return this.#isUsual(kind, identity, value, atMs);
  }

  isControllerManager(cluster: string | null, address: string, atMs: number): boolean | undefined {
    const learner = this.#learners.get(keyOf('source', `${controllerManager}@${cluster ?? ''}`));
    if (!learner || atMs - learner.sinceMs < membersMs || learner.values.size >= maxHabits) return undefined;
    return learner.values.has(address);
  }

  isAuditedAccount(account: string): boolean {
    return this.#learners.get(keyOf('source', auditedAccounts))?.values.has(account) ?? false;
  }

  isTrustedBy(role: string, account: string, atMs: number): boolean {
    if (!this.#learners.get(keyOf('source', `${assumers}${role}`))?.values.has(account)) return false;
    const [, home = '', name = ''] = /^arn:[^:]*:iam::(\d+):role\/(?:.*\/)?([^/]+)$/.exec(role) ?? [];
    const change = this.#learners.get(keyOf('source', `${trustChanges}${home}/${name}`));
    return change === undefined || atMs - change.lastSeenMs >= this.#learningMs;
  }

  isFirstSeen(digest: Digest, cluster: string | null, atMs: number): boolean | undefined {
    const isUsual = this.#isUsual('image', cluster ?? '', digest, atMs);
    return isUsual === undefined ? undefined : !isUsual;
  }

  /** Loads persisted habits. */
  load(habits: Iterable<LearnedHabit>): void {
    for (const { kind, subject, value, firstSeenMs, lastSeenMs } of habits) {
      this.#add(kind, subject, value, { firstSeenMs, lastSeenMs });
    }
  }

  /** Returns the habits to persist since the last call. */
  takeChanged(): LearnedHabit[] {
    const changed = [...this.#changed.values()];
    this.#changed.clear();
    return changed;
  }

  snapshot(): LearnedHabit[] {
    return [...this.#learners].flatMap(([key, { values }]) => {
      const { kind, subject } = parsedKey(key);
      return Array.from(values, ([value, times]) => ({ kind, subject, value, ...times }));
    });
  }

  static restore(snapshot: Iterable<LearnedHabit>, options?: LearnedOptions): Learned {
    const learned = new Learned(options);
    learned.load(snapshot);
    return learned;
  }

  #isUsual(kind: LearnedHabit['kind'], subject: string, value: string, atMs: number): boolean | undefined {
    const learner = this.#learners.get(keyOf(kind, subject));
    if (!learner || atMs - learner.sinceMs < this.#learningMs || learner.values.size >= maxHabits) return undefined;
    const seen = learner.values.get(value);
    if (!seen) return false;
    const isEarly = seen.firstSeenMs - learner.sinceMs < this.#learningMs;
    return isEarly || atMs - seen.firstSeenMs >= this.#learningMs;
  }

  #see(kind: LearnedHabit['kind'], subject: string, value: string, atMs: number): void {
    if (value.length > maxLength || subject.length > maxLength || this.#seeAgain(kind, subject, value, atMs)) return;
    const { times, isReportable } = this.#add(kind, subject, value, { firstSeenMs: atMs, lastSeenMs: atMs });
    if (isReportable) this.#changed.set(`${keyOf(kind, subject)}\n${value}`, { kind, subject, value, ...times });
  }

  /** Nearly every event repeats recent values, which only updates lastSeen. */
  #seeAgain(kind: LearnedHabit['kind'], subject: string, value: string, atMs: number): boolean {
    const learner = this.#learners.get(keyOf(kind, subject));
    const before = learner?.values.get(value);
    if (!learner || !before || isReportable(before, { firstSeenMs: atMs, lastSeenMs: atMs })) return false;
    before.lastSeenMs = Math.max(before.lastSeenMs, atMs);
    learner.lastSeenMs = Math.max(learner.lastSeenMs, atMs);
    return true;
  }

  #add(kind: LearnedHabit['kind'], subject: string, value: string, { firstSeenMs, lastSeenMs }: Times) {
    const key = keyOf(kind, subject);
    const known = this.#learners.get(key);
    const learner = known ?? { sinceMs: firstSeenMs, lastSeenMs, values: new Map<string, Times>() };
    if (!known) this.#learners.set(key, learner);
    learner.sinceMs = Math.min(learner.sinceMs, firstSeenMs);
    learner.lastSeenMs = Math.max(learner.lastSeenMs, lastSeenMs);
    const before = learner.values.get(value);
    const times = {
      firstSeenMs: Math.min(before?.firstSeenMs ?? firstSeenMs, firstSeenMs),
      lastSeenMs: Math.max(before?.lastSeenMs ?? lastSeenMs, lastSeenMs),
    };
    const isKept = before !== undefined || learner.values.size < maxHabits;
    if (isKept) learner.values.set(value, times);
    if (this.#learners.size > this.#maxSubjects) this.#forget();
    return { times, isReportable: isKept && isReportable(before, times) };
  }

  /**
   * Evicts a twentieth at once: sorting for each new subject would cost more than everything else.
   */
  #forget(): void {
    const oldest = [...this.#learners].toSorted(([, a], [, b]) => a.lastSeenMs - b.lastSeenMs);
    for (const [key] of oldest.slice(0, Math.ceil(this.#maxSubjects / 20))) this.#learners.delete(key);
  }
}

const maxLength = 512;

function isReportable(before: Times | undefined, { firstSeenMs, lastSeenMs }: Times): boolean {
  if (before === undefined || firstSeenMs < before.firstSeenMs) return true;
  return Math.floor(lastSeenMs / reportAgainMs) > Math.floor(before.lastSeenMs / reportAgainMs);
}

function keyOf(kind: string, subject: string): string {
  return `${kind}\n${subject}`;
}

function parsedKey(key: string): Pick<LearnedHabit, 'kind' | 'subject'> {
  const end = key.indexOf('\n');
  return { kind: key.slice(0, end) as LearnedHabit['kind'], subject: key.slice(end + 1) };
}
