import type { Match } from '@tidewaiter/sigma';

import { ruleAlert, sensorAlert } from './alert-of.js';
import { type Alert, compareLevel } from './alert.js';
import type { Seen } from './event-view.js';
import { meaningOf } from './rule-meaning.js';
import type { Scene } from './scene.js';
import { judgeSensorAlert } from './sensor-alert.js';

/**
 * Creates the alerts for a sensor's own judgement. From `warning` upwards it counts by itself,
 * unless something explains it: facts about the image, or a rule for this judgement with weight
 * `context`. Any other rule for it sets its meaning; one of weight `alone` also raises an alert of
 * its own. Below `warning`, such rules replace the sensor's alert.
 */
export function sensorAlerts(matches: readonly Match[], scene: Scene, seen: Seen): Alert[] {
  const speaking = matches.filter(speaksForSensor);
  const judgement = judgeSensorAlert(seen.observation, seen.facts);
  const counting = speaking.filter(({ rule }) => meaningOf(rule).weight !== 'context');
  const isOwn = speaking.length === 0 || (judgement.weight === 'alone' && counting.length > 0);
  if (!isOwn) return matches.map((match) => ruleAlert(match, scene, seen));
  const speakers = counting.map(({ rule }) => rule).toSorted((a, b) => compareLevel(a.level, b.level));
  const beside = matches.filter((match) => !counting.includes(match) || meaningOf(match.rule).weight === 'alone');
  return [...beside.map((match) => ruleAlert(match, scene, seen)), sensorAlert(scene, seen, judgement, speakers)];
}

/** Whether a rule matches the sensor's alert, not only its place. */
function speaksForSensor(match: Match): boolean {
  return match.explain().some(({ field }) => field.startsWith('Alert.') || field === 'rule');
}
