// Writes the pages that are made from code: docs/events.md, docs/asyncapi.json, docs/checks.md, docs/policies.md, docs/templates.md and docs/registries/. Run by `npm run docs`.
import { writeFileSync } from 'node:fs';

import { checks, checksMarkdown } from '@tidewaiter/checks';
import { asyncApi, catalogue, eventsMarkdown } from '@tidewaiter/events';
import { templatesMarkdown } from '@tidewaiter/messages';
import { builtInPolicies, policiesMarkdown } from '@tidewaiter/policy';

import { registryKinds } from '../services/ingest/dist/registries/registry-kinds.js';
import { registryPage, registryTable } from '../services/ingest/dist/registries/registry-pages.js';

const page = (name) => new URL(name, import.meta.url);

writeFileSync(page('events.md'), eventsMarkdown(catalogue));
writeFileSync(page('asyncapi.json'), `${JSON.stringify(asyncApi(catalogue), null, 2)}\n`);
writeFileSync(page('checks.md'), checksMarkdown(checks));
writeFileSync(page('policies.md'), policiesMarkdown(builtInPolicies));
writeFileSync(page('templates.md'), templatesMarkdown());
writeFileSync(page('registries/README.md'), registryTable(registryKinds));
for (const kind of registryKinds) writeFileSync(page(`registries/${kind.kind}.md`), registryPage(kind));
