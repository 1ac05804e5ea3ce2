import { compareSeverity, cut, severities, type Severity, type SeverityCounts } from '@tidewaiter/domain';

/**
 * Message for a channel, already worded, cleaned and cut; a receiver only lays it out and escapes
 * it.
 */
export interface Message {
  kind: MessageKind;
  status: 'firing' | 'resolved';
  severity: Severity;
  /** Complete in one line: the subject of a mail, the header in Slack. */
  title: string;
  /** One or two sentences. */
  summary: string;
  facts: MessageFact[];
  sections: MessageSection[];
  /** Links to Tidewaiter's console only. */
  links: MessageLink[];
  footer: string;
  /** Earlier states; absent for a subject without states. */
  history?: MessageUpdate[];
  /** Whether a user has acknowledged it. */
  isAcknowledged?: boolean;
  /** Time until which it is not repeated, in ISO 8601. */
  snoozedUntil?: string;
  /** Whether it repeats an earlier message. */
  isReminder?: boolean;
  /** Totals for summaries of several messages. */
  tally?: MessageTally;
  /** Plain values for templates; unknown values are left out or null. */
  about?: MessageAbout;
}

/** Subject of a message, in plain values. */
export interface MessageAbout {
  registry?: string | null;
  repository?: string | null;
  tag?: string | null;
  digest?: string | null;
  pushedBy?: string | null;
  /** ISO 8601. */
  pushedAt?: string | null;
  revision?: string | null;
  vulnerability?: string | null;
  advisory?: string | null;
  packages?: string[];
  fixedIn?: string[];
  /** Number of the incident. */
  incident?: number | null;
  workload?: string | null;
  namespace?: string | null;
  cluster?: string | null;
  image?: string | null;
  techniques?: string[];
}

export const messageKinds = ['push', 'finding', 'incident', 'sensor', 'summary'] as const;
export type MessageKind = (typeof messageKinds)[number];

/** Totals of the findings of a message, or of one incident. */
export interface MessageTally {
  fresh: number;
  /** Fresh ones that are known to be exploited. */
  exploited: number;
  still: number;
  fixed: number;
}

/** News of one state, one line each. */
export interface MessageUpdate {
  revision: number;
  lines: string[];
}

export interface MessageFact {
  label: string;
  value: string;
}

export interface MessageSection {
  title: string;
  items: MessageItem[];
  /** Number of further items; every channel shows it. */
  omitted: number;
}

export interface MessageItem {
  severity: Severity | null;
  text: string;
  detail: string | null;
  isNew: boolean;
  /** Link to details; a channel that cannot link a line leaves it out. */
  url?: string;
}

export interface MessageLink {
  text: string;
  url: string;
}

/** Limit on the items shown of one section. */
export const maxItems = 12;
/** Limit on the characters of one text of an item. */
export const maxItemChars = 300;
/** Limit on the characters of a fact value. */
export const maxFactChars = 300;
/** Limit on the values of one list for templates. */
const maxAboutValues = 50;
/** Limit on the characters of a title: the size of Slack's header, less its mark. */
export const maxTitleChars = 140;

const severityWords: Record<Severity, string> = {
  critical: 'Critical',
  high: 'High',
  medium: 'Medium',
  low: 'Low',
  negligible: 'Negligible',
  unknown: 'Unknown',
};

/** Head word of a message: its severity, or that it is resolved. */
export function headWord({ status, severity }: Pick<Message, 'status' | 'severity'>): string {
  return status === 'resolved' ? 'Resolved' : severityWords[severity];
}

/** Title without its head word, for a list that shows the severity separately. */
export function bareTitle(message: Pick<Message, 'title' | 'status' | 'severity'>): string {
  const word = `${headWord(message)} · `;
  return message.title.startsWith(word) ? message.title.slice(word.length) : message.title;
}

/**
 * Whether the state is worse than the one sent before, or fires again: then it must be noticed
 * again.
 */
export function risesAbove(
  before: Pick<Message, 'status' | 'severity'>,
  now: Pick<Message, 'status' | 'severity'>,
): boolean {
  if (now.status === 'resolved') return false;
  return before.status === 'resolved' || compareSeverity(now.severity, before.severity) < 0;
}

