import { createHmac } from 'node:crypto';

import { InvalidInput, Secret } from '@tidewaiter/domain';
import * as fc from 'fast-check';

import { authorizationEquals, field, hmacEquals, parseJson, readText, readTime, secretEquals } from './hook-request.js';

const secret = new Secret('tide-and-time');

describe('parseJson', () => {
  it('reads what JSON.stringify writes', () => {
    const text = fc.json({ maxDepth: 10 }).filter((json) => !json.includes('__proto__'));
    fc.assert(fc.property(text, (json) => expect(parseJson(Buffer.from(json))).toEqual(JSON.parse(json))));
  });

  it('accepts a byte order mark and replaces bytes that are not UTF-8', () => {
    expect(parseJson(Buffer.from('\uFEFF{"a":1}'))).toEqual({ a: 1 });
    expect(parseJson(Buffer.from([0x22, 0xff, 0x22]))).toBe('\uFFFD');
  });

  it.each(['', ' ', '{', 'rule=x', "{'a':1}", '[1,]'])('refuses %j as BODY_NOT_JSON', (body) => {
    expect(() => parseJson(Buffer.from(body))).toThrow(expect.objectContaining({ code: 'BODY_NOT_JSON' }));
    expect(() => parseJson(Buffer.from(body))).toThrow(InvalidInput);
  });

  it.each([
    [64, 'accepts'],
    [65, 'refuses'],
    [500_000, 'refuses'],
  ])('at a depth of %i %s', (depth, verdict) => {
    const body = Buffer.from('['.repeat(depth) + ']'.repeat(depth));
    if (verdict === 'accepts') expect(parseJson(body)).toHaveLength(1);
    else expect(() => parseJson(body)).toThrow(expect.objectContaining({ code: 'BODY_TOO_DEEP' }));
  });

  it('refuses a body that would take many times its size', () => {
    const body = Buffer.from('['.repeat(5_000_000));
    expect(() => parseJson(body)).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }));
  });

  it('removes __proto__, which a later copy would apply', () => {
    const value = parseJson(Buffer.from('{"a":[{"__proto__":{"admin":true},"b":1}]}'));
    const copy = Object.assign({}, (value as { a: object[] }).a[0]);
    expect(copy).toEqual({ b: 1 });
    expect('admin' in copy).toBe(false);
  });
});

describe('field', () => {
  const body = { a: { b: ['x'] }, n: null };

  it.each([
    [['a', 'b'], ['x']],
    [['a', 'c'], undefined],
    [['n', 'b'], undefined],
    [['a', 'b', '0'], undefined],
    [['constructor'], undefined],
    [['__proto__'], undefined],
  ])('finds at %j %j', (path, value) => {
    expect(field(body, ...path)).toEqual(value);
  });
});

describe('readText', () => {
  it.each([
    ['plain', 'plain'],
    ['', null],
    [7, null],
    [null, null],
    ['sh\0', 'sh\uFFFD'],
    ['\uD800x', '\uFFFDx'],
  ])('reads %j as %j', (value, text) => {
    expect(readText(value)).toBe(text);
  });

  it('cuts visibly, and never through a character', () => {
    expect(readText('abcdef', 4)).toBe('abc…');
    expect(readText('abcd', 4)).toBe('abcd');
    expect(readText('ab😀def', 4)).toBe('ab\uFFFD…');
  });
});

describe('readTime', () => {
  it.each([
    ['2025-07-01T12:00:37.123456789Z', '2025-07-01T12:00:37.123456789Z'],
    ['2025-07-01T12:00:37Z', '2025-07-01T12:00:37Z'],
    ['2016-03-09T14:44:26.402973972-08:00', '2016-03-09T22:44:26.402973972Z'],
    ['2021-04-13T20:58:00.746609046Z+2', '2021-04-13T20:58:00.746609046Z'],
    ['0001-01-01T00:00:00Z', null],
    ['2025-13-01T00:00:00Z', null],
    ['2025-07-01 12:00:37Z', null],
    ['2025-07-01T12:00:37.1234567890Z', null],
    ['2025-07-01T12:00:37', null],
    [1751371237, null],
  ])('reads %j as %j', (value, time) => {
    expect(readTime(value)).toBe(time);
  });
});

describe('secretEquals', () => {
  it.each([
    ['tide-and-time', true],
    ['tide-and-tim', false],
    ['tide-and-time ', false],
    ['', false],
    [undefined, false],
  ])('takes %j: %s', (given, verdict) => {
    expect(secretEquals(given, secret)).toBe(verdict);
  });

  it('rejects any proof for an empty secret', () => {
    expect(secretEquals('', new Secret(''))).toBe(false);
  });
});

describe('authorizationEquals', () => {
  const basic = (userAndPassword: string) => `Basic ${Buffer.from(userAndPassword).toString('base64')}`;

  it.each([
    ['Bearer tide-and-time', true],
    ['bearer   tide-and-time', true],
    ['tide-and-time', true],
    [basic('registry:tide-and-time'), true],
    [basic(':tide-and-time'), true],
    [basic('tide-and-time:'), false],
    [basic('registry:tide-and-time:x'), false],
    ['Bearer', false],
    ['Bearer tide', false],
    ['Digest tide-and-time', false],
    ['', false],
    [undefined, false],
  ])('takes %j: %s', (authorization, verdict) => {
    expect(authorizationEquals({ headers: { authorization } }, secret)).toBe(verdict);
  });

  it('takes a secret that was configured with its scheme', () => {
    const request = { headers: { authorization: 'Bearer abc' } };
    expect(authorizationEquals(request, new Secret('Bearer abc'))).toBe(true);
  });
});

describe('hmacEquals', () => {
  const body = Buffer.from('{"a":  1}');
  const signature = createHmac('sha256', 'tide-and-time').update(body).digest('hex');

  it('takes the signature of the raw bytes only', () => {
    expect(hmacEquals(signature, body, secret)).toBe(true);
    expect(hmacEquals(signature, Buffer.from('{"a":1}'), secret)).toBe(false);
    expect(hmacEquals(signature, body, new Secret('other'))).toBe(false);
  });

  it.each([undefined, '', signature.slice(2), `${signature}00`, `sha256=${signature}`, 'z'.repeat(64)])(
    'refuses %j',
    (given) => {
      expect(hmacEquals(given, body, secret)).toBe(false);
    },
  );

  it('rejects any proof for an empty secret', () => {
    expect(hmacEquals(createHmac('sha256', '').update(body).digest('hex'), body, new Secret(''))).toBe(false);
  });
});
