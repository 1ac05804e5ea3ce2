export { appliesTo } from './event.js';
export type { LogSource, SigmaEvent } from './event.js';
export { jsonEvent, lookUp, scalarsOf } from './json-event.js';
export { loadRules } from './load-rules.js';
export type { LoadedRules, LoadOptions, RefusedRule, RuleFile } from './load-rules.js';
export type { Level, RuleInfo } from './rule-info.js';
export type { Explanation, Match, RuleSet } from './rule-set.js';
