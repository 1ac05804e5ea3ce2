import { AccessDenied, InvalidInput, Secret, Unavailable } from '@tidewaiter/domain';
import { z } from 'zod';

import { httpFailure } from '../http-channel.js';
import { answerText, exchange, jsonOf, type Post, retryAfterMs, withoutDoubt } from '../outbound.js';
import { OutcomeUnknown, type SendContext, type ChannelSender } from '../sender.js';
import type { WeChatConfig } from './config.js';
import { weChatMessage } from './render.js';

const maxAnswerBytes = 64 * 1024;

const spareMs = 60_000;

const tokens = new WeakMap<WeChatConfig, { token: Secret; endsAt: number }>();

/**
 * An app in the WeChat of an enterprise, WeCom. Its errors have status 200, and it drops the same
 * message within half an hour.
 * @see https://developer.work.weixin.qq.com/document/path/90236
 */
export const wechatSender: ChannelSender<WeChatConfig> = {
  async send(config, { message }, context) {
    const token = await accessToken(config, context);
    const path = `message/send?access_token=${encodeURIComponent(token.reveal())}`;
    const { msgid } = await call(
      path,
      { method: 'POST', body: JSON.stringify(weChatMessage(config, message)) },
      config,
      context,
    );
    return { outcome: 'sent', reference: msgid ?? null, refused: [] };
  },
};

/** The token of the app, which its secret is worth for two hours. */
async function accessToken(config: WeChatConfig, context: SendContext): Promise<Secret> {
  const known = tokens.get(config);
  if (known && known.endsAt - spareMs > Date.now()) return known.token;
  const { corpId, apiSecret } = config;
  const query = new URLSearchParams({ corpid: corpId, corpsecret: apiSecret.reveal() });
  const { access_token: token = '', expires_in: seconds = 0 } = await withoutDoubt('WeChat', async () =>
    call(`gettoken?${query.toString()}`, { method: 'GET' }, config, context),
  );
  const fresh = { token: new Secret(token), endsAt: Date.now() + seconds * 1000 };
  tokens.set(config, fresh);
  return fresh.token;
}

const answerShape = z.object({
  errcode: z.number(),
  msgid: z.string().max(100).optional().catch(undefined),
  access_token: z.string().optional(),
  expires_in: z.number().optional(),
});

async function call(
  path: string,
  request: Pick<Post, 'body'> & { method: 'GET' | 'POST' },
  config: WeChatConfig,
  context: SendContext,
): Promise<z.infer<typeof answerShape>> {
  const { apiUrl, http, timeoutMs } = config;
  const headers = { 'content-type': 'application/json' };
  const response = await exchange(`${apiUrl}${path}`, { ...request, headers, http, timeoutMs }, context);
  const text = await answerText(response, maxAnswerBytes);
  if (response.status !== 200) throw httpFailure('WeChat', response);
  const answer = answerShape.safeParse(jsonOf(text)).data;
  if (!answer) {
    throw new OutcomeUnknown('WeChat answered in a form that is not its own; the message may have arrived', undefined);
  }
  if (answer.errcode === 0) return answer;
  // The next try asks for another token, whatever was wrong with this one.
  if (ofTheToken.has(answer.errcode)) tokens.delete(config);
  throw failure(answer.errcode, retryAfterMs(response.headers, new Date()));
}

// @see https://developer.work.weixin.qq.com/document/path/90313
const temporary = new Set([-1, 45_009, 45_033]);

const ofTheToken = new Set([40_014, 41_001, 42_001]);

const denied = new Set([40_001, 40_013, 40_056, 48_002, 50_001, 60_011, 60_020]);

function failure(errcode: number, wait: { retryAfterMs?: number }): AccessDenied | InvalidInput | Unavailable {
  const message = `WeChat answered ${errcode}`;
  if (temporary.has(errcode) || ofTheToken.has(errcode)) return new Unavailable('WECHAT_UNAVAILABLE', message, wait);
  return denied.has(errcode) ? new AccessDenied('WECHAT_DENIED', message) : new InvalidInput('WECHAT_REFUSED', message);
}
