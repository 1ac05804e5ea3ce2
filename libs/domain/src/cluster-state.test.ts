import { clusterState } from './cluster-state.js';

const now = Date.parse('2027-03-01T10:00:00Z');

describe('clusterState', () => {
  it.each([
    ['no agent has joined', null, null, 'invited'],
    ['its agent has not reported yet', '2027-03-01T09:59:50Z', null, 'silent'],
    ['its agent reported within a minute', '2027-02-01T00:00:00Z', '2027-03-01T09:59:30Z', 'ok'],
    ['its agent stopped reporting', '2027-02-01T00:00:00Z', new Date('2027-03-01T09:58:59Z'), 'silent'],
  ])('when %s', (_, joinedAt, heardAt, state) => {
    expect(clusterState({ joinedAt, heardAt }, now)).toBe(state);
  });
});
