import { tacticOf, techniqueOf } from './tactics.js';

describe('tacticOf', () => {
  it.each([
    ['T1059', 'T1059'],
    ['T1059.004', 'T1059.004'],
    ['mitre_t1059', 'T1059'],
    ['attack.t1059.004', 'T1059.004'],
    ['mitre_execution', null],
    ['T105', null],
    ['T1059.04', null],
    ['xT1059', null],
    ['T1059\n', null],
  ])('parses tactic %j as %j', (tag, technique) => {
    expect(techniqueOf(tag)).toBe(technique);
  });

  it.each([
    ['attack.defense-evasion', 'defense-evasion'],
    ['attack.defense_evasion', 'defense-evasion'],
    ['mitre_lateral_movement', 'lateral-movement'],
    ['attack.t1059', null],
    ['container', null],
  ])('parses the tactic of technique tag %j as %j', (tag, tactic) => {
    expect(tacticOf(tag)).toBe(tactic);
  });
});
