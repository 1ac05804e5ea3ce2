import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { NotFound } from '@tidewaiter/domain';
import {
  availablePackages,
  findProgram,
  findPrograms,
  installPackages,
  mayInstall,
  missingPackages,
} from '@tidewaiter/servers';
import type { Command } from 'commander';

import { environment, printStderr } from '../context.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Debian's packages by program. Most machines should not get the rare ones unasked. */
type TestPackages = Record<'usual' | 'rare', Record<string, string>>;

/** Brings what the tests need, where we may, and runs them all. The exit code is Jest's. */
export function testCommand(program: Command): void {
  program
    .command('test')
    .description('run the whole test suite')
    .argument('[jest...]', "Jest's own arguments")
    .option('--no-skips', 'install all that any test needs, and fail when one is skipped that this machine can run')
    .allowUnknownOption()
    .action(async (args: string[], { skips }: { skips: boolean }) => {
      const list = await readFile(join(root, 'libs/testkit/src/debian-packages.json'), 'utf8').catch((cause) => {
        throw new NotFound('PLATFORM_NOT_INCLUDED', 'tests run in a checkout of the sources', { cause });
      });
      const { usual, rare } = JSON.parse(list) as TestPackages;
      await bring({ ...usual, ...(!skips && rare) }).catch((error: Error) => {
        // Without a network, most tests still run.
        if (!skips) throw error;
        printStderr(error.message);
      });
      const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
      const env = { ...process.env, ...(!skips && { TIDEWAITER_NO_SKIPS: '1' }) };
      const child = spawn(process.execPath, [jest, ...args], { cwd: root, stdio: 'inherit', env });
      const [code] = (await once(child, 'exit')) as [number | null];
      process.exitCode = code ?? 2;
    });
}

/** Installs the servers, and the other packages where this release has them. */
async function bring(packageOf: Readonly<Record<string, string>>): Promise<void> {
  const found = await findPrograms(environment['PATH']);
  const servers = missingPackages(found);
  const others = (await missingOf(Object.keys(packageOf))).map((name) => packageOf[name]!);
  const isAllowed = mayInstall(found);
  const wanted = isAllowed ? [...servers, ...(await availablePackages(others))] : [];
  if (wanted.length > 0) {
    printStderr(`installing ${wanted.join(', ')}`);
    await installPackages(wanted);
  }
  const missing = [...servers, ...others].filter((name) => !wanted.includes(name));
  if (missing.length > 0) printStderr(`missing, so some tests will fail or be skipped: ${missing.join(', ')}`);
}

async function missingOf(tools: readonly string[]): Promise<string[]> {
  const folders = [...(environment['PATH'] ?? '').split(delimiter), '/usr/bin'];
  const found = await Promise.all(tools.map(async (tool) => findProgram(folders, [tool])));
  return tools.filter((_, index) => found[index] === undefined);
}
