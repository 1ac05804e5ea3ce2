import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createServer } from 'node:tls';

import { Unavailable } from '@tidewaiter/domain';
import { Egress } from '@tidewaiter/egress';
import { describeWith, pathOf, programs, testCertificate } from '@tidewaiter/testkit';

import { sampleDelivery } from '../../samples/outgoing-messages.js';
import { plainTls } from '../tls-config.js';
import type { SyslogConfig } from './config.js';
import { syslogSender } from './send.js';

const alert = {
  identity: 'x',
  labels: { kind: 'incident', severity: 'critical' },
  annotations: { summary: 'Größe "1"\nof two lines', description: 'x'.repeat(3_000) },
  status: 'firing' as const,
  startsAt: '2026-01-01T00:00:00Z',
  endsAt: null,
};
const delivery = { ...sampleDelivery(), alerts: [alert, alert] };
const config = (port: number, more: Partial<SyslogConfig> = {}): SyslogConfig => ({
  ...{ transport: 'tcp', host: '127.0.0.1', port, facility: 16, hostname: 'hub', appName: 'tidewaiter' },
  ...{ tls: plainTls, timeoutMs: 0, sendResolved: true, audit: false },
  ...more,
});

let egress: Egress;
beforeEach(() => (egress = new Egress({ allow: [] })));
afterEach(async () => egress.close());

const send = async (to: SyslogConfig) =>
  syslogSender.send(to, delivery, { egress, signal: new AbortController().signal });

async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await server[Symbol.asyncDispose]();
  return port;
}

describe('syslogSender', () => {
  it('sends a datagram for each alert', async () => {
    const socket = createSocket('udp4');
    const received: string[] = [];
    socket.on('message', (message) => received.push(message.toString()));
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    await send(config(socket.address().port, { transport: 'udp' }));
    while (received.length < 2) await sleep(5);
    socket.close();
    expect(received[0]).toMatch(/^<130>1 2026-01-01T00:00:00\.000Z hub tidewaiter - 2004 - \uFEFF\{/);
    expect(received.map((text) => JSON.parse(text.slice(text.indexOf('\uFEFF') + 1)).metadata.uid)).toEqual([
      'd1-0',
      'd1-1',
    ]);
  });

  it('sends over TLS, and not to a server that it does not trust', async () => {
    let text = '';
    const server = createServer({ ...testCertificate, allowHalfOpen: false }, (socket) => {
      socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
      socket.on('error', () => undefined);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const tls = { ...plainTls, serverName: 'registry.test', ca: testCertificate.cert };
    await send(config(port, { transport: 'tls', tls }));
    expect(text).toMatch(/^\d+ <130>1 /);
    text = '';
    const untrusted = send(config(port, { transport: 'tls', tls: { ...tls, ca: undefined } }));
    await expect(untrusted).rejects.toBeInstanceOf(Unavailable);
    await expect(untrusted).rejects.toHaveProperty('code', 'SYSLOG_UNAVAILABLE');
    expect(text).toBe('');
    await server[Symbol.asyncDispose]();
  });
});

describeWith(programs('rsyslogd'))('syslogSender, to rsyslog', () => {
  it('is understood, also with line breaks and other characters than ASCII', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tidewaiter-rsyslog-'));
    const [port, log] = [await freePort(), join(folder, 'log')];
    writeFileSync(
      join(folder, 'rsyslog.conf'),
      `global(workDirectory="${folder}" maxMessageSize="64k")
module(load="imtcp")
input(type="imtcp" port="${port}" address="127.0.0.1")
template(name="fields" type="string" string="%PRI%|%HOSTNAME%|%APP-NAME%|%MSGID%|%msg%\\n")
action(type="omfile" file="${log}" template="fields")
`,
    );
    const rsyslog = spawn(pathOf('rsyslogd')!, ['-n', '-f', join(folder, 'rsyslog.conf'), '-i', join(folder, 'pid')], {
      stdio: 'ignore',
    });
    try {
      const connects = async (): Promise<boolean> =>
        send(config(port)).then(
          () => true,
          () => false,
        );
      while (!(await connects())) await sleep(50);
      while (!existsSync(log) || readFileSync(log, 'utf8').split('\n').length < 3) await sleep(20);
      const lines = readFileSync(log, 'utf8')
        .trimEnd()
        .split('\n')
        .filter((line) => line.includes('2004'));
      expect(lines).toHaveLength(2);
      expect(lines[0]).toMatch(/^130\|hub\|tidewaiter\|2004\|/);
      const event = JSON.parse(lines[0]!.slice(lines[0]!.indexOf('{'))) as { message: string };
      expect(event.message).toBe('Größe "1"\nof two lines');
    } finally {
      rsyslog.kill();
      await once(rsyslog, 'exit');
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
