import { connect, type Socket } from 'node:net';

import { HttpFront } from './http-front.js';

const requestTimeoutMs = 1_000;

let front: HttpFront;
let url: URL;
let dripping: NodeJS.Timeout[] = [];

beforeEach(async () => {
  front = new HttpFront({ status: 'starting', problems: () => ({}) });
  const backend = front.backend();
  backend.serverFactory(
    (request, response) => {
      if (request.url === '/early') response.writeHead(401).end();
      else request.resume().on('end', () => response.end());
    },
    { requestTimeout: requestTimeoutMs },
  );
  await front.serve(backend, 0);
  url = new URL((await front.listen(0, '127.0.0.1')).url);
});

afterEach(async () => {
  for (const each of dripping) clearInterval(each);
  dripping = [];
  await front.close();
});

/**
 * Sends the start of a request and then a byte now and then; resolves with the time until it is
 * cut.
 */
async function cutAfterMs(start: string, byte: string): Promise<number> {
  const began = performance.now();
  const socket: Socket = connect(Number(url.port), '127.0.0.1');
  socket.on('error', () => undefined).resume();
  if (start) socket.write(start);
  if (byte) dripping.push(setInterval(() => socket.write(byte), 100));
  const { promise, resolve } = Promise.withResolvers<number>();
  socket.once('close', () => resolve(performance.now() - began));
  return promise;
}

describe('HttpFront', () => {
  it.each([
    ['the first byte', '', ''],
    ['the headers', 'POST / HTTP/1.1\r\nHost: a\r\nX: ', 'x'],
    ['the body', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n', 'x'],
    ['a body that is answered already', 'POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n', 'x'],
  ])('cuts a connection at the time limit when it waits for %s', async (_, start, byte) => {
    const elapsedMs = await cutAfterMs(start, byte);
    expect(elapsedMs).toBeGreaterThan(requestTimeoutMs - 100);
    expect(elapsedMs).toBeLessThan(requestTimeoutMs + 3_000);
  });
});
