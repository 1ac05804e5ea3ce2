import { type PersistedMap, RecentMap, ReorderBuffer } from '@tidewaiter/collections';
import {
  correlationFields,
  type CorrelationRule,
  type CorrelatorFigures,
  type RuleInfo,
  type Scalar,
  scalarOf,
  type SigmaEvent,
} from '@tidewaiter/sigma';

import type { DetectionAlert } from '../alerts/alert.js';
import type { EventContext } from '../events/event-context.js';
import { readSnapshot } from '../snapshot.js';
import { type DetectorRules, wideCorrelations, wordsOf } from './correlation-reach.js';
import { Correlations, type PersistedCorrelations, matchedOfContext, type MatchedContext } from './correlations.js';

/**
 * Match of parts of correlations over several detectors, with all fields that those correlations
 * read.
 */
export interface WideMatch extends MatchedContext {
  /** Id of the event. */
  id: string;
  /** Time by which the event is ordered in its detector. */
  timeMs: number;
  /** Ids of the rules. */
  rules: string[];
  fields: Record<string, Scalar>;
  /** Earlier events that differ from this one only in these members. */
  repeats?: readonly WideRepeat[];
}

export interface WideRepeat extends Pick<WideMatch, 'id' | 'timeMs'> {
  /** Time of the event, as in `scene`. */
  happened: Pick<EventContext, 'at' | 'timeMs'>;
}

/** Parts of wide correlations, whose matches a detector passes on. */
export class WideParts {
  /** Fields that the correlations over a part read, by id or name of the part. */
  readonly #fields: ReadonlyMap<string, ReadonlySet<string>>;

  constructor(rules: DetectorRules) {
    const wide = [...wideCorrelations(rules)];
    const parts = new Set(wide.flatMap((correlation) => correlation.rules));
    this.#fields = new Map(Array.from(parts, (word) => [word, correlationFields([...correlationsOver(word, wide)])]));
  }

  /** Returns those of the rules that are parts. */
  among(rules: readonly RuleInfo[]): RuleInfo[] {
    if (this.#fields.size === 0) return [];
    return rules.filter((rule) => wordsOf(rule).some((word) => this.#fields.has(word)));
  }

  /** Returns the fields that correlations read of an event that matches these parts. */
  fieldsOf(event: SigmaEvent, parts: readonly RuleInfo[]): Record<string, Scalar> {
    const names = new Set(parts.flatMap(wordsOf).flatMap((word) => [...(this.#fields.get(word) ?? [])]));
    return Object.fromEntries(
      [...names].flatMap((name) => {
        const scalar = scalarOf(event.field(name));
        return scalar === undefined ? [] : [[name, scalar]];
      }),
    );
  }
}

/** Returns the correlations that contain a part, directly or through others. */
function correlationsOver(
  word: string,
  wide: readonly CorrelationRule[],
  found = new Set<CorrelationRule>(),
): ReadonlySet<CorrelationRule> {
  for (const correlation of wide) {
    if (found.has(correlation) || !correlation.rules.includes(word)) continue;
    found.add(correlation);
    for (const outer of wordsOf(correlation.info)) correlationsOver(outer, wide, found);
  }
  return found;
}

type Waiting = Omit<WideMatch, 'repeats'> & { happenedMs: number };

const snapshotFormat = 'tidewaiter-wide-correlations/1';

interface KeptState {
  format: typeof snapshotFormat;
  watermarkMs: number | null;
  clockMs: number | null;
  waiting: Waiting[];
  seen: PersistedMap<true>;
  correlations: PersistedCorrelations;
}

/**
 * Limit on ids for deduplication: a detector that restarts from a snapshot passes on later matches
 * again.
 */
const maxSeen = 100_000;

/**
 * Correlations over several detectors: takes their matches, in any order, and returns alerts. Time
 * moves by {@link advance} alone, so that the same matches give the same alerts.
 */
export class WideCorrelations {
  #rules: ReadonlyMap<string, RuleInfo>;
  readonly #correlations: Correlations;
  readonly #waiting: ReorderBuffer<Waiting>;
  readonly #seen = new RecentMap<true>(maxSeen);
  #clockMs = Number.POSITIVE_INFINITY;

  constructor(rules: DetectorRules, allowedLatenessMs: number) {
    this.#rules = byId(rules);
    this.#correlations = new Correlations([...wideCorrelations(rules)]);
    this.#waiting = new ReorderBuffer(allowedLatenessMs);
  }

  get correlation(): CorrelatorFigures {
    return this.#correlations.figures;
  }

  /** Number of matches that wait for earlier ones. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * Adds a match, which is evaluated when the clock has advanced. A late match counts from its
   * arrival.
   */
  add({ repeats = [], ...match }: WideMatch): void {
    for (const { id, timeMs, happened } of repeats) {
      this.#add({ ...match, id, timeMs, scene: { ...match.scene, event: id, ...happened } });
    }
    this.#add(match);
  }

  advance(timeMs: number): DetectionAlert[] {
    this.#clockMs = timeMs;
    const alerts: DetectionAlert[] = [];
    for (const match of this.#waiting.advance(timeMs)) alerts.push(...this.#evaluate(match));
    return [...alerts, ...this.#correlations.advance(this.#waiting.watermarkMs)];
  }

  replaceRules(rules: DetectorRules): void {
    this.#rules = byId(rules);
    this.#correlations.replace([...wideCorrelations(rules)]);
  }

  snapshot(): Uint8Array {
    const { watermarkMs, items } = this.#waiting.snapshot();
    const kept: KeptState = {
      format: snapshotFormat,
      watermarkMs,
      clockMs: Number.isFinite(this.#clockMs) ? this.#clockMs : null,
      waiting: items,
      seen: this.#seen.snapshot(),
      correlations: this.#correlations.snapshot(),
    };
    return Buffer.from(JSON.stringify(kept));
  }

  /**
   * @throws InvalidInput `SNAPSHOT_UNREADABLE` when another version wrote it: start with empty
   * state
   */
  restore(bytes: Uint8Array): void {
    const kept = readSnapshot<KeptState>(bytes, snapshotFormat);
    this.#clockMs = kept.clockMs ?? Number.POSITIVE_INFINITY;
    this.#waiting.restore({ watermarkMs: kept.watermarkMs, items: kept.waiting });
    this.#seen.restore(kept.seen);
    this.#correlations.restore(kept.correlations);
  }

  #add(match: WideMatch): void {
    if (this.#seen.get(match.id)) return;
    this.#seen.set(match.id, true);
    const timeMs = Math.max(Math.min(match.timeMs, this.#clockMs), this.#waiting.watermarkMs);
    this.#waiting.push({ ...match, timeMs, happenedMs: match.timeMs });
  }

  #evaluate({ id, timeMs, rules, fields, scene, isFact }: Waiting): DetectionAlert[] {
    const event: SigmaEvent = {
      logsources: [],
      field: (name) => (Object.hasOwn(fields, name) ? fields[name] : undefined),
      scalars: () => [],
    };
    // Ignores rules that were removed since the match.
    const known = rules.flatMap((rule) => this.#rules.get(rule) ?? []);
    return this.#correlations.observe({ id, timeMs, event, rules: known }, matchedOfContext({ scene, isFact }));
  }
}

function byId({ rules }: DetectorRules): ReadonlyMap<string, RuleInfo> {
  return new Map(rules.rules.map((rule) => [rule.id, rule]));
}
