import type { Alert, Labels } from '@tidewaiter/domain';
import { parseMatchers } from '@tidewaiter/routing';

import type { OutgoingMessage } from '../sender.js';
import { slackActions } from './slack-actions.js';

const alert = (labels: Labels): Alert => ({
  identity: JSON.stringify(labels),
  labels,
  annotations: {},
  status: 'firing',
  startsAt: '2026-01-01T00:00:00Z',
  endsAt: null,
});

function actionsOf(message: Partial<OutgoingMessage['message']>, alerts: Alert[], subject: string | null = null) {
  const thread = { first: null, last: null, isInDoubt: false };
  return slackActions({
    message: { kind: 'push', status: 'firing', ...message },
    alerts,
    edition: subject === null ? null : { subject, revision: 1, thread },
  } as unknown as OutgoingMessage);
}

const incident = {
  kind: 'incident',
  rule: 'Shell',
  workload: 'shop/Deployment/web',
  cluster: 'eu1',
  repository: 'shop/web',
};
const findings = ['a', 'b'].map((rule) => alert({ kind: 'vulnerability', rule, repository: 'shop/web', tag: '1' }));

describe('slackActions', () => {
  it('offers of an open incident that it is looked after, and quiet where it is', () => {
    expect(actionsOf({ kind: 'incident' }, [alert(incident)], 'id-1')).toEqual({
      acknowledge: 'id-1',
      silence: JSON.stringify({
        incident: 'id-1',
        matchers: ['kind="incident"', 'rule="Shell"', 'workload="shop/Deployment/web"', 'cluster="eu1"'],
      }),
    });
    expect(actionsOf({ kind: 'incident', isAcknowledged: true }, [alert(incident)], 'id-1').acknowledge).toBeNull();
  });

  it('offers no action for a resolved subject, or for several subjects', () => {
    const nothing = { acknowledge: null, silence: null };
    expect(actionsOf({ kind: 'incident', status: 'resolved' }, [alert(incident)], 'id-1')).toEqual(nothing);
    expect(actionsOf({ kind: 'summary' }, findings)).toEqual(nothing);
    expect(actionsOf({ kind: 'push' }, [alert({ repository: 'a' }), alert({ repository: 'b' })])).toEqual(nothing);
  });

  it('silences the findings of an image, and never its incidents', () => {
    expect(JSON.parse(actionsOf({}, findings).silence ?? '')).toEqual({
      incident: null,
      matchers: ['kind!="incident"', 'repository="shop/web"', 'tag="1"'],
    });
  });

  it('quotes untrusted names', () => {
    const rule = 'a"\\b", x="y';
    const { matchers } = JSON.parse(
      actionsOf({ kind: 'finding' }, [alert({ kind: 'vulnerability', rule })]).silence ?? '',
    ) as {
      matchers: string[];
    };
    const read = matchers.flatMap((text) => parseMatchers(text));
    expect(read).toHaveLength(2);
    expect(read[1]!.accepts(rule)).toBe(true);
  });
});
