import { once } from 'node:events';
import { connect } from 'node:net';

import { mailSink } from './mail-sink.js';

const mail = 'Subject: Cargo\r\nFrom: Harbour <harbour@example.test>\r\n\r\nnot what the papers say\r\n.\r\n';

/** Sends one mail by hand, and returns the reply code of every step. */
async function send(port: number): Promise<number[]> {
  const socket = connect(port, '127.0.0.1').setEncoding('utf8');
  const codes: number[] = [];
  const say = async (text: string): Promise<number> => {
    if (text) socket.write(text);
    let reply = '';
    // Several lines belong to one reply until one has a blank after its code.
    while (!/^\d{3} .*\r\n/m.test(reply)) reply += String((await once(socket, 'data'))[0]);
    codes.push(Number(reply.slice(0, 3)));
    return codes.at(-1)!;
  };
  const steps = [
    '',
    'EHLO test\r\n',
    'MAIL FROM:<a@example.test>\r\n',
    'RCPT TO:<b@example.test>\r\n',
    'DATA\r\n',
    mail,
  ];
  for (const step of steps) if ((await say(step)) >= 400) break;
  socket.destroy();
  return codes;
}

describe('mailSink', () => {
  it('stores accepted mails, parsed', async () => {
    const sink = await mailSink();
    expect(await send(sink.port)).toEqual([220, 250, 250, 250, 354, 250]);
    const [first] = await sink.waitFor(1);
    expect(first).toMatchObject({ from: 'a@example.test', recipients: ['b@example.test'], mail: { subject: 'Cargo' } });
    expect(first?.mail.text).toContain('not what the papers say');
    await sink.stop();
  });

  it.each([
    ['mail', 421, [220, 250, 421]],
    ['rcpt', 550, [220, 250, 250, 550]],
    ['data', 451, [220, 250, 250, 250, 354, 451]],
  ] as const)('rejects at %s with %i once', async (at, code, codes) => {
    const sink = await mailSink();
    sink.next({ at, code });
    expect(await send(sink.port)).toEqual(codes);
    expect(sink.received).toEqual([]);
    expect((await send(sink.port)).at(-1)).toBe(250);
    await sink.stop();
  });
});