/** Displayed name of a severity. */
export function severityWord(severity: Severity): string {
  return severityWords[severity];
}

// Control characters, directional overrides, zero-width and tag characters can make a text read as
// another one, or hide part of it. The two joiners stay: emoji and several scripts need them.
const invisible = /[\p{Cc}\p{Cf}\p{Co}]/gu;
const joiners = new Set(['\u200c', '\u200d']);
// White space of Unicode, and all characters that end a line somewhere, mail headers included.
const blank = /[\s\u0085\u2028\u2029]+/gu;

/**
 * Cleans text to one visible line: no control characters, no bidirectional tricks, at most
 * `maxChars` UTF-16 units. Escaping is left to the channel.
 */
export function clean(text: string, maxChars: number): string {
  const visible = text
    .toWellFormed()
    .replace(blank, ' ')
    .replace(invisible, (character) => (joiners.has(character) ? character : ''));
  return cut(visible.trim(), maxChars);
}

/** Section that shows the first `max` items and counts the rest; nothing when it would be empty. */
export function section(title: string, items: readonly MessageItem[], max = maxItems): MessageSection[] {
  if (items.length === 0) return [];
  const shown = items.slice(0, max).map((item) => ({
    ...item,
    text: clean(item.text, maxItemChars),
    detail: item.detail === null ? null : clean(item.detail, maxItemChars),
  }));
  return [{ title, items: shown, omitted: items.length - shown.length }];
}

/** Fact with this value; nothing when the value is empty. */
export function fact(label: string, value: string | null): MessageFact[] {
  const shown = clean(value ?? '', maxFactChars);
  return shown === '' ? [] : [{ label, value: shown }];
}

/** Subject of a message, each value cleaned by {@link clean}. */
export function aboutValues(about: MessageAbout): MessageAbout {
  const cleaned = Object.entries(about).map(([name, value]): [string, unknown] => [name, cleanValue(value)]);
  return Object.fromEntries(cleaned);
}

function cleanValue(value: string | number | string[] | null): typeof value {
  if (typeof value === 'string') return clean(value, maxFactChars);
  return Array.isArray(value) ? value.slice(0, maxAboutValues).map((each) => clean(each, maxFactChars)) : value;
}

/** Link to a page of the console, whose base URL may have a path. */
export function consoleLink(
  text: string,
  consoleUrl: string,
  ...path: [page: string, ...below: string[]]
): MessageLink {
  const base = consoleUrl.endsWith('/') ? consoleUrl : `${consoleUrl}/`;
  // A digest is easier to read with its colon.
  const below = path.map((part) => encodeURIComponent(part).replaceAll('%3A', ':')).join('/');
  return { text, url: new URL(below, base).href };
}

/** `3 packages`, `1 package`. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}

/** `a, b and c`; past `max`, `a, b and 7 more`. */
export function enumerate(names: readonly string[], max: number): string {
  const shown = names.length > max ? [...names.slice(0, max), `${names.length - max} more`] : names;
  return shown.length < 2 ? (shown[0] ?? '') : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`;
}

/**
 * `2 critical, 5 high, 1 of unknown severity`, worst first, zeros left out; null when there is
 * nothing at all.
 */
export function countsText(counts: SeverityCounts): string | null {
  const parts = severities
    .filter((severity) => counts[severity] > 0)
    .map((severity) => `${counts[severity]} ${severity === 'unknown' ? 'of unknown severity' : severity}`);
  return parts.length === 0 ? null : parts.join(', ');
}

/** Formats a time as `2026-11-25 10:42 UTC`; returns text that is not a time unchanged. */
export function timeText(iso: string): string {
  const at = new Date(iso);
  return Number.isNaN(at.getTime()) ? iso : `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** Shortens a digest to `sha256:4fd2a1b09c3e`, enough to distinguish digests. */
export function shortDigest(digest: string): string {
  return digest.slice(0, 'sha256:'.length + 12);
}
