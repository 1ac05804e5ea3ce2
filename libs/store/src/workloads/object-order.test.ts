import { orderOfStates } from './object-order.js';

const state = (version: string | null, at: string, isGone = false) => ({
  version,
  changedAt: new Date(`2026-01-02T03:04:${at}Z`),
  isGone,
});

describe('orderOfStates', () => {
  it.each([
    ['a greater version is newer, whatever the time', state('10', '05'), state('9', '07'), 'newer'],
    ['a smaller version is older', state('9', '07'), state('10', '05'), 'older'],
    [
      'versions are numbers beyond the precise ones',
      state('90071992547409931', '05'),
      state('90071992547409930', '05'),
      'newer',
    ],
    ['the same version is the same', state('9', '07'), state('9', '05'), 'same'],
    ['a deletion at the same version is newer', state('9', '05', true), state('9', '05'), 'newer'],
    ['nothing at the version of a deletion brings it back', state('9', '05'), state('9', '05', true), 'older'],
    ['a greater version brings a name back', state('11', '05'), state('9', '05', true), 'newer'],
    ['without versions the later time is newer', state(null, '05.200'), state(null, '05.100'), 'newer'],
    ['without versions the earlier time is older', state(null, '05.100'), state(null, '05.200'), 'older'],
    ['a request after a stored state is newer', state(null, '06'), state('9', '05'), 'newer'],
    ['a request in the second of a stored state is older', state(null, '05.900'), state('9', '05'), 'older'],
    ['a stored state in the second of a request is newer', state('9', '05'), state(null, '05.900'), 'newer'],
    ['a stored state before a request is older', state('9', '04'), state(null, '05.900'), 'older'],
    ['a deletion in the second of a stored state is newer', state(null, '05.900', true), state('9', '05'), 'newer'],
    ['a stored state in the second of a deletion is older', state('9', '05'), state(null, '05.900', true), 'older'],
  ])('%s', (_, given, known, order) => {
    expect(orderOfStates(given, known)).toBe(order);
  });
});
