import { severities } from '@tidewaiter/domain';
import { z } from 'zod';

import {
  headWord,
  messageKinds,
  type Message,
  type MessageAbout,
  type MessageItem,
  type MessageSection,
} from '../message.js';

const text = z.string();
const severity = z.enum(severities);
const names = z.array(text);

const item = z.object({
  severity: severity.nullable(),
  text: text.describe('What the line says.'),
  detail: text.nullable().describe('What stands below it, smaller.'),
  isNew: z.boolean(),
  url: text.nullable(),
});

const section = z.object({
  title: text,
  items: z.array(item),
  omitted: z.number().int().describe('How many more items there are than are shown.'),
});

const about = z.object({
  registry: text.nullable().describe('Host of the registry.'),
  repository: text.nullable(),
  tag: text.nullable(),
  digest: text.nullable(),
  pushedBy: text.nullable(),
  pushedAt: text.nullable().describe('ISO 8601.'),
  revision: text.nullable().describe('Of the source, as the label of the image says.'),
  vulnerability: text.nullable().describe('CVE-2026-1234'),
  advisory: text.nullable(),
  packages: names,
  fixedIn: names.describe('Versions that fix it.'),
  incident: z.number().int().nullable().describe('Its number, without INC-.'),
  workload: text.nullable().describe('namespace/Kind/name'),
  namespace: text.nullable(),
  cluster: text.nullable(),
  image: text.nullable().describe('As the sensor names it.'),
  techniques: names.describe('MITRE ATT&CK: T1059.'),
});

/**
 * Variables of a template: the same names for every kind of message; values that a kind lacks are
 * null, empty or 0.
 */
export const templateContext = z.object({
  kind: z.enum(messageKinds),
  status: z.enum(['firing', 'resolved']),
  severity,
  word: text.describe('How bad it is, or that it is over, in one word: High, Resolved.'),
  isReminder: z.boolean().describe('Whether it repeats an earlier message.'),
  title: text.describe('As Tidewaiter words it, the word before it.'),
  summary: text.describe('As Tidewaiter words it.'),
  footer: text,
  facts: z.array(z.object({ label: text, value: text })),
  sections: z.array(section),
  links: z.array(z.object({ text, url: text })).describe('Pages of the console.'),
  counts: z.object({
    fresh: z.number().int().describe('New findings that are critical, high or of unknown severity.'),
    exploited: z.number().int().describe('Of the fresh ones, those that are known to be exploited.'),
    still: z.number().int().describe('Those that were there before.'),
    fixed: z.number().int().describe('Those that are gone.'),
  }),
  about,
  section: section.nullable().describe('The section whose title or item is worded.'),
  item: item.nullable().describe('The item that is worded.'),
});

export type TemplateContext = z.output<typeof templateContext>;

const nothingAbout: z.output<typeof about> = {
  registry: null,
  repository: null,
  tag: null,
  digest: null,
  pushedBy: null,
  pushedAt: null,
  revision: null,
  vulnerability: null,
  advisory: null,
  packages: [],
  fixedIn: [],
  incident: null,
  workload: null,
  namespace: null,
  cluster: null,
  image: null,
  techniques: [],
} satisfies Required<MessageAbout>;

/** Builds the variables of a template from a message. */
export function contextOf(message: Message): TemplateContext {
  const {
    kind,
    status,
    severity: worst,
    title,
    summary,
    footer,
    facts,
    sections,
    links,
    tally,
    about: known,
    isReminder = false,
  } = message;
  return {
    kind,
    status,
    severity: worst,
    word: headWord(message),
    isReminder,
    title,
    summary,
    footer,
    facts,
    sections: sections.map(sectionContext),
    links,
    counts: tally ?? { fresh: 0, exploited: 0, still: 0, fixed: 0 },
    about: { ...nothingAbout, ...known },
    section: null,
    item: null,
  };
}

export function sectionContext({ title, items, omitted }: MessageSection): z.output<typeof section> {
  return { title, items: items.map(itemContext), omitted };
}

export function itemContext({ url, ...rest }: MessageItem): z.output<typeof item> {
  return { ...rest, url: url ?? null };
}
