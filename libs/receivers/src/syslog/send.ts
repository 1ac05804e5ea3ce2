import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

import { Unavailable } from '@tidewaiter/domain';

import { isWrittenPrivate } from '../outbound.js';
import { type ChannelSender, OutcomeUnknown, type SendContext } from '../sender.js';
import type { SyslogConfig } from './config.js';
import { syslogMessages } from './render.js';

const defaultTimeoutMs = 15_000;

/**
 * Sends to a syslog server. Syslog confirms nothing: over TCP and TLS a delivery counts as sent
 * once the server has closed its side of the connection too, over UDP once the network took it.
 * @see https://www.rfc-editor.org/rfc/rfc6587#section-3.4.1
 * @see https://www.rfc-editor.org/rfc/rfc5425
 */
export const syslogSender: ChannelSender<SyslogConfig> = {
  async send(config, delivery, context) {
    const { host, port, transport, timeoutMs } = config;
    const signal = AbortSignal.any([context.signal, AbortSignal.timeout(timeoutMs || defaultTimeoutMs)]);
    const { address } = await context.egress.check(host, port, { allowPrivate: isWrittenPrivate(host), signal });
    const messages = syslogMessages(config, delivery);
    if (transport === 'udp') await sendDatagrams(messages, address, port);
    else await sendStream(messages, await connected(config, address, signal), signal);
    return { outcome: 'sent', reference: delivery.id, refused: [] };
  },
};

async function sendDatagrams(messages: readonly Buffer[], address: string, port: number): Promise<void> {
  const socket = createSocket(isIP(address) === 6 ? 'udp6' : 'udp4');
  try {
    for (const message of messages)
      await new Promise<void>((resolve, reject) => {
        socket.send(message, port, address, (error) => (error ? reject(error) : resolve()));
      });
  } catch (error) {
    throw unreachable('the network did not take the datagram', error);
  } finally {
    socket.close();
  }
}

async function connected(config: SyslogConfig, address: string, signal: SendContext['signal']): Promise<Socket> {
  const { host, port, transport, tls } = config;
  const isEncrypted = transport === 'tls';
  const socket = isEncrypted
    ? connectTls({
        host: address,
        port,
        servername: tls.serverName ?? (isIP(host) === 0 ? host : ''),
        rejectUnauthorized: !tls.insecureSkipVerify,
        ...(tls.ca !== undefined && { ca: tls.ca }),
        ...(tls.client && { cert: tls.client.certificate, key: tls.client.key.reveal() }),
        ...(tls.minVersion && { minVersion: tls.minVersion }),
        ...(tls.maxVersion && { maxVersion: tls.maxVersion }),
      })
    : connectTcp({ host: address, port });
  try {
    await once(socket, isEncrypted ? 'secureConnect' : 'connect', { signal });
    return socket;
  } catch (error) {
    socket.destroy();
    throw unreachable(`cannot connect to ${host}:${port}`, error);
  }
}

async function sendStream(messages: readonly Buffer[], socket: Socket, signal: SendContext['signal']): Promise<void> {
  try {
    const closed = once(socket, 'close', { signal });
    // A server that sends anything would otherwise keep its side open.
    socket.resume();
    socket.end(Buffer.concat(messages.flatMap((message) => [Buffer.from(`${message.length} `), message])));
    await closed;
  } catch (error) {
    throw new OutcomeUnknown('the connection to the syslog server broke; the message may have arrived', error);
  } finally {
    socket.destroy();
  }
}

function unreachable(message: string, cause: unknown): Unavailable {
  return new Unavailable('SYSLOG_UNAVAILABLE', message, { cause });
}
