import { AccessDenied, InvalidInput, Unavailable } from '@tidewaiter/domain';
import { z } from 'zod';

import { httpFailure } from '../http-channel.js';
import { answerText, jsonOf, post } from '../outbound.js';
import { OutcomeUnknown, type ChannelSender } from '../sender.js';
import type { RocketChatConfig } from './config.js';
import { rocketChatMessage } from './render.js';

const maxAnswerBytes = 256 * 1024;

/** Posts to Rocket.Chat as the user of the token. Some of its errors have status 200. */
export const rocketchatSender: ChannelSender<RocketChatConfig> = {
  async send(config, { message }, context) {
    const { apiUrl, token, tokenId, http, timeoutMs } = config;
    const headers = {
      'content-type': 'application/json',
      'x-auth-token': token.reveal(),
      'x-user-id': tokenId.reveal(),
    };
    const body = JSON.stringify(rocketChatMessage(config, message));
    const response = await post(`${apiUrl}/api/v1/chat.postMessage`, { headers, body, http, timeoutMs }, context);
    const text = await answerText(response, maxAnswerBytes);
    if (response.status !== 200) throw httpFailure('Rocket.Chat', response);
    const answer = answerShape.safeParse(jsonOf(text)).data;
    if (!answer) {
      throw new OutcomeUnknown(
        'Rocket.Chat answered in a form that is not its own; the message may have arrived',
        undefined,
      );
    }
    if (answer.success) return { outcome: 'sent', reference: answer.message?._id ?? null, refused: [] };
    throw refusal(answer.error);
  },
};

const answerShape = z.object({
  success: z.boolean(),
  error: z.string().catch(''),
  message: z
    .object({ _id: z.string().max(100) })
    .optional()
    .catch(undefined),
});

function refusal(error: string): AccessDenied | InvalidInput | Unavailable {
  // Its own words are not kept: who stands behind the address may have written them.
  if (/too many requests|error-too-many-requests/i.test(error))
    return new Unavailable('ROCKET_CHAT_UNAVAILABLE', 'Rocket.Chat asks to come back');
  if (/not allowed|unauthorized|not-authorized/i.test(error))
    return new AccessDenied('ROCKET_CHAT_DENIED', 'Rocket.Chat does not let us write there');
  return new InvalidInput('ROCKET_CHAT_REFUSED', 'Rocket.Chat refused the message');
}
