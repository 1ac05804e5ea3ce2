import { isUsable, registryCheckText } from './registry-check-text.js';
import { maxListed, type RegistryCheckStep, registryCheckSteps } from './registry-check.js';

/** `passed`, `skipped`, a number of listed names, or the code of a failure. */
type Outcome = 'passed' | 'skipped' | number | (string & {});

function stepsOf(outcomes: readonly Outcome[]): RegistryCheckStep[] {
  return outcomes.map((outcome, index): RegistryCheckStep => {
    const step = registryCheckSteps[index]!;
    if (typeof outcome === 'number') return { step, state: 'passed', code: null, listed: outcome };
    if (outcome === 'passed') return { step, state: 'passed', code: null, listed: null };
    if (outcome === 'skipped') return { step, state: 'skipped', code: null, listed: null };
    return { step, state: 'failed', code: outcome, listed: null };
  });
}

describe('registryCheckText', () => {
  it.each<[Outcome[], boolean, string, boolean]>([
    [
      ['passed', 'passed', 2, 1],
      true,
      'r.test answers and accepts the credentials. It lists 2 repositories. Tags can be read: 1 tag of one repository.',
      true,
    ],
    [
      ['passed', 'skipped', 0, 'skipped'],
      true,
      'r.test answers and asks for no credentials. It has no repository yet.',
      true,
    ],
    [
      ['passed', 'passed', 'REGISTRY_FORBIDDEN', 'skipped'],
      false,
      'r.test answers and gives access without credentials. It does not list its repositories (REGISTRY_FORBIDDEN): name them under reconcile.repositories.',
      true,
    ],
    [
      ['passed', 'passed', maxListed, 'REGISTRY_FORBIDDEN'],
      true,
      'r.test answers and accepts the credentials. It lists 100 or more repositories. Tags cannot be read: REGISTRY_FORBIDDEN. Let the account read the repository.',
      true,
    ],
    [
      ['passed', 'REGISTRY_UNAUTHORIZED', 'skipped', 'skipped'],
      true,
      'r.test answers, and refuses the credentials: REGISTRY_UNAUTHORIZED. Log in: `docker login`, or `credentials` in tidewaiter.yaml.',
      false,
    ],
    [
      ['EGRESS_REFUSED', 'skipped', 'skipped', 'skipped'],
      false,
      'r.test cannot be used: EGRESS_REFUSED. Allow the address in `egress.allow`, or give an https URL.',
      false,
    ],
  ])('describes %j (credentials: %j)', (outcomes, hasCredentials, text, usable) => {
    const steps = stepsOf(outcomes);
    expect(registryCheckText(steps, { host: 'r.test', hasCredentials })).toBe(text);
    expect(isUsable(steps)).toBe(usable);
  });
});
