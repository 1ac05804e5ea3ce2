import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { inspect } from 'node:util';

import { AccessDenied, InvalidInput, Secret, Unavailable } from '@tidewaiter/domain';
import { Egress } from '@tidewaiter/egress';
import type { Message } from '@tidewaiter/messages';
import { mailSink, type MailSink } from '@tidewaiter/testkit';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

import { type Edition, type OutgoingMessage, PartlySent, type SendContext } from '../sender.js';
import { plainTls } from '../tls-config.js';
import type { EmailConfig } from './config.js';
import { isDeferred, mailFailure } from './mail-failure.js';
import { isLoopback } from './mail-hosts.js';
import { mailHtml } from './mail-html.js';
import { mailText } from './mail-text.js';
import { emailSender } from './send.js';

const delivery: OutgoingMessage = {
  id: '0198a1c2',
  groupKey: '{}:{repository="shop"}',
  groupLabels: {},
  alerts: [],
  attempt: 1,
  reached: [],
  receiver: 'team',
  externalUrl: 'https://tidewaiter.example.com',
  edition: null,
  message: {
    kind: 'push',
    status: 'firing',
    severity: 'high',
    title: 'High · shop brings 1 new – <b>',
    summary: 'New.',
    facts: [],
    sections: [],
    links: [],
    footer: 'Tidewaiter',
  },
};

function config(port: number, rest: Partial<EmailConfig> = {}): EmailConfig {
  return {
    to: ['team@example.org', '"Ops, all" <ops@example.org>'],
    from: 'Tidewaiter <tidewaiter@example.org>',
    smarthost: { host: '127.0.0.1', port },
    hello: 'tidewaiter.example.org',
    auth: undefined,
    requireTls: false,
    implicitTls: undefined,
    tls: plainTls,
    headers: new Map(),
    sendResolved: false,
    ...rest,
  };
}

