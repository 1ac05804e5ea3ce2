import { compareEffects, type ComparedFinding, effectOf, vulnerabilitiesOfBase } from './base-advice.js';

const hole = (id: string, layer: number | null = 0, more: Partial<ComparedFinding> = {}): ComparedFinding => ({
  ...{ kind: 'vulnerability', id, severity: 'high', packageName: 'openssl', layer },
  ...more,
});

describe('effectOf', () => {
  it('counts what another base closes, keeps and adds', () => {
    const own = [hole('a'), hole('b', 1), hole('c', 0, { severity: 'critical' }), hole('of the application', 2)];
    const other = [hole('a'), hole('d'), hole('of the application', 0)];
    expect(effectOf(own, 2, other)).toEqual({ closes: 2, closesWorst: 'critical', keeps: 1, adds: 1 });
  });

  it('compares by package, and counts each vulnerability of one once', () => {
    const own = [hole('a'), hole('a', 1), hole('a', 0, { packageName: 'curl' })];
    expect(effectOf(own, 2, [hole('a')])).toMatchObject({ closes: 1, keeps: 1, adds: 0 });
  });

  it('leaves out other kinds of findings, and those outside of layers', () => {
    const own = [hole('a', null), hole('b', 0, { kind: 'secret' })];
    expect(effectOf(own, 2, [hole('x', 0, { kind: 'secret' })])).toEqual({
      ...{ closes: 0, closesWorst: null, keeps: 0, adds: 0 },
    });
    expect(vulnerabilitiesOfBase(own, 2).size).toBe(0);
  });
});

describe('compareEffects', () => {
  it('puts first what closes the worst, then the most', () => {
    const effect = (closesWorst: 'critical' | 'low' | null, closes: number, adds = 0) => ({
      ...{ closes, closesWorst, keeps: 0, adds },
    });
    const effects = [effect(null, 0), effect('low', 9), effect('critical', 1), effect('low', 12, 11)];
    expect(effects.toSorted(compareEffects)).toEqual([effects[2], effects[1], effects[3], effects[0]]);
  });
});
