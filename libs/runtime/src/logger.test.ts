import { Unavailable } from '@tidewaiter/domain';

import { errorFields } from './logger.js';

describe('errorFields', () => {
  it('logs type, code, message and stack of an error', () => {
    const error = Object.assign(new Error('it failed', { cause: new Error('because') }), { code: 'X1' });
    expect(errorFields(error)).toEqual({
      type: 'Error',
      code: 'X1',
      message: 'it failed',
      stack: error.stack,
      cause: 'because',
    });
  });

  it('logs an error of ours without its stack', () => {
    const error = new Unavailable('SINK_DOWN', 'the sink answered 503', { cause: new TypeError('fetch failed') });
    expect(errorFields(error)).toEqual({
      type: 'Unavailable',
      code: 'SINK_DOWN',
      message: 'the sink answered 503',
      cause: 'fetch failed',
    });
  });

  it('leaves out fields that a library attaches to its errors', () => {
    const error = Object.assign(new Error('query failed'), { parameters: ['hunter2'], query: 'INSERT …' });
    expect(JSON.stringify(errorFields(error))).not.toMatch(/hunter2|INSERT/);
  });

  it.each([
    ['a text', { message: 'a text' }],
    [undefined, { message: 'undefined' }],
  ])('logs %j', (thrown, fields) => {
    expect(errorFields(thrown)).toEqual(fields);
  });

  it('limits the length of a message', () => {
    expect(String(errorFields(new Error('x'.repeat(1_000_000)))['message']).length).toBe(1_000);
  });

  it('masks secrets in the message, the stack and the cause of an error', () => {
    const secret = `Zq7k${'Tw9Rb2'.repeat(3)}`;
    const cause = new Error(`HTTP 400: {"password":"${secret}"}`);
    const logged = JSON.stringify(errorFields(new Error(`cannot reach https://ci:${secret}@a.example.com`, { cause })));
    expect(logged).toMatch(/ci:Zq7k\*+@a\.example\.com/);
    expect(logged).not.toContain(secret);
  });
});
