import { rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { captureOutput, type CapturedOutput } from '@tidewaiter/testkit';
import { Command } from 'commander';

import { imagesCommand } from './images.js';

const digest = `sha256:${'a'.repeat(64)}`;
const other = `sha256:${'b'.repeat(64)}`;
const image = {
  ...{ digest, repository: 'shop/web', tag: '1.4.0', platform: 'linux/amd64', os: { name: 'Debian 12' } },
  ...{ verdict: 'fail', running: true, receivedAt: '2026-01-01T00:00:00Z' },
};
const finding = {
  ...{ id: 'CVE-2026-0001', severity: 'high', title: 'a \u001b[31mhole', packageName: 'openssl' },
  ...{ installedVersion: '3.0.11', path: null, fix: { version: '3.0.14' }, counted: true },
};
const tag = (reference: string, of: string) => ({
  ...{ type: 'tag', id: reference, title: reference, link: `/api/v1/images/${of}` },
});
const hits: Record<string, object[]> = {
  'shop/web:1.4.0': [tag('registry.example.com/shop/web:1.4.0', digest)],
  '1.4.0': [tag('shop/web:1.4.0', digest), tag('data/web:1.4.0', other)],
  aaaaaaaaaaaa: [
    { type: 'image', id: digest, title: digest, link: `/api/v1/blast-radius?image=sha256%3A${'a'.repeat(64)}` },
  ],
  'shop/web': [{ type: 'repository', id: 'main/shop/web', title: 'shop/web', link: '/api/v1/repositories?q=' }],
};

let server: Server;
let output: CapturedOutput;
const tokenFile = join(tmpdir(), `tidewaiter-images-${process.pid}`);

beforeAll(async () => {
  await writeFile(tokenFile, 'token');
  server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url!, 'http://platform');
    const items =
      pathname === '/api/v1/search'
        ? (hits[searchParams.get('q')!] ?? [])
        : pathname === `/api/v1/images/${digest}/findings`
          ? [finding, { ...finding, id: 'CVE-2026-0002', counted: false }]
          : searchParams.get('q') === `digest=${digest}`
            ? [image]
            : [];
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ items, next: null }));
  });
  await new Promise<void>((listening) => void server.listen(0, '127.0.0.1', listening));
});

beforeEach(() => (output = captureOutput()));

afterEach(() => output.restore());

afterAll(async () => {
  server.close();
  await rm(tokenFile);
});

async function show(...args: string[]): Promise<void> {
  const program = new Command('tidewaiter').exitOverride().configureOutput({ writeErr: () => undefined });
  imagesCommand(program);
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await program.parseAsync(['images', 'show', ...args, '--server', url, '--token-file', tokenFile], { from: 'user' });
}

describe('images show', () => {
  it.each(['shop/web:1.4.0', 'aaaaaaaaaaaa'])(
    'prints the stored image of %s with the findings that count',
    async (name) => {
      await show(name);
      expect(output.stdout).toBe(`shop/web:1.4.0
digest: ${digest}
platform: linux/amd64
distribution: Debian 12
verdict: fail
running: yes
pushed: 2026-01-01 00:00:00

findings: 1 high; 1 more do not count
high  CVE-2026-0001  openssl 3.0.11  fixed in 3.0.14  a \uFFFD[31mhole
`);
    },
  );

  it('prints all that is stored as JSON', async () => {
    await show('shop/web:1.4.0', '-o', 'json');
    expect(JSON.parse(output.stdout)).toMatchObject({
      digest,
      images: [image],
      findings: [finding, { counted: false }],
    });
  });

  it.each([
    ['shop/web', 'IMAGE_UNKNOWN'],
    ['nothing', 'IMAGE_UNKNOWN'],
    ['1.4.0', 'REFERENCE_INVALID'],
  ])('rejects %s, which does not name one image', async (name, code) => {
    await expect(show(name)).rejects.toMatchObject({ code });
  });

  it('refuses formats of the list', async () => {
    await expect(show('shop/web:1.4.0', '-o', 'csv')).rejects.toMatchObject({ exitCode: 64 });
  });
});
