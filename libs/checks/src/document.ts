import type { CheckInfo } from './check.js';

const sections = [
  [
    'Image configs',
    'image-',
    'Checks of the config, the history and the files of every image, by `scan IMAGE` and the platform.',
  ],
  [
    'End of life',
    'end-of-life-',
    'Checks against the release dates that are included in Tidewaiter, by `scan IMAGE` and the platform. The kind of these findings is `supply-chain`.',
  ],
  [
    'Dockerfiles',
    'dockerfile-',
    'Checks of `scan dockerfile:FILE`. Settings are checked in the last stage and the stages it builds on, build steps in all stages.',
  ],
  [
    'Kubernetes manifests',
    'k8s-',
    'Checks of `scan k8s:FILE_OR_DIR`: pods and workloads, roles, bindings, services, ingresses, secrets. Custom resources are skipped. The platform evaluates the objects that run pods: [workload-findings.md](workload-findings.md).',
  ],
] as const;

/** Generates `docs/checks.md`. */
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
      '| id | severity | title | why it matters | fix | reference |',
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
