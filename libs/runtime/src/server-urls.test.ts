import { hostUrls, withoutPassword } from './server-urls.js';

describe('hostUrls', () => {
  it.each([
    ['postgres://db/x', ['postgres://db/x']],
    [
      'postgres://u:p@a:1,b:2,[::1]:3/x?sslmode=require',
      ['a:1', 'b:2', '[::1]:3'].map((host) => `postgres://u:p@${host}/x?sslmode=require`),
    ],
    ['nats://a:4222,nats://u@b:4222', ['nats://a:4222', 'nats://u@b:4222']],
    ['nats://a:4222, tls://b', ['nats://a:4222', 'tls://b']],
    // Passwords as they are, which the URL standard accepts.
    ['nats://u:p,w@a,b', ['nats://u:p,w@a', 'nats://u:p,w@b']],
    ['redis://:p@w@a', ['redis://:p@w@a']],
    [
      'redis+sentinel://:p@a:26379,b:26379/main/0',
      ['redis+sentinel://:p@a:26379/main/0', 'redis+sentinel://:p@b:26379/main/0'],
    ],
  ])('splits %s', (url, expected) => {
    expect(hostUrls(url)).toEqual(expected);
  });
});

describe('withoutPassword', () => {
  it.each([
    ['postgres://u:p%40@a,b/x', { url: 'postgres://u@a,b/x', password: 'p@' }],
    ['postgres://:p@a/x', { url: 'postgres://a/x', password: 'p' }],
    ['postgres://u@a/x', { url: 'postgres://u@a/x', password: '' }],
    ['postgres://a/x', { url: 'postgres://a/x', password: '' }],
  ])('takes the password from %s', (url, expected) => {
    expect(withoutPassword(url)).toEqual(expected);
  });
});
