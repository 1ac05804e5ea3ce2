import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { freePort, freePorts } from './ports.js';

/** The ports that the kernel gives to outgoing connections. */
const ephemeral = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').trim().split(/\s+/).map(Number);

describe('freePort', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'ports-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  it('returns no port twice, also to others that ask meanwhile', async () => {
    const ports = await Promise.all(Array.from({ length: 400 }, async () => freePort(folder)));
    expect(new Set(ports).size).toBe(400);
  });

  it('returns a port again half an hour later', async () => {
    const files = Array.from({ length: 12_768 }, (_, index) => join(folder, String(20_000 + index)));
    for (const file of files) writeFileSync(file, '');
    await expect(freePort(folder)).rejects.toThrow('no free port');
    const longAgo = Date.now() / 1_000 - 31 * 60;
    for (const file of files) utimesSync(file, longAgo, longAgo);
    await expect(freePort(folder)).resolves.toBeGreaterThanOrEqual(20_000);
  });
});

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
