import { isAtLeast, severities, worstSeverity } from '@tidewaiter/domain';

import { itemOf } from '../merged-message.js';
import {
  clean,
  count,
  enumerate,
  maxItemChars,
  maxTitleChars,
  section,
  timeText,
  type Message,
  type MessageItem,
  type MessageTally,
} from '../message.js';

/** Limit on urgent items: more cannot be handled in a day. */
const maxUrgent = 5;
const nothing: MessageTally = { fresh: 0, exploited: 0, still: 0, fixed: 0 };

/** Extra content of a summary: notes for when its readers have time for them. */
export interface SummaryNoteLines {
  /** Exceptions that end soon, the next first: the findings they cover count again after that. */
  ending: EndingException[];
  /** Health problems of Tidewaiter itself, one line each; empty where there are none. */
  health: string[];
}

export interface EndingException {
  finding: string;
  until: Date;
  reason: string | null;
  owner: string | null;
  /** File and place that define it. */
  source: string;
}

/**
 * Merges the messages since the last summary into one: totals, urgent items, other new items, ended
 * items. Null without news.
 */
export function summaryMessage(
  messages: readonly Message[],
  { consoleUrl }: { consoleUrl: string },
  { ending, health }: SummaryNoteLines = { ending: [], health: [] },
): Message | null {
  const ordered = messages.toSorted((a, b) => urgency(b) - urgency(a) || rank(a) - rank(b));
  const firing = ordered.filter(({ status, isReminder }) => status === 'firing' && !isReminder);
  const still = ordered.filter(({ isReminder }) => isReminder);
  const fixing = ordered.filter((message) => message.status === 'resolved' || tallyOf(message).fixed > 0);
  if (firing.length + still.length + fixing.length === 0) return null;
  const urgent = firing.filter((message) => urgency(message) > 0).slice(0, maxUrgent);
  const others = firing.filter((message) => !urgent.includes(message));
  const figures = figuresText(messages);
  return {
    kind: 'summary',
    status: firing.length + still.length > 0 ? 'firing' : 'resolved',
    severity: worstSeverity([...firing, ...still].map(({ severity }) => severity)),
    title: clean(`Summary · ${urgent.length > 0 ? `${urgent.length} to act on now, ` : ''}${figures}`, maxTitleChars),
    summary: clean(`Since the last summary: ${figures}.${urgentText(urgent.length)}`, 2 * maxItemChars),
    facts: [],
    sections: [
      ...section('Act now', urgent.map(itemOf)),
      ...section('New', others.map(itemOf)),
      ...section('Still there', still.map(itemOf)),
      ...section('Fixed', fixing.map(fixedItem)),
      ...section('Exceptions that end soon', ending.map(endingItem)),
      ...section(
        'Tidewaiter health',
        health.map((text) => ({ severity: null, text, detail: null, isNew: false })),
      ),
    ],
    links: [{ text: 'Open Tidewaiter', url: consoleUrl }],
    footer: 'Tidewaiter · summary',
  };
}

/**
 * Rank of urgency: open incidents first, then exploited findings, then critical ones. 0: it can
 * wait.
 */
function urgency(message: Message): number {
  const { kind, status, severity } = message;
  if (status === 'resolved') return 0;
  if (kind === 'incident' && isAtLeast(severity, 'high')) return 3;
  if (tallyOf(message).exploited > 0) return 2;
  return severity === 'critical' ? 1 : 0;
}

function rank({ severity }: Message): number {
  return severities.indexOf(severity);
}

function tallyOf({ tally }: Message): MessageTally {
  return tally ?? nothing;
}

/** `2 incidents open, 12 new findings, 7 fixed`. */
function figuresText(messages: readonly Message[]): string {
  const incidents = messages.filter(({ kind, status }) => kind === 'incident' && status === 'firing').length;
  const about = messages.filter(({ kind }) => kind !== 'incident').map(tallyOf);
  const ended =
    messages.length - messages.filter(({ kind, status }) => kind !== 'incident' || status === 'firing').length;
  const sum = (key: keyof MessageTally) => about.reduce((total, each) => total + each[key], 0);
  const parts = [
    incidents > 0 && `${count(incidents, 'incident')} open`,
    ended > 0 && `${count(ended, 'incident')} resolved`,
    sum('fresh') > 0 &&
      `${count(sum('fresh'), 'new finding')}${sum('exploited') > 0 ? ` (${sum('exploited')} exploited)` : ''}`,
    sum('fixed') > 0 && `${sum('fixed')} fixed`,
    sum('still') > 0 && `${sum('still')} still there`,
  ].filter((part) => part !== false);
  return parts.length === 0 ? count(messages.length, 'message') : enumerate(parts, parts.length);
}

function urgentText(urgent: number): string {
  if (urgent === 0) return ' Nothing is urgent.';
  return ` ${urgent === 1 ? 'One of them needs' : `${urgent} of them need`} attention today.`;
}

function endingItem({ finding, until, reason, owner, source }: EndingException): MessageItem {
  const parts = [`until ${timeText(until.toISOString())}`, owner, reason, source];
  const detail = parts.filter((part) => part !== null).join(' · ');
  return { severity: null, text: finding, detail, isNew: false };
}

function fixedItem(message: Message): MessageItem {
  const item = { ...itemOf(message), severity: null, isNew: false };
  if (message.status === 'resolved') return item;
  const { repository, tag } = message.about ?? {};
  const name = repository && `${repository}${tag ? `:${tag}` : ''}`;
  const fixed = `${count(tallyOf(message).fixed, 'finding')} of the previous push`;
  return { ...item, text: name || item.text, detail: fixed };
}
