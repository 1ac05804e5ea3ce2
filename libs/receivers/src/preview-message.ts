import { type Message, type MessageKind, sampleMessage, type Templates } from '@tidewaiter/messages';

import { mailHtml } from './email/mail-html.js';
import { mailText } from './email/mail-text.js';
import { slackBlocks, slackText } from './slack/render.js';

/** How a preview looks: the text of a mail, its HTML, or what Slack is given. */
export const previewChannels = ['text', 'email', 'slack'] as const;
export type PreviewChannel = (typeof previewChannels)[number];

export interface Preview {
  title: string;
  mediaType: string;
  content: string;
}

/** Renders a sample message, with the templates applied, as a channel shows it. */
export function previewMessage(
  kind: MessageKind,
  channel: PreviewChannel,
  { templates, consoleUrl }: { templates: Templates; consoleUrl: string },
): Preview {
  const message = templates.reword(sampleMessage(kind, { consoleUrl }));
  return { title: message.title, ...layouts[channel](message) };
}

const layouts: Record<PreviewChannel, (message: Message) => Omit<Preview, 'title'>> = {
  text: (message) => ({ mediaType: 'text/plain; charset=utf-8', content: mailText(message) }),
  email: (message) => ({ mediaType: 'text/html; charset=utf-8', content: mailHtml(message) }),
  slack: (message) => ({
    mediaType: 'application/json',
    content: `${JSON.stringify({ text: slackText(message), blocks: slackBlocks(message) }, null, 2)}\n`,
  }),
};
