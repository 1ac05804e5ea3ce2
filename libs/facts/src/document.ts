import type { FactField } from './fact-field.js';
import { runtimePolicySettings } from './policy.js';

/** Generates the documentation page about facts from the fields. */
export function factsMarkdown(fields: readonly FactField[]): string {
  const groups = Map.groupBy(fields, ({ name }) => name.slice(0, name.indexOf('.')));
  const tables = [...groups].map(
    ([group, some]) =>
      `## ${group}\n\n${about[group] ?? ''}| field | type | says | is not known when |\n| --- | --- | --- | --- |\n${some.map(row).join('')}`,
  );
  return [intro, ...tables, settings()].join('\n');
}

const intro = `# What is known beside an event

<!-- Made by \`npm run docs\` from libs/facts. -->

Rules ask for these as if they were fields of the event: what the scanner knows of the image, what the ledger knows of the container,
what was usual up to now, and what the operator says in \`runtime:\` of \`tidewaiter.yaml\`. Each is found out when a loaded rule asks for it.
A fact that is **not known is missing**: neither true nor false, so that \`File.InImage: false\` means that the image is known and does not
have the file. To match what is not known, compare with \`null\`.

\`\`\`yaml
detection:
  dropped:
    File.InImage: false
    Image.Role: app
  condition: dropped
\`\`\`

\`tidewaiter replay --facts FILE\` reads facts from a JSON file; see the end of this page.
`;

const about: Readonly<Record<string, string>> = {
  File: 'Of an exec they are about the executable, else about the file that is touched. Paths are followed through the links of the image.\n\n',
  Dest: 'Of a connection they are about where it goes, of a DNS query about the server that is asked.\n\n',
  Identity:
    'What is configured decides; else what was seen while the identity was new, and what has been going on for as long since.\n\n',
};

function row({ name, type, meaning, unknownWhen }: FactField): string {
  return `| \`${name}\` | ${type} | ${cell(meaning)} | ${cell(unknownWhen)} |\n`;
}

function settings(): string {
  const keys = Object.entries(runtimePolicySettings.shape).map(
    ([key, { description = '' }]) => `| \`${key}\` | ${cell(description)} |\n`,
  );
  return `## How workloads are meant to behave

\`runtime:\` of \`tidewaiter.yaml\`. Workloads are \`namespace/name\`, service accounts \`namespace:name\`, places ranges or addresses, and where
hosts are meant names in which \`*\` stands for anything. Probes are also learned from pods, and the role of a namespace from its labels.

| key | says |
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

One JSON object: \`cluster\`; \`images\` by digest, each with \`repository tag created pushed config signature provenance files vulnerabilities
secrets previous_digests\`; \`workloads\` by \`namespace/Kind/name\`, each with \`image_digest namespace_labels exposed privileged service_account
replicas\`; and \`policy\`, whose keys are those above in snake_case. Everything may be left out: then it is not known.

\`\`\`json
{ "images": { "sha256:…": { "files": { "/usr/bin/curl": { "sha256": "…", "package": "curl" } } } },
  "policy": { "builder_namespaces": ["ci"], "sa_usual_sources": { "ci:runner": ["10.0.0.0/8"] } } }
\`\`\`
`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
