import * as fc from 'fast-check';

import { jsonEvent } from '../json-event.js';
import type { RuleInfo } from '../rule-info.js';
import type { CorrelationCondition, CorrelationRule, CorrelationType } from './correlation-rule.js';
import { correlationTypes, isEvaluatedAtClose, isTemporal, keepsTo, operators } from './correlation-rule.js';
import { Correlator } from './correlator.js';
import type { CorrelatedEvent, Firing } from './correlator.js';
import { holds } from './expression.js';
import { linkCorrelations } from './link-correlations.js';
import { percentileOf } from './measures/numbers.js';

const infoOf = (name: string): RuleInfo => ({
  id: `id-${name}`,
  name,
  title: name,
  level: 'low',
  author: null,
  license: null,
  status: null,
  description: null,
  references: [],
  tags: [],
  falsepositives: [],
  file: 'rules.yml',
  line: 1,
  custom: {},
});

const base = ['a', 'b', 'c'].map(infoOf);

// ---- Generators ----

const bounds = fc.array(
  fc.record({ operator: fc.constantFrom('gte', ...operators), value: fc.integer({ min: 0, max: 4 }) }),
  {
    minLength: 1,
    maxLength: 2,
    size: 'xsmall',
  },
);

function expressionOver(rules: readonly string[]): fc.Arbitrary<CorrelationCondition> {
  const { expression } = fc.letrec<{ expression: never }>((tie) => ({
    expression: fc.oneof(
      { maxDepth: 2, withCrossShrink: true },
      fc.constantFrom(...rules).map((rule) => ({ rule })),
      fc.record({ not: tie('expression') }),
      fc.record({ all: fc.tuple(tie('expression'), tie('expression')) }),
      fc.record({ any: fc.tuple(tie('expression'), tie('expression')) }),
    ) as fc.Arbitrary<never>,
  }));
  return expression.map((each) => ({ expression: each }));
}

const noAliases: CorrelationRule['aliases'] = new Map();
const aliases: CorrelationRule['aliases'] = new Map([
  [
    'who',
    new Map([
      ['a', 'user'],
      ['id-b', 'host'],
      ['corr0', 'user'],
    ]),
  ],
]);

/** @param place index in the list: later ones may build on earlier ones */
function correlation(place: number, types: readonly CorrelationType[]): fc.Arbitrary<CorrelationRule> {
  const names = ['a', 'b', 'c', ...Array.from({ length: place }, (_, index) => `corr${index}`)];
  return fc
    .record({
      type: fc.constantFrom(...types),
      rules: fc.uniqueArray(fc.constantFrom(...names), { minLength: 1, maxLength: 3 }),
      groupBy: fc.uniqueArray(fc.constantFrom('host', 'who', 'user'), { maxLength: 2 }),
      timespanMs: fc.integer({ min: 1, max: 8 }).map((seconds) => seconds * 1_000),
      percentile: fc.constantFrom(0, 30, 95, 100),
      generate: fc.boolean(),
      aliases: fc.constantFrom(aliases, noAliases),
    })
    .chain(({ type, rules, percentile, ...rest }) =>
      (isTemporal(type)
        ? fc.oneof(
            expressionOver(rules),
            bounds.map((each) => ({ bounds: each })),
          )
        : bounds.map((each) => ({ bounds: each }))
      ).map((condition): CorrelationRule => ({
        ...rest,
        info: infoOf(`corr${place}`),
        line: 1,
        hasLevel: true,
        type,
        rules,
        condition,
        fields: type.startsWith('value_') ? ['value'] : [],
        percentile: type === 'value_percentile' ? percentile : null,
      })),
    );
}

const correlationsOf = (types: readonly CorrelationType[]) =>
  fc
    .tuple(correlation(0, types), correlation(1, correlationTypes), correlation(2, types))
    .map((all) => linkCorrelations(all, base).linked);
const correlations = correlationsOf(correlationTypes);

const field = fc.constantFrom('1', '1', '1', 1, '2', null, undefined);
const events: fc.Arbitrary<CorrelatedEvent[]> = fc
  .array(
    fc.record({
      gap: fc.constantFrom(0, 0, 500, 1_000, 1_000, 2_000, 5_000),
      rules: fc.subarray(base, { minLength: 0 }),
      event: fc.record({ host: field, user: field, value: fc.constantFrom(1, 2, '3', -4, 0.5, 'x', null, undefined) }),
    }),
    { maxLength: 40 },
  )
  .map((steps) => {
    let timeMs = 1_772_000_000_000;
    return steps.map(({ gap, rules, event }, index) => {
      timeMs += gap;
      return { id: `e${index}`, timeMs, rules, event: jsonEvent(event, []) };
    });
  });

const end = 1_773_000_000_000;

