import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';

/** A port of 127.0.0.1 that nothing listens on right now. */
export async function freePort(): Promise<number> {
  const [port] = await freePorts(1);
  return port!;
}

/** Several at once, all different: they are held together before any is given back. */
export async function freePorts(count: number): Promise<number[]> {
  const held: Server[] = [];
  for (let i = 0; i < count; i += 1) {
    const server = createServer().listen(0, '127.0.0.1');
    held.push(server);
    await once(server, 'listening');
  }
  const ports = held.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(held.map(async (server) => server[Symbol.asyncDispose]()));
  return ports;
}
