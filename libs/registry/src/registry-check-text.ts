import { codeEntry } from '@tidewaiter/domain';

import { maxListed, type RegistryCheckStep } from './registry-check.js';

/** Whether images can be read as far as the check shows: lists are not needed for that. */
export function isUsable(steps: readonly RegistryCheckStep[]): boolean {
  return steps.every(({ step, state }) => state !== 'failed' || step === 'catalog' || step === 'tags');
}

interface CheckedConnection {
  /** `registry.example.com:5000` */
  host: string;
  hasCredentials: boolean;
}

/** Outcome of a check in sentences. */
export function registryCheckText(
  steps: readonly RegistryCheckStep[],
  { host, hasCredentials }: CheckedConnection,
): string {
  const [connection, authentication, catalog, tags] = steps;
  if (connection?.state !== 'passed') return `${host} cannot be used: ${problemOf(connection)}`;
  if (authentication?.state === 'failed') {
    const refused = hasCredentials ? 'the credentials' : 'access without credentials';
    return `${host} answers, and refuses ${refused}: ${problemOf(authentication)}`;
  }
  const access =
    authentication?.state === 'skipped'
      ? 'asks for no credentials'
      : hasCredentials
        ? 'accepts the credentials'
        : 'gives access without credentials';
  return [`${host} answers and ${access}.`, catalogText(catalog), tagsText(tags)]
    .filter((text) => text !== '')
    .join(' ');
}

function catalogText(step: RegistryCheckStep | undefined): string {
  if (step?.state === 'passed')
    return step.listed === 0 ? 'It has no repository yet.' : `It lists ${amount(step, 'repository', 'repositories')}.`;
  if (step?.state !== 'failed') return '';
  return `It does not list its repositories (${step.code}): name them under reconcile.repositories.`;
}

function tagsText(step: RegistryCheckStep | undefined): string {
  if (step?.state === 'passed') return `Tags can be read: ${amount(step, 'tag', 'tags')} of one repository.`;
  return step?.state === 'failed' ? `Tags cannot be read: ${problemOf(step)}` : '';
}

function amount({ listed }: RegistryCheckStep, one: string, many: string): string {
  return `${listed}${listed === maxListed ? ' or more' : ''} ${listed === 1 ? one : many}`;
}

function problemOf(step: RegistryCheckStep | undefined): string {
  const code = step?.code ?? 'INTERNAL';
  return `${code}. ${codeEntry(code)?.fix ?? ''}`.trim();
}
