import { severities, worstSeverity } from '@tidewaiter/domain';

import {
  bareTitle,
  clean,
  count,
  maxItemChars,
  maxItems,
  maxTitleChars,
  section,
  type Message,
  type MessageItem,
  type MessageSection,
} from './message.js';

/**
 * Limit on the lines of one section of a merged message; each channel shows as many as it has room
 * for and counts the rest.
 */
const maxMergedItems = 100;

/**
 * Merges several messages into one with a line for each, the worst and incidents first. A single
 * message is returned unchanged.
 */
export function mergedMessage(messages: readonly Message[]): Message {
  const [only] = messages;
  if (only !== undefined && messages.length === 1) return only;
  const ordered = messages.toSorted((a, b) => rank(a) - rank(b) || Number(isIncident(b)) - Number(isIncident(a)));
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
      ...mergedSection('Firing', firing),
      ...mergedSection('Still there', still),
      ...mergedSection('Over', over),
    ],
    links: head!.links.slice(0, 1),
    footer: `Tidewaiter · ${count(messages.length, 'alert')} in one message`,
    isReminder: still.length === ordered.length,
  };
}

/**
 * One line for each message; no details in a long list, so that the names of more images and
 * incidents fit.
 */
function mergedSection(title: string, messages: readonly Message[]): MessageSection[] {
  const items = messages.map(itemOf);
  const isLong = distinct(items).length > maxItems;
  return section(title, distinct(isLong ? items.map(withoutDetail) : items), maxMergedItems);
}

/** Merges lines with equal text. */
function distinct(items: readonly MessageItem[]): MessageItem[] {
  const alike = Map.groupBy(items, ({ severity, text, detail }) => JSON.stringify([severity, text, detail]));
  return [...alike.values()].map(([item, ...others]) =>
    others.length === 0 ? item! : { ...item!, text: `${item!.text} (${others.length + 1} times)` },
  );
}

function withoutDetail(item: MessageItem): MessageItem {
  return { ...item, detail: null };
}

function isIncident({ kind }: Message): boolean {
  return kind === 'incident';
}

function rank({ severity, status }: Message): number {
  return severities.indexOf(severity) + (status === 'resolved' ? severities.length : 0);
}

function summaryOf(firing: number, still: number, over: number): string {
  const parts = [
    firing > 0 ? `${count(firing, 'alert')} in one message` : '',
    still > 0 ? count(still, 'reminder') : '',
    over > 0 ? `${over} resolved` : '',
  ];
  return `${parts.filter((part) => part !== '').join(', ')}. Each has its page in the console.`;
}

/** Renders a message as one line of another message. */
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
