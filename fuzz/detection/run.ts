// node fuzz/detection/run.ts [--rounds 20] [--seed N] [--family TEXT]: see docs/howto/fuzz.md
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { isAtLeast } from '@tidewaiter/domain';

import { randomOf } from '../random.ts';
import { eventsOf, factsOf } from './campaign.ts';
import { families } from './families.ts';
import { beforeDecisive, variationOf } from './variations.ts';
import { problemsOf, shippedRules, verdictOf } from './verdict.ts';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '20' }, seed: { type: 'string' }, family: { type: 'string' } },
});
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
const rules = shippedRules(join(import.meta.dirname, '../../rules'));
const chosen = families.filter(({ family }) => values.family === undefined || family.includes(values.family));

let whole = 0;
let stable = 0;
let varied = 0;
for (const campaign of chosen) {
  const problems = problemsOf(rules, campaign);
  if (problems.length === 0) whole += 1;
  else console.log(`${campaign.family}\n${problems.map((each) => `    ${each}`).join('\n')}`);
  const early = verdictOf(rules, eventsOf(beforeDecisive(campaign)), factsOf(campaign)).incidents[0];
  if (early !== undefined && isAtLeast(early.severity, 'high'))
    console.log(`${campaign.family}\n    ${early.severity} before the decisive act: ${early.title}`);
  for (let turn = 0; turn < Number(values.rounds); turn += 1) {
    const { recording, changed } = variationOf(campaign, randomOf(seed, turn));
    const [worst] = verdictOf(rules, recording.events, recording.facts).incidents;
    varied += 1;
    if (worst !== undefined && isAtLeast(worst.severity, campaign.severity)) stable += 1;
    else
      console.log(
        `${campaign.family}\n    seed ${seed}, turn ${turn} (${changed.join(', ')}): ${worst?.severity ?? 'nothing'} ${worst?.title ?? ''}`,
      );
  }
}
console.log(
  `complete families: ${whole} of ${chosen.length}; variations with the same verdict: ${stable} of ${varied}; seed ${seed}`,
);
