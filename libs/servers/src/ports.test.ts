import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';

import { freePorts } from './ports.js';

/** The ports that the kernel gives to outgoing connections. */
const ephemeral = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').trim().split(/\s+/).map(Number);

describe('freePorts', () => {
  it('returns different ports that can be listened on', async () => {
    const ports = await freePorts(20);
    expect(new Set(ports).size).toBe(20);
    for (const port of ports) {
      await using server = createServer().listen(port, '127.0.0.1');
      await once(server, 'listening');
      expect((server.address() as AddressInfo).port).toBe(port);
    }
  });

  it('returns no port in the range of outgoing connections', async () => {
    const ports = await freePorts(50);
    expect(ports.filter((port) => port >= ephemeral[0]! && port <= ephemeral[1]!)).toEqual([]);
  });
});
