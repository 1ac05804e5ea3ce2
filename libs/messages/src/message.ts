import { compareSeverity, cut, severities, type Severity, type SeverityCounts } from '@tidewaiter/domain';

/** What a channel has to say, already worded, cleaned and cut; a receiver only lays it out and escapes it. */
export interface Message {
  kind: MessageKind;
  status: 'firing' | 'resolved';
  severity: Severity;
  /** One line that says it all: the subject of a mail, the header in Slack. */
  title: string;
  /** One or two sentences. */
  summary: string;
  facts: Fact[];
  sections: MessageSection[];
  /** Only ever into our own console. */
  links: MessageLink[];
  footer: string;
  /** How it came to this, state by state; absent of what has no states. */
  history?: MessageNews[];
  /** Whether somebody looks after it, so that nobody needs to say so again. */
  isAcknowledged?: boolean;
  /** Whether it says again what was told before. */
  isReminder?: boolean;
  /** In figures, for who adds up several messages. */
  tally?: MessageTally;
  /** In plain values, for templates; what is not known is left out or null. */
  about?: MessageAbout;
}

/** What a message is about. */
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
  /** Its number. */
  incident?: number | null;
  workload?: string | null;
  namespace?: string | null;
  cluster?: string | null;
  image?: string | null;
  techniques?: string[];
}

export const messageKinds = ['push', 'finding', 'incident', 'sensor', 'digest'] as const;
export type MessageKind = (typeof messageKinds)[number];

/** Of what people are told of: findings, or one incident. */
export interface MessageTally {
  fresh: number;
  /** Of the fresh ones, those that are known to be exploited. */
  exploited: number;
  still: number;
  fixed: number;
}

/** What was new in one state, a line each. */
export interface MessageNews {
  revision: number;
  lines: string[];
}

export interface Fact {
  label: string;
  value: string;
}

export interface MessageSection {
  title: string;
  items: MessageItem[];
  /** How many more items there are; every channel says so. */
  omitted: number;
}

export interface MessageItem {
  severity: Severity | null;
  text: string;
  detail: string | null;
  isNew: boolean;
  /** Where to read on; a channel that cannot link a line leaves it out. */
  url?: string;
}

export interface MessageLink {
  text: string;
  url: string;
}

/** Items shown of one section, at most. */
export const maxItems = 12;
/** Characters of one text of an item, at most. */
export const maxItemChars = 300;
/** Characters of one fact's value, at most. */
export const maxFactChars = 300;
/** Values of one name that templates are given, at most. */
const maxAboutValues = 50;
/** Characters of a title, at most: what Slack's header takes, with room for its mark. */
export const maxTitleChars = 140;

const severityWords: Record<Severity, string> = {
  critical: 'Critical',
  high: 'High',
  medium: 'Medium',
  low: 'Low',
  negligible: 'Negligible',
  unknown: 'Unknown',
};

/** The one word in which a message says how bad it is, or that it is over. */
export function headWord({ status, severity }: Pick<Message, 'status' | 'severity'>): string {
  return status === 'resolved' ? 'Resolved' : severityWords[severity];
}

/** The title without its first word, for a list that shows how bad each is by itself. */
export function bareTitle(message: Pick<Message, 'title' | 'status' | 'severity'>): string {
  const word = `${headWord(message)} · `;
  return message.title.startsWith(word) ? message.title.slice(word.length) : message.title;
}

/** Whether it is worse than what was told before, or was over and is not any more: then it should be noticed again. */
export function risesAbove(
  told: Pick<Message, 'status' | 'severity'>,
  now: Pick<Message, 'status' | 'severity'>,
): boolean {
  if (now.status === 'resolved') return false;
  return told.status === 'resolved' || compareSeverity(now.severity, told.severity) < 0;
}

/** How people read a severity. */
export function severityWord(severity: Severity): string {
  return severityWords[severity];
}

// Controls, directional overrides, zero-width and tag characters can make a text read as another one, or hide a part of it.
// The two joiners stay: emoji and several scripts need them.
const invisible = /[\p{Cc}\p{Cf}\p{Co}]/gu;
const joiners = new Set(['\u200c', '\u200d']);
// What Unicode calls white space and what ends a line somewhere, the header of a mail included.
const blank = /[\s\u0085\u2028\u2029]+/gu;

/** One line of text that shows what it says: no controls, no direction tricks, at most `maxChars` UTF-16 units. Escaping is the channel's work. */
export function clean(text: string, maxChars: number): string {
  const visible = text
    .toWellFormed()
    .replace(blank, ' ')
    .replace(invisible, (character) => (joiners.has(character) ? character : ''));
  return cut(visible.trim(), maxChars);
}

/** A sorted section that shows the first `maxItems` and counts the rest; nothing when it would be empty. */
export function section(title: string, items: readonly MessageItem[], max = maxItems): MessageSection[] {
  if (items.length === 0) return [];
  const shown = items.slice(0, max).map((item) => ({
    ...item,
    text: clean(item.text, maxItemChars),
    detail: item.detail === null ? null : clean(item.detail, maxItemChars),
  }));
  return [{ title, items: shown, omitted: items.length - shown.length }];
}

/** A fact, unless nothing is known. */
export function fact(label: string, value: string | null): Fact[] {
  const shown = clean(value ?? '', maxFactChars);
  return shown === '' ? [] : [{ label, value: shown }];
}

/** What a message is about, each value as {@link clean} shows it. */
export function aboutValues(about: MessageAbout): MessageAbout {
  const cleaned = Object.entries(about).map(([name, value]): [string, unknown] => [name, cleanValue(value)]);
  return Object.fromEntries(cleaned);
}

function cleanValue(value: string | number | string[] | null): typeof value {
  if (typeof value === 'string') return clean(value, maxFactChars);
  return Array.isArray(value) ? value.slice(0, maxAboutValues).map((each) => clean(each, maxFactChars)) : value;
}

/** A link to a page of the console, which may live below a path. */
export function consoleLink(text: string, consoleUrl: string, ...path: [page: string, id: string]): MessageLink {
  const base = consoleUrl.endsWith('/') ? consoleUrl : `${consoleUrl}/`;
  // A path may hold colons, and a digest is easier to read with its own.
  const below = path.map((part) => encodeURIComponent(part).replaceAll('%3A', ':')).join('/');
  return { text, url: new URL(`#${below}`, base).href };
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

/** `2 critical, 5 high, 1 of unknown severity`, worst first, zeros left out; null when there is nothing at all. */
export function countsText(counts: SeverityCounts): string | null {
  const parts = severities
    .filter((severity) => counts[severity] > 0)
    .map((severity) => `${counts[severity]} ${severity === 'unknown' ? 'of unknown severity' : severity}`);
  return parts.length === 0 ? null : parts.join(', ');
}

/** `2026-11-25 10:42 UTC`, or the text itself where it is no time. */
export function timeText(iso: string): string {
  const at = new Date(iso);
  return Number.isNaN(at.getTime()) ? iso : `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** `sha256:4fd2a1b09c3e`, enough to tell digests apart. */
export function shortDigest(digest: string): string {
  return digest.slice(0, 'sha256:'.length + 12);
}
