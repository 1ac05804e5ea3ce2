import type { CorrelationRule } from './correlation-rule.js';
import { isEvaluatedAtClose } from './correlation-rule.js';
import { silentParts } from './link-correlations.js';
import { EventCount } from './measures/event-count.js';
import { LatestOfEach } from './measures/latest-of-each.js';
import type { Measure } from './measures/measure.js';
import { NumberSum, NumbersOfWindow } from './measures/numbers.js';
import { OrderedChains } from './measures/ordered-chains.js';

/** Correlation with its compiled measure. */
export interface Plan {
  rule: CorrelationRule;
  measure: Measure;
  isEvaluatedAtClose: boolean;
  /** Whether a firing is returned; that of an inner correlation may only count for outer ones. */
  raises: boolean;
}

export function plansOf(correlations: readonly CorrelationRule[]): Plan[] {
  const silent = silentParts(correlations);
  return correlations.map((rule) => {
    const { id, name } = rule.info;
    const atClose = isEvaluatedAtClose(rule);
    const raises = !silent.has(id) && (name === null || !silent.has(name));
    return { rule, measure: measureOf(rule, atClose), isEvaluatedAtClose: atClose, raises };
  });
}

function measureOf(rule: CorrelationRule, isEvaluatedAtClose: boolean): Measure {
  switch (rule.type) {
    case 'event_count':
      return new EventCount(rule, isEvaluatedAtClose);
    case 'value_count':
    case 'temporal':
      return new LatestOfEach(rule, isEvaluatedAtClose);
    case 'temporal_ordered':
      return new OrderedChains(rule);
    case 'value_sum':
      return isEvaluatedAtClose ? new NumbersOfWindow(rule) : new NumberSum(rule);
    case 'value_avg':
    case 'value_percentile':
    case 'value_median':
      return new NumbersOfWindow(rule);
  }
}
