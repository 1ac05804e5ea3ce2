import { loadRules } from '../load-rules.js';
import { isMap } from '../located.js';
import { RuleError } from '../rule-error.js';
import { readRuleInfo } from '../rule-info.js';
import { readDocument, splitDocuments } from '../yaml-documents.js';
import type { CorrelationRule } from './correlation-rule.js';
import { linkCorrelations, silentParts } from './link-correlations.js';
import { readCorrelation } from './read-correlation.js';

export function loadForTest(text: string) {
  const correlations: CorrelationRule[] = [];
  const refused: { line: number; reason: string }[] = [];
  const ordinary: string[] = [];
  for (const document of splitDocuments(text)) {
    const located = readDocument(document);
    if (isMap(located.value) && located.value.has('correlation')) {
      try {
        correlations.push(readCorrelation(located.value, readRuleInfo(located.value, 'x.yml', located.line)));
      } catch (error) {
        if (!(error instanceof RuleError)) throw error;
        refused.push(error);
      }
    } else ordinary.push(document.text);
  }
  const loaded = loadRules([{ path: 'x.yml', text: ordinary.join('\n---\n') }]);
  const linked = linkCorrelations(correlations, loaded.rules.rules);
  const parts = silentParts(linked.linked);
  return {
    rules: {
      rules: loaded.rules.rules,
      match: loaded.rules.match.bind(loaded.rules),
      isPart: ({ id, name }: { id: string; name: string | null }) => parts.has(id) || parts.has(name ?? ''),
    },
    correlations: linked.linked,
    refused: [...loaded.refused, ...refused, ...linked.refused],
  };
}
