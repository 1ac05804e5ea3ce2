import { createHash } from 'node:crypto';
import { domainToASCII } from 'node:url';

import { risesAbove } from '@tidewaiter/messages';

import type { OutgoingMessage } from '../sender.js';
import type { EmailConfig } from './config.js';
import { mailHtml } from './mail-html.js';
import { mailText } from './mail-text.js';

/**
 * Headers that identify a mail or that only Tidewaiter sets. Operators may add any others, and may
 * replace the subject.
 */
const ownHeaders = new Set(
  'from to subject date message-id references in-reply-to auto-submitted x-auto-response-suppress list-id mime-version content-type'.split(
    ' ',
  ),
);

export function compose({ from, to, headers }: EmailConfig, delivery: OutgoingMessage) {
  const { id, message } = delivery;
  const domain = bare(from).split('@').at(-1) ?? '';
  const references = referencesOf(delivery, domain);
  const extra = [...headers].filter(([name]) => !ownHeaders.has(name.toLowerCase()));
  const subject = [...headers].find(([name]) => name.toLowerCase() === 'subject')?.[1];
  return {
    from,
    to,
    subject: subject ?? subjectOf(delivery),
    messageId: `<${id}@${domain}>`,
    references,
    inReplyTo: references.at(-1),
    headers: {
      // A recipient can always ask to be removed; operators with an unsubscribe page set this
      // header themselves.
      'List-Unsubscribe': `<mailto:${encodeURI(bare(from))}?subject=unsubscribe>`,
      ...Object.fromEntries(extra.map(([name, value]) => [canonical(name), value])),
      'Auto-Submitted': 'auto-generated',
      // Outlook's equivalent of Auto-Submitted.
      'X-Auto-Response-Suppress': 'All',
      'List-Id': `Tidewaiter <alerts.${domain}>`,
    },
    text: mailText(message),
    html: mailHtml(message),
    attachments: (delivery.attachments ?? []).map(({ name, mediaType, content }) => ({
      ...{ filename: name, contentType: mediaType, content },
    })),
  };
}

/**
 * Normalizes `list-unsubscribe` to `List-Unsubscribe`, so that a configured header replaces the
 * default in any spelling.
 */
function canonical(name: string): string {
  return name.toLowerCase().replaceAll(/(?<![a-z0-9])[a-z]/g, (letter) => letter.toUpperCase());
}

/**
 * References of a mail, oldest first. The first id never was a mail: it keeps a thread together
 * when it is unknown which mail arrived first.
 * @see https://www.rfc-editor.org/rfc/rfc5322#section-3.6.4
 */
function referencesOf(delivery: OutgoingMessage, domain: string): string[] {
  const { edition, replyTo } = delivery;
  const [kind, name] = threadOf(delivery);
  const thread = `<${kind}-${createHash('sha256').update(name).digest('hex').slice(0, 32)}@${domain}>`;
  const earlier = [edition?.thread.first, edition?.thread.last].flatMap((mail) => mail?.reference ?? []);
  return [...new Set([thread, ...earlier, ...(replyTo ? [replyTo] : [])])];
}

function threadOf({ groupKey, edition, message, receiver }: OutgoingMessage): [kind: string, name: string] {
  if (message.kind === 'summary') return ['summary', receiver];
  return edition ? ['incident', edition.subject] : ['group', groupKey];
}

/**
 * Subject of a mail. Mail programs also thread by subject, so an incident that became worse gets a
 * new subject to be noticed.
 */
function subjectOf({ message, edition }: OutgoingMessage): string {
  const { first = null, last = null } = edition?.thread ?? {};
  // The title already marks a reminder.
  if (message.isReminder) return message.title;
  if (first === null || last === null || risesAbove(last.message, message)) return message.title;
  return `Re: ${first.message.title}`;
}

/** Extracts `team@example.org` from `"Team" <team@Example.ORG>`, as nodemailer names recipients. */
export function bare(mailbox: string): string {
  const address = /<([^<>]*)>$/.exec(mailbox)?.[1] ?? mailbox;
  const at = address.lastIndexOf('@');
  const domain = address.slice(at + 1);
  return `${address.slice(0, at)}@${domainToASCII(domain) || domain}`;
}
