import { NotFound } from '@tidewaiter/domain';
import type { Command } from 'commander';

import { checkListOptions, type ListFlags, listOptions } from '../lists/lists.js';
import { signedIn } from '../saved-sign-ins.js';
import { getApi, type Server } from '../server.js';
import { type ShownStatements, type ShownVulnerability, vulnerabilityText } from './vulnerability-text.js';

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
  const isJson = flags.output === 'json';
  const statements = await statementsOf(`${path}/vex`, server, isJson);
  const text = isJson
    ? `${JSON.stringify({ id, vulnerability: known, vex: statements.items }, null, 2)}\n`
    : vulnerabilityText(id, known, statements, process.stdout);
  process.stdout.write(text);
}

/** Statements of VEX documents: all, or those of the first page. */
async function statementsOf(path: string, server: Server, isWhole: boolean): Promise<ShownStatements> {
  const items: ShownStatements['items'] = [];
  for (let after = ''; ;) {
    const page = await getApi(`${path}?limit=200${after}`, server, areStatements);
    items.push(...page.items);
    if (!isWhole || page.next === null) return { items, next: page.next };
    after = `&after=${encodeURIComponent(page.next)}`;
  }
}

function isVulnerability(answer: unknown): answer is ShownVulnerability {
  return typeof (answer as Partial<ShownVulnerability> | undefined)?.reach?.counts === 'object';
}

function areStatements(answer: unknown): answer is ShownStatements {
  return Array.isArray((answer as { items?: unknown } | undefined)?.items);
}
