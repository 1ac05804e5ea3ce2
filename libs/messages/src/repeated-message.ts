import { clean, maxItemChars, type Message } from './message.js';

/**
 * A message that a user sends again although it was accepted: every channel shows that it is a
 * repetition.
 */
export function repeatedMessage(message: Message, by: string): Message {
  return { ...message, summary: `${clean(`Sent again, as ${by} asked.`, maxItemChars)} ${message.summary}` };
}