function run(correlator: Correlator, stream: readonly CorrelatedEvent[]): Firing[] {
  return [...stream.flatMap((event) => correlator.observe(event)), ...correlator.advance(end)];
}

const essence = ({ rule, timeMs, group, trigger }: Firing) => ({ rule: rule.name, timeMs, group, trigger });

// ---- Reference model of the profile: all events are kept, and searched at every event ----

interface Seen {
  timeMs: number;
  positions: number[];
  field(name: string): unknown;
}

interface Story {
  key: string[];
  seen: Seen[];
  firedAtMs: number;
}

class Model {
  readonly firings: ReturnType<typeof essence>[] = [];
  readonly #stories: Map<string, Story>[];

  constructor(private readonly rules: readonly CorrelationRule[]) {
    this.#stories = rules.map(() => new Map());
  }

  run(stream: readonly CorrelatedEvent[]): this {
    for (const { id, timeMs, rules, event } of stream) {
      this.#closeBefore(timeMs);
      this.#report(rules, (name) => event.field(name), timeMs, id, 0);
    }
    this.#closeBefore(Infinity);
    return this;
  }

  /**
   * Feeds one event, or one firing, to all correlations from a place on; inner ones fire before
   * outer ones see the event.
   */
  #report(
    infos: readonly RuleInfo[],
    field: Seen['field'],
    timeMs: number,
    trigger: string | null,
    from: number,
  ): void {
    const waiting = [{ infos, field }];
    for (let place = from; place < this.rules.length; place += 1) {
      const fired: typeof waiting = [];
      for (const each of waiting)
        for (const [key, seen] of this.#partsIn(place, each.infos, each.field, timeMs)) {
          const firing = this.#see(place, key, seen, timeMs, trigger);
          if (firing) fired.push(firing);
        }
      waiting.push(...fired);
    }
  }

  #partsIn(place: number, infos: readonly RuleInfo[], field: Seen['field'], timeMs: number): [string[], Seen][] {
    const { rules, groupBy, aliases } = this.rules[place]!;
    const groups = new Map<string, [string[], Seen]>();
    for (const { id, name } of infos) {
      const positions = rules.flatMap((word, position) => (word === id || word === name ? [position] : []));
      const key = groupBy.map((each) => {
        const mapping = aliases.get(each);
        const source = mapping ? (mapping.get(name!) ?? mapping.get(id)) : each;
        return source === undefined ? undefined : field(source);
      });
      if (positions.length === 0 || key.some((text) => text === undefined || text === null)) continue;
      const texts = key.map(String);
      const known = groups.get(texts.join('|'));
      if (known) known[1].positions.push(...positions);
      else groups.set(texts.join('|'), [texts, { timeMs, positions, field }]);
    }
    return [...groups.values()];
  }

  #see(place: number, key: string[], seen: Seen, timeMs: number, trigger: string | null) {
    const rule = this.rules[place]!;
    const stories = this.#stories[place]!;
    const story = stories.get(key.join('|')) ?? { key, seen: [], firedAtMs: -Infinity };
    stories.set(key.join('|'), story);
    story.seen.push(seen);
    if (isEvaluatedAtClose(rule) || timeMs - story.firedAtMs <= rule.timespanMs) return undefined;
    if (
      !comesTrue(
        rule,
        story.seen.filter((each) => each.timeMs >= timeMs - rule.timespanMs),
      )
    )
      return undefined;
    story.firedAtMs = timeMs;
    return this.#fire(place, story, timeMs, trigger);
  }

  #fire(place: number, { key, seen }: Story, timeMs: number, trigger: string | null) {
    const { info, groupBy } = this.rules[place]!;
    const group = Object.fromEntries(groupBy.map((name, index) => [name, key[index]!]));
    const isSilent = this.rules.some(
      ({ rules, generate }) => !generate && (rules.includes(info.name!) || rules.includes(info.id)),
    );
    if (!isSilent) this.firings.push({ rule: info.name, timeMs, group, trigger });
    const last = seen.at(-1)!;
    return { infos: [info], field: (name: string) => last.field(name) ?? group[name] };
  }

  #closeBefore(timeMs: number): void {
    const due = this.rules.flatMap((rule, place) =>
      isEvaluatedAtClose(rule)
        ? [...this.#stories[place]!.values()].map((story) => ({
            place,
            story,
            dueMs: story.seen[0]!.timeMs + rule.timespanMs,
          }))
        : [],
    );
    const [first] = due.sort((a, b) => a.dueMs - b.dueMs || a.place - b.place);
    if (!first || first.dueMs >= timeMs) return;
    const { place, story, dueMs } = first;
    this.#stories[place]!.delete(story.key.join('|'));
    if (comesTrue(this.rules[place]!, story.seen)) {
      const { infos, field } = this.#fire(place, story, dueMs, null);
      this.#report(infos, field, dueMs, null, place + 1);
    }
    this.#closeBefore(timeMs);
  }
}