describe('email', () => {
  let sink: MailSink;
  const egress = new Egress({ allow: [] });
  const context: SendContext = { egress, signal: new AbortController().signal };

  beforeEach(async () => {
    sink = await mailSink();
  });
  afterEach(() => sink.stop());
  afterAll(() => egress.close());

  it('attaches the files of a message', async () => {
    const attachments = [{ name: 'unfixed-2026-11-30.csv', mediaType: 'text/csv', content: Buffer.from('a,b\r\n') }];
    await emailSender.send(config(sink.port), { ...delivery, attachments }, context);
    const [{ mail }] = (await sink.waitFor(1)) as [MailSink['received'][0]];
    expect(mail.attachments).toMatchObject([
      { filename: 'unfixed-2026-11-30.csv', contentType: 'text/csv', contentDisposition: 'attachment' },
    ]);
    expect(mail.attachments[0]!.content.toString()).toBe('a,b\r\n');
  });

  it('sends text and HTML to all, with headers that identify and thread the mails', async () => {
    const outcome = await emailSender.send(config(sink.port), delivery, context);
    expect(outcome).toEqual({ outcome: 'sent', reference: '<0198a1c2@example.org>', refused: [] });
    const [{ from, recipients, mail }] = (await sink.waitFor(1)) as [MailSink['received'][0]];
    expect({ from, recipients }).toEqual({
      from: 'tidewaiter@example.org',
      recipients: ['team@example.org', 'ops@example.org'],
    });
    expect(mail.subject).toBe('High · shop brings 1 new – <b>');
    expect(mail.messageId).toBe('<0198a1c2@example.org>');
    expect(mail.inReplyTo).toMatch(/^<group-[0-9a-f]{32}@example\.org>$/);
    expect(mail.references).toBe(mail.inReplyTo);
    expect(mail.date).toBeInstanceOf(Date);
    expect(mail.headers.get('auto-submitted')).toBe('auto-generated');
    expect(mail.headers.get('x-auto-response-suppress')).toBe('All');
    expect(mail.headers.get('list')).toEqual({
      id: { name: 'Tidewaiter', id: 'alerts.example.org' },
      unsubscribe: { mail: 'tidewaiter@example.org?subject=unsubscribe' },
    });
    expect(mail.text?.trim()).toBe(mailText(delivery.message).trim());
    expect(typeof mail.html === 'string' && mail.html.trim()).toBe(mailHtml(delivery.message).trim());
    expect(mail.attachments).toEqual([]);
  });

  it('puts mails of one group into one thread, those of another not', async () => {
    await emailSender.send(config(sink.port), delivery, context);
    await emailSender.send(config(sink.port), { ...delivery, id: 'second' }, context);
    await emailSender.send(config(sink.port), { ...delivery, id: 'third', groupKey: '{}:{repository="web"}' }, context);
    const [first, second, third] = sink.received.map(({ mail }) => mail.references);
    expect(second).toBe(first);
    expect(third).not.toBe(first);
  });

  it('keeps the mails of an incident in one thread, with a new subject when it becomes worse', async () => {
    const state = async (revision: number, thread: Edition['thread'], more: Partial<Message>) => {
      const message = { ...delivery.message, ...more };
      const edition = { subject: 'incident-1', revision, thread };
      const { reference } = await emailSender.send(
        config(sink.port),
        { ...delivery, id: `mail-${revision}`, message, edition },
        context,
      );
      return { revision, reference, message };
    };
    const first = await state(1, { first: null, last: null, isInDoubt: false }, { title: 'High · a' });
    const second = await state(
      2,
      { first, last: first, isInDoubt: false },
      { title: 'Critical · a', severity: 'critical' },
    );
    await state(3, { first, last: second, isInDoubt: false }, { title: 'Resolved · a', status: 'resolved' });
    const mails = sink.received.map(({ mail }) => mail);
    expect(mails.map(({ subject }) => subject)).toEqual(['High · a', 'Critical · a', 'Re: High · a']);
    const [thread] = [mails[0]!.references].flat();
    expect(thread).toMatch(/^<incident-[0-9a-f]{32}@example\.org>$/);
    expect(mails.map(({ references }) => references)).toEqual([
      thread,
      [thread, '<mail-1@example.org>'],
      [thread, '<mail-1@example.org>', '<mail-2@example.org>'],
    ]);
    expect(mails.map(({ inReplyTo }) => inReplyTo)).toEqual([thread, '<mail-1@example.org>', '<mail-2@example.org>']);
  });

  it('lets no text become a header', async () => {
    const title = 'shop\r\nBcc: all@example.org\r\n\r\nbody';
    await emailSender.send(config(sink.port), { ...delivery, message: { ...delivery.message, title } }, context);
    const [received] = sink.received;
    expect(received?.recipients).toEqual(['team@example.org', 'ops@example.org']);
    expect(received?.mail.bcc).toBeUndefined();
    expect(received?.mail.subject).not.toMatch(/[\r\n]/);
  });

  it("takes the operator's headers, but keeps its own identity", async () => {
    const headers = new Map([
      ['X-Team', 'shop'],
      ['subject', 'Always this'],
      ['Reply-To', 'soc@example.org'],
      ['message-id', '<theirs@x>'],
      ['list-unsubscribe', '<https://lists.example.org/u>'],
      ['List-Unsubscribe-Post', 'List-Unsubscribe=One-Click'],
    ]);
    await emailSender.send(config(sink.port, { headers }), delivery, context);
    const [{ mail }] = (await sink.waitFor(1)) as [MailSink['received'][0]];
    expect(mail.headers.get('x-team')).toBe('shop');
    expect(mail.subject).toBe('Always this');
    expect(mail.replyTo?.text).toBe('soc@example.org');
    expect(mail.headers.get('list')).toMatchObject({
      unsubscribe: { url: 'https://lists.example.org/u' },
      'unsubscribe-post': { name: 'List-Unsubscribe=One-Click' },
    });
    expect(mail.messageId).toBe('<0198a1c2@example.org>');
  });

  it('leaves out those who have it when it asks the others again', async () => {
    const mixed = config(sink.port, { to: ['team@example.org', '"Ops, all" <Ops@Example.ORG>'] });
    sink.next({ at: 'rcpt', code: 450 });
    const error: unknown = await emailSender.send(mixed, delivery, context).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(PartlySent);
    const { reached } = error as PartlySent;
    expect(reached).toEqual(['Ops@example.org']);
    expect(await emailSender.send(mixed, { ...delivery, attempt: 2, reached }, context)).toMatchObject({ refused: [] });
    expect(sink.received.map(({ recipients }) => recipients)).toEqual([['Ops@example.org'], ['team@example.org']]);
    expect(new Set(sink.received.map(({ mail }) => mail.messageId)).size).toBe(1);
  });

  it('names those who will never get it, as soon as the others have it', async () => {
    sink.next({ at: 'rcpt', code: 550, message: 'no such user' });
    expect(await emailSender.send(config(sink.port), delivery, context)).toMatchObject({
      refused: [expect.stringMatching(/^team@example\.org: 550 .*no such user/)],
    });
    sink.next({ at: 'rcpt', code: 550, message: 'gone' });
    expect(
      await emailSender.send(config(sink.port), { ...delivery, reached: ['ops@example.org'] }, context),
    ).toMatchObject({
      refused: [expect.stringContaining('team@example.org: 550')],
    });
  });

  it.each<[string, 'mail' | 'rcpt' | 'data', number, unknown]>([
    ['greylisting', 'rcpt', 451, Unavailable],
    ['a full disk', 'data', 452, Unavailable],
    ['a sender refused', 'mail', 550, InvalidInput],
    ['no such recipients', 'rcpt', 550, InvalidInput],
    ['spam', 'data', 554, InvalidInput],
  ])('%s', async (_, at, code, expected) => {
    const refusal = { at, code } as const;
    sink.next(refusal, ...(at === 'rcpt' ? [refusal] : []));
    const error: unknown = await emailSender
      .send(config(sink.port), delivery, context)
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(expected);
    expect(error).not.toBeInstanceOf(PartlySent);
    expect(sink.received).toEqual([]);
  });

  it('does not send without STARTTLS when it is required', async () => {
    const attempt = emailSender.send(config(sink.port, { requireTls: true }), delivery, context);
    await expect(attempt).rejects.toMatchObject({ code: 'SMTP_REFUSED' });
    expect(sink.received).toEqual([]);
  });
});

