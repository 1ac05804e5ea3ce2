import { type PersistedMap, RecentMap } from '@tidewaiter/collections';
import type { Incident, IncidentChange } from '@tidewaiter/domain';

import {
  addAlert,
  type AlertGroup,
  alertsOf,
  mergeClusters,
  newCluster,
  removeAlert,
  roleOf,
  type AlertCluster,
  takeOut,
} from './alert-cluster.js';
import type { DetectionAlert } from './alert.js';
import { buildIncident } from './build-incident.js';
import { openingAlert } from './incident-opening.js';
import { incidentId } from './incident-words.js';
import { joinTtlMs, kindOfKey } from './join-keys.js';
import { type KeyTrail, KeyTrails } from './key-trails.js';
import { readSnapshot } from './snapshot.js';

const hour = 60 * 60_000;
const day = 24 * hour;

/** Time without alerts after which an incident is resolved; a later alert reopens it. */
const silenceMs = day;
/** Memory of stories: as long as almost any key joins. */
const rememberedMs = 7 * day;
const maxKnownAlerts = 200_000;
const maxKnownIncidents = 100_000;
const maxWaitingAlerts = 20_000;
const maxStories = 20_000;
const pruneEveryMs = hour;

/** Alert that belongs to no story of its own, and the stories that it accompanies. */
interface Accompanying {
  alert: DetectionAlert;
  stories: number[];
}

const snapshotFormat = 'tidewaiter-incidents/2';

interface PersistedBuilder {
  format: typeof snapshotFormat;
  cases: [
    number,
    Omit<TrackedIncident, 'story'> & { story: Omit<AlertCluster, 'groups'> & { groups: [string, AlertGroup][] } },
  ][];
  mergedInto: [number, number][];
  trails: PersistedMap<KeyTrail>;
  waiting: PersistedMap<Accompanying>;
  known: PersistedMap<number>;
  revisions: PersistedMap<number>;
  grown: number[];
  nextStory: number;
  nowMs: number | null;
  prunedMs: number | null;
}

/** Story, and its last published incident. */
interface TrackedIncident {
  story: AlertCluster;
  /** Last published state; null while the story is no incident. */
  told: Incident | null;
  /** Incidents merged into this one whose merge is not published yet. */
  absorbed: Incident[];
}

/**
 * Builds incidents of alerts. Pure: the resulting incidents depend on the set of alerts, not on
 * their order. Core alerts are joined by shared keys; context alerts accompany the stories whose
 * keys they share, and join nothing.
 */
export class IncidentBuilder {
  readonly #cases = new Map<number, TrackedIncident>();
  /** Merged stories, each with the story that it became part of. */
  readonly #mergedInto = new Map<number, number>();
  readonly #trails = new KeyTrails();
  readonly #waiting = new RecentMap<Accompanying>(maxWaitingAlerts);
  /** Alerts by id, with their story; -1 for those in none. */
  readonly #known = new RecentMap<number>(maxKnownAlerts);
  /** Last revision of each incident: an id that comes back continues its count. */
  readonly #revisions = new RecentMap<number>(maxKnownIncidents);
  /** Stories that only repeat: published with the next {@link advance}. */
  readonly #grown = new Set<number>();
  #nextStory = 1;
  #nowMs = Number.NEGATIVE_INFINITY;
  #prunedMs = Number.NEGATIVE_INFINITY;

