import type { RuleInfo } from '../rule-info.js';
import type { CorrelationRule } from './correlation-rule.js';
import { numberOf, scalarOf, textOf } from './scalar.js';
import type { Scalar } from './scalar.js';

/** Contribution of one event to one group of one correlation. */
export interface Take {
  /** Index of the correlation in the list. */
  correlation: number;
  /** Positions of the correlation's rules that the event matched. */
  positions: readonly number[];
  /** Key of the group: the values of group-by as one text, see `groupOf`. */
  key: string;
  /** Value that a value type aggregates; undefined when the event has none. */
  value: Scalar | undefined;
  /** Fields that outer correlations read from a firing whose last event this is. */
  carried: Readonly<Record<string, Scalar>> | undefined;
}

type Reading = (name: string) => Scalar | undefined;

/** Participation of one rule in one correlation: fields by their names in that rule's events. */
interface Part {
  correlation: number;
  positions: readonly number[];
  groupBy: readonly string[];
  fields: readonly string[];
  carried: readonly string[];
}

/** Router of events to the groups that they belong to. */
export class Routes {
  readonly #places = new Map<string, { correlation: number; position: number }[]>();
  readonly #carried: (readonly string[])[];
  readonly #parts = new WeakMap<RuleInfo, readonly Part[]>();

  /** @param correlations correlations, inner ones first */
  constructor(private readonly correlations: readonly CorrelationRule[]) {
    correlations.forEach(({ rules }, correlation) =>
      rules.forEach((word, position) => {
        const places = this.#places.get(word);
        if (places) places.push({ correlation, position });
        else this.#places.set(word, [{ correlation, position }]);
      }),
    );
    this.#carried = this.#whatOuterOnesAsk();
  }

  /**
   * Returns the contributions of an event, sorted by correlation.
   * @param fieldOf reads a field of the event, or of the firing
   */
  takesOf(rules: readonly RuleInfo[], fieldOf: (name: string) => unknown): Take[] {
    const takes: Take[] = [];
    const read = this.#reading(rules, fieldOf);
    for (const rule of rules)
      for (const part of this.#partsOf(rule)) {
        const take = takeOf(part, this.correlations[part.correlation]!, read);
        if (take) takes.push(take);
      }
    if (takes.length < 2) return takes;
    takes.sort((a, b) => a.correlation - b.correlation);
    return rules.length > 1 ? merged(takes) : takes;
  }

  /** Caches field values where several parts may read the same field. */
  #reading(rules: readonly RuleInfo[], fieldOf: (name: string) => unknown): Reading {
    const isAlone = rules.length === 1 && this.#partsOf(rules[0]!).length <= 1;
    return isAlone ? (name) => scalarOf(fieldOf(name)) : remembering(fieldOf);
  }

  #partsOf(rule: RuleInfo): readonly Part[] {
    let parts = this.#parts.get(rule);
    if (!parts) this.#parts.set(rule, (parts = this.#findParts(rule)));
    return parts;
  }

  #findParts(rule: RuleInfo): Part[] {
    const parts = new Map<number, number[]>();
    for (const word of new Set([rule.id, rule.name]))
      for (const { correlation, position } of (word && this.#places.get(word)) || []) {
        const positions = parts.get(correlation) ?? [];
        if (!positions.includes(position)) parts.set(correlation, [...positions, position]);
      }
    return [...parts].flatMap(([correlation, positions]) => this.#part(rule, correlation, positions) ?? []);
  }

  #part(rule: RuleInfo, correlation: number, positions: readonly number[]): Part | undefined {
    const names = namesFor(rule, this.correlations[correlation]!);
    return names && { correlation, positions, ...names, carried: this.#carried[correlation]! };
  }

  /**
   * Fields that outer correlations read from each inner one. Outer ones come later in the list, so
   * that the loop runs backwards.
   */
  #whatOuterOnesAsk(): (readonly string[])[] {
    const carried: (readonly string[])[] = [];
    for (let inner = this.correlations.length - 1; inner >= 0; inner -= 1) {
      const { info } = this.correlations[inner]!;
      const outer = [info.id, info.name].flatMap((word) => (word && this.#places.get(word)) || []);
      const asked = outer.flatMap(({ correlation }) => {
        const names = namesFor(info, this.correlations[correlation]!);
        return names ? [...names.groupBy, ...names.fields, ...carried[correlation]!] : [];
      });
      carried[inner] = [...new Set(asked)];
    }
    return carried;
  }
}

/**
 * Resolves the names of a correlation's fields in a rule's events; undefined when an alias in
 * group-by has no mapping for the rule.
 */
function namesFor(
  rule: RuleInfo,
  { groupBy, fields, aliases }: CorrelationRule,
): Pick<Part, 'groupBy' | 'fields'> | undefined {
  const named = (name: string) => {
    const mapping = aliases.get(name);
    return mapping ? (mapping.get(rule.name ?? '') ?? mapping.get(rule.id)) : name;
  };
  const groups = groupBy.map(named);
  if (groups.includes(undefined)) return undefined;
  return { groupBy: groups as string[], fields: fields.map((name) => named(name) ?? name) };
}

function takeOf(part: Part, { type }: CorrelationRule, read: Reading): Take | undefined {
  const key = tupleOf(part.groupBy, read);
  if (key === undefined) return undefined;
  return {
    correlation: part.correlation,
    positions: part.positions,
    key,
    value: type === 'value_count' ? tupleOf(part.fields, read) : numberIn(part.fields, read),
    carried: part.carried.length > 0 ? recordOf(part.carried, read) : undefined,
  };
}

/**
 * Encodes values as one text: a single one as it is, several as JSON, which no value can forge.
 * Undefined when one is missing.
 */
function tupleOf(names: readonly string[], read: Reading): string | undefined {
  if (names.length === 0) return '';
  const texts: string[] = [];
  for (const name of names) {
    const scalar = read(name);
    if (scalar === undefined) return undefined;
    texts.push(textOf(scalar));
  }
  return texts.length === 1 ? texts[0] : JSON.stringify(texts);
}

function numberIn([name]: readonly string[], read: Reading): number | undefined {
  const scalar = name === undefined ? undefined : read(name);
  return scalar === undefined ? undefined : numberOf(scalar);
}

function recordOf(names: readonly string[], read: Reading): Record<string, Scalar> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const scalar = read(name);
      return scalar === undefined ? [] : [[name, scalar]];
    }),
  );
}

/** Decodes a group's key to the values of the group-by fields, by name. */
export function groupOf(groupBy: readonly string[], key: string): Record<string, string> {
  const texts = groupBy.length > 1 ? (JSON.parse(key) as string[]) : [key];
  return Object.fromEntries(groupBy.map((name, index) => [name, texts[index]!]));
}

/**
 * Merges contributions to one group: an event that matches two rules of a correlation counts as one
 * event.
 */
function merged(takes: readonly Take[]): Take[] {
  const found: Take[] = [];
  for (const take of takes) {
    let at = found.length - 1;
    while (at >= 0 && found[at]!.correlation === take.correlation && found[at]!.key !== take.key) at -= 1;
    const same = found[at];
    if (same?.correlation === take.correlation)
      found[at] = { ...same, positions: [...same.positions, ...take.positions] };
    else found.push(take);
  }
  return found;
}

function remembering(fieldOf: (name: string) => unknown): Reading {
  const known = new Map<string, Scalar | undefined>();
  return (name) => {
    if (known.has(name)) return known.get(name);
    const scalar = scalarOf(fieldOf(name));
    known.set(name, scalar);
    return scalar;
  };
}
