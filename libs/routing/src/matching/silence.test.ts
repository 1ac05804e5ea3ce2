import * as fc from 'fast-check';

import { parseMatchers } from './matcher-syntax.js';
import { matches } from './matcher.js';
import { type Silence, Silences } from './silence.js';

let ids = 0;
const silence = (matchers: string, more: Partial<Silence> = {}): Silence => ({
  id: `s${(ids += 1)}`,
  matchers: parseMatchers(matchers),
  startsAtMs: 0,
  endsAtMs: 100,
  createdBy: 'jane',
  comment: 'known',
  ...more,
});

describe('Silences', () => {
  it('covers labels that meet all matchers, from its start to just before its end', () => {
    const silences = new Silences([silence('{repository="shop/app", severity=~"low|medium"}', { startsAtMs: 10 })]);
    const alert = { repository: 'shop/app', severity: 'low' };
    expect([9, 10, 99, 100].map((time) => silences.of(alert, time).length)).toEqual([0, 1, 1, 0]);
    expect(silences.of({ ...alert, severity: 'high' }, 50)).toEqual([]);
    expect(silences.of({ severity: 'low' }, 50)).toEqual([]);
  });

  it('finds those that ask for a label that is not there, too', () => {
    const silences = new Silences([silence('{owner=""}'), silence('{owner!="x"}')]);
    expect(silences.of({}, 50)).toHaveLength(2);
    expect(silences.of({ owner: 'y' }, 50)).toHaveLength(1);
  });

  it('answers as one would who tries every silence', () => {
    const word = fc.constantFrom('x', 'y', '');
    const matcher = fc.tuple(fc.constantFrom('a', 'b'), fc.constantFrom('=', '!=', '=~', '!~'), word);
    const matcherText = fc
      .array(matcher, { minLength: 1, maxLength: 3 })
      .map((parts) => `{${parts.map(([name, operator, value]) => `${name}${operator}"${value}"`).join(',')}}`);
    fc.assert(
      fc.property(fc.array(matcherText), fc.record({ a: word, b: word }), (texts, labels) => {
        const all = texts.map((text) => silence(text));
        const expected = all.filter(({ matchers }) => matchers.every((each) => matches(each, labels)));
        const found = new Silences(all).of(labels, 50);
        expect(found.map(({ id }) => id).toSorted()).toEqual(expected.map(({ id }) => id).toSorted());
      }),
    );
  });
});
