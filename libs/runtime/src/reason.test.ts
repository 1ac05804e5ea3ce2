import { Unavailable } from '@tidewaiter/domain';

import { reasonOf } from './reason.js';

const withCode = (message: string, code: string | number, name = 'Error') =>
  Object.assign(new Error(message), { code, name });

describe('reasonOf', () => {
  it.each([
    [new Error('user tidewaiter at 10.0.0.1'), 'Error'],
    [withCode('connect 10.0.0.1:5432', 'ECONNREFUSED'), 'ECONNREFUSED'],
    [withCode('password of u', '28P01'), '28P01'],
    [withCode('no leader', 10_008, 'JetStreamApiError'), 'JetStreamApiError 10008'],
    [Object.assign(new Error("CROSSSLOT Keys in request don't hash"), { name: 'ReplyError' }), 'CROSSSLOT'],
    [Object.assign(new Error('lower case'), { name: 'ReplyError' }), 'ReplyError'],
    [new Unavailable('BUS_UNAVAILABLE', 'x', { cause: withCode('host', 'ENOTFOUND') }), 'ENOTFOUND'],
    [new Unavailable('BUS_UNAVAILABLE', 'x', { cause: new Error('secret') }), 'BUS_UNAVAILABLE'],
    [withCode('message', 'a code with secret'), 'Error'],
    ['text', 'failed'],
  ])('returns of %p no more than %s', (error, expected) => {
    expect(reasonOf(error)).toBe(expected);
  });
});
