import { AccessDenied, cut, InvalidInput, Unavailable } from '@tidewaiter/domain';
import { headWord, maxTitleChars, type Message, plainText } from '@tidewaiter/messages';
import { z } from 'zod';

import { answerText, isTemporary, jsonOf, post, retryAfterMs } from '../outbound.js';
import { OutcomeUnknown, receiver, type Configs } from '../receiver.js';

/** Characters of a message, after its entities are read. @see https://core.telegram.org/bots/api#sendmessage */
export const maxMessageChars = 4096;

const maxAnswerBytes = 64 * 1024;

/** A bot of Telegram. Its errors say in the body when to come again. */
export const telegram = receiver({
  kind: 'telegram',
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
});

export function telegramMessage(
  config: Pick<Configs['telegram'], 'chatId' | 'threadId' | 'isSilent'>,
  message: Message,
): object {
  return {
    chat_id: config.chatId,
    message_thread_id: config.threadId,
    disable_notification: config.isSilent,
    parse_mode: 'HTML',
    link_preview_options: { is_disabled: true },
    text: `<b>${escaped(headWord(message))}</b> · <b>${escaped(cut(message.title, maxTitleChars))}</b>\n${escaped(plainText(message, maxMessageChars - 400))}`,
  };
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function escaped(text: string): string {
  return text.replaceAll(/[&<>"]/g, (character) => entities[character] ?? character);
}

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
