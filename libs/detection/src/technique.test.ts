import { techniqueOf } from './technique.js';

it.each([
  ['T1059', 'T1059'],
  ['T1059.004', 'T1059.004'],
  ['mitre_t1059', 'T1059'],
  ['mitre_execution', null],
  ['T105', null],
  ['T1059.04', null],
  ['xT1059', null],
  ['T1059\n', null],
])('reads %j as %j', (tag, technique) => {
  expect(techniqueOf(tag)).toBe(technique);
});
