import type { FactField } from './fact-field.js';
import { runtimePolicySettings } from './policy.js';

/** Generates the documentation page about facts from the fields. */
export function factsMarkdown(fields: readonly FactField[]): string {
  const groups = Map.groupBy(fields, ({ name }) => name.slice(0, name.indexOf('.')));
  const tables = [...groups].map(
    ([group, some]) =>
      `## ${group}\n\n${about[group] ?? ''}| field | type | meaning | unknown when |\n| --- | --- | --- | --- |\n${some.map(row).join('')}`,
  );
  return [intro, ...tables, settings()].join('\n');
}

const intro = `# Image facts: fields for rules

<!-- Made by \`npm run docs\` from libs/facts. -->

Rules use facts like fields of the event. Facts come from the scanner (image), the container ledger (container),
earlier events (habits), and \`runtime:\` of \`tidewaiter.yaml\`. A fact is looked up when a loaded rule uses it.

\`\`\`yaml
detection:
  dropped:
    File.InImage: false
    Image.Role: app
  condition: dropped
\`\`\`

A fact that is **unknown is missing**: neither true nor false. \`File.InImage: false\` therefore means that the
image is known and does not have the file. To match unknown facts, compare with \`null\`.

Try rules with [a file of facts](#a-file-of-facts):

\`\`\`sh
./tidewaiter replay events.jsonl --facts facts.json
\`\`\`
`;

const about: Readonly<Record<string, string>> = {
  File: 'For an exec these are about the executable, else about the touched file. Paths are followed through the links of the image.\n\n',
  Dest: 'For a connection these are about its destination, for a DNS query about the DNS server.\n\n',
  Identity:
    'The configuration decides; else behavior seen while the identity was new, and behavior that has continued for as long since.\n\n',
};

function row({ name, type, meaning, unknownWhen }: FactField): string {
  return `| \`${name}\` | ${type} | ${cell(meaning)} | ${cell(unknownWhen)} |\n`;
}

function settings(): string {
  const keys = Object.entries(runtimePolicySettings.shape).map(
    ([key, { description = '' }]) => `| \`${key}\` | ${cell(description)} |\n`,
  );
  return `## Expected behavior of workloads

These keys are under \`runtime:\` of \`tidewaiter.yaml\`. Workloads are \`namespace/name\`, service accounts
\`namespace:name\`, places ranges or addresses. Host names may contain \`*\` for anything. Probes are also
learned from pods, and the role of a namespace from its labels.

| key | meaning |
| --- | --- |
${keys.join('')}
\`\`\`yaml
runtime:
  builderNamespaces: [ci]
  debugNamespaces: [debug]
  internalRanges: [10.0.0.0/8]
  allowedEgress:
    shop/api: [payments.example.com, 192.0.2.0/28]
  securityAgents: [security/node-agent]
\`\`\`

## A file of facts

One JSON object with these keys. Missing parts are unknown.

- \`cluster\`
- \`images\` by digest, each with \`repository tag created pushed config signature provenance files vulnerabilities secrets previous_digests\`
- \`workloads\` by \`namespace/Kind/name\`, each with \`image_digest namespace_labels exposed privileged service_account replicas\`
- \`policy\`, with the keys above in snake_case

\`\`\`json
{ "images": { "sha256:…": { "files": { "/usr/bin/curl": { "sha256": "…", "package": "curl" } } } },
  "policy": { "builder_namespaces": ["ci"], "sa_usual_sources": { "ci:runner": ["10.0.0.0/8"] } } }
\`\`\`
`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
