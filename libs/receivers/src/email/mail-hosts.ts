import { isIP } from 'node:net';

import { createTransport } from 'nodemailer';

import { isWrittenPrivate } from '../outbound.js';
import type { SendContext } from '../sender.js';
import type { EmailConfig } from './config.js';

type MailAuth = NonNullable<EmailConfig['auth']>;

const connectTimeoutMs = 10_000;
const silenceTimeoutMs = 30_000;
/** Connections to one mail host; what comes meanwhile waits for one of them. */
const maxConnections = 4;
/** TLS from the first byte. @see https://www.rfc-editor.org/rfc/rfc8314#section-7.3 */
const smtpsPort = 465;

/**
 * Connections to a mail host that are kept: to log in costs more than to send a mail, and mail
 * hosts count both.
 */
export interface MailHostPool {
  transport: ReturnType<typeof transportTo>;
  /** Message-IDs of the mails that were written whole, so that the host may have them. */
  handedOver: Set<string>;
}

interface KeptPool extends MailHostPool {
  address: string;
}

const pools = new WeakMap<EmailConfig, KeptPool>();

/**
 * The connections of a receiver; new ones as soon as its mail host has another address, which is
 * checked every time.
 */
export async function mailHostPool(config: EmailConfig, { egress, signal }: SendContext): Promise<MailHostPool> {
  const { host, port } = config.smarthost;
  const { address } = await egress.check(host, port, { allowPrivate: isWrittenPrivate(host), signal });
  const kept = pools.get(config);
  if (kept?.address === address) return kept;
  kept?.transport.close();
  const pool = { address, ...open(config, address) };
  pools.set(config, pool);
  signal.addEventListener('abort', () => pool.transport.close(), { once: true });
  return pool;
}

function open(config: EmailConfig, address: string): MailHostPool {
  const transport = transportTo(config, address);
  const handedOver = new Set<string>();
  transport.use('stream', ({ message }, done) => {
    message.processFunc((input) => input.once('end', () => handedOver.add(message.messageId())));
    done();
  });
  return { transport, handedOver };
}

function transportTo(config: EmailConfig, address: string) {
  const { smarthost, hello, auth, requireTls, implicitTls, tls } = config;
  const { host, port } = smarthost;
  const encrypt = requireTls || (auth !== undefined && !isLoopback(address));
  return createTransport({
    pool: true,
    maxConnections,
    // A mail of which no byte was sent, because the host had hung up in between, goes over another
    // connection.
    maxRequeues: 1,
    idleTimeout: silenceTimeoutMs,
    host: address,
    port,
    secure: implicitTls ?? port === smtpsPort,
    name: hello,
    requireTLS: encrypt,
    ignoreTLS: !encrypt,
    ...(auth && { auth: { user: auth.username, pass: auth.password.reveal() } }),
    ...(auth?.isCramMd5 && { authMethod: 'CRAM-MD5' }),
    ...(auth?.identity !== undefined && { customAuth: { PLAIN: loginFor(auth, auth.identity) } }),
    // The connection goes to the address that was checked, the certificate is still the name's.
    servername: tls.serverName ?? (isIP(host) === 0 ? host : undefined),
    tls: {
      rejectUnauthorized: !tls.insecureSkipVerify,
      ca: tls.ca,
      ...(tls.client && { cert: tls.client.certificate, key: tls.client.key.reveal() }),
      ...(tls.minVersion && { minVersion: tls.minVersion }),
      ...(tls.maxVersion && { maxVersion: tls.maxVersion }),
    },
    connectionTimeout: connectTimeoutMs,
    greetingTimeout: connectTimeoutMs,
    dnsTimeout: connectTimeoutMs,
    socketTimeout: silenceTimeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
}

/**
 * Authenticates with an authorization identity, which nodemailer's own PLAIN leaves out.
 * @see https://www.rfc-editor.org/rfc/rfc4616#section-2
 */
function loginFor({ username, password }: MailAuth, identity: string) {
  const token = Buffer.from(`${identity}\0${username}\0${password.reveal()}`, 'utf8').toString('base64');
  return async ({ sendCommand }: { sendCommand(command: string): Promise<{ status: number }> }): Promise<void> => {
    const { status } = await sendCommand(`AUTH PLAIN ${token}`);
    if (status !== 235) throw new Error('not logged in');
  };
}

/**
 * Whether a password may travel unencrypted, when TLS is not asked for; anywhere else a password
 * asks for it.
 */
export function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1';
}
