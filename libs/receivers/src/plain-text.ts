import { type Message, type MessageItem, severityWord } from '@tidewaiter/messages';

/**
 * The message as lines of plain text, of at most `maxChars` UTF-16 units; what has no room is
 * counted.
 */
export function plainText(message: Message, maxChars: number): string {
  const head = [message.summary, ...message.facts.map(({ label, value }) => `${label}: ${value}`)];
  const tail = message.links.map(({ text, url }) => `${text}: ${url}`);
  const room = maxChars - [...head, ...tail].join('\n').length - '\n\n+100000 more\n\n'.length;
  const parts = [head.join('\n'), listText(message, room), tail.join('\n')];
  return cutLines(parts.filter((part) => part !== '').join('\n\n'), maxChars);
}

/** The same, of at most `maxBytes` bytes of UTF-8. */
export function plainTextOfBytes(message: Message, maxBytes: number): string {
  for (let maxChars = maxBytes; ;) {
    const text = plainText(message, maxChars);
    const bytes = Buffer.byteLength(text);
    if (bytes <= maxBytes) return text;
    maxChars = Math.floor((Math.min(maxChars, text.length) * maxBytes) / bytes) - 1;
  }
}

function listText({ sections }: Message, maxChars: number): string {
  const lines: string[] = [];
  let chars = 0;
  let omitted = 0;
  for (const section of sections) {
    const [first, ...rest] = section.items.map(itemText);
    // A title without an item is useless.
    // The empty line keeps Markdown from taking a title for a part of the list above it.
    const title = lines.length === 0 ? section.title : `\n${section.title}`;
    const units = first === undefined ? [] : [`${title}\n${first}`, ...rest];
    for (const unit of units) {
      if (chars + unit.length + 1 > maxChars) {
        omitted += 1;
        continue;
      }
      lines.push(unit);
      chars += unit.length + 1;
    }
    omitted += section.omitted;
  }
  return omitted === 0 ? lines.join('\n') : [...lines, `+${omitted} more`].join('\n');
}

function itemText({ severity, text, detail }: MessageItem): string {
  const mark = severity === null ? '' : `[${severityWord(severity)}] `;
  return detail === null ? `- ${mark}${text}` : `- ${mark}${text}\n  ${detail}`;
}

function cutLines(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text;
  return `${text.slice(0, Math.max(0, maxChars - 1)).toWellFormed()}…`;
}
