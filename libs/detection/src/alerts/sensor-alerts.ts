import type { RuleMatch } from '@tidewaiter/sigma';

import type { EventContext } from '../events/event-context.js';
import type { EventInputs } from '../events/event-inputs.js';
import { ruleAlert, sensorAlert } from './alert-of.js';
import { type DetectionAlert, compareLevel } from './alert.js';
import { meaningOf } from './rule-meaning.js';
import { evaluateSensorAlert } from './sensor-alert.js';

/**
 * Creates the alerts for a sensor's own evaluation. From `warning` upwards it counts by itself,
 * unless something explains it: facts about the image, or a rule for this evaluation with weight
 * `context`. Any other rule for it sets its meaning; one of weight `alone` also raises an alert of
 * its own. Below `warning`, such rules replace the sensor's alert.
 */
export function sensorAlerts(
  matches: readonly RuleMatch[],
  eventContext: EventContext,
  inputs: EventInputs,
): DetectionAlert[] {
  const speaking = matches.filter(speaksForSensor);
  const evaluation = evaluateSensorAlert(inputs);
  const counting = speaking.filter(({ rule }) => meaningOf(rule).weight !== 'context');
  const isOwn = speaking.length === 0 || (evaluation.weight === 'alone' && counting.length > 0);
  if (!isOwn) return matches.map((match) => ruleAlert(match, eventContext, inputs));
  const speakers = counting.map(({ rule }) => rule).toSorted((a, b) => compareLevel(a.level, b.level));
  const beside = matches.filter((match) => !counting.includes(match) || meaningOf(match.rule).weight === 'alone');
  return [
    ...beside.map((match) => ruleAlert(match, eventContext, inputs)),
    sensorAlert(eventContext, inputs, evaluation, speakers),
  ];
}

/** Whether a rule matches the sensor's alert itself, not only its place. */
function speaksForSensor(match: RuleMatch): boolean {
  return match.explain().some(({ field }) => field.startsWith('Alert.') || field === 'rule');
}
