import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

import { metricCatalog } from '@tidewaiter/runtime';
import { itWith, programs } from '@tidewaiter/testkit';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { parse } from 'yaml';

import { chart, chartFile } from './chart-files.js';

const run = promisify(execFile);
const root = resolve(__dirname, '../..');
const promtool = programs('promtool');

interface Rule {
  alert: string;
  expr: string;
  annotations: { runbook_url: string };
}

const rules = (parse(chartFile('files/alerts.yaml')) as { groups: { rules: Rule[] }[] }).groups.flatMap(
  (group) => group.rules,
);
const dashboards = readdirSync(join(chart, 'files/dashboards'));

interface Dashboard {
  panels: { title: string; targets: { expr: string }[] }[];
}

const queriesOf = (file: string): string[] =>
  (JSON.parse(chartFile(`files/dashboards/${file}`)) as Dashboard).panels.flatMap(({ targets }) =>
    targets.map(({ expr }) => expr),
  );

/** Labels by metric: those of the catalog and of the process, and those that a scrape adds. */
async function knownMetrics(): Promise<Map<string, ReadonlySet<string>>> {
  const scraped = ['service', 'namespace', 'pod', 'instance', 'job'];
  const own = Object.values(metricCatalog).flatMap(({ name, type, labels }) => {
    const known = new Set([...labels, ...scraped]);
    if (type !== 'histogram') return [[name, known] as const];
    return [[`${name}_count`, known] as const, [`${name}_bucket`, new Set([...known, 'le'])] as const];
  });
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const process = (await registry.getMetricsAsJSON()).map(({ name }) => [name, new Set(scraped)] as const);
  return new Map<string, ReadonlySet<string>>([...own, ...process, ['up', new Set(scraped)]]);
}

/** Metrics and labels of a query that no service exports. */
function unknownIn(query: string, known: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const names = [...query.matchAll(/\b(?:tidewaiter|process|nodejs)_\w+|\bup\b/g)].map(([name]) => name);
  const labels = [...query.matchAll(/\b(?:by|on) \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(', '));
  const matched = [...query.matchAll(/(\w+)=~?"/g)].map(([, label = '']) => label);
  const allowed = new Set(names.flatMap((name) => [...(known.get(name) ?? [])]));
  return [
    ...names.filter((name) => !known.has(name)),
    ...[...labels, ...matched].filter((label) => !allowed.has(label)),
  ];
}

describe('Alerts of the chart', () => {
  it('ask for metrics and labels that the services export', async () => {
    const known = await knownMetrics();
    expect(rules.flatMap(({ expr }) => unknownIn(expr, known))).toEqual([]);
    expect(unknownIn('sum by (color) (tidewaiter_none{queue="x"})', known)).toEqual([
      'tidewaiter_none',
      'color',
      'queue',
    ]);
  });

  it('have a runbook each, which has their name and stands in the list', () => {
    const pages = readdirSync(join(root, 'docs/runbooks')).filter((name) => name !== 'README.md');
    expect(rules.map(({ annotations }) => annotations.runbook_url.replace('docs/runbooks/', '')).toSorted()).toEqual(
      pages,
    );
    const list = readFileSync(join(root, 'docs/runbooks/README.md'), 'utf8');
    for (const { alert, annotations } of rules) {
      expect(readFileSync(join(root, annotations.runbook_url), 'utf8')).toMatch(`# ${alert}\n`);
      expect(list).toContain(`[${alert}](${annotations.runbook_url.replace('docs/runbooks/', '')})`);
    }
  });

  itWith(promtool)('fire on trouble and on nothing else', async () => {
    await run('promtool', ['check', 'rules', '--lint-fatal', join(chart, 'files/alerts.yaml')]);
    const { stdout } = await run('promtool', ['test', 'rules', join(root, 'deploy/helm/tests/alerts.yaml')]);
    expect(stdout).toContain('SUCCESS');
    const tested = readFileSync(join(root, 'deploy/helm/tests/alerts.yaml'), 'utf8');
    expect(rules.filter(({ alert }) => !tested.includes(`alertname="${alert}"`))).toEqual([]);
  });
});

describe('Dashboards of the chart', () => {
  it.each(dashboards)('ask in %s for metrics and labels that the services export', async (file) => {
    const known = await knownMetrics();
    expect(queriesOf(file).flatMap((query) => unknownIn(query, known))).toEqual([]);
  });

  it('show every metric that is to be watched', () => {
    const shown = dashboards.flatMap(queriesOf).join('\n') + rules.map(({ expr }) => expr).join('\n');
    const watched = Object.values(metricCatalog).filter((metric) => 'trouble' in metric && metric.trouble);
    expect(watched.filter(({ name }) => !shown.includes(name)).map(({ name }) => name)).toEqual([]);
  });

  itWith(promtool)('have queries that Prometheus understands', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tidewaiter-dashboards-'));
    const file = join(folder, 'rules.json');
    const queries = dashboards.flatMap(queriesOf).map((expr, index) => ({
      record: `query:${index}`,
      expr: expr.replaceAll('$__rate_interval', '5m').replaceAll('$namespace', 'x'),
    }));
    writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboards', rules: queries }] }));
    const { stdout } = await run('promtool', ['check', 'rules', file]);
    expect(stdout).toContain(`SUCCESS: ${queries.length} rules found`);
    rmSync(folder, { recursive: true });
  });
});
