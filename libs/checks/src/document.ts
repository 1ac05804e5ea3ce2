import type { CheckInfo } from './check.js';

const sections = [
  [
    'Image configs',
    'image-',
    'What `scan IMAGE` and the platform check in the config, the history and the files of every image.',
  ],
  [
    'Ends of support',
    'end-of-life-',
    'What `scan IMAGE` and the platform find by the release dates that come with Tidewaiter. The kind of these findings is `supply-chain`.',
  ],
  [
    'Dockerfiles',
    'dockerfile-',
    'What `scan dockerfile:FILE` reads. Settings count in the last stage and the stages it builds on, builds in all.',
  ],
  [
    'Kubernetes manifests',
    'k8s-',
    'What `scan k8s:FILE_OR_DIR` reads: pods and all that make them, roles, bindings, services, ingresses, secrets. Custom resources are left alone. The platform evaluates the objects that run pods: [workload-findings.md](workload-findings.md).',
  ],
] as const;

/** The checks as `docs/checks.md`. */
export function checksMarkdown(checks: readonly CheckInfo[]): string {
  return [
    '# Misconfiguration checks',
    '',
    'Generated from `libs/checks` by `npm run docs`; do not edit. An exception or a policy names a check by its id.',
    '',
    ...sections.flatMap(([title, prefix, summary]) => [
      `## ${title}`,
      '',
      summary,
      '',
      '| id | severity | what is wrong | why it matters | what to do | reference |',
      '| --- | --- | --- | --- | --- | --- |',
      ...checks.filter(({ id }) => id.startsWith(prefix)).map(row),
      '',
    ]),
  ].join('\n');
}

function row({ id, severity, title, reason, fix, reference }: CheckInfo): string {
  return `| \`${id}\` | ${[severity, title, reason, fix, reference].map(cell).join(' | ')} |`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
}
