import { AccessDenied, InvalidInput, Unavailable } from '@tidewaiter/domain';
import { z } from 'zod';

import { answerText, isTemporary, jsonOf, post, retryAfterMs } from '../outbound.js';
import { OutcomeUnknown, type ChannelSender } from '../sender.js';
import type { TelegramConfig } from './config.js';
import { telegramMessage } from './render.js';

const maxAnswerBytes = 64 * 1024;

/** Sends as a bot of Telegram. The retry delay of an error is in its body. */
export const telegramSender: ChannelSender<TelegramConfig> = {
  async send(config, delivery, context) {
    const url = `${config.apiUrl}/bot${config.token.reveal()}/sendMessage`;
    const body = JSON.stringify(telegramMessage(config, delivery.message));
    const headers = { 'content-type': 'application/json' };
    const response = await post(url, { headers, body, http: config.http, timeoutMs: config.timeoutMs }, context);
    const answer = answerShape.safeParse(jsonOf(await answerText(response, maxAnswerBytes))).data;
    if (answer?.ok === true) {
      return { outcome: 'sent', reference: String(answer.result?.message_id ?? delivery.id), refused: [] };
    }
    if (answer === undefined && response.status === 200) {
      throw new OutcomeUnknown(
        'Telegram answered in a form that is not its own; the message may have arrived',
        undefined,
      );
    }
    throw failure(response.status, { ...retryAfterMs(response.headers, new Date()), ...askedToWait(answer) });
  },
};

const answerShape = z.object({
  ok: z.boolean(),
  result: z.object({ message_id: z.number() }).optional().catch(undefined),
  parameters: z.object({ retry_after: z.number().nonnegative() }).optional().catch(undefined),
});

function askedToWait(answer: z.infer<typeof answerShape> | undefined): { retryAfterMs?: number } {
  const seconds = answer?.parameters?.retry_after;
  return seconds === undefined ? {} : retryAfterMs({ 'retry-after': String(Math.ceil(seconds)) }, new Date());
}

function failure(status: number, wait: { retryAfterMs?: number }): AccessDenied | InvalidInput | Unavailable {
  const message = `Telegram answered status ${status}`;
  if (isTemporary(status)) return new Unavailable('TELEGRAM_UNAVAILABLE', message, wait);
  // 404 is what an unknown token gets.
  if (status === 401 || status === 403 || status === 404) return new AccessDenied('TELEGRAM_DENIED', message);
  return new InvalidInput('TELEGRAM_REFUSED', message);
}
