import { cut } from '@tidewaiter/domain';
import {
  maxFactChars,
  maxItems,
  type Message,
  type MessageItem,
  type MessageSection,
  severityWord,
} from '@tidewaiter/messages';

export const jiraLimits = {
  summaryChars: 255,
  /** Limit of a description: of its markup, or of its document as JSON. */
  descriptionChars: 32_767,
} as const;

// With these limits a message without items always fits, however much must be escaped.
const maxSummaryChars = 2_000;
const maxFacts = 15;
const maxSections = 10;

/**
 * A node of the Atlassian Document Format.
 * @see https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/
 */
export interface JiraNode {
  type: string;
  version?: 1;
  attrs?: Record<string, unknown>;
  content?: JiraNode[];
  text?: string;
  marks?: { type: 'strong' | 'em' | 'link'; attrs?: { href: string } }[];
}

/**
 * Renders the message as a document for version 3 of Jira's API. Untrusted text only becomes text
 * nodes.
 */
export function jiraDocument(message: Message): JiraNode {
  return fitting(message, documentOf, (document) => JSON.stringify(document).length);
}

/**
 * Renders the message in wiki markup for version 2 of Jira's API. Untrusted text cannot format or
 * embed anything.
 * @see https://jira.atlassian.com/secure/WikiRendererHelpAction.jspa?section=all
 */
export function jiraMarkup(message: Message): string {
  return fitting(message, markupOf, (markup) => markup.length);
}

/** Renders with ever fewer items until the result fits; left-out items are counted. */
function fitting<T>(message: Message, render: (message: Message) => T, lengthOf: (rendered: T) => number): T {
  for (let shown = maxItems; ; shown = Math.floor(shown / 2)) {
    const rendered = render(withItems(message, shown));
    if (shown === 0 || lengthOf(rendered) <= jiraLimits.descriptionChars) return rendered;
  }
}

function withItems(message: Message, shown: number): Message {
  return {
    ...message,
    summary: cut(message.summary, maxSummaryChars),
    facts: message.facts
      .slice(0, maxFacts)
      .map(({ label, value }) => ({ label: cut(label, 100), value: cut(value, maxFactChars) })),
    sections: message.sections.slice(0, maxSections).map(({ title, items, omitted }) => ({
      title: cut(title, 100),
      items: items.slice(0, shown),
      omitted: omitted + Math.max(0, items.length - shown),
    })),
  };
}

function documentOf({ summary, sections, facts, links, footer }: Message): JiraNode {
  const content = [
    paragraph(text(summary)),
    ...sections.flatMap(sectionNodes),
    ...list(facts.map(({ label, value }) => [strong(label), text(`: ${value}`)])),
    ...links.map(({ text: words, url }) => paragraph(linked(words, url))),
    paragraph({ ...text(footer), marks: [{ type: 'em' }] }),
  ];
  return { type: 'doc', version: 1, content };
}

function sectionNodes({ title, items, omitted }: MessageSection): JiraNode[] {
  const more = omitted === 0 ? [] : [[text(`+${omitted} more`)]];
  return [
    { type: 'heading', attrs: { level: 3 }, content: filled([text(title)]) },
    ...list([...items.map(itemNodes), ...more]),
  ];
}

function itemNodes(item: MessageItem): JiraNode[] {
  const mark = item.severity === null ? [] : [strong(severityWord(item.severity)), text(' ')];
  const words = item.url === undefined ? text(item.text) : linked(item.text, item.url);
  return [...mark, words, ...(item.detail === null ? [] : [{ type: 'hardBreak' }, text(item.detail)])];
}

/**
 * Builds a bullet list; no node without items, as Jira rejects an empty list, just like an empty
 * text node.
 */
function list(items: JiraNode[][]): JiraNode[] {
  if (items.length === 0) return [];
  return [
    { type: 'bulletList', content: items.map((nodes) => ({ type: 'listItem', content: [paragraph(...nodes)] })) },
  ];
}

function paragraph(...nodes: JiraNode[]): JiraNode {
  return { type: 'paragraph', content: filled(nodes) };
}

function filled(nodes: JiraNode[]): JiraNode[] {
  return nodes.filter((node) => node.text !== '');
}

function text(words: string): JiraNode {
  return { type: 'text', text: words };
}

function strong(words: string): JiraNode {
  return { ...text(words), marks: [{ type: 'strong' }] };
}

function linked(words: string, href: string): JiraNode {
  return { ...text(words), marks: [{ type: 'link', attrs: { href } }] };
}

function markupOf({ summary, sections, facts, links, footer }: Message): string {
  const parts = [
    escaped(summary),
    ...sections.map(sectionMarkup),
    facts.map(({ label, value }) => `* *${escaped(label)}*: ${escaped(value)}`).join('\n'),
    ...links.map(({ text: words, url }) => `[${escaped(words)}|${inLink(url)}]`),
    `_${escaped(footer)}_`,
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

function sectionMarkup({ title, items, omitted }: MessageSection): string {
  const more = omitted === 0 ? [] : [`* +${omitted} more`];
  return [`h3. ${escaped(title)}`, ...items.map(itemMarkup), ...more].join('\n');
}

function itemMarkup({ severity, text: words, detail, url }: MessageItem): string {
  const mark = severity === null ? '' : `*${severityWord(severity)}* `;
  const linkedWords = url === undefined ? escaped(words) : `[${escaped(words)}|${inLink(url)}]`;
  // Two backslashes break the line within an item.
  return `* ${mark}${linkedWords}${detail === null ? '' : `\\\\${escaped(detail)}`}`;
}

/**
 * Escapes wiki markup. A backslash escapes most characters; a backslash itself and an entity need a
 * character reference.
 */
function escaped(words: string): string {
  return words.replaceAll(/\\|&(?=#?\w{1,32};)|(?<!\w)-|-(?!\w)|[{}[\]*_+^~?!|]/g, (character) => {
    if (character === '\\') return '&#92;';
    return character === '&' ? '&amp;' : `\\${character}`;
  });
}

function inLink(url: string): string {
  return url.replaceAll(/[|\][]/g, encodeURIComponent);
}
