import { type Message, type MessageItem, type MessageSection, severityWord } from '@tidewaiter/messages';

/** The whole message as plain text: the content of the HTML, in the same order. */
export function mailText(message: Message): string {
  const labelChars = Math.max(0, ...message.facts.map(({ label }) => label.length)) + 2;
  const parts = [
    message.title,
    message.summary,
    ...message.sections.map(sectionText),
    message.facts.map(({ label, value }) => `${`${label}:`.padEnd(labelChars)}${value}`).join('\n'),
    message.links.map(({ text, url }) => `${text}: ${url}`).join('\n'),
    // The mark before a signature, RFC 3676 section 4.3, blank included.
    `-- \n${message.footer}`,
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function sectionText({ title, items, omitted }: MessageSection): string {
  const more = omitted === 0 ? [] : [`  +${omitted} more`];
  return [title, ...items.map(itemText), ...more].join('\n');
}

function itemText({ severity, text, detail, url }: MessageItem): string {
  const mark = severity === null ? '' : `[${severityWord(severity)}] `;
  const below = [detail, url].flatMap((line) => (line ? [`      ${line}`] : []));
  return [`  ${mark}${text}`, ...below].join('\n');
}