function comesTrue(rule: CorrelationRule, window: readonly Seen[]): boolean {
  const { type, condition, rules } = rule;
  const all = new Set(window.flatMap(({ positions }) => positions));
  const chains = type === 'temporal_ordered' ? chainsIn(window) : [all];
  if ('expression' in condition)
    return chains.some((chain) =>
      holds(
        condition.expression,
        (name) => chain.has(rules.indexOf(name)),
        (name) => all.has(rules.indexOf(name)),
      ),
    );
  if (isTemporal(type)) return keepsTo(condition.bounds, Math.max(...chains.map(({ size }) => size)));
  const figure = figureOf(rule, window);
  return figure !== undefined && keepsTo(condition.bounds, figure);
}

/** Returns every set of steps that occurred in order, including the empty one. */
function chainsIn(window: readonly Seen[]): Set<number>[] {
  let chains = new Map<string, number[]>([['', []]]);
  for (const { positions } of window) {
    const longer = new Map(chains);
    for (const chain of chains.values())
      for (const step of positions)
        if (chain.length === 0 || chain.at(-1)! < step) longer.set([...chain, step].join(), [...chain, step]);
    chains = longer;
  }
  return [...chains.values()].map((chain) => new Set(chain));
}

function figureOf({ type, percentile }: CorrelationRule, window: readonly Seen[]): number | undefined {
  const values = window.map(({ field }) => field('value')).filter((value) => value !== undefined && value !== null);
  if (type === 'event_count') return window.length;
  if (type === 'value_count') return new Set(values.map(String)).size;
  const numbers = values.map(Number).filter((value) => !Number.isNaN(value));
  if (numbers.length === 0) return undefined;
  const sum = numbers.reduce((left, right) => left + right, 0);
  if (type === 'value_sum') return sum;
  if (type === 'value_avg') return sum / numbers.length;
  return percentileOf(Float64Array.from(numbers), percentile ?? 50);
}

// ---- Invariants ----

describe('Correlator', () => {
  it.each(correlationTypes)('evaluates %s as the profile says, looked at anew from all events each time', (type) => {
    fc.assert(
      fc.property(correlationsOf([type]), events, (rules, stream) => {
        expect(run(new Correlator(rules), stream).map(essence)).toEqual(new Model(rules).run(stream).firings);
      }),
      { numRuns: 500 },
    );
  });

  it('goes on after a restart as if there had been none, wherever it is cut', () => {
    fc.assert(
      fc.property(
        correlations,
        events,
        fc.nat(40),
        fc.constantFrom(0, 3_000),
        (rules, stream, cut, allowedLatenessMs) => {
          const whole = run(new Correlator(rules, { allowedLatenessMs }), stream);
          const first = new Correlator(rules, { allowedLatenessMs });
          const before = stream.slice(0, cut).flatMap((event) => first.observe(event));
          const second = new Correlator(rules, { allowedLatenessMs });
          second.restore(first.snapshot());
          expect(second.snapshot()).toEqual(first.snapshot());
          expect([...before, ...run(second, stream.slice(cut))]).toEqual(whole);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('gives the same for events in any order of arrival within the lateness', () => {
    fc.assert(
      fc.property(
        correlations,
        events,
        fc.array(fc.integer({ min: 0, max: 3_000 }), { minLength: 40 }),
        (rules, stream, delays) => {
          // Events of equal time are ordered by arrival: each gets a time of its own.
          const distinct = stream.map((event, index) => ({ ...event, timeMs: event.timeMs + index }));
          const arrival = new Map(distinct.map((event, index) => [event, event.timeMs + delays[index]!]));
          const late = distinct.toSorted((a, b) => arrival.get(a)! - arrival.get(b)!);
          const correlator = new Correlator(rules, { allowedLatenessMs: 3_000 });
          expect(run(correlator, late)).toEqual(run(new Correlator(rules), distinct));
          expect(correlator.figures.lateEvents).toBe(0);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('does not care how often the clock is moved to what it already shows', () => {
    fc.assert(
      fc.property(correlations, events, (rules, stream) => {
        const correlator = new Correlator(rules);
        const ticking = stream.flatMap((event) => [...correlator.observe(event), ...correlator.advance(event.timeMs)]);
        expect([...ticking, ...correlator.advance(end)]).toEqual(run(new Correlator(rules), stream));
      }),
      { numRuns: 500 },
    );
  });

  it('forgets everything once every window is over', () => {
    fc.assert(
      fc.property(correlations, events, (rules, stream) => {
        const correlator = new Correlator(rules);
        run(correlator, stream);
        expect(correlator.figures).toMatchObject({ groups: 0, entries: 0, waiting: 0 });
      }),
      { numRuns: 300 },
    );
  });
});
