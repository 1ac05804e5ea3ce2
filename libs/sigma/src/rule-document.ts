import { readDetections } from './detections.js';
import type { LogSource } from './event.js';
import type { Expression } from './expression.js';
import { mapOf, textAt } from './located.js';
import type { Located, LocatedMap } from './located.js';
import type { Placeholders } from './placeholders.js';
import { RuleError } from './rule-error.js';
import { readRuleInfo } from './rule-info.js';
import type { RuleInfo } from './rule-info.js';

/** A rule that looks at single events. */
export interface DetectionRule {
  info: RuleInfo;
  logsource: LogSource;
  expression: Expression;
}

/** @throws RuleError */
export function readDetectionRule(document: Located, file: string, placeholders: Placeholders): DetectionRule {
  const map = mapOf(document, 'a rule');
  const detection = map.get('detection');
  if (!detection) throw new RuleError(document.line, 'no detection');
  return {
    info: readRuleInfo(map, file, document.line),
    logsource: readLogSource(map, document.line),
    expression: readDetections(detection, 'detection', placeholders),
  };
}

/** @throws RuleError when it names nothing: it would be about everything */
export function readLogSource(map: LocatedMap, line: number): LogSource {
  const located = map.get('logsource');
  if (!located) throw new RuleError(line, 'no logsource');
  const source = mapOf(located, 'logsource');
  const logsource: LogSource = {};
  for (const key of ['product', 'category', 'service'] as const) {
    const value = textAt(source, key);
    if (value !== null) logsource[key] = value;
  }
  if (Object.keys(logsource).length === 0)
    throw new RuleError(located.line, 'logsource names no product, category or service');
  return logsource;
}
