import * as fc from 'fast-check';

import { AllowList, classifyAddress } from './address.js';

describe('classifyAddress', () => {
  it.each([
    ['8.8.8.8', 'public'],
    ['2606:4700::1111', 'public'],
    ['::ffff:8.8.8.8', 'public'],
    ['64:ff9b::8.8.8.8', 'public'], // how an IPv6-only host reaches IPv4 services
    ['2002:808:808::1', 'public'],
    ['172.15.255.255', 'public'],
    ['172.32.0.0', 'public'],
    ['100.63.255.255', 'public'],
    ['127.0.0.1', 'private'],
    ['127.255.255.254', 'private'],
    ['10.1.2.3', 'private'],
    ['172.16.0.1', 'private'],
    ['172.31.255.255', 'private'],
    ['192.168.0.1', 'private'],
    ['100.64.0.1', 'private'],
    ['::1', 'private'],
    ['fd12:3456::1', 'private'],
    ['::ffff:127.0.0.1', 'private'],
    ['::ffff:7f00:1', 'private'],
    ['::127.0.0.1', 'private'],
    ['::ffff:0:10.0.0.1', 'private'],
    ['64:ff9b::10.0.0.1', 'private'],
    ['64:ff9b::7f00:1', 'private'],
    ['2002:a00:1::', 'private'],
    ['2002:7f00:1::1', 'private'],
    ['169.254.169.254', 'forbidden'],
    ['169.254.170.2', 'forbidden'],
    ['::ffff:169.254.169.254', 'forbidden'],
    ['64:ff9b::a9fe:a9fe', 'forbidden'],
    ['2002:a9fe:a9fe::', 'forbidden'],
    ['fe80::1', 'forbidden'],
    ['fe80::1%eth0', 'forbidden'],
    ['fd00:ec2::254', 'forbidden'],
    ['fd20:ce::254', 'forbidden'],
    ['100.100.100.200', 'forbidden'],
    ['168.63.129.16', 'forbidden'],
    ['0.0.0.0', 'forbidden'],
    ['0.1.2.3', 'forbidden'],
    ['::', 'forbidden'],
    ['::ffff:0.0.0.0', 'forbidden'],
    ['224.0.0.1', 'forbidden'],
    ['ff02::1', 'forbidden'],
    ['240.0.0.1', 'forbidden'],
    ['255.255.255.255', 'forbidden'],
    ['192.0.2.1', 'forbidden'],
    ['198.18.0.1', 'forbidden'],
    ['64:ff9b:1::1', 'forbidden'],
    ['2001::7f00:1', 'forbidden'], // Teredo
    ['2001:db8::1', 'forbidden'],
    ['fec0::1', 'forbidden'],
    ['4000::1', 'forbidden'], // not assigned by IANA
    ['not an address', 'forbidden'],
    ['', 'forbidden'],
  ])('classifies %s as %s', (address, kind) => {
    expect(classifyAddress(address)).toBe(kind);
  });

  it('never ranks a wrapped IPv4 address above the address itself', () => {
    const wrappers = [
      (hex: string) => `::ffff:${hex}`,
      (hex: string) => `::ffff:0:${hex}`,
      (hex: string) => `64:ff9b::${hex}`,
      (hex: string) => `2002:${hex}::1`,
    ];
    fc.assert(
      fc.property(fc.ipV4(), fc.constantFrom(...wrappers), (address, wrap) => {
        const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
        const hex = `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
        expect(classifyAddress(wrap(hex))).toBe(classifyAddress(address));
      }),
    );
  });
});

describe('AllowList', () => {
  const ports = ['Blobs.lan.:9000', '10.9.9.9:9000', '[fe00::9]:9000'];
  const list = new AllowList(['10.0.0.0/8', '192.168.7.7', 'fd00::/8', 'registry.lan', 'Build.Example.', ...ports]);

  it.each([
    ['10.200.0.1', true],
    ['::ffff:10.200.0.1', true],
    ['64:ff9b::10.0.0.1', true],
    ['11.0.0.1', false],
    ['192.168.7.7', true],
    ['192.168.7.8', false],
    ['fd00::1', true],
    ['fe80::1', false],
    ['no address', false],
  ])('decides on address %s: %s', (address, expected) => {
    expect(list.hasAddress(address)).toBe(expected);
  });

  it.each([
    ['registry.lan', true],
    ['REGISTRY.lan.', true],
    ['build.example', true],
    ['evil.registry.lan', false],
    ['registry.lan.evil.example', false],
    ['lan', false],
  ])('decides on host %s: %s', (host, expected) => {
    expect(list.hasHost(host, 443)).toBe(expected);
  });

  it.each([
    ['blobs.lan', 9000, true],
    ['BLOBS.lan.', 9000, true],
    ['blobs.lan', 900, false],
    ['blobs.lan', 443, false],
    ['10.9.9.9', 9000, true],
    ['10.9.9.9', 9001, false],
    ['fe00::9', 9000, true],
    ['fe00::9', 443, false],
  ])('decides on %s with port %i: %s', (host, port, expected) => {
    expect(list.hasHost(host, port)).toBe(expected);
  });

  it.each([
    '10.0.0.0/99',
    '10.0.0.0/',
    'fd00::/129',
    'http://registry.lan',
    '10.0.0.256',
    'a b',
    '',
    '*.lan',
    '.lan',
    'a.lan:',
    'a.lan:99999',
    '10.0.0:80',
  ])('rejects %j', (entry) => {
    expect(() => new AllowList([entry])).toThrow(expect.objectContaining({ code: 'EGRESS_POLICY' }));
  });
});
