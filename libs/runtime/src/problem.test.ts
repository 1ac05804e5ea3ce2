import { HttpException } from '@nestjs/common';
import { AccessDenied, InvalidInput, LimitExceeded, NotFound, Unavailable } from '@tidewaiter/domain';

import { problemOf } from './problem.js';

describe('problemOf', () => {
  it.each([
    [new InvalidInput('BODY_NOT_JSON', 'the body is not JSON'), 400, 'BODY_NOT_JSON'],
    [new AccessDenied('HOOK_UNAUTHORIZED', 'wrong secret'), 401, 'HOOK_UNAUTHORIZED'],
    [new AccessDenied('TOKEN_SCOPE', 'read only'), 403, 'TOKEN_SCOPE'],
    [new NotFound('IMAGE_UNKNOWN', 'no such image'), 404, 'IMAGE_UNKNOWN'],
    [new Unavailable('STORE_UNAVAILABLE', 'try again'), 503, 'STORE_UNAVAILABLE'],
    [new Unavailable('STREAM_FULL', 'come later'), 429, 'STREAM_FULL'],
    [new LimitExceeded('maxBytes', 'too large'), 413, 'LIMIT_EXCEEDED'],
    [new HttpException('nope', 405), 405, 'METHOD_NOT_ALLOWED'],
    [Object.assign(new Error('too large'), { statusCode: 413 }), 413, 'BODY_TOO_LARGE'],
    [new TypeError('x is undefined'), 500, 'INTERNAL'],
    ['a string', 500, 'INTERNAL'],
  ])('%s is %i %s', (error, status, code) => {
    expect(problemOf(error)).toMatchObject({ status, code });
  });

  it('gives the seconds after which to retry', () => {
    expect(problemOf(new Unavailable('X', 'x', { retryAfterMs: 1_500 })).retryAfterSeconds).toBe(2);
  });

  it('masks a secret that an error quotes', () => {
    const { title } = problemOf(new InvalidInput('URL_INVALID', 'https://ci:Zq7kTw9Rb2@git.example.com is no host'));
    expect(title).toMatch(/^https:\/\/ci:Zq\*+@git\.example\.com is no host$/);
  });

  it('gives no detail of a bug', () => {
    expect(JSON.stringify(problemOf(new Error('password=hunter2')))).not.toContain('hunter2');
  });
});
