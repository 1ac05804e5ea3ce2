import { reasonsOf } from './reasons-of.js';

const root = { name: 'no-root', mode: 'enforce', result: 'fail', reasons: ['runs as root'] } as const;
const unevaluated = { name: 'few', mode: 'enforce', result: 'unknown', reasons: ['needs facts'] } as const;
const audited = { ...root, name: 'audited', mode: 'audit' } as const;

describe('reasonsOf', () => {
  it('separates the reasons of gates from those of findings', () => {
    const reasons = ['2 findings are high or worse', 'no-root: runs as root', 'few: needs facts'];
    expect(reasonsOf({ result: 'fail', reasons, policies: [unevaluated, root, audited] as never })).toEqual({
      ofGates: [root],
      ofFindings: ['2 findings are high or worse'],
    });
  });

  it('has none of a push that passes now', () => {
    expect(reasonsOf({ result: 'pass', reasons: [], policies: [audited] as never })).toEqual({
      ofGates: [],
      ofFindings: [],
    });
  });
});
