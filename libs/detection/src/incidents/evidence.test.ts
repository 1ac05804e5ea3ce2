import type { AlertLevel } from '../alerts/alert.js';
import { type Calibration, evidenceBy, openingBits } from './evidence.js';

const calibration: Calibration = {
  attacks: 20,
  ordinaryHours: 150,
  rules: { noisy: [0, 40], decisive: [9, 0], mixed: [3, 3] },
};
const evidence = evidenceBy(calibration);
const alert = (id: string, severity: AlertLevel = 'medium', isFact = false) =>
  ({ rule: { id }, severity, isFact }) as Parameters<typeof evidence>[0];

describe('evidenceBy', () => {
  it('lets two unknown rules of level medium open an incident', () => {
    expect(2 * evidence(alert('new'))).toBe(openingBits);
  });

  it('takes evidence from a rule that fires in ordinary life', () => {
    expect(evidence(alert('noisy')) + evidence(alert('new', 'high'))).toBeLessThan(openingBits);
  });

  it('adds evidence to a rule that fires in attacks alone', () => {
    expect(evidence(alert('decisive'))).toBeGreaterThan(evidence(alert('mixed')));
    expect(evidence(alert('mixed'))).toBeCloseTo(evidence(alert('new')));
  });

  it('grows with the level and with a fact about the image', () => {
    const levels: AlertLevel[] = ['low', 'medium', 'high', 'critical'];
    const bits = levels.map((level) => evidence(alert('new', level)));
    expect(bits).toEqual(bits.toSorted((a, b) => a - b));
    expect(evidence(alert('new', 'medium', true))).toBeGreaterThan(evidence(alert('new')));
  });

  it('treats ids of rules as data, not as properties of objects', () => {
    expect(evidence(alert('constructor'))).toBe(evidence(alert('new')));
  });
});
