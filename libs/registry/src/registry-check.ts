import { NotFound, TidewaiterError } from '@tidewaiter/domain';
import type { Egress } from '@tidewaiter/egress';

import type { RegistryConnection } from './connection.js';
import { HostClient } from './host-client.js';

/** Steps of a check, in their order. */
export const registryCheckSteps = ['connection', 'authentication', 'catalog', 'tags'] as const;

/** Outcome of one step. */
export interface RegistryCheckStep {
  step: (typeof registryCheckSteps)[number];
  /** `skipped`: it needs an earlier step, or the registry asks for no credentials. */
  state: 'passed' | 'failed' | 'skipped';
  /** Error code of a failed step. */
  code: string | null;
  /** Names that were listed; no more than {@link maxListed}. */
  listed: number | null;
}

/** Names of a list that a check reads. */
export const maxListed = 100;

/**
 * Checks a connection: whether the registry answers as one, accepts the credentials, and lets them
 * list repositories and tags. Nothing is tried twice. The outcome has no text of the registry,
 * which could repeat what it was sent.
 * @param repository whose tags are listed; the first one of the catalog unless given
 * @throws InvalidInput `REGISTRY_CONNECTION`
 */
export async function checkRegistry(
  connection: RegistryConnection,
  egress: Egress,
  { repository, signal }: { repository?: string | undefined; signal: AbortSignal },
): Promise<RegistryCheckStep[]> {
  const host = new HostClient(connection, egress, 1);
  let named = repository;
  let asksForCredentials = false;
  const outcomes: RegistryCheckStep[] = [];
  const run = async (step: RegistryCheckStep['step'], work: () => Promise<number | null>): Promise<boolean> => {
    const outcome = await outcomeOf(work);
    outcomes.push({ step, ...outcome });
    return outcome.state === 'passed';
  };
  const skip = (...steps: RegistryCheckStep['step'][]): RegistryCheckStep[] => [
    ...outcomes,
    ...steps.map((step) => ({ step, state: 'skipped', code: null, listed: null }) as const),
  ];

  const answers = await run('connection', async () => {
    asksForCredentials = (await host.ping(signal)) === 'locked';
    return null;
  });
  if (!answers) return skip('authentication', 'catalog', 'tags');
  if (asksForCredentials) {
    const isAccepted = await run('authentication', async () => {
      await host.authenticate(signal);
      return null;
    });
    if (!isAccepted) return skip('catalog', 'tags');
  } else outcomes.push({ step: 'authentication', state: 'skipped', code: null, listed: null });
  await run('catalog', async () => {
    const names = await firstNames(host.repositories(signal));
    named ??= names[0];
    return names.length;
  });
  if (named === undefined) return skip('tags');
  const tagsOf = named;
  await run('tags', async () => (await firstNames(host.tags(tagsOf, signal))).length);
  return outcomes;
}

async function outcomeOf(work: () => Promise<number | null>): Promise<Omit<RegistryCheckStep, 'step'>> {
  try {
    return { state: 'passed', code: null, listed: await work() };
  } catch (error) {
    if (!(error instanceof TidewaiterError)) throw error;
    return { state: 'failed', code: error instanceof NotFound ? 'NAME_UNKNOWN' : error.code, listed: null };
  }
}

async function firstNames(names: AsyncIterable<string>): Promise<string[]> {
  const first: string[] = [];
  for await (const name of names) {
    first.push(name);
    if (first.length === maxListed) break;
  }
  return first;
}
