import { observation } from '@tidewaiter/testkit';

import { PassiveDns } from './passive-dns.js';

const lookUp = (hostname: string, answers: string[], id = 'c1') =>
  observation({ activity: 'dns', container: { id }, network: { hostname, answers, destinationIp: '10.96.0.10' } });
const connection = (destinationIp: string, id = 'c1') =>
  observation({ activity: 'connect', container: { id }, network: { destinationIp } });
const nameOf = (dns: PassiveDns, destinationIp: string, id?: string) =>
  dns.named(connection(destinationIp, id)).network?.hostname;

describe('PassiveDns', () => {
  it('names a connection by the look-up that returned its address', () => {
    const dns = new PassiveDns();
    dns.note(lookUp('pool.example.com', ['198.51.100.7', '198.51.100.8']));
    expect(nameOf(dns, '198.51.100.8')).toBe('pool.example.com');
    expect(nameOf(dns, '198.51.100.9')).toBeNull();
    expect(nameOf(dns, '10.96.0.10')).toBeNull();
  });

  it("prefers a container's own look-ups", () => {
    const dns = new PassiveDns();
    dns.note(lookUp('shop.example.com', ['198.51.100.7'], 'c1'));
    dns.note(lookUp('pool.example.com', ['198.51.100.7'], 'c2'));
    expect(nameOf(dns, '198.51.100.7', 'c1')).toBe('shop.example.com');
    expect(nameOf(dns, '198.51.100.7', 'c3')).toBe('pool.example.com');
  });

  it('keeps a name that the sensor sent', () => {
    const dns = new PassiveDns();
    dns.note(lookUp('pool.example.com', ['198.51.100.7']));
    const named = observation({
      activity: 'connect',
      network: { destinationIp: '198.51.100.7', hostname: 'sent.example.com' },
    });
    expect(dns.named(named)).toBe(named);
  });
});
