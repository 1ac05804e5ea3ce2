import { severities, worstSeverity } from '@tidewaiter/domain';

import {
  bareTitle,
  clean,
  count,
  maxItemChars,
  maxTitleChars,
  section,
  type Message,
  type MessageItem,
} from './message.js';

/** Several messages as one: what each was about in a line, the worst first. One alone stays as it is. */
export function mergedMessage(messages: readonly Message[]): Message {
  const [only] = messages;
  if (only !== undefined && messages.length === 1) return only;
  const ordered = messages.toSorted((a, b) => rank(a) - rank(b));
  const [worst] = ordered;
  const firing = ordered.filter(({ status, isReminder }) => status === 'firing' && !isReminder);
  const still = ordered.filter(({ isReminder }) => isReminder);
  const over = ordered.filter(({ status }) => status === 'resolved');
  const head = firing[0] ?? worst;
  const goesOn = firing.length + still.length > 0;
  return {
    ...head!,
    status: goesOn ? 'firing' : 'resolved',
    severity: worstSeverity(ordered.map(({ severity }) => severity)) ?? 'unknown',
    title: clean(`${count(messages.length, 'alert')} · ${head!.title}`, maxTitleChars),
    summary: summaryOf(firing.length, still.length, over.length),
    facts: [],
    sections: [
      ...section('Firing', firing.map(itemOf)),
      ...section('Still there', still.map(itemOf)),
      ...section('Over', over.map(itemOf)),
    ],
    links: uniqueLinks(ordered),
    isReminder: still.length === ordered.length,
  };
}

function rank({ severity, status }: Message): number {
  return severities.indexOf(severity) + (status === 'resolved' ? severities.length : 0);
}

function summaryOf(firing: number, still: number, over: number): string {
  const parts = [
    firing > 0 ? `${count(firing, 'alert')} came together` : '',
    still > 0 ? `${count(still, 'reminder')} of what you know` : '',
    over > 0 ? `${count(over, 'one', 'ones')} over` : '',
  ];
  return `${parts.filter((part) => part !== '').join(', ')}. Each has its page in the console.`;
}

/** What a message was about, as a line of another one. */
export function itemOf(message: Message): MessageItem {
  const { severity, summary, links, isReminder = false } = message;
  const [link] = links;
  return {
    severity,
    text: clean(bareTitle(message), maxItemChars),
    detail: clean(summary, maxItemChars),
    isNew: !isReminder,
    ...(link && { url: link.url }),
  };
}

function uniqueLinks(messages: readonly Message[]): Message['links'] {
  const byUrl = new Map(messages.flatMap(({ links }) => links.slice(0, 1)).map((link) => [link.url, link]));
  return [...byUrl.values()].slice(0, 3);
}
