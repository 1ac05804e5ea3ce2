import { channelCodes, codeSections, type CodeEntry } from '@tidewaiter/domain';

const statuses: Readonly<Record<CodeEntry['is'], number | null>> = {
  input: 400,
  missing: 404,
  denied: 403,
  unavailable: 503,
  failed: 500,
  warning: null,
};

/** Page of the error codes, docs/errors.md. */
export function errorsMarkdown(): string {
  const sections = codeSections.map(({ title, codes }) => `## ${title}\n\n${table(Object.entries(codes))}`);
  const ofChannels = Object.entries(channelCodes).map(([ending, entry]) => [`*CHANNEL*_${ending}`, entry] as const);
  return `# Error codes

Generated from \`libs/domain/src/error-catalog.ts\` by \`npm run docs\`; do not edit. A code is stable: scripts may compare it.
The API answers with it in \`application/problem+json\` as \`code\`, the command line prints it in brackets:

\`\`\`sh
$ ./tidewaiter scan oci:nowhere
tidewaiter: nowhere: there is no such file or folder [TARGET_MISSING]
\`\`\`

The exit code of the command line is 2 unless a row names another. Warnings end nothing. After one marked *blind*, an image
without findings is not evaluated rather than passed. One marked *incomplete* is about one file: an image with it passes,
unless \`--on-incomplete fail\` or \`onIncomplete: fail\` is set. Without a path it counts as *blind*.

${sections.join('\n\n')}

## Channels

The first part is the kind of channel: \`SLACK_DENIED\`, \`WEBHOOK_REFUSED\`.

${table(ofChannels)}
`;
}

function table(entries: readonly (readonly [code: string, CodeEntry])[]): string {
  const rows = entries.map(([code, { is, fix, status = statuses[is], exit, isBlinding, isIncomplete }]) => {
    const notes = [exit !== undefined && `exit code ${exit}`, isBlinding && 'blind', isIncomplete && 'incomplete']
      .filter(Boolean)
      .join(', ');
    return `| \`${code}\` | ${status ?? ''} | ${fix}${notes && ` (${notes})`} |`;
  });
  return ['| code | HTTP | what to do |', '| --- | --- | --- |', ...rows].join('\n');
}
