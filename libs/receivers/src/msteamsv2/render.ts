import { cut } from '@tidewaiter/domain';
import { maxTitleChars, type Message } from '@tidewaiter/messages';

import { plainText } from '../plain-text.js';

/**
 * Bytes of the whole request, after which Teams answers 413.
 * @see
 * https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using
 */
export const maxCardBytes = 28_000;

/** The text shrinks until the card fits: what JSON makes of it may be several times as long. */
export function cardMessage(message: Message): object {
  for (let maxChars = 12_000; ; maxChars /= 2) {
    const card = withText(message, maxChars);
    if (Buffer.byteLength(JSON.stringify(card)) <= maxCardBytes || maxChars < 100) return card;
  }
}

function withText(message: Message, maxChars: number): object {
  const { title, facts, links, status } = message;
  const maxFactChars = Math.min(300, maxChars / 10);
  return {
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        contentUrl: null,
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          msteams: { width: 'Full' },
          body: [
            {
              type: 'TextBlock',
              text: inert(cut(title, maxTitleChars)),
              weight: 'Bolder',
              size: 'Medium',
              wrap: true,
              style: 'heading',
              color: status === 'resolved' ? 'Good' : 'Attention',
            },
            { type: 'TextBlock', text: inert(plainText({ ...message, facts: [], links: [] }, maxChars)), wrap: true },
            {
              type: 'FactSet',
              facts: facts
                .slice(0, 12)
                .map(({ label, value }) => ({ title: label, value: inert(cut(value, maxFactChars)) })),
            },
          ],
          actions: links.slice(0, 4).map(({ text, url }) => ({ type: 'Action.OpenUrl', title: text, url })),
        },
      },
    ],
  };
}

/**
 * A card's text is Markdown: text that could format or link is escaped, and lines stay separate.
 */
function inert(text: string): string {
  return text.replaceAll(/[\\`*_[\]()#+!<>~|]/g, '\\$&').replaceAll('\n', '\n\n');
}
