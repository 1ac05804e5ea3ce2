import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { get, type RequestOptions } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';

import { Controller, Get, Module } from '@nestjs/common';
import { signingAuthority, testCertificate } from '@tidewaiter/testkit';

import type { ListenerConfig } from './listener.js';
import { type RunningService, startReloadable } from './service.js';

@Controller()
class WordController {
  @Get('word')
  get(): string {
    return 'word';
  }
}

@Module({ controllers: [WordController] })
class WordModule {}

let folder: string;
let running: RunningService | undefined;

const file = (name: string) => join(folder, name);

async function start(config: Partial<ListenerConfig>): Promise<RunningService> {
  running = await startReloadable(() => ({
    name: 'test',
    module: { module: WordModule },
    config: { httpHost: '127.0.0.1', httpPort: 0, logLevel: 'silent', ...config },
  }));
  return running;
}

async function write({ cert, key }: { cert: string; key: string }): Promise<void> {
  await Promise.all([writeFile(file('tls.crt'), cert), writeFile(file('tls.key'), key)]);
}

/** Status of a GET over TLS, and the fingerprint of the server's certificate. */
async function ask(url: string, options: RequestOptions = {}): Promise<{ status: number; server: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; server: string }>();
  get(url, { ca: testCertificate.cert, servername: 'registry.test', agent: false, ...options }, (response) => {
    response.resume();
    const { fingerprint256 } = (response.socket as TLSSocket).getPeerCertificate();
    resolve({ status: response.statusCode!, server: fingerprint256 });
  }).on('error', reject);
  return promise;
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidewaiter-listener-'));
});

afterEach(async () => {
  await running?.stop();
  running = undefined;
  await rm(folder, { recursive: true });
});

const tlsFiles = () => ({ tlsCertFile: file('tls.crt'), tlsKeyFile: file('tls.key') });

describe('a listener with TLS', () => {
  it('takes a renewed certificate without a restart, and keeps it when the next one is wrong', async () => {
    await write(testCertificate);
    const { url, reload } = await start(tlsFiles());
    expect(url).toMatch(/^https:/);
    const fingerprint = (pem: string) => new X509Certificate(pem).fingerprint256;
    expect(await ask(`${url}/word`)).toEqual({ status: 200, server: fingerprint(testCertificate.cert) });
    const { pem, privateKey } = signingAuthority().issue({
      ...{ identity: 'https://hub.example.com', issuer: 'test' },
      ...{ from: '2020-01-01T00:00:00Z', until: '2049-01-01T00:00:00Z' },
    });
    await write({ cert: pem, key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() });
    const renewed = async () => (await ask(`${url}/word`, { rejectUnauthorized: false })).server === fingerprint(pem);
    while (!(await renewed())) await sleep(50);
    await writeFile(file('tls.key'), testCertificate.key);
    await reload();
    expect(await renewed()).toBe(true);
  });

  it('refuses a client without a certificate, except for metrics and health', async () => {
    await write(testCertificate);
    await writeFile(file('ca.crt'), testCertificate.cert);
    const { url, healthUrl } = await start({ ...tlsFiles(), tlsClientCaFile: file('ca.crt'), metricsPort: 0 });
    await expect(ask(`${url}/word`)).rejects.toThrow();
    const { cert, key } = testCertificate;
    expect(await ask(`${url}/word`, { cert, key })).toMatchObject({ status: 200 });
    expect((await fetch(`${healthUrl}/readyz`)).status).toBe(200);
  });

  it.each([
    ['a key is missing', { tlsKeyFile: undefined }, 'are needed together'],
    ['a file is missing', { tlsCertFile: '/nowhere/tls.crt' }, 'TIDEWAITER_TLS_CERT_FILE cannot be used: /nowhere'],
    ['the key is of another certificate', { tlsKeyFile: 'other.key' }, 'is not the key of the certificate'],
    ['the authority is no certificate', { tlsClientCaFile: 'tls.key' }, 'TIDEWAITER_TLS_CLIENT_CA_FILE cannot be used'],
  ])('does not start when %s', async (_what, given, problem) => {
    await write(testCertificate);
    const { privateKey } = signingAuthority().issue({
      ...{ identity: 'https://hub.example.com', issuer: 'test' },
      ...{ from: '2020-01-01T00:00:00Z', until: '2049-01-01T00:00:00Z' },
    });
    await writeFile(file('other.key'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
    const paths = Object.fromEntries(
      Object.entries(given).map(([key, path]) => [key, path?.startsWith('/') === false ? file(path) : path]),
    );
    await expect(start({ ...tlsFiles(), ...paths })).rejects.toThrow(problem);
  });
});

describe('a port for metrics', () => {
  it('has metrics and health and nothing else, and the other port no metrics', async () => {
    const { url, healthUrl } = await start({ metricsPort: 0 });
    const statuses = async (base: string) =>
      Promise.all(
        ['/metrics', '/%6detrics', '/livez', '/readyz', '/word', '/none'].map(
          async (path) => (await fetch(`${base}${path}`)).status,
        ),
      );
    expect(healthUrl).not.toBe(url);
    expect(await statuses(healthUrl)).toEqual([200, 200, 200, 200, 404, 404]);
    expect(await statuses(url)).toEqual([404, 404, 200, 200, 200, 404]);
  });

  it('is that of the service unless it is given', async () => {
    const { url, healthUrl } = await start({});
    expect(healthUrl).toBe(url);
    expect((await fetch(`${url}/metrics`)).status).toBe(200);
  });
});