  /** Returns the changes that this alert makes; mere repetition is published with the next {@link advance}. */
  add(alert: DetectionAlert): IncidentChange[] {
    if (this.#known.get(alert.id) !== undefined) return [];
    this.#known.set(alert.id, -1);
    const touched = alert.revises === undefined ? this.#place(alert) : this.#revise(alert, alert.revises);
    return [...new Set([...touched].map((story) => this.#find(story)))].flatMap((story) => this.#tell(story));
  }

  /** Moves the clock to `timeMs`: publishes stories that grew, resolves silent incidents, and evicts old stories. */
  advance(timeMs: number): IncidentChange[] {
    this.#nowMs = Math.max(this.#nowMs, timeMs);
    const changes = [...this.settle(), ...this.#closeSilent()];
    if (this.#nowMs - this.#prunedMs >= pruneEveryMs) this.#forget();
    return changes;
  }

  /** Publishes incidents that only grew. */
  settle(): IncidentChange[] {
    const changes = [...this.#grown].flatMap((story) => this.#tell(this.#find(story)));
    this.#grown.clear();
    return changes;
  }

  /** All incidents in memory, in their last published state. */
  incidents(): Incident[] {
    return [...this.#cases.values()].flatMap(({ told }) => told ?? []);
  }

  /** Returns the id of the incident that contains an alert. */
  incidentOf(alertId: string): string | null {
    const story = this.#known.get(alertId);
    return story === undefined || story < 0 ? null : (this.#cases.get(this.#find(story))?.told?.id ?? null);
  }

  snapshot(): Uint8Array {
    const kept: PersistedBuilder = {
      format: snapshotFormat,
      cases: [...this.#cases].map(([id, { story, ...rest }]) => [
        id,
        { ...rest, story: { ...story, groups: [...story.groups] } },
      ]),
      mergedInto: [...this.#mergedInto],
      trails: this.#trails.snapshot(),
      waiting: this.#waiting.snapshot(),
      known: this.#known.snapshot(),
      revisions: this.#revisions.snapshot(),
      grown: [...this.#grown],
      nextStory: this.#nextStory,
      nowMs: finiteOrNull(this.#nowMs),
      prunedMs: finiteOrNull(this.#prunedMs),
    };
    return Buffer.from(JSON.stringify(kept));
  }

  /** @throws InvalidInput `SNAPSHOT_UNREADABLE` when another version wrote it: start with empty state */
  restore(bytes: Uint8Array): void {
    const kept = readSnapshot<PersistedBuilder>(bytes, snapshotFormat);
    this.#cases.clear();
    for (const [id, { story, ...rest }] of kept.cases) {
      this.#cases.set(id, { ...rest, story: { ...story, groups: new Map(story.groups) } });
    }
    replaceAll(this.#mergedInto, kept.mergedInto);
    this.#trails.restore(kept.trails);
    this.#waiting.restore(kept.waiting);
    this.#known.restore(kept.known);
    this.#revisions.restore(kept.revisions);
    this.#grown.clear();
    for (const story of kept.grown) this.#grown.add(story);
    this.#nextStory = kept.nextStory;
    this.#nowMs = kept.nowMs ?? Number.NEGATIVE_INFINITY;
    this.#prunedMs = kept.prunedMs ?? Number.NEGATIVE_INFINITY;
  }

  /** Adds an alert that is not there; `before` are the stories of an earlier evaluation of the same event. */
  #place(alert: DetectionAlert, before: readonly number[] = []): Set<number> {
    return roleOf(alert) === 'core' ? this.#addCore(alert, before) : this.#addAccompanying(alert, before);
  }

  /**
   * Replaces an alert by its revision, under the original id, which incident ids derive from. Of
   * several revisions the one with the most facts wins, in whatever order they come.
   */
  #revise(revision: DetectionAlert, original: string): Set<number> {
    const alert: DetectionAlert = { ...revision, id: original };
    const touched = new Set<number>();
    const known = this.#known.get(original);
    const stories = [known ?? -1, ...(this.#waiting.get(original)?.stories ?? [])].filter((story) => story >= 0);
    const before = [...new Set(stories.map((story) => this.#find(story)))].filter((story) => this.#cases.has(story));
    const kept = before.map((story) => takeOut(this.#cases.get(story)!.story, original));
    const [earlier = this.#waiting.get(original)?.alert] = kept.filter((each) => each !== null);
    // In an alert flood, only the first alerts are stored and reported.
    const isCounted = known !== undefined && before.length > 0 && earlier === undefined;
    if (isCounted) return touched;
    this.#known.set(original, -1);
    this.#waiting.delete(original);
    for (const story of this.#place(earlier === undefined ? alert : betterKnown(earlier, alert), before))
      touched.add(story);
    for (const story of before) touched.add(story);
    this.#known.set(revision.id, this.#known.get(original) ?? -1);
    return touched;
  }

  /** Merges all stories that share a key with the alert into one, and adds the alerts that waited for it. */
  #addCore(alert: DetectionAlert, before: readonly number[]): Set<number> {
    const joined = [...before, ...alert.keys.flatMap((key) => this.#trails.joinedBy(key, alert.timeMs))];
    const near = new Set(joined.map((story) => this.#find(story)));
    const story = this.#union(near);
    const waiting = alert.keys.flatMap((key) => this.#trails.extend(key, alert.timeMs, story));
    const touched = new Set(near.size > 1 ? [story] : []);
    this.#put(alert, story, touched);
    for (const id of new Set(waiting)) {
      const accompanying = this.#waiting.get(id);
      if (accompanying !== undefined) this.#accompany(accompanying, this.#find(story), touched);
    }
    return touched;
  }

  #addAccompanying(alert: DetectionAlert, before: readonly number[]): Set<number> {
    const touched = new Set<number>();
    const accompanying: Accompanying = { alert, stories: [] };
    this.#waiting.set(alert.id, accompanying);
    const keys = alert.keys.filter((key) => kindOfKey(key) !== 'subject');
    for (const key of keys) this.#trails.wait(key, alert.timeMs, alert.id);
    const near = new Set(
      keys.flatMap((key) => this.#trails.nearBy(key, alert.timeMs)).map((story) => this.#find(story)),
    );
    for (const story of near) {
      if (this.#cases.has(this.#find(story))) this.#accompany(accompanying, this.#find(story), touched);
    }
    if (roleOf(alert) === 'witness') this.#addWitness(accompanying, before, touched);
    return touched;
  }

  /**
   * Adds a sensor's evaluation that no built-in rule details: one story for each rule and subject,
   * and for each container.
   */
  #addWitness({ alert, stories }: Accompanying, before: readonly number[], touched: Set<number>): void {
    const keys = alert.keys.filter((key) => kindOfKey(key) === 'subject');
    if (keys.length === 0) return;
    const joined = keys.flatMap((key) => this.#trails.joinedBy(key, alert.timeMs));
    const own = [...joined, ...before].map((story) => this.#find(story));
    const near = new Set(own.filter((story) => this.#cases.get(story)?.story.isSensorOnly === true));
    const story = this.#union(near, true);
    for (const key of keys) this.#trails.extend(key, alert.timeMs, story);
    if (stories.length === 0) this.#put(alert, story, touched);
    if (near.size > 1) touched.add(story);
  }

  #accompany(accompanying: Accompanying, story: number, touched: Set<number>): void {
    const { alert } = accompanying;
    const stories = accompanying.stories.map((earlier) => this.#find(earlier));
    if (stories.includes(story)) return;
    // A sensor's evaluation counts, so that it can be in one story only: it links two stories that
    // share its keys.
    if (roleOf(alert) === 'witness' && stories.length > 0) {
      touched.add(this.#union(new Set([...stories, story])));
      return;
    }
    // An evaluation with a story of its own moves to the story that has more detail.
    const alone = this.#known.get(alert.id) ?? -1;
    if (accompanying.stories.length === 0 && alone >= 0) this.#withdraw(alert, this.#find(alone), story, touched);
    accompanying.stories.push(story);
    this.#put(alert, story, touched);
  }

  #put(alert: DetectionAlert, story: number, touched: Set<number>): void {
    this.#known.set(alert.id, story);
    const told = addAlert(this.#cases.get(story)!.story, alert);
    if (told === 'added') touched.add(story);
    else this.#grown.add(story);
  }

  /** Removes a sensor's alert from its own story; if that is then empty, its incident continues in the other. */
  #withdraw(alert: DetectionAlert, from: number, into: number, touched: Set<number>): void {
    const source = this.#cases.get(from);
    if (source === undefined || from === into || !source.story.isSensorOnly) return;
    removeAlert(source.story, alert);
    // An incident moves with the alert that opened it.
    if (source.told?.id === incidentId(alert.id) || source.story.groups.size === 0) this.#absorb(source, into);
    if (source.story.groups.size > 0) touched.add(from);
  }

  #absorb(source: TrackedIncident, into: number): void {
    const target = this.#cases.get(into)!;
    target.absorbed.push(...source.absorbed, ...(source.told === null ? [] : [source.told]));
    source.absorbed = [];
    source.told = null;
  }

  /** Merges stories into the oldest; creates a new one if there are none. */
  #union(stories: ReadonlySet<number>, isSensorOnly = false): number {
    const [oldest, ...others] = [...stories].filter((story) => this.#cases.has(story)).toSorted((a, b) => a - b);
    if (oldest === undefined) {
      const story = this.#nextStory;
      this.#nextStory += 1;
      this.#cases.set(story, { story: newCluster(isSensorOnly), told: null, absorbed: [] });
      if (this.#cases.size > maxStories) this.#forgetOldest();
      return story;
    }
    for (const other of others) {
      const source = this.#cases.get(other)!;
      mergeClusters(this.#cases.get(oldest)!.story, source.story);
      this.#absorb(source, oldest);
      this.#cases.delete(other);
      this.#grown.delete(other);
      this.#mergedInto.set(other, oldest);
    }
    return oldest;
  }

  #find(story: number): number {
    let at = story;
    for (let next = this.#mergedInto.get(at); next !== undefined; next = this.#mergedInto.get(at)) at = next;
    return at;
  }

  #tell(number: number): IncidentChange[] {
    const found = this.#cases.get(number);
    const alerts = found === undefined ? [] : alertsOf(found.story);
    const opening = openingAlert(alerts);
    if (found === undefined) return [];
    if (opening === null) return this.#explained(found);
    const told = buildIncident(found.story, alerts, opening);
    const before = [found.told, ...found.absorbed].filter((incident) => incident !== null);
    const earlier = before.find(({ id }) => id === told.id) ?? null;
    const isSilent = earlier !== null && found.story.lastMs + silenceMs <= this.#nowMs;
    const incident: Incident = {
      ...told,
      revision: earlier?.revision ?? 0,
      state: isSilent ? 'resolved' : 'open',
      mergedInto: null,
    };
    const changes: IncidentChange[] = [];
    if (earlier === null || JSON.stringify(earlier) !== JSON.stringify(incident)) {
      changes.push(this.#change(this.#revisions.get(told.id) === undefined ? 'opened' : 'updated', incident));
    }
    found.told = changes[0]?.incident ?? earlier;
    found.absorbed = [];
    for (const other of before) {
      if (other.id !== told.id)
        changes.push(this.#change('merged', { ...other, state: 'merged', mergedInto: told.id }));
    }
    return changes;
  }

  /** Resolves an incident whose opening alert became harmless when more facts were known. */
  #explained(found: TrackedIncident): IncidentChange[] {
    if (found.told?.state !== 'open') return [];
    const change = this.#change('resolved', { ...found.told, state: 'resolved' });
    found.told = change.incident;
    return [change];
  }

  #change(kind: IncidentChange['kind'], incident: Incident): IncidentChange {
    const revision = (this.#revisions.get(incident.id) ?? 0) + 1;
    this.#revisions.set(incident.id, revision);
    return { kind, incident: { ...incident, revision } };
  }

  #closeSilent(): IncidentChange[] {
    const changes: IncidentChange[] = [];
    for (const found of this.#cases.values()) {
      if (found.told?.state !== 'open' || found.story.lastMs + silenceMs > this.#nowMs) continue;
      const change = this.#change('resolved', { ...found.told, state: 'resolved' });
      found.told = change.incident;
      changes.push(change);
    }
    return changes;
  }

  /** Evicts one story: those that are no incident go first. */
  #forgetOldest(): void {
    for (const [number, { told }] of this.#cases) {
      if (told !== null) continue;
      this.#cases.delete(number);
      return;
    }
    for (const number of this.#cases.keys()) {
      this.#cases.delete(number);
      return;
    }
  }

  #forget(): void {
    this.#prunedMs = this.#nowMs;
    this.#trails.prune(this.#nowMs);
    for (const [number, { story }] of this.#cases) {
      if (story.lastMs + keptMs(story) < this.#nowMs) this.#cases.delete(number);
    }
    for (const [number] of this.#mergedInto) if (!this.#cases.has(this.#find(number))) this.#mergedInto.delete(number);
  }
}

/** Returns the one of two evaluations of an event that has more facts about the container and its image. */
function betterKnown(a: DetectionAlert, b: DetectionAlert): DetectionAlert {
  return knowledgeOf(b) >= knowledgeOf(a) ? b : a;
}

function knowledgeOf({ context, image }: DetectionAlert): number {
  return Object.values(context).filter((value) => value !== null).length * 100 + image.length;
}

/** Retention of a story: as long as anything can still join it. */
function keptMs(story: AlertCluster): number {
  const ofRelease = alertsOf(story).some(({ keys }) => keys.some((key) => kindOfKey(key) === 'release'));
  return ofRelease ? joinTtlMs['release']! : rememberedMs;
}

function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function replaceAll<K, V>(map: Map<K, V>, entries: readonly (readonly [K, V])[]): void {
  map.clear();
  for (const [key, value] of entries) map.set(key, value);
}
