import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { metricCatalog, metricsMarkdown } from './metric-catalog.js';

const metrics = Object.values(metricCatalog);

describe('metricCatalog', () => {
  it('has one metric for each name', () => {
    const names = metrics.map(({ name }) => name);
    expect(names).toEqual([...new Set(names)]);
  });

  it.each(metrics)('gives $name the suffix of its type', ({ name, type }) => {
    expect(name.endsWith('_total')).toBe(type === 'counter');
    expect(name).toMatch(/^tidewaiter_[a-z]+(?:_[a-z]+)*$/);
    if (type === 'histogram') expect(name).toMatch(/_seconds$/);
  });
});

describe('metricsMarkdown', () => {
  it('gives the page that docs/metrics.md holds (else: npm run docs)', () => {
    const page = readFileSync(join(import.meta.dirname, '../../../docs/metrics.md'), 'utf8');
    expect(page).toBe(metricsMarkdown(metrics));
  });
});
