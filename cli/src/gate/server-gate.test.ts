import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startHttpServer, type TestHttpServer } from '@tidewaiter/testkit';

import { askServer } from './server-gate.js';

const pass = {
  digest: 'sha256:aa',
  result: 'pass',
  reasons: [],
  findings: [],
  changes: null,
  suppressed: [],
  policies: [],
  warnings: [],
};
const folder = mkdtempSync(join(tmpdir(), 'tidewaiter-gate-'));
const tokenFile = join(folder, 'token');

let server: TestHttpServer;
let answers: { status: number; body: unknown }[];
let asked: { url: string | undefined; token: string | undefined; body: unknown }[];

beforeEach(async () => {
  asked = [];
  writeFileSync(tokenFile, 'tide_x\n');
  server = await startHttpServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      asked.push({ url: request.url, token: request.headers.authorization, body: JSON.parse(body) });
      const { status, body: answer } = answers.shift() ?? { status: 200, body: pass };
      response
        .writeHead(status, { 'content-type': 'application/json', location: '/elsewhere' })
        .end(JSON.stringify(answer));
    });
  });
});

afterEach(async () => server.stop());
afterAll(() => rmSync(folder, { recursive: true }));

const ask = async (wait = 0, path = '') =>
  askServer(
    { image: 'shop/cart:1' },
    { server: `http://127.0.0.1:${server.port}${path}`, tokenFile, wait, timeout: 5_000 },
  );

describe('askServer', () => {
  it('asks with the token, below the path of the server', async () => {
    answers = [];
    const consoleUrl = `http://127.0.0.1:${server.port}/tidewaiter/images/sha256:aa`;
    expect(await ask(0, '/tidewaiter')).toEqual({ ...pass, consoleUrl });
    expect(asked).toEqual([{ url: '/tidewaiter/api/v1/gate', token: 'Bearer tide_x', body: { image: 'shop/cart:1' } }]);
  });

  it('waits for an image that was pushed just now', async () => {
    answers = [
      { status: 404, body: { code: 'IMAGE_UNKNOWN', title: 'no image' } },
      { status: 503, body: { code: 'VERDICT_PENDING', title: 'pending' } },
    ];
    expect(await ask(60_000)).toMatchObject(pass);
    expect(asked).toHaveLength(3);
  }, 30_000);

  it.each([
    [404, { code: 'IMAGE_UNKNOWN', title: 'no image' }, 'IMAGE_UNKNOWN'],
    [503, { code: 'VERDICT_PENDING', title: 'pending' }, 'VERDICT_PENDING'],
    [401, { code: 'TOKEN_INVALID', title: 'no' }, 'TOKEN_INVALID'],
    [400, { code: 'INPUT_INVALID', title: 'no' }, 'INPUT_INVALID'],
    [500, 'oops', 'SERVER_ANSWER'],
    [200, { hello: 'world' }, 'SERVER_ANSWER'],
    [302, {}, 'SERVER_UNREACHABLE'],
  ])('%i %j is %s', async (status, body, code) => {
    answers = [{ status, body }];
    await expect(ask()).rejects.toMatchObject({ code });
    expect(asked).toHaveLength(1);
  });

  it('says what is wrong with the token before it asks', async () => {
    writeFileSync(tokenFile, 'two words');
    await expect(ask()).rejects.toMatchObject({ code: 'TOKEN_INVALID' });
    rmSync(tokenFile);
    await expect(ask()).rejects.toMatchObject({ code: 'TOKEN_FILE_MISSING' });
    expect(asked).toEqual([]);
  });
});
