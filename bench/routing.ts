/** Cost of routing an alert: routes, silences and inhibition, in memory. See README.md. */
import { loadavg } from 'node:os';

import type { Labels } from '@tidewaiter/domain';
import { channelReaders } from '@tidewaiter/receivers';
import { groupKey, Inhibitions, matchRoutes, parseMatchers, parseRouting, Silences } from '@tidewaiter/routing';

const [routes, silences, rules, alerts] = [500, 10_000, 1_000, 20_000];
const severities = ['critical', 'high', 'medium', 'low'];

const routing = parseRouting(
  `
route:
  receiver: everybody
  group_by: [repository, severity]
  routes:
${Array.from({ length: routes }, (_, index) => routeText(index)).join('\n')}
inhibit_rules:
${Array.from({ length: rules }, (_, index) => ruleText(index)).join('\n')}
receivers: [ { name: everybody } ]
`,
  { channels: channelReaders, readFile: () => '' },
);

/** Half of the routes match one team exactly, half by regular expression. */
function routeText(index: number): string {
  const matcher =
    index % 2 === 0 ? `repository="team-${index}/app"` : `repository=~"team-${index}/.*|shop-${index}/.+"`;
  return `    - { matchers: ['${matcher}', 'severity=~"critical|high"'], continue: ${index % 3 === 0} }`;
}

function ruleText(index: number): string {
  return `  - { source_matchers: ['rule="down-${index}"'], target_matchers: ['severity=~"low|medium"', 'cluster="c${index}"'], equal: [cluster] }`;
}

const labelsOf = (index: number): Labels => ({
  kind: 'vulnerability',
  severity: severities[index % severities.length]!,
  repository: `team-${(index * 7) % (routes * 2)}/app`,
  tag: `1.${index % 50}`,
  rule: `CVE-2026-${index % 5_000}`,
  package: `package-${index % 2_000}`,
  cluster: `c${index % rules}`,
  new: 'true',
});

const silenced = new Silences(
  Array.from({ length: silences }, (_, index) => ({
    id: String(index),
    matchers: parseMatchers(`{rule="CVE-2025-${index}",repository=~"team-.*"}`),
    startsAtMs: 0,
    endsAtMs: Infinity,
    createdBy: 'bench',
    comment: '',
  })),
);
const inhibitions = new Inhibitions(routing.inhibitRules);

const before = memory();
for (let index = 0; index < 100_000; index += 1) {
  inhibitions.fire({ id: String(index), labels: { ...labelsOf(index), rule: `down-${index % rules}` } });
}
const firingMiB = memory() - before;

const all = Array.from({ length: alerts }, (_, index) => labelsOf(index));
decide(all);
const started = process.cpuUsage();
const decisions = decide(all);
const { user, system } = process.cpuUsage(started);
const cpuSeconds = (user + system) / 1e6;

console.log(`${routes} routes, ${silences} silences, ${rules} inhibition rules, load ${loadavg()[0]!.toFixed(1)}\n`);
console.log(
  `alerts decided a CPU second   ${Math.round(alerts / cpuSeconds).toLocaleString('en')} (${decisions} messages of ${alerts})`,
);
console.log(`100,000 firing alerts         ${firingMiB.toFixed(0)} MiB`);

function decide(labels: readonly Labels[]): number {
  let groups = 0;
  for (const each of labels) {
    if (silenced.of(each, 1).length > 0 || inhibitions.inhibitorOf(each) !== null) continue;
    for (const match of matchRoutes(routing, each)) groups += groupKey(match, each) === '' ? 0 : 1;
  }
  return groups;
}

function memory(): number {
  globalThis.gc?.();
  return process.memoryUsage().rss / 2 ** 20;
}
