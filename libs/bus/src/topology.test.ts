import { JetStreamApiError } from '@nats-io/jetstream';
import { InvalidInput, Unavailable } from '@tidewaiter/domain';

import { isOutage } from './topology.js';

const answered = (code: number, err_code: number, description: string) =>
  new JetStreamApiError({ code, err_code, description });

describe('isOutage', () => {
  it.each([
    ['a full disk', answered(500, 10_012, 'write /nats/obs/scanner/meta.inf: no space left on device'), true],
    ['a cluster without a leader', answered(503, 10_008, 'JetStream system temporarily unavailable'), true],
    ['no place for a replica', answered(400, 10_005, 'no suitable peers for placement'), true],
    ['no answer', new Unavailable('BUS_UNAVAILABLE', 'NATS cannot be reached'), true],
    ['a refused setting', answered(400, 10_052, 'stream configuration is invalid'), false],
    ['a missing stream', answered(404, 10_059, 'stream not found'), false],
    ['replicas without a cluster', new InvalidInput('CONFIG_INVALID', 'NATS is no cluster'), false],
  ])('says of %s whether to wait', (_, error, expected) => {
    expect(isOutage(error)).toBe(expected);
  });
});
