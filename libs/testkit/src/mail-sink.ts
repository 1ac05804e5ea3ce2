import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

import type { ParsedMail } from 'mailparser';
import type { SMTPServerDataStream, SMTPServerSession } from 'smtp-server';

import { waitUntil } from './http-sink.js';

/** Refusal at one step of the dialogue: 4xx is temporary, 5xx is final. */
export interface Refusal {
  at: 'mail' | 'rcpt' | 'data';
  code: number;
  message?: string;
}

export interface ReceivedMail {
  /** The envelope's, not the header's. */
  from: string;
  recipients: string[];
  mail: ParsedMail;
}

export interface MailSink {
  /** `smtp://127.0.0.1:PORT` */
  url: string;
  port: number;
  /** Accepted mails, in order. */
  received: ReceivedMail[];
  /** Refuses the next attempts with these, one each. */
  next(...refusals: Refusal[]): void;
  /** Refusals that no attempt has met yet. */
  refusals: readonly Refusal[];
  /** @throws Error when fewer than `count` mails came in time */
  waitFor(count: number, timeoutMs?: number): Promise<ReceivedMail[]>;
  stop(): Promise<void>;
}

/** Mail server that records its mails. It accepts any user name and password, and needs none. */
export async function mailSink(): Promise<MailSink> {
  // Their hundreds of files would slow down every other suite.
  const [{ simpleParser }, { SMTPServer }] = await Promise.all([import('mailparser'), import('smtp-server')]);
  const received: ReceivedMail[] = [];
  const refusals: Refusal[] = [];
  const refusal = (at: Refusal['at']): Error | null => {
    if (refusals[0]?.at !== at) return null;
    const { code, message = 'refused by the test' } = refusals.shift()!;
    return Object.assign(new Error(message), { responseCode: code });
  };
  const accept = async (stream: SMTPServerDataStream, { envelope }: SMTPServerSession): Promise<Error | null> => {
    const mail = await simpleParser(stream);
    const refused = refusal('data');
    const from = envelope.mailFrom ? envelope.mailFrom.address : '';
    if (!refused) received.push({ from, recipients: envelope.rcptTo.map(({ address }) => address), mail });
    return refused;
  };
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    allowInsecureAuth: true,
    disableReverseLookup: true,
    // Senders keep their connections open.
    closeTimeout: 1,
    onAuth: ({ username }, _session, finish) => finish(null, { user: username ?? '' }),
    onMailFrom: (_address, _session, finish) => finish(refusal('mail')),
    onRcptTo: (_address, _session, finish) => finish(refusal('rcpt')),
    onData: (stream, session, finish) => void accept(stream, session).then(finish, finish),
  });
  // A sender that is killed resets its connection, which would end the test's own process.
  server.on('error', () => undefined);
  const socket = server.listen(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address() as AddressInfo;
  return {
    url: `smtp://127.0.0.1:${port}`,
    port,
    received,
    refusals,
    next: (...more) => void refusals.push(...more),
    waitFor: async (count, timeoutMs) => waitUntil(received, count, timeoutMs),
    stop: async () => new Promise((resolve) => server.close(resolve)),
  };
}
