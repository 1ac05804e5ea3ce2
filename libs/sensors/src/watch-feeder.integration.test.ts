import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const script = resolve(__dirname, '../../../deploy/sensors/kubernetes-watch/feed.sh');

interface Asked {
  method: string;
  url: string;
  authorization: string;
  body: string;
}

describe('watch feeder', () => {
  it('the recipe of kubernetes-watch hands on every line of a watch, and begins anew when it ends', async () => {
    const asked: Asked[] = [];
    const isDone = Promise.withResolvers<void>();
    const server = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        const { method = '', url = '', headers } = request;
        asked.push({ method, url, authorization: headers.authorization ?? '', body: Buffer.concat(parts).toString() });
        if (asked.filter((each) => each.method === 'GET').length === 2) isDone.resolve();
        // Backslashes and blanks are what a careless shell loses.
        response
          .writeHead(method === 'GET' ? 200 : 202)
          .end(method === 'GET' ? '{"type": "ADDED",  "a\\\\n": 1}\n{"type":"BOOKMARK"}\n' : '');
      });
    });
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    const folder = await mkdtemp(join(tmpdir(), 'tidewaiter-watch-'));
    await writeFile(join(folder, 'token'), 'account-token');
    await writeFile(join(folder, 'ca.crt'), '');
    await writeFile(join(folder, 'header'), 'Authorization: Bearer YOUR_SENSOR_TOKEN');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const feeder = spawn('sh', [script, '/api/v1/pods'], {
      env: {
        PATH: process.env['PATH'],
        TMPDIR: folder,
        KUBERNETES_API: url,
        SERVICE_ACCOUNT: folder,
        TIDEWAITER_HEADER: join(folder, 'header'),
        TIDEWAITER_URL: `${url}/hooks/runtime/watch`,
      },
      stdio: 'ignore',
    });
    try {
      await isDone.promise;
      const watch = {
        method: 'GET',
        url: '/api/v1/pods?watch=1&allowWatchBookmarks=true&timeoutSeconds=1800',
        authorization: 'Bearer account-token',
      };
      const hook = { method: 'POST', url: '/hooks/runtime/watch', authorization: 'Bearer YOUR_SENSOR_TOKEN' };
      expect(asked.slice(0, 4)).toEqual([
        { ...watch, body: '' },
        { ...hook, body: '{"type": "ADDED",  "a\\\\n": 1}\n' },
        { ...hook, body: '{"type":"BOOKMARK"}\n' },
        { ...watch, body: '' },
      ]);
    } finally {
      feeder.kill('SIGKILL');
      server.closeAllConnections();
      server.close();
      await rm(folder, { recursive: true, force: true });
    }
  });
});
