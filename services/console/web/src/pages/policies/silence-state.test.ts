import { readMatchers, silenceState } from './silence-state.js';

describe('readMatchers', () => {
  it.each([
    ['severity="low"\n repository=~"shop/.*" \n', ['severity="low"', 'repository=~"shop/.*"']],
    ['{severity="low", team!="a,b"}', ['severity="low"', 'team!="a,b"']],
    ['  ', []],
  ])('reads %j', (text, matchers) => {
    expect(readMatchers(text)).toEqual(matchers);
  });
});

describe('silenceState', () => {
  it('compares its span with the time', () => {
    const silence = { startsAt: '2026-01-02T00:00:00Z', endsAt: '2026-01-03T00:00:00Z' };
    const at = (day: string) => silenceState(silence, Date.parse(`${day}T12:00:00Z`));
    expect([at('2026-01-01'), at('2026-01-02'), at('2026-01-03')]).toEqual(['pending', 'active', 'ended']);
  });
});
