import type { Severity } from '@tidewaiter/domain';
import type { Message, MessageFact, MessageItem, MessageLink, MessageSection } from '@tidewaiter/messages';

export type Block =
  | { type: 'header'; text: PlainText }
  | { type: 'section'; text: PlainText | Mrkdwn }
  | { type: 'section'; fields: Mrkdwn[] }
  | { type: 'context'; elements: PlainText[] }
  | { type: 'actions'; elements: Button[] };

/** @see https://docs.slack.dev/reference/block-kit/block-elements/button-element */
interface Button {
  type: 'button';
  action_id: string;
  text: PlainText;
  value?: string;
  url?: string;
  style?: 'primary';
}

/** Actions of the buttons in a message, for channels with an endpoint for Slack interactions. */
export interface SlackButtonValues {
  /**
   * Id of the incident that can be acknowledged; null without an incident, or if it is acknowledged
   * already.
   */
  acknowledge: string | null;
  /** Value of the button that silences for a day; null where the silence would be too broad. */
  silence: string | null;
}

/** Action ids that identify the buttons in an interaction. */
export const slackActionIds = { acknowledge: 'tidewaiter_acknowledge', silence: 'tidewaiter_silence' } as const;

interface PlainText {
  type: 'plain_text';
  text: string;
  /** False, so that `:name:` in a file name does not become an emoji. */
  emoji: false;
}

interface Mrkdwn {
  type: 'mrkdwn';
  text: string;
  /** True, so that Slack links no host names, channels or users by itself. */
  verbatim: true;
}

/**
 * @see https://docs.slack.dev/reference/block-kit/blocks, and for the sum slackapi/bolt-js issue
 * 2509
 */
export const slackLimits = {
  blocks: 50,
  headerChars: 150,
  textChars: 3000,
  fields: 10,
  fieldChars: 2000,
  buttons: 25,
  buttonChars: 75,
  valueChars: 2000,
  allChars: 13_000,
} as const;

/**
 * Share of `allChars` for the lists of findings, escaped; the rest is for facts, links and the JSON
 * of the blocks.
 */
const maxListChars = 6_000;
/** Limit on the escaped characters of one fact value; ten of them fit. */
const maxValueChars = 350;
/** Limit on the escaped characters of one list block. */
const maxTextChars = 2_000;
const moreChars = '\n+100000 more'.length;
const indent = '\u2003\u2002';

const marks: Record<Severity, string> = {
  critical: '🔴',
  high: '🟠',
  medium: '🟡',
  low: '🔵',
  negligible: '⚪',
  unknown: '⚫',
};

/**
 * Renders the message as Block Kit, within Slack's limits. Untrusted text goes into plain text or
 * code, where it cannot format anything.
 */
export function slackBlocks(message: Message, actions: SlackButtonValues | null = null): Block[] {
  return [
    { type: 'header', text: plain(`${markOf(message)} ${message.title}`, slackLimits.headerChars) },
    { type: 'section', text: plain(message.summary, 1200) },
    ...listBlocks(message.sections),
    ...factBlocks(message.facts),
    ...(actions === null ? linkBlocks(message.links) : buttonBlocks(message.links, actions)),
    { type: 'context', elements: [plain(message.footer, maxValueChars)] },
  ];
}

/** Text for notifications and screen readers. */
export function slackText({ title, summary }: Message): string {
  return escaped(`${title}. ${summary}`, slackLimits.textChars);
}

/** Blocks with the news of a message, for its thread. */
export function noteBlocks(message: Message, lines: readonly string[]): Block[] {
  const text = lines.join('\n');
  return [{ type: 'section', text: plain(`${markOf(message)} ${text}`, slackLimits.textChars) }];
}

export function noteText({ title }: Message, lines: readonly string[]): string {
  return escaped(`${title}: ${lines.join('. ')}`, slackLimits.textChars);
}

function markOf({ status, severity, isAcknowledged = false }: Message): string {
  if (status === 'resolved') return '🟢';
  return isAcknowledged ? `👀 ${marks[severity]}` : marks[severity];
}

function factBlocks(facts: readonly MessageFact[]): Block[] {
  const blocks: Block[] = [];
  for (let start = 0; start < facts.length; start += slackLimits.fields) {
    const fields = facts
      .slice(start, start + slackLimits.fields)
      .map(({ label, value }) => mrkdwn(`*${label}*\n${inert(value)}`));
    blocks.push({ type: 'section', fields });
  }
  return blocks;
}

