import { NotFound } from '@tidewaiter/domain';
import type { Command } from 'commander';

import { checkListOptions, type ListFlags, listOptions } from '../lists/lists.js';
import { signedIn } from '../saved-sign-ins.js';
import { getApi } from '../server.js';
import { type ShownStatement, type ShownVulnerability, vulnerabilityText } from './vulnerability-text.js';

const outputs = ['table', 'json'] as const;

/** Command that lists vulnerabilities of a platform, and shows one. */
export function vulnerabilitiesCommand(program: Command): void {
  listOptions(program.command('vulnerabilities'), 'vulnerabilities')
    .command('show')
    .description('show a vulnerability of a platform: packages, fixes, images, and statements of VEX documents')
    .argument('<id>', 'id or alias: CVE-2021-44228')
    .action(show);
}

async function show(id: string, _: object, command: Command): Promise<void> {
  checkListOptions(command, { output: outputs, server: [], tokenFile: [], timeout: [] });
  const flags = command.optsWithGlobals<ListFlags>();
  const server = { ...flags, ...(await signedIn(flags)) };
  const path = `vulnerabilities/${encodeURIComponent(id)}`;
  const known = await getApi(path, server, isVulnerability).catch((error: unknown) => {
    if (error instanceof NotFound && error.code === 'VULNERABILITY_UNKNOWN') return null;
    throw error;
  });
  const { items } = await getApi(`${path}/vex`, server, areStatements);
  const text =
    flags.output === 'json'
      ? `${JSON.stringify({ id, vulnerability: known, vex: items }, null, 2)}\n`
      : vulnerabilityText(id, known, items, process.stdout);
  process.stdout.write(text);
}

function isVulnerability(answer: unknown): answer is ShownVulnerability {
  return typeof (answer as Partial<ShownVulnerability> | undefined)?.reach?.counts === 'object';
}

function areStatements(answer: unknown): answer is { items: ShownStatement[] } {
  return Array.isArray((answer as { items?: unknown } | undefined)?.items);
}
