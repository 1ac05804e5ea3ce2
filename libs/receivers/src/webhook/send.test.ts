import { type Alert, Secret } from '@tidewaiter/domain';

import type { OutgoingMessage } from '../sender.js';
import { webhookPayload } from './render.js';
import { standardHeaders } from './send.js';

function alert(labels: Record<string, string>, rest: Partial<Alert> = {}): Alert {
  return {
    identity: '["finding","shop","CVE-1"]',
    labels,
    annotations: { summary: 'same' },
    status: 'firing',
    startsAt: '2026-11-25T10:42:00Z',
    endsAt: null,
    ...rest,
  };
}

function delivery(alerts: Alert[]): OutgoingMessage {
  return {
    id: 'd0',
    groupKey: '{}:{repository="shop"}',
    groupLabels: { repository: 'shop' },
    alerts,
    attempt: 1,
    reached: [],
    receiver: 'everything',
    externalUrl: 'https://tidewaiter.example.com',
    edition: null,
    message: {
      kind: 'push',
      status: 'firing',
      severity: 'high',
      title: '',
      summary: '',
      facts: [],
      sections: [],
      links: [{ text: 'Open', url: 'https://tidewaiter.example.com/images/x' }],
      footer: '',
    },
  };
}

describe('webhookPayload', () => {
  it('has the shape of version 4', () => {
    const fixed = alert(
      { repository: 'shop', severity: 'low' },
      { status: 'resolved', endsAt: '2026-11-25T11:00:00Z' },
    );
    expect(webhookPayload(delivery([alert({ repository: 'shop', severity: 'high' }), fixed]), 0)).toEqual({
      version: '4',
      groupKey: '{}:{repository="shop"}',
      truncatedAlerts: 0,
      receiver: 'everything',
      status: 'firing',
      alerts: [
        {
          status: 'firing',
          labels: { repository: 'shop', severity: 'high' },
          annotations: { summary: 'same' },
          startsAt: '2026-11-25T10:42:00Z',
          endsAt: '0001-01-01T00:00:00Z',
          generatorURL: 'https://tidewaiter.example.com/images/x',
          fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
        },
        expect.objectContaining({ status: 'resolved', endsAt: '2026-11-25T11:00:00Z' }),
      ],
      groupLabels: { repository: 'shop' },
      commonLabels: { repository: 'shop' },
      commonAnnotations: { summary: 'same' },
      externalURL: 'https://tidewaiter.example.com',
    });
  });

  it('gives an alert one fingerprint until it ends, and another alert another', () => {
    const alerts = [
      alert({ digest: 'sha256:1', new: 'true' }),
      alert({ digest: 'sha256:2', new: 'false' }, { status: 'resolved' }),
      alert({ digest: 'sha256:1', new: 'true' }, { identity: '["finding","shop","CVE-2"]' }),
    ];
    const { alerts: sent } = webhookPayload(delivery(alerts), 0) as { alerts: { fingerprint: string }[] };
    const [firing, resolved, other] = sent.map(({ fingerprint }) => fingerprint);
    expect(resolved).toBe(firing);
    expect(other).not.toBe(firing);
  });

  it('counts alerts over max_alerts, and derives status and common labels from all', () => {
    const alerts = [alert({ a: '1', b: '1' }, { status: 'resolved' }), alert({ a: '1', b: '2' }), alert({ a: '1' })];
    expect(webhookPayload(delivery(alerts), 1)).toMatchObject({
      truncatedAlerts: 2,
      status: 'firing',
      commonLabels: { a: '1' },
      alerts: [{ labels: { b: '1' } }],
    });
    expect(webhookPayload(delivery(alerts.slice(0, 1)), 1)).toMatchObject({ truncatedAlerts: 0, status: 'resolved' });
  });

  it('takes no inherited property for a common label', () => {
    const [odd, plain] = [alert({ constructor: 'x' }), alert({})];
    expect(webhookPayload(delivery([odd, plain]), 0)).toMatchObject({ commonLabels: {} });
  });
});

// The vector of standard-webhooks, libraries/javascript/src/webhook.test.ts.
it('signs as Standard Webhooks does', () => {
  const secret = new Secret('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
  expect(
    standardHeaders('msg_p5jXN8AQM9LWM0D4loKWxJek', '{"test": 2432232314}', secret, new Date(1_614_265_330_999)),
  ).toEqual({
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  });
});

it('does not sign without a secret', () => {
  expect(Object.keys(standardHeaders('id', '{}', undefined, new Date()))).toEqual(['webhook-id', 'webhook-timestamp']);
});
