import type { IncidentReport } from '@tidewaiter/messages';
import type { IncidentRevision } from '@tidewaiter/store';
import { minerIncident } from '@tidewaiter/testkit';

import { alertOf, isForAll, isOutdated, rounds } from './notify-of-incidents.js';

const kinds = ['opened', 'updated', 'worsened', 'updated', 'resolved'] as const;
const revisions = kinds.map((kind, index): IncidentRevision => ({
  ...{ kind, revision: index + 1, severity: 'high', news: [], actor: null, comment: null, at: new Date(0) },
}));

describe('alertOf', () => {
  it('leaves a state to a later event that notifies all channels', () => {
    expect(kinds.map((_, index) => isOutdated({ revisions }, index + 1))).toEqual([true, true, true, true, false]);
    // A later step must not suppress the message that the incident opened.
    const known = { revisions: revisions.slice(0, 2) };
    expect([isOutdated(known, 1), isOutdated(known, 2)]).toEqual([false, false]);
  });

  it('sends important states to all channels, and the others to channels that show the state', () => {
    expect(kinds.map((_, index) => isForAll({ revisions }, index + 1))).toEqual([true, false, true, false, true]);
  });

  const report = (more: object): IncidentReport =>
    ({
      incident: { ...minerIncident(), ...more },
      revisions,
      context: {},
      owner: 'team-shop',
    }) as unknown as IncidentReport;

  it('is routed by its labels', () => {
    expect(alertOf(report({}))).toMatchObject({
      labels: {
        kind: 'incident',
        severity: 'high',
        rule: 'Program started that the image does not have',
        repository: 'shop/checkout',
        tag: '1.4',
        namespace: 'shop',
        workload: 'shop/Deployment/checkout',
        cluster: 'eu1',
        technique: 'T1059',
        finding: 'drift',
        running: 'true',
        owner: 'team-shop',
      },
      status: 'firing',
      endsAt: null,
    });
  });

  it.each([
    ['localhost:5000/shop/app', 'shop/app', undefined],
    ['localhost:5000/shop/app:2', 'shop/app', '2'],
    ['library/nginx:1', 'library/nginx', '1'],
    [null, undefined, undefined],
  ])('reads %s as pushes call it', (image, repository, tag) => {
    const { labels } = alertOf(report({ image }));
    expect([labels['repository'], labels['tag']]).toEqual([repository, tag]);
  });

  it('is over when it is resolved or goes on elsewhere', () => {
    for (const state of ['resolved', 'merged'])
      expect(alertOf(report({ state }))).toMatchObject({ status: 'resolved', endsAt: minerIncident().lastSeen });
  });

  it('processes states of one incident in order, and different incidents together', () => {
    const events = ['a', 'b', 'a', 'c', 'a', 'b'].map((incidentId, id) => ({ incidentId, id }));
    expect(rounds(events).map((round) => round.map(({ id }) => id))).toEqual([[0, 1, 3], [2, 5], [4]]);
  });
});
