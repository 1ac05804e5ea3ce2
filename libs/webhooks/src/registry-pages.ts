import type { RegistryKind } from './registry-kind.js';

/** `docs/registries/{kind}.md`: how a registry of this kind is connected. */
export function registryPage({ kind, aliases, title, setup }: RegistryKind): string {
  const others = aliases.length === 0 ? '' : ` (also ${aliases.map((alias) => `\`${alias}\``).join(', ')})`;
  const settings = `In \`tidewaiter.yaml\`:

\`\`\`yaml
registries:
  - name: main
    kind: ${kind}
    url: ${setup.url}
    webhookSecretFile: /run/secrets/registry-hook
\`\`\``;
  return `<!-- Made by \`npm run docs\` from libs/webhooks/src/. -->

# ${title}: \`${kind}\`${others}

- Authentication: ${setup.proof}
- Repeated deliveries are recognized by: ${setup.repetition}

${[settings, ...setup.steps].map(numbered).join('\n\n')}

${setup.note}
`;
}

function numbered(step: string, index: number): string {
  return `${index + 1}. ${step.replaceAll(/\n(?!\n)/g, '\n   ').replaceAll(/(?<! ) +$/gm, '')}`;
}

/** `docs/registries/README.md`: every kind in a table. */
export function registryTable(kinds: readonly RegistryKind[]): string {
  const rows = kinds.map(
    ({ kind, title, setup }) => `| [\`${kind}\`](${kind}.md) | ${title} | ${setup.proof} | ${setup.repetition} |`,
  );
  return `<!-- Made by \`npm run docs\` from libs/webhooks/src/. -->

# Registry kinds

Each page has the steps to connect one kind. What happens then: [sources](../sources.md).

| kind | registry | authentication | a repeated delivery is recognized by |
| --- | --- | --- | --- |
${rows.join('\n')}
`;
}