describe('email over TLS', () => {
  const egress = new Egress({ allow: ['mail.example.org'] }, async () => [{ address: '127.0.0.1', family: 4 }]);
  const context: SendContext = { egress, signal: new AbortController().signal };
  let server: SMTPServer;
  let port: number;
  let sessions: { secure: boolean; servername: string | boolean; user: string | undefined }[];

  const listen = async (options: SMTPServerOptions = {}) => {
    sessions = [];
    server = new SMTPServer({
      authOptional: true,
      disableReverseLookup: true,
      closeTimeout: 1,
      logger: false,
      onAuth: ({ username }, _session, done) => done(null, { user: username ?? '' }),
      onData: (stream, session, done) => {
        sessions.push({ secure: session.secure, servername: session.servername ?? false, user: session.user });
        stream.resume().on('end', () => done());
      },
      ...options,
    });
    server.on('error', () => undefined);
    const listener = server.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    ({ port } = listener.address() as AddressInfo);
  };
  afterEach(async () => {
    const closed = once(server, 'close');
    server.close();
    await closed;
  });
  afterAll(() => egress.close());

  const named = (rest: Partial<EmailConfig> = {}) =>
    config(port, { smarthost: { host: 'mail.example.org', port }, ...rest });
  const trusting = { ...plainTls, insecureSkipVerify: true };
  const auth = { username: 'tidewaiter', identity: undefined, password: new Secret('hunter2'), isCramMd5: false };

  it('asks the checked address for the certificate of the name', async () => {
    await listen();
    await emailSender.send(named({ requireTls: true, tls: trusting, auth }), delivery, context);
    expect(sessions).toEqual([{ secure: true, servername: 'mail.example.org', user: 'tidewaiter' }]);
  });

  it('rejects a certificate of an unknown authority', async () => {
    await listen();
    await expect(emailSender.send(named({ requireTls: true }), delivery, context)).rejects.toMatchObject({
      code: 'SMTP_UNREACHABLE',
    });
    expect(sessions).toEqual([]);
  });

  it.each([
    [{ implicitTls: true }, true],
    [{ implicitTls: true, requireTls: true, auth }, true],
  ])('begins with TLS where that is asked for: %j', async (asked, secure) => {
    await listen({ secure: true });
    await emailSender.send(named({ ...asked, tls: trusting }), delivery, context);
    expect(sessions).toMatchObject([{ secure, servername: 'mail.example.org' }]);
  });

  it.each([
    ['PLAIN', false],
    ['LOGIN', false],
    ['CRAM-MD5', false],
    ['CRAM-MD5', true],
  ])('logs in by %s (with a secret for that alone: %s)', async (method, isCramMd5) => {
    const methods: string[] = [];
    await listen({
      authMethods: isCramMd5 ? ['PLAIN', 'LOGIN', method] : [method],
      onAuth: ({ method: used, username, password, validatePassword }, _session, done) => {
        methods.push(used);
        const isRight = used === 'CRAM-MD5' ? validatePassword('hunter2') : password === 'hunter2';
        done(isRight ? null : new Error('wrong'), { user: username ?? '' });
      },
    });
    await emailSender.send(named({ requireTls: true, tls: trusting, auth: { ...auth, isCramMd5 } }), delivery, context);
    expect(methods).toEqual([method]);
  });

  it.each([
    ['235 2.7.0 welcome', { code: 'SMTP_REFUSED' }],
    ['535 5.7.8 who?', { code: 'SMTP_DENIED' }],
    ['454 4.7.0 later', { code: 'SMTP_DEFERRED' }],
  ])('authenticates with an authorization identity, and classifies %j', async (welcome, failure) => {
    await listen();
    // A host that writes down the command itself, and takes no mail.
    const commands: string[] = [];
    const host = createServer((socket) => {
      socket.write('220 mail.example.org\r\n');
      socket.on('data', (data: Buffer) => {
        const command = data.toString().trim();
        commands.push(command);
        const isKnown = /^(?:EHLO|AUTH)/.exec(command)?.[0];
        if (isKnown === 'EHLO') socket.write('250-mail.example.org\r\n250 AUTH PLAIN\r\n');
        else socket.write(isKnown === 'AUTH' ? `${welcome}\r\n` : '554 5.0.0 no\r\n');
      });
    }).listen(0, '127.0.0.1');
    await once(host, 'listening');
    const { port: hostPort } = host.address() as AddressInfo;
    const own = config(hostPort, { auth: { ...auth, identity: 'team' } });
    await expect(emailSender.send(own, delivery, context)).rejects.toMatchObject(failure);
    const login = Buffer.from('team\0tidewaiter\0hunter2').toString('base64');
    expect(commands).toContain(`AUTH PLAIN ${login}`);
    await host[Symbol.asyncDispose]();
  });

  it('keeps its connection for the next mail, and opens another when the host has hung up', async () => {
    let opened = 0;
    await listen({
      onConnect: (_session, done) => {
        opened += 1;
        done();
      },
    });
    const config = named();
    await emailSender.send(config, delivery, context);
    await emailSender.send(config, { ...delivery, id: 'second' }, context);
    expect({ opened, mails: sessions.length }).toEqual({ opened: 1, mails: 2 });
    for (const connection of server.connections) connection.close();
    await emailSender.send(config, { ...delivery, id: 'third' }, context);
    expect({ opened, mails: sessions.length }).toEqual({ opened: 2, mails: 3 });
  });

  it('talks in the clear where TLS is not asked for, as Alertmanager does', async () => {
    await listen();
    await emailSender.send(named(), delivery, context);
    expect(sessions).toMatchObject([{ secure: false }]);
  });
});

