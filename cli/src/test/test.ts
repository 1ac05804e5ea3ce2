import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { findProgram, findPrograms, installPackages, mayInstall, missingPackages } from '@tidewaiter/servers';
import type { Command } from 'commander';

import { environment, printStderr } from '../context.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
// Each tool has the name of its package.
const tools = ['docker-registry', 'skopeo'];
// Not every release of Debian and Ubuntu has them.
const optionalTools = ['cosign', 'chromium'];

/** Brings what the tests need, where we may, and runs them all. The exit code is Jest's. */
export function testCommand(program: Command): void {
  program
    .command('test')
    .description('run the whole test suite')
    .argument('[jest...]', "Jest's own arguments")
    .allowUnknownOption()
    .action(async (args: string[]) => {
      const programs = await findPrograms(environment['PATH']);
      const missing = [...missingPackages(programs), ...(await missingOf(tools))];
      if (missing.length > 0 && mayInstall(programs)) {
        printStderr(`installing ${missing.join(', ')}`);
        await installPackages(missing);
      } else if (missing.length > 0)
        printStderr(`missing, so some tests will fail or be skipped: ${missing.join(', ')}`);
      const optional = await missingOf(optionalTools);
      for (const name of optional) await installOptional(name, mayInstall(programs));
      const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
      const child = spawn(process.execPath, [jest, ...args], { cwd: root, stdio: 'inherit' });
      const [code] = (await once(child, 'exit')) as [number | null];
      process.exitCode = code ?? 2;
    });
}

async function installOptional(name: string, isAllowed: boolean): Promise<void> {
  const isThere =
    isAllowed &&
    (await installPackages([name]).then(
      () => true,
      () => false,
    ));
  if (!isThere) printStderr(`missing, so some tests will be skipped: ${name}`);
}

async function missingOf(tools: readonly string[]): Promise<string[]> {
  const folders = [...(environment['PATH'] ?? '').split(delimiter), '/usr/bin'];
  const found = await Promise.all(tools.map(async (tool) => findProgram(folders, [tool])));
  return tools.filter((_, index) => found[index] === undefined);
}
