import { parentDomainOf, readHostname } from './domains.js';

describe('parentDomainOf', () => {
  it.each([
    ['a.b.evil.example', 'evil.example'],
    ['evil.example', 'evil.example'],
    ['www.shop.co.uk', 'shop.co.uk'],
    ['co.uk', 'co.uk'],
    ['localhost', null],
    ['203.0.113.7', null],
    ['2001:db8::1', null],
    [null, null],
  ])('finds whose %j is', (hostname, parent) => {
    expect(parentDomainOf(hostname)).toBe(parent);
  });

  it.each([
    ['Pool.Example.COM.', 'pool.example.com'],
    ['', null],
    ['.', null],
    [null, null],
  ])('reads the name %j', (name, hostname) => {
    expect(readHostname(name)).toBe(hostname);
  });
});
