import type { BuiltInPolicy } from './built-in.js';
import { functions, groups, itemTypes, single } from './vocabulary.js';

/** Generates `docs/policies.md`: facts for policies, and the built-in policies. */
export function policiesMarkdown(policies: readonly BuiltInPolicy[]): string {
  return `${introduction}
## Facts

Unknown facts are missing, and a rule that depends on one answers \`unknown\`. \`has(finding.published)\` tests
whether a fact is known.

A secret is one finding with its \`locations\`. A policy that asks for \`path\` or \`layer\` of findings, and not for
\`locations\`, gets a finding for each place: a secret that it accepts in one folder does not pass elsewhere.

\`findings\` lacks kinds that were not evaluated:

- secrets without a fingerprint key
- vulnerabilities where advisories are missing or stale (\`ADVISORIES_MISSING\`, \`ADVISORIES_STALE\`)
- everything in an unreadable layer or package database
- on the command line, kinds that \`--kinds\` leaves out

A rule that such a finding could change answers \`unknown\` and names the kind, unless the result is certain: an
\`all\` with a counterexample is false, and a filter for another kind is complete. The same holds for \`packages\`.

${table(['fact', 'type', 'meaning'], factRows())}
## Functions

These exist beside those of CEL:

${table(
  ['function', 'meaning'],
  Object.entries(functions).map(([signature, about]) => [code(short(signature)), about]),
)}
\`matches()\` and \`cel.bind()\` are not available: a short pattern, or a few doublings, can run for ever. An
expression with a too high worst cost over the lists of an image is not run either. Its answer is \`unknown\`,
with that reason.

## Built-in policies

${policies.map(policySection).join('\n')}`;
}

const introduction = `# Policies: what must hold for an image

Made from \`libs/policy\` by \`npm run docs\`.

A policy is a condition for images, in [CEL](https://cel.dev). It answers \`pass\`, \`fail\` with its reasons, or
\`unknown\` where the answer depends on a missing fact.

\`\`\`sh
./tidewaiter policies list
./tidewaiter policies check policies/*.yaml
./tidewaiter scan IMAGE --policy no-secrets --policy policies/ours.yaml
\`\`\`

\`\`\`yaml
name: few-and-fresh
description: No fixable finding is left, and the base is ours.
variables:
  fixable: findings.filter(f, f.counted && f.fixable && f.severity in ["critical", "high"])
rules:
  - expression: size(fixable) == 0
    message: '{count(fixable, "finding", "findings")} with a fix: {ids(fixable)}'
  - expression: image.labels["org.opencontainers.image.base.name"].startsWith("registry.example.com/base/")
\`\`\`

- Variables are evaluated in order, and each may use those before it.
- In a message, braces hold expressions.
- A \`.cel\` file holds one expression, and its first comment is the description.
- Types are checked when the file is read: a wrong name is an error with its line.

In \`tidewaiter.yaml\` policies have a mode: \`enforce\` decides the verdict, \`warn\` adds a warning, \`audit\` is only
shown. On the command line all enforce, unless their file has another mode. They can be [managed by API](management.md),
too; \`source\` is the text of a policy in place of a \`file\`.

\`\`\`yaml
policies:
  - { name: no-secrets, mode: enforce }
  - { name: no-kev-in-production, mode: warn, repositories: ['shop/*'] }
  - { name: ours, file: policies/ours.yaml }
\`\`\`
`;

function factRows(): string[][] {
  const { os, ...others } = groups;
  const lists = { finding: itemTypes.Finding, location: itemTypes.Location, package: itemTypes.Package };
  const grouped = Object.entries({ ...others, 'image.os': os, ...lists }).flatMap(([group, fields]) =>
    Object.entries<readonly [string, string]>(fields).map(([name, fact]) => factRow(`${group}.${name}`, fact)),
  );
  return [...Object.entries(single).map(([name, fact]) => factRow(name, fact)), ...grouped];
}

function factRow(name: string, [type, about]: readonly [type: string, about: string]): string[] {
  return [code(name), code(short(type)), about];
}

function policySection({ name, description, variables, rules, examples }: BuiltInPolicy): string {
  const lines = [
    ...Object.entries(variables).map(([variable, text]) => `${variable} = ${text}`),
    ...rules.map(({ expression }) => expression),
  ];
  const rows = examples.map(({ what, result, reason = '' }) => [what, result, reason]);
  return `### ${name}\n\n${description}\n\n\`\`\`\n${lines.join('\n')}\n\`\`\`\n\n${table(['case', 'answer', 'reason'], rows)}`;
}

function table(head: string[], rows: string[][]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', String.raw`\|`)).join(' | ')} |`;
  return `${[line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')}\n`;
}

function code(text: string): string {
  return `\`${text}\``;
}

/** Long names of CEL's own types. */
function short(type: string): string {
  return type.replaceAll('google.protobuf.', '');
}
