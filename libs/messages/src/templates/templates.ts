import { InvalidInput } from '@tidewaiter/domain';
import { Context, Liquid, type Template } from 'liquidjs';

import {
  clean,
  maxItemChars,
  maxTitleChars,
  messageKinds,
  type Message,
  type MessageItem,
  type MessageKind,
  type MessageSection,
} from '../message.js';
import { sampleMessage } from '../sample-messages.js';
import { contextOf, itemContext, sectionContext, type TemplateContext } from './template-context.js';

/** Texts of a message that a template may word, with the UTF-16 units that each may have. */
export const templateParts = {
  title: maxTitleChars,
  summary: 4 * maxItemChars,
  section: 80,
  item: maxItemChars,
  detail: maxItemChars,
  footer: maxItemChars,
} as const;

type TemplatePart = keyof typeof templateParts;

type OnProblem = (problem: string) => void;

/** A file of templates: `push.title.liquid` words the titles of pushes. */
export interface TemplateFile {
  path: string;
  text: string;
}

const maxTemplateChars = 64 * 1024;
/** Tags, outputs and texts that one rendering may come by, so that a loop in a loop ends. */
const maxSteps = 10_000;
/** Liquid's own measure, of characters and elements. */
const maxMemory = 100_000;
const filePattern = new RegExp(
  `(?:^|/)(${messageKinds.join('|')})\\.(${Object.keys(templateParts).join('|')})\\.liquid$`,
);
// They would read other files, which there are none of.
const fileTags = ['include', 'render', 'layout', 'block'];

const liquid = new Liquid({
  templates: {},
  ownPropertyOnly: true,
  strictVariables: true,
  strictFilters: true,
  lenientIf: true,
  timezoneOffset: 0,
  parseLimit: maxTemplateChars,
  memoryLimit: maxMemory,
});
for (const tag of fileTags) delete liquid.tags[tag];

/**
 * Applies the operator's templates to messages. A template changes the text only: escaping stays
 * the channel's work.
 */
export class Templates {
  /** @param parsed by `push.title` */
  constructor(private readonly parsed: ReadonlyMap<string, Template[]> = new Map()) {}

  /**
   * The message in the words of the templates; what no template words, or words as nothing, stays
   * as it is.
   * @param onProblem receives the problem of a failed template; the built-in text is used then, as
   * an alert must not be lost over its wording
   */
  reword(message: Message, onProblem: OnProblem = () => undefined): Message {
    if (this.parsed.size === 0) return message;
    const whole = contextOf(message);
    const word = (part: TemplatePart, context: TemplateContext) => this.#render(part, context, onProblem);
    const items = (section: MessageSection, context: TemplateContext) =>
      section.items.map((item): MessageItem => {
        const about = { ...context, item: itemContext(item) };
        return { ...item, text: word('item', about) ?? item.text, detail: word('detail', about) ?? item.detail };
      });
    return {
      ...message,
      title: word('title', whole) ?? message.title,
      summary: word('summary', whole) ?? message.summary,
      sections: message.sections.map((section) => {
        const context = { ...whole, section: sectionContext(section) };
        return { ...section, title: word('section', context) ?? section.title, items: items(section, context) };
      }),
      footer: word('footer', whole) ?? message.footer,
    };
  }

  #render(part: TemplatePart, context: TemplateContext, onProblem: OnProblem): string | null {
    const name = `${context.kind}.${part}`;
    const template = this.parsed.get(name);
    if (!template) return null;
    try {
      return rendered(template, context, templateParts[part]);
    } catch (error) {
      onProblem(`${name}.liquid:${problemOf(error)}`);
      return null;
    }
  }
}

/** Null where the template renders nothing. */
function rendered(template: Template[], context: TemplateContext, maxChars: number): string | null {
  const scope = new Context(context, liquid.options, { sync: true }, { liquid });
  // Liquid asks before each step whether there is time left. Steps are counted, so that slow and
  // fast machines have the same limit.
  scope.renderLimit.check = stepCounter();
  const text: unknown = liquid.renderSync(template, scope);
  return clean(String(text), maxChars) || null;
}

function stepCounter(): () => void {
  let steps = 0;
  return () => {
    steps += 1;
    if (steps > maxSteps) throw new InvalidInput('TEMPLATE_ENDLESS', `limit exceeded: ${maxSteps} steps`);
  };
}

/**
 * Reads templates and tries each on samples of its kind; files with other endings are none.
 * @throws InvalidInput `TEMPLATES_INVALID` with everything that is wrong, one line each: file,
 * line, reason
 */
export function readTemplates(files: readonly TemplateFile[]): Templates {
  const problems: string[] = [];
  const parsed = new Map<string, Template[]>();
  for (const { path, text } of files.filter((file) => file.path.endsWith('.liquid'))) {
    const [, kind, part] = filePattern.exec(path) ?? [];
    if (kind === undefined || part === undefined) {
      problems.push(`${path}: is not named as KIND.PART.liquid, such as push.title.liquid`);
      continue;
    }
    try {
      const template = liquid.parse(text);
      parsed.set(`${kind}.${part}`, template);
      tryOut(kind as MessageKind, part as TemplatePart, template);
    } catch (error) {
      problems.push(`${path}:${problemOf(error)}`);
    }
  }
  if (problems.length > 0) throw new InvalidInput('TEMPLATES_INVALID', problems.join('\n'));
  return new Templates(parsed);
}

function tryOut(kind: MessageKind, part: TemplatePart, template: Template[]): void {
  const message = sampleMessage(kind, { consoleUrl: 'https://tidewaiter.example.com/' });
  const context = contextOf(message);
  for (const section of part === 'section' || part === 'item' || part === 'detail' ? context.sections : [null]) {
    for (const item of section !== null && part !== 'section' ? section.items : [null]) {
      rendered(template, { ...context, section, item }, templateParts[part]);
    }
  }
}

/** `3: undefined variable: titel`. Liquid's message names the place a second time. */
function problemOf(error: unknown): string {
  const { message, token } = error as Error & { token?: { getPosition(): [line: number, column: number] } };
  const [line] = token?.getPosition() ?? [1];
  return `${line}: ${message.replace(/(?:, file:.*?)?, line:\d+, col:\d+$/s, '')}`;
}
