import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Port range below the one from which Linux takes the ports of outgoing connections (32768 to
 * 60999).
 */
const range = { first: 20_000, last: 32_767 };
const maxTries = 100;

/**
 * Finds a port of 127.0.0.1 without a listener, outside the range from which outgoing connections
 * take theirs.
 * @throws Error when a hundred random ports of the range are all in use
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < maxTries; tries += 1) {
    const port = randomInt(range.first, range.last + 1);
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port found between ${range.first} and ${range.last}`);
}

/** Several free ports, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(await freePort());
  return [...ports];
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return false;
    throw error;
  }
  await server[Symbol.asyncDispose]();
  return true;
}
