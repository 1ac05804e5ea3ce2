import type { BuiltInPolicy } from './built-in.js';
import { functions, groups, itemTypes, single } from './vocabulary.js';

/** `docs/policies.md`: what policies may ask, and those that come with Tidewaiter. */
export function policiesMarkdown(policies: readonly BuiltInPolicy[]): string {
  return `${introduction}
## Facts

What is not known of an image is left out, and a rule that depends on it answers \`unknown\`. \`has(finding.published)\` asks whether it is known.

\`findings\` may lack kinds that were not evaluated: secrets without a fingerprint key, vulnerabilities where advisories are missing or stale
(\`ADVISORIES_MISSING\`, \`ADVISORIES_STALE\`), everything where a layer or a package database could not be read, and on the command line what
\`--kinds\` leaves out. A rule that such a finding could change answers \`unknown\` and names the kind, unless it is decided anyway: an \`all\` that
a finding already breaks is false, and a filter for another kind misses nothing. The same holds for \`packages\`.

${table(['fact', 'type', ''], factRows())}
## Functions

Beside those of CEL:

${table(
  ['function', ''],
  Object.entries(functions).map(([signature, about]) => [code(short(signature)), about]),
)}
\`matches()\` and \`cel.bind()\` are not offered: a short pattern, or a few doublings, can keep a machine busy for ever. For the same reason an
expression whose worst cost over the lists of an image is too high is not run; its answer is \`unknown\`, and says so.

## Policies that come with Tidewaiter

${policies.map(policySection).join('\n')}`;
}

const introduction = `# Policies

Made from \`libs/policy\` by \`npm run docs\`.

A policy says what must hold of an image, in [CEL](https://cel.dev). It answers \`pass\`, \`fail\` with its reasons, or \`unknown\` where a fact is
missing that the answer depends on: what is unknown is not safe.

\`\`\`sh
tidewaiter policies list
tidewaiter policies check policies/*.yaml
tidewaiter scan IMAGE --policy no-secrets --policy policies/ours.yaml
\`\`\`

\`\`\`yaml
name: few-and-fresh
description: Nothing that can be mended is left, and the base is ours.
variables:
  mendable: findings.filter(f, f.counted && f.fixable && f.severity in ["critical", "high"])
rules:
  - expression: size(mendable) == 0
    message: '{count(mendable, "finding", "findings")} with a fix: {ids(mendable)}'
  - expression: image.labels["org.opencontainers.image.base.name"].startsWith("registry.example.com/base/")
\`\`\`

Variables are asked in order, and each may use those before it. In a message, braces hold expressions. A \`.cel\` file holds one expression, and its
first comment is the description. Types are checked when the file is read: a wrong name is an error with its line, not a surprise at the gate.

In \`tidewaiter.yaml\` policies have a mode: \`enforce\` decides the verdict, \`warn\` adds a warning, \`audit\` is only shown. On the command line all
enforce, unless their file says otherwise.

\`\`\`yaml
policies:
  - { name: no-secrets, mode: enforce }
  - { name: no-kev-in-production, mode: warn, repositories: ['shop/*'] }
  - { name: ours, file: policies/ours.yaml }
\`\`\`
`;

function factRows(): string[][] {
  const { os, ...others } = groups;
  const lists = { finding: itemTypes.Finding, package: itemTypes.Package };
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
  return `### ${name}\n\n${description}\n\n\`\`\`\n${lines.join('\n')}\n\`\`\`\n\n${table(['where', 'answer', 'reason'], rows)}`;
}

function table(head: string[], rows: string[][]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', String.raw`\|`)).join(' | ')} |`;
  return `${[line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')}\n`;
}

function code(text: string): string {
  return `\`${text}\``;
}

/** CEL's own long names. */
function short(type: string): string {
  return type.replaceAll('google.protobuf.', '');
}
