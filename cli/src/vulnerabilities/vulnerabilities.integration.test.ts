import { rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { captureOutput, type CapturedOutput } from '@tidewaiter/testkit';
import { Command } from 'commander';

import { vulnerabilitiesCommand } from './vulnerabilities.js';

const id = 'CVE-2026-0001';
/** Statements about it are on two pages. */
const paged = 'CVE-2026-0002';
const vulnerability = {
  ...{ id, title: 'a \u001b[31mhole', severity: 'high', aliases: ['GHSA-1'], kev: true, epss: 0.25 },
  packageVersions: [{ name: 'openssl', version: '3.0.11', fix: { version: '3.0.14' }, images: 3 }],
  reach: { counts: { images: 3, tagged: 2, running: 4, workloads: 1 } },
};
const statement = {
  ...{ status: 'not_affected', justification: 'vulnerable_code_not_present', reason: null, author: 'Example' },
  ...{ source: 'shop.openvex.json', at: '2026-01-01T00:00:00Z', products: ['pkg:deb/debian/openssl'] },
  ...{ moreProducts: 2, image: null },
};

let server: Server;
let output: CapturedOutput;
const tokenFile = join(tmpdir(), `tidewaiter-vulnerabilities-${process.pid}`);

beforeAll(async () => {
  await writeFile(tokenFile, 'token');
  server = createServer(({ url }, response) => {
    const { pathname, searchParams } = new URL(url ?? '', 'http://api');
    response.setHeader('content-type', 'application/json');
    if (pathname === `/api/v1/vulnerabilities/${id}`) return void response.end(JSON.stringify(vulnerability));
    const isVex = pathname.endsWith('/vex');
    const isPaged = pathname.includes(paged);
    const items = isPaged || pathname === `/api/v1/vulnerabilities/${id}/vex` ? [statement] : [];
    const next = isPaged && !searchParams.has('after') ? 'second' : null;
    if (!isVex) response.statusCode = 404;
    response.end(JSON.stringify(isVex ? { items, next } : { code: 'VULNERABILITY_UNKNOWN', detail: 'none' }));
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
  vulnerabilitiesCommand(program);
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await program.parseAsync(['vulnerabilities', 'show', ...args, '--server', url, '--token-file', tokenFile], {
    from: 'user',
  });
}

describe('vulnerabilities show', () => {
  it('prints a vulnerability with the statements of VEX documents', async () => {
    await show(id);
    expect(output.stdout).toBe(`CVE-2026-0001  a \uFFFD[31mhole
severity: high
aliases: GHSA-1
exploited in the wild: yes
EPSS: 25.0 %
images: 3, 2 with a current tag
running: 4 containers of 1 workloads
openssl 3.0.11  fixed in 3.0.14  in 3 images

VEX statements: 1
not_affected  vulnerable_code_not_present  Example  2026-01-01  shop.openvex.json
  pkg:deb/debian/openssl
  and 2 more products
`);
  });

  it('prints one that no image has, as text and as JSON', async () => {
    await show('CVE-2026-0009');
    expect(output.stdout).toBe('CVE-2026-0009\nno image has had it in the last year\n\nVEX statements: none\n');
    await show('CVE-2026-0009', '-o', 'json');
    expect(output.stdout).toContain('"vulnerability": null');
  });

  it('prints the first statements, and as JSON all of them', async () => {
    await show(paged);
    expect(output.stdout).toContain('VEX statements: 1 and more\n');
    expect(output.stdout).toMatch(/\nall of them: -o json\n$/);
    output.restore();
    output = captureOutput();
    await show(paged, '-o', 'json');
    expect(JSON.parse(output.stdout)).toMatchObject({ vex: [statement, statement] });
  });

  it.each([[['-o', 'csv']], [['--sort', '-risk']]])('rejects %j', async (args) => {
    await expect(show(id, ...args)).rejects.toMatchObject({ exitCode: 64 });
  });
});
