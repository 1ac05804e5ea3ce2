import { AccessDenied, InvalidInput, Unavailable } from '@tidewaiter/domain';
import { Egress } from '@tidewaiter/egress';
import { httpSink } from '@tidewaiter/testkit';

import { sampleDelivery, sampleRequests } from '../../samples/outgoing-messages.js';
import { OutcomeUnknown } from '../sender.js';
import { bulkBody, elasticsearchSender } from './send.js';

const alert = {
  ...{ identity: 'x', labels: { kind: 'incident' }, annotations: {}, status: 'firing' as const },
  ...{ startsAt: '2026-01-01T00:00:00Z', endsAt: null },
};
const delivery = { ...sampleDelivery(), alerts: [alert, alert] };

/** Sends to a server that answers so. */
async function sent(body: string | Record<string, unknown>): Promise<unknown> {
  const sink = await httpSink(() => ({ status: 200, body }));
  const egress = new Egress({ allow: [] });
  const context = { egress, signal: new AbortController().signal };
  try {
    return await elasticsearchSender.send(
      { ...sampleRequests, audit: false, url: sink.url, index: 'f' },
      delivery,
      context,
    );
  } catch (error) {
    return error;
  } finally {
    await egress.close();
    await sink.stop();
  }
}

const answer = (...statuses: number[]) => ({
  errors: statuses.some((status) => status >= 300),
  items: statuses.map((status) => ({ create: { status } })),
});

describe('elasticsearchSender', () => {
  it('creates each document under an id that stays the same', () => {
    const lines = bulkBody(delivery, 'f')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(lines).toMatchObject([
      { create: { _index: 'f', _id: 'd1-0' } },
      { '@timestamp': '2026-01-01T00:00:00.000Z', class_uid: 2004 },
      { create: { _index: 'f', _id: 'd1-1' } },
      {},
    ]);
    expect(bulkBody(delivery, 'f')).toMatch(/\n$/);
  });

  it('counts documents that an earlier attempt created as sent', async () => {
    expect(await sent(answer(409, 201))).toMatchObject({ outcome: 'sent' });
  });

  it.each([
    ['one document may be taken later', answer(201, 429), Unavailable],
    ['one document may be taken later and one never', answer(400, 503), Unavailable],
    ['the mapping refuses a document', answer(201, 400), InvalidInput],
    ['the key may not write to the index', answer(403, 403), AccessDenied],
    ['the answer is of another program', 'ok', OutcomeUnknown],
    ['the answer has another form', { took: 1 }, OutcomeUnknown],
  ])('fails when %s', async (_what, body, kind) => {
    expect(await sent(body)).toBeInstanceOf(kind);
  });
});
