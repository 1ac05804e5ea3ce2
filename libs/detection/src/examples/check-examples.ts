import { InvalidInput, type JsonObject, type JsonValue, type Observation } from '@tidewaiter/domain';
import { isFactField } from '@tidewaiter/facts';
import { logsourcesOf, observe, scalarsOf, sigmaField } from '@tidewaiter/sensors';
import { type CorrelationRule, Correlator, type RuleInfo, type RuleSet, type SigmaEvent } from '@tidewaiter/sigma';

import { isInScope, scopeOf } from '../alerts/rule-scope.js';
import { recordOf } from './example-record.js';
import { isObject, readExample } from './example.js';

/** Example of a rule that fails, with the reason. */
export interface FailedExample {
  rule: RuleInfo;
  example: JsonValue;
  reason: string;
}

interface Loaded {
  rules: RuleSet;
  correlations: readonly CorrelationRule[];
}

/**
 * Runs the examples of all rules: a rule must match those in `matches`, and must not match those in
 * `ignores`.
 */
export function failedExamples(loaded: Loaded): FailedExample[] {
  const infos = [...loaded.rules.rules, ...loaded.correlations.map(({ info }) => info)];
  return infos.flatMap((rule) => [
    ...examplesOf(rule, 'matches').flatMap((example) => failure(loaded, rule, example, true)),
    ...examplesOf(rule, 'ignores').flatMap((example) => failure(loaded, rule, example, false)),
  ]);
}

export function examplesOf({ custom }: RuleInfo, kind: 'matches' | 'ignores'): JsonValue[] {
  const block = Object.hasOwn(custom, 'tidewaiter') ? custom['tidewaiter'] : undefined;
  const examples = isObject(block) ? block[kind] : undefined;
  return Array.isArray(examples) ? examples : [];
}

function failure(loaded: Loaded, rule: RuleInfo, example: JsonValue, isWanted: boolean): FailedExample[] {
  try {
    const found = foundBy(loaded, example).has(rule.id);
    if (found === isWanted) return [];
    return [{ rule, example, reason: isWanted ? 'the rule does not find it' : 'the rule finds it' }];
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    return [{ rule, example, reason: error.message }];
  }
}

const start = Date.parse('2026-04-01T10:00:00Z');

/**
 * Returns the ids of the rules and correlations that an example triggers.
 * @throws InvalidInput when the example cannot be read
 */
export function foundBy({ rules, correlations }: Loaded, example: JsonValue): Set<string> {
  const correlator = new Correlator(correlations, { allowedLatenessMs: 0 });
  const found = new Set<string>();
  let timeMs = start;
  for (const [index, event] of readExample(example).entries()) {
    timeMs += event.afterMs;
    const observation = observe(recordOf(event, index, new Date(timeMs).toISOString()));
    const view = exampleView(observation, event.given);
    const scope = scopeOf(observation, () => event.given['Image.Role']);
    const matched = rules
      .match(view)
      .map(({ rule }) => rule)
      .filter((rule) => isInScope(rule, scope));
    for (const { id } of matched) found.add(id);
    for (const { rule } of correlator.observe({ id: `example-${index}`, timeMs, event: view, rules: matched }))
      found.add(rule.id);
  }
  for (const { rule } of correlator.advance(timeMs + 24 * 3_600_000)) found.add(rule.id);
  return found;
}

/**
 * View of an example: `given` fields take precedence; facts that need a running detector are
 * unknown otherwise.
 */
function exampleView(observation: Observation, given: JsonObject): SigmaEvent {
  return {
    logsources: logsourcesOf(observation),
    field(name) {
      if (Object.hasOwn(given, name)) return given[name];
      return isFactField(name) ? undefined : sigmaField(observation, name);
    },
    scalars: () => scalarsOf(observation),
  };
}
