// Writes the generated pages: docs/cli.md, docs/events.md, docs/asyncapi.json, docs/checks.md, docs/policies.md,
// docs/templates.md, docs/sensors.md, docs/image-facts.md, docs/metrics.md, docs/errors.md, docs/lists.md, docs/attack-coverage.md and docs/registries/.
// Run by `npm run docs`.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

import { checks, checksMarkdown } from '@tidewaiter/checks';
import { coverageMarkdown } from '@tidewaiter/detection';
import { asyncApi, catalog, eventsMarkdown } from '@tidewaiter/events';
import { factFields, factsMarkdown } from '@tidewaiter/facts';
import { templatesMarkdown } from '@tidewaiter/messages';
import { builtInPolicies, policiesMarkdown } from '@tidewaiter/policy';
import { listsMarkdown } from '@tidewaiter/query';
import { errorsMarkdown, metricCatalog, metricsMarkdown } from '@tidewaiter/runtime';
import { sensors, sensorsMarkdown } from '@tidewaiter/sensors';
import { loadRules } from '@tidewaiter/sigma';
import { registryKinds, registryPage, registryTable } from '@tidewaiter/webhooks';

import { cliMarkdown } from '../cli/dist/cli-page.js';
import { createProgram } from '../cli/dist/program.js';

const page = (name) => new URL(name, import.meta.url);

writeFileSync(page('cli.md'), cliMarkdown(await createProgram()));
writeFileSync(page('events.md'), eventsMarkdown(catalog));
writeFileSync(page('asyncapi.json'), `${JSON.stringify(asyncApi(catalog), null, 2)}\n`);
writeFileSync(page('checks.md'), checksMarkdown(checks));
writeFileSync(page('policies.md'), policiesMarkdown(builtInPolicies));
writeFileSync(page('templates.md'), templatesMarkdown());
writeFileSync(page('sensors.md'), sensorsMarkdown(sensors));
writeFileSync(page('registries/README.md'), registryTable(registryKinds));
for (const kind of registryKinds) writeFileSync(page(`registries/${kind.kind}.md`), registryPage(kind));
writeFileSync(page('lists.md'), listsMarkdown());
writeFileSync(page('errors.md'), errorsMarkdown());
writeFileSync(page('metrics.md'), metricsMarkdown(Object.values(metricCatalog)));
writeFileSync(page('image-facts.md'), factsMarkdown(factFields));

const ruleFiles = readdirSync(page('../rules'), { recursive: true }).filter((name) => name.endsWith('.yml'));
const { rules, correlations } = loadRules(
  ruleFiles.toSorted().map((name) => ({ path: `rules/${name}`, text: readFileSync(page(`../rules/${name}`), 'utf8') })),
);
const raising = [...rules.rules, ...correlations.map(({ info }) => info)].filter((rule) => !rules.isPart(rule));
writeFileSync(page('attack-coverage.md'), coverageMarkdown(raising));
