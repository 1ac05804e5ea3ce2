import { NotFound, printable } from '@tidewaiter/domain';
import type { Command } from 'commander';

import { connected, entryOptions, flagsOf } from '../entries/entries.js';
import { changeApi } from '../server.js';

interface CheckOptions {
  repository?: string;
  config?: string;
}

interface CheckAnswer {
  isUsable: boolean;
  text: string;
}

/** Time of a check that is made here. */
const timeoutMs = 20_000;

/** Command that lists, changes and checks registries of a platform. */
export function registriesCommand(program: Command): void {
  const registries = entryOptions(program.command('registries'), 'registries');
  connected(registries.command('check'))
    .description('connect to a registry, sign in, and list repositories and tags; exit code 1 if it cannot be used')
    .argument('<name>', 'name from the list')
    .option('--repository <name>', 'whose tags to list; by default the first one of the catalog')
    .option('--config <file>', 'check a registry of this tidewaiter.yaml from here, without the platform')
    .action(async (name: string, { config, repository }: CheckOptions, self: Command) => {
      const { isUsable, text } =
        config === undefined
          ? await checkByPlatform(name, repository, self)
          : await checkFromHere(name, repository, config);
      process.stdout.write(`${printable(text)}\n`);
      if (!isUsable) process.exitCode = 1;
    });
}

async function checkByPlatform(name: string, repository: string | undefined, self: Command): Promise<CheckAnswer> {
  const body = repository === undefined ? {} : { repository };
  return changeApi('POST', `registries/${encodeURIComponent(name)}/check`, body, await flagsOf(self), isCheck);
}

/** Reads the secrets of the file, too, which the console of a platform may not. */
async function checkFromHere(name: string, repository: string | undefined, config: string): Promise<CheckAnswer> {
  const [{ Egress }, { checkRegistry, isUsable, registryCheckText, withCertificates }, { readSettings }] =
    await Promise.all([import('@tidewaiter/egress'), import('@tidewaiter/registry'), import('@tidewaiter/runtime')]);
  const { registries, egressAllow } = readSettings(config);
  const registry = registries.find((each) => each.name === name);
  if (!registry) throw new NotFound('REGISTRY_UNKNOWN', `${config} has no registry ${name}`);
  const { mirrors: _, ...host } = registry;
  const egress = new Egress({ allow: egressAllow });
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    const steps = await checkRegistry(withCertificates(host), egress, { repository, signal });
    const checked = { host: new URL(registry.url).host, hasCredentials: host.credentials !== undefined };
    return { isUsable: isUsable(steps), text: registryCheckText(steps, checked) };
  } finally {
    await egress.close();
  }
}

function isCheck(answer: unknown): answer is CheckAnswer {
  return typeof (answer as { text?: unknown } | undefined)?.text === 'string';
}