function listBlocks(sections: readonly MessageSection[]): Block[] {
  let left = maxListChars;
  return sections.flatMap((section, index) => {
    // A long list leaves room for the others.
    const texts = listTexts(section, Math.floor(left / (sections.length - index)));
    left -= texts.join('').length;
    const title: Block = { type: 'section', text: mrkdwn(`*${section.title}*`) };
    return [
      title,
      ...texts.map((text): Block => ({ type: 'section', text: { type: 'plain_text', text, emoji: false } })),
    ];
  });
}

/** Packs the lines of a list into texts that Slack accepts and counts the lines that do not fit. */
function listTexts({ items, omitted }: MessageSection, maxChars: number): string[] {
  const texts: string[] = [];
  let left = maxChars - moreChars;
  let shown = 0;
  for (const line of items.map(itemLine)) {
    if (line.length + 1 > left) break;
    const last = texts.at(-1);
    if (last === undefined || last.length + 1 + line.length > maxTextChars - moreChars) texts.push(line);
    else texts[texts.length - 1] = `${last}\n${line}`;
    left -= line.length + 1;
    shown += 1;
  }
  const more = omitted + items.length - shown;
  if (more === 0) return texts;
  const counted = [...texts.slice(-1), `+${more} more`].join('\n');
  return [...texts.slice(0, -1), counted];
}

function itemLine({ severity, text, detail }: MessageItem): string {
  const line = `${severity === null ? '•' : marks[severity]} ${escaped(text, 600)}`;
  return detail === null || detail === '' ? line : `${line}\n${indent}${escaped(detail, 600)}`;
}

function linkBlocks(links: readonly MessageLink[]): Block[] {
  if (links.length === 0) return [];
  const text = links
    .map(({ text, url }) => `<${escaped(url, 1000).replaceAll('|', '%7C')}|${escaped(text, 75)}>`)
    .join('  ·  ');
  return [{ type: 'section', text: mrkdwn(text) }];
}

function buttonBlocks(links: readonly MessageLink[], { acknowledge, silence }: SlackButtonValues): Block[] {
  const elements: Button[] = [
    ...(acknowledge === null ? [] : [button('acknowledge', 'Acknowledge', acknowledge)]),
    ...(silence === null || silence.length > slackLimits.valueChars
      ? []
      : [button('silence', 'Silence 24 h', silence)]),
    ...links.map(({ text, url }, index): Button => ({ ...plainButton(`tidewaiter_open_${index}`, text), url })),
  ];
  return elements.length === 0 ? [] : [{ type: 'actions', elements: elements.slice(0, slackLimits.buttons) }];
}

function button(action: keyof typeof slackActionIds, text: string, value: string): Button {
  const plainOne = { ...plainButton(slackActionIds[action], text), value };
  return action === 'acknowledge' ? { ...plainOne, style: 'primary' } : plainOne;
}

function plainButton(actionId: string, text: string): Button {
  return { type: 'button', action_id: actionId, text: plain(text, slackLimits.buttonChars) };
}

function plain(text: string, maxChars: number): PlainText {
  return { type: 'plain_text', text: escaped(text, maxChars), emoji: false };
}

function mrkdwn(text: string): Mrkdwn {
  return { type: 'mrkdwn', text, verbatim: true };
}

/**
 * Escapes a value for mrkdwn: as code if anything in it could format. A backtick, which would end
 * the code, becomes its look-alike.
 */
function inert(value: string): string {
  const text = escaped(value.replaceAll('`', 'ˋ'), maxValueChars);
  return /[*_~ˋ]|:[\w+'-]+:|^>/.test(value.replaceAll('`', 'ˋ')) ? `\`${text}\`` : text;
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/**
 * Escapes as Slack requires, which leaves no `<!channel>`, and cuts by the escaped length without
 * splitting an entity or a character.
 */
function escaped(text: string, maxChars: number): string {
  let out = '';
  for (const character of text) {
    const next = entities[character] ?? character;
    if (out.length + next.length >= maxChars) return `${out}…`;
    out += next;
  }
  return out;
}
