import { isMap, type Located } from '@tidewaiter/yaml';

import type { CorrelationRule } from './correlation/correlation-rule.js';
import { readCorrelation } from './correlation/read-correlation.js';
import { type Filter, readFilter } from './filter.js';
import type { Placeholders } from './placeholders.js';
import { type DetectionRule, readDetectionRule, type RuleFile } from './rule-document.js';
import { RuleError } from './rule-error.js';
import { mapOf } from './rule-fields.js';
import { readRuleInfo, type RuleInfo } from './rule-info.js';
import { readDocument, ruleDocuments } from './rule-yaml.js';

/** Document that was refused, with the reason; or one that was loaded with a warning. */
export interface RefusedRule {
  file: string;
  line: number;
  reason: string;
  title?: string;
}

/** Content of one document. */
export type RulePart =
  | { kind: 'rule'; rule: DetectionRule }
  | { kind: 'filter'; filter: Filter }
  | { kind: 'correlation'; correlation: CorrelationRule }
  | { kind: 'refused'; refused: RefusedRule };

/** Parses the documents of a file. */
export function readParts(
  { path, text }: RuleFile,
  placeholders: Placeholders,
  validate: (rule: RuleInfo) => string | null,
): RulePart[] {
  const documents = attempt(path, undefined, () => ruleDocuments(text));
  if ('refused' in documents) return [{ kind: 'refused', ...documents }];
  return documents.result.map((each): RulePart => {
    const document = attempt(path, undefined, () => readDocument(each));
    if ('refused' in document) return { kind: 'refused', ...document };
    const part = attempt(path, document.result, () => readPart(document.result, path, placeholders, validate));
    return 'refused' in part ? { kind: 'refused', ...part } : part.result;
  });
}

function readPart(
  document: Located,
  file: string,
  placeholders: Placeholders,
  validate: (rule: RuleInfo) => string | null,
): RulePart {
  const map = mapOf(document, 'a rule');
  if (map.has('action')) throw new RuleError(document.line, 'action is not Sigma 2: each document says all of its own');
  if (map.has('filter')) return { kind: 'filter', filter: readFilter(document, file, placeholders) };
  const info = readRuleInfo(map, file, document.line);
  if (map.has('correlation')) return { kind: 'correlation', correlation: readCorrelation(map, info) };
  const problem = validate(info);
  if (problem !== null) throw new RuleError(document.line, problem);
  return { kind: 'rule', rule: readDetectionRule(document, info, placeholders) };
}

export function attempt<Result>(
  file: string,
  document: Located | undefined,
  read: () => Result,
): { result: Result } | { refused: RefusedRule } {
  try {
    return { result: read() };
  } catch (error) {
    if (!(error instanceof RuleError)) throw error;
    const title = document && isMap(document.value) ? document.value.get('title')?.value : undefined;
    const { line, reason } = error;
    return { refused: { file, line, reason, ...(typeof title === 'string' && { title }) } };
  }
}