it.each([
  ['127.0.0.1', true],
  ['::1', true],
  ['10.0.0.1', false],
  ['12.7.0.1', false],
  ['::', false],
])('lets a password go unencrypted to %s: %s', (address, expected) => {
  expect(isLoopback(address)).toBe(expected);
});

describe('mailFailure', () => {
  const smtp = (rest: object) => Object.assign(new Error('said: hunter2'), rest);

  it.each<[object, boolean, unknown, string]>([
    [{ code: 'EAUTH', responseCode: 535, response: '535 hunter2' }, false, AccessDenied, 'SMTP_DENIED'],
    [{ code: 'EAUTH', responseCode: 454, response: '454 hunter2' }, false, Unavailable, 'SMTP_DEFERRED'],
    [
      { code: 'EENVELOPE', responseCode: 530, response: '530 Authentication required' },
      false,
      AccessDenied,
      'SMTP_DENIED',
    ],
    [{ code: 'EPROTOCOL', responseCode: 421, response: '421 busy' }, false, Unavailable, 'SMTP_DEFERRED'],
    [{ code: 'EPROTOCOL', responseCode: 503, response: '503 sequence' }, false, Unavailable, 'SMTP_DEFERRED'],
    [{ code: 'EMESSAGE' }, false, InvalidInput, 'SMTP_REFUSED'],
    [{ code: 'ESOCKET' }, false, Unavailable, 'SMTP_UNREACHABLE'],
  ])('%j, handed over: %s', (error, handedOver, expected, code) => {
    const failure = mailFailure(smtp(error), {
      host: 'mail.example.org:25',
      password: new Secret('hunter2'),
      handedOver,
    });
    expect(failure).toBeInstanceOf(expected);
    expect(failure).toHaveProperty('code', code);
    expect(inspect(failure, { depth: 9 }).replace(/said: hunter2/g, '')).not.toContain('hunter2');
  });

  it.each([
    [399, false],
    [400, true],
    [499, true],
    [500, false],
    [503, true],
    [550, false],
  ])('reply %i asks to come back: %s', (responseCode, expected) => {
    expect(isDeferred(smtp({ responseCode }))).toBe(expected);
  });
});
