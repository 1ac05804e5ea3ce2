import { AccessDenied, InvalidInput, Secret, Unavailable } from '@tidewaiter/domain';
import { Egress } from '@tidewaiter/egress';
import { httpSink, type HttpSink } from '@tidewaiter/testkit';

import { plainHttp } from '../http-config.js';
import { OutcomeUnknown, type OutgoingMessage } from '../sender.js';
import type { WeChatConfig } from './config.js';
import { maxWeChatBytes, weChatMessage } from './render.js';
import { wechatSender } from './send.js';

const delivery = {
  id: 'd1',
  message: {
    kind: 'push',
    status: 'firing',
    severity: 'high',
    title: 'High · shop/app:1 brings 1 finding',
    summary: 'Pushed by ci.',
    facts: [],
    sections: [],
    links: [],
    footer: 'Tidewaiter',
  },
} as unknown as OutgoingMessage;

let sink: HttpSink;
let egress: Egress;
let config: WeChatConfig;
let issued = 0;

beforeEach(async () => {
  issued = 0;
  sink = await httpSink(({ path }) => {
    if (!path.startsWith('/cgi-bin/gettoken?corpid=corp&corpsecret=secret'))
      return { status: 200, body: { errcode: 0, errmsg: 'ok', msgid: 'm1' } };
    issued += 1;
    return { status: 200, body: { errcode: 0, access_token: `t${issued}`, expires_in: 7200 } };
  });
  egress = new Egress({ allow: [] });
  config = {
    apiUrl: `${sink.url}/cgi-bin/`,
    corpId: 'corp',
    apiSecret: new Secret('secret'),
    agentId: '1000002',
    toUser: '@all',
    toParty: undefined,
    toTag: undefined,
    http: plainHttp,
    timeoutMs: 0,
    sendResolved: false,
  };
});
afterEach(async () => {
  await egress.close();
  await sink.stop();
});

const sendOnce = async () => wechatSender.send(config, delivery, { egress, signal: new AbortController().signal });

describe('wechat', () => {
  it('asks for a token once for many messages', async () => {
    expect(await sendOnce()).toMatchObject({ reference: 'm1' });
    await sendOnce();
    expect(sink.received.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'GET /cgi-bin/gettoken?corpid=corp&corpsecret=secret',
      'POST /cgi-bin/message/send?access_token=t1',
      'POST /cgi-bin/message/send?access_token=t1',
    ]);
    expect(sink.received[1]?.body).toEqual({
      touser: '@all',
      agentid: 1_000_002,
      msgtype: 'text',
      text: { content: 'High · shop/app:1 brings 1 finding\n\nPushed by ci.' },
      enable_duplicate_check: 1,
      duplicate_check_interval: 1800,
    });
  });

  it('asks for another token where one does not count any more', async () => {
    sink.next('usual', { status: 200, body: { errcode: 42_001, errmsg: 'access_token expired' } });
    await expect(sendOnce()).rejects.toMatchObject({ code: 'WECHAT_UNAVAILABLE' });
    await sendOnce();
    expect(sink.received.at(-1)?.path).toBe('/cgi-bin/message/send?access_token=t2');
  });

  it.each([
    [-1, Unavailable],
    [45_009, Unavailable],
    [60_020, AccessDenied],
    [81_013, InvalidInput],
  ])('classifies %i', async (errcode, kind) => {
    sink.next('usual', { status: 200, body: { errcode, errmsg: 'x' } });
    await expect(sendOnce()).rejects.toBeInstanceOf(kind);
  });

  it('leaves nothing in doubt when it gets no token', async () => {
    sink.next('drop');
    const error: unknown = await sendOnce().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'WECHAT_UNAVAILABLE' });
    expect(error).not.toBeInstanceOf(OutcomeUnknown);
  });

  it('keeps within its limit', () => {
    const long = '漢\u{1f6a2}'.repeat(3_000);
    const { text } = weChatMessage(config, { ...delivery.message, title: long, summary: long }) as {
      text: { content: string };
    };
    expect(Buffer.byteLength(text.content)).toBeLessThanOrEqual(maxWeChatBytes);
  });
});
