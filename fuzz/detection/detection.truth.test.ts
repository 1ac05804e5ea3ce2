import { join } from 'node:path';

import { isAtLeast } from '@tidewaiter/domain';

import { randomOf } from '../random.ts';
import { eventsOf, factsOf } from './campaign.ts';
import { families } from './families.ts';
import { beforeDecisive, variationOf } from './variations.ts';
import { problemsOf, shippedRules, verdictOf } from './verdict.ts';

const rules = shippedRules(join(__dirname, '../../rules'));
const seed = 20_260_504;
/** Variations of each family in a test run; `npm run fuzz:detection` makes more. */
const turns = 2;

describe('families of attacks', () => {
  it('have a name of their own each', () => {
    expect(new Set(families.map(({ family }) => family)).size).toBe(families.length);
  });

  it.each(families)('$family: one incident has the whole attack', (campaign) => {
    expect(problemsOf(rules, campaign)).toEqual([]);
  });

  it.each(families)('$family: nothing high before the decisive act', (campaign) => {
    const { incidents } = verdictOf(rules, eventsOf(beforeDecisive(campaign)), factsOf(campaign));
    expect(incidents.filter(({ severity }) => isAtLeast(severity, 'high')).map(({ title }) => title)).toEqual([]);
  });

  it.each(families)('$family: the same verdict under other names, paths, sensors and orders', (campaign) => {
    for (let turn = 0; turn < turns; turn += 1) {
      const { recording, changed } = variationOf(campaign, randomOf(seed, turn));
      const [worst] = verdictOf(rules, recording.events, recording.facts).incidents;
      expect({ turn, changed, isSevere: worst !== undefined && isAtLeast(worst.severity, campaign.severity) }).toEqual({
        turn,
        changed,
        isSevere: true,
      });
    }
  });

  it('vary in the same way for the same seed', () => {
    const [campaign] = families;
    expect(variationOf(campaign!, randomOf(7, 1))).toEqual(variationOf(campaign!, randomOf(7, 1)));
    expect(variationOf(campaign!, randomOf(7, 1))).not.toEqual(variationOf(campaign!, randomOf(8, 1)));
  });
});
