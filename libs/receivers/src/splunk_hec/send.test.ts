import { Secret } from '@tidewaiter/domain';
import { Egress } from '@tidewaiter/egress';
import { httpSink } from '@tidewaiter/testkit';

import { sampleDelivery, sampleRequests } from '../../samples/outgoing-messages.js';
import { splunkHecSender } from './send.js';

const alert = { identity: 'x', labels: {}, annotations: {}, status: 'firing' as const, endsAt: null };

describe('splunkHecSender', () => {
  it('sends the alerts as one event after the other, with the token and the index', async () => {
    const sink = await httpSink(() => ({ status: 200, body: { text: 'Success', code: 0 } }));
    const egress = new Egress({ allow: [] });
    const config = {
      ...sampleRequests,
      audit: false,
      ...{ url: sink.url, token: new Secret('t'), index: 'sec', source: 'tidewaiter', sourcetype: 'tidewaiter:ocsf' },
    };
    const alerts = ['2026-01-01T00:00:00Z', '2026-01-01T00:00:01Z'].map((startsAt) => ({ ...alert, startsAt }));
    await splunkHecSender.send(
      config,
      { ...sampleDelivery(), alerts },
      { egress, signal: new AbortController().signal },
    );
    const [request] = sink.received;
    expect(request).toMatchObject({ path: '/services/collector/event', headers: { authorization: 'Splunk t' } });
    expect(request?.text.split('\n').map((line) => JSON.parse(line) as object)).toMatchObject([
      { time: 1_767_225_600, index: 'sec', sourcetype: 'tidewaiter:ocsf', event: { class_uid: 2004 } },
      { time: 1_767_225_601, index: 'sec' },
    ]);
    await egress.close();
    await sink.stop();
  });
});
