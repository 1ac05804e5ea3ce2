import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

import { hostUrls, type NatsConfig } from '@tidewaiter/runtime';

const answerMs = 1_000;
const defaultPort = 4_222;

/**
 * Reason for which the first server of NATS refuses our certificate; undefined if it does not, or
 * cannot be reached. The client connects with TLS 1.3 before the server has looked at the
 * certificate, and reports the end of that connection as a timeout.
 */
export async function tlsProblem(server: NatsConfig): Promise<unknown> {
  const { hostname, port } = new URL(hostUrls(server.natsUrl.reveal())[0]!);
  const socket = connect(port === '' ? defaultPort : Number(port), hostname);
  // Errors also reject the waits below.
  socket.on('error', () => undefined);
  const late = setTimeout(() => socket.destroy(), answerMs);
  try {
    const [info] = (await once(socket, 'data')) as [Buffer];
    if (info.includes('"tls_required":true')) await handshake(socket, hostname, server);
    return undefined;
  } catch (error) {
    return error;
  } finally {
    clearTimeout(late);
    socket.destroy();
  }
}

async function handshake(socket: Socket, host: string, files: NatsConfig): Promise<void> {
  const [ca, cert, key] = await Promise.all(
    [files.natsCaFile, files.natsCertFile, files.natsKeyFile].map(async (path) => path && readFile(path)),
  );
  const secure = connectTls({ socket, host, ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) });
  await once(secure, 'secureConnect');
  // A server that accepts the certificate waits for what we send, until our time is over.
  await once(secure, 'close');
}
