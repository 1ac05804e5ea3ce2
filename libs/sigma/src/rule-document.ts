import type { Located, LocatedMap } from '@tidewaiter/yaml';

import { readDetections } from './detections.js';
import type { LogSource } from './event.js';
import type { Expression } from './expression.js';
import type { Placeholders } from './placeholders.js';
import { RuleError } from './rule-error.js';
import { mapOf, textAt } from './rule-fields.js';
import type { RuleInfo } from './rule-info.js';

export interface RuleFile {
  /** Path for messages, and for rules without an id. */
  path: string;
  text: string;
}

/** Rule on single events. */
export interface DetectionRule {
  info: RuleInfo;
  logsource: LogSource;
  expression: Expression;
}

/** @throws RuleError */
export function readDetectionRule(document: Located, info: RuleInfo, placeholders: Placeholders): DetectionRule {
  const map = mapOf(document, 'a rule');
  const detection = map.get('detection');
  if (!detection) throw new RuleError(document.line, 'no detection');
  return {
    info,
    logsource: readLogSource(map, document.line),
    expression: readDetections(detection, 'detection', placeholders),
  };
}

/** @throws RuleError */
export function readLogSource(map: LocatedMap, line: number): LogSource {
  const located = map.get('logsource');
  if (!located) throw new RuleError(line, 'no logsource');
  return logSourceOf(mapOf(located, 'logsource'), located.line);
}

/** @throws RuleError when it names nothing: it would apply to all events */
export function logSourceOf(map: LocatedMap, line: number): LogSource {
  const logsource: LogSource = {};
  for (const key of ['product', 'category', 'service'] as const) {
    const value = textAt(map, key);
    if (value !== null) logsource[key] = value;
  }
  if (Object.keys(logsource).length === 0) throw new RuleError(line, 'no product, category or service is named');
  return logsource;
}
