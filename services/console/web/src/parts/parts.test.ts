import { relativeTime } from './relative-time.js';
import { counted, durationText, labelsText, nameOf, sizeText } from './words.js';

describe('relativeTime', () => {
  const now = Date.parse('2026-01-10T12:00:00Z');

  it.each([
    ['2026-01-10T12:00:00.500Z', 'now'],
    ['2026-01-10T11:59:20Z', '40 sec. ago'],
    ['2026-01-10T11:57:00Z', '3 min. ago'],
    ['2026-01-10T14:00:00Z', 'in 2 hr.'],
    ['2026-01-08T11:00:00Z', '2 days ago'],
    ['2024-01-08T11:00:00Z', '2 yr. ago'],
    ['not a time', 'not a time'],
  ])('writes %s as %s', (at, text) => {
    expect(relativeTime(at, now)).toBe(text);
  });
});

describe('words', () => {
  it('count with the right number', () => {
    expect(counted(1, 'event')).toBe('1 event');
    expect(counted(1_204, 'push', 'pushes')).toBe('1,204 pushes');
  });

  it('name an image by its tag, if it has one', () => {
    expect(nameOf({ repository: 'shop/app', tag: '1' })).toBe('shop/app:1');
    expect(nameOf({ repository: 'shop/app', tag: null })).toBe('shop/app');
  });

  it.each([
    [0, '0.1 s'],
    [40.2, '40 s'],
    [180, '3 min'],
    [7_200, '2 h'],
    [200_000, '2 d'],
  ])('write %d seconds as %s', (seconds, text) => {
    expect(durationText(seconds)).toBe(text);
  });

  it.each([
    [0, '0 B'],
    [1_023, '1023 B'],
    [1_536, '1.5 KiB'],
    [200 * 1_024 * 1_024, '200 MiB'],
    [5_000 * 1_024 ** 3, '5000 GiB'],
  ])('write %d bytes as %s', (bytes, text) => {
    expect(sizeText(bytes)).toBe(text);
  });

  it('write labels as name and value', () => {
    expect(labelsText({ severity: 'high', team: 'shop' })).toBe('severity=high team=shop');
  });
});
