import { InvalidInput } from '@tidewaiter/domain';
import { mailHtml, slackBlocks } from '@tidewaiter/receivers';

import { maxTitleChars, type Message, messageKinds } from '../message.js';
import { sampleMessage } from '../sample-messages.js';
import { contextOf, templateContext } from './template-context.js';
import { readTemplates } from './templates.js';

const consoleUrl = 'https://tidewaiter.example.com/';
const sample = sampleMessage('push', { consoleUrl });
const templates = (files: Record<string, string>) =>
  readTemplates(Object.entries(files).map(([path, text]) => ({ path, text })));
const problemsOf = (files: Record<string, string>): string[] => {
  try {
    templates(files);
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidInput);
    return (error as InvalidInput).message.split('\n');
  }
};

describe('templates', () => {
  it('replace each part that they name, and leave the others', () => {
    const message = templates({
      'push.title.liquid': '{{ word | upcase }}: {{ about.repository }}, {{ counts.fresh }} new',
      'push.summary.liquid':
        '{% for fact in facts %}{% if fact.label == "Pushed" %}{{ fact.value }}{% endif %}{% endfor %}',
      'push.section.liquid': '{% if section.title == "No fix yet" %}Wait for {{ section.items.size }}{% endif %}',
      'push.item.liquid': '{% if item.isNew %}NEW {{ item.text }}{% endif %}',
      'push.detail.liquid': '{{ section.title }}: {{ item.detail }}',
      'finding.title.liquid': 'not of pushes',
    }).reword(sample);
    expect(message.title).toBe('CRITICAL: shop/checkout, 5 new');
    expect(message.summary).toBe('2026-11-25 10:42 UTC by ci-bot');
    expect(message.sections.map(({ title }) => title)).toEqual([
      'Upgrade to fix',
      'Wait for 1',
      'Fixed by this push',
      'Still there',
    ]);
    expect(message.sections[0]!.items[1]).toMatchObject({
      text: 'NEW upgrade curl 7.88.1-10 → 7.88.1-10+deb12u9: 1 new finding',
      detail: 'Upgrade to fix: CVE-2026-4410',
    });
    expect(message.sections[3]!.items[0]!.text).toBe(sample.sections[3]!.items[0]!.text);
    expect(message.footer).toBe(sample.footer);
  });

  it.each(messageKinds)('get the documented fields of a %s', (kind) => {
    const context = contextOf(sampleMessage(kind, { consoleUrl }));
    expect(templateContext.strict().parse(context)).toEqual(context);
  });

  it('reject with file and line of every problem', () => {
    expect(
      problemsOf({
        'a/push.title.liquid': 'ok\n\n{% if %}',
        'a/push.summary.liquid': '\n{{ titel }}',
        'a/push.item.liquid': '{{ item.text | shout }}',
        'a/summary.footer.liquid': '{% include "x" %}',
        'a/finding.detail.liquid': '{{ item.nothing }}',
        'a/push.liquid': 'x',
        'a/README.md': '{% if %}',
      }),
    ).toEqual([
      'a/push.title.liquid:3: invalid value expression: ""',
      'a/push.summary.liquid:2: undefined variable: titel',
      'a/push.item.liquid:1: undefined filter: shout',
      'a/summary.footer.liquid:1: tag "include" not found',
      'a/finding.detail.liquid:1: undefined variable: item.nothing',
      'a/push.liquid: is not named as KIND.PART.liquid, such as push.title.liquid',
    ]);
  });

  it.each([
    ['a loop in a loop', '{% for i in (1..1000) %}{% for j in (1..1000) %}{{ j }}{% endfor %}{% endfor %}'],
    [
      'loops over what is there',
      '{% for a in facts %}{% for b in facts %}{% for c in facts %}{% for d in facts %}{% for e in facts %}{% endfor %}{% endfor %}{% endfor %}{% endfor %}{% endfor %}',
    ],
    ['a range', '{% for i in (1..100000000) %}{% endfor %}'],
    [
      'text that doubles',
      '{% assign a = "x" %}{% for i in (1..60) %}{% assign a = a | append: a %}{% endfor %}{{ a }}',
    ],
    ['a template without end', 'x'.repeat(70_000)],
  ])('end, whatever they ask: %s', (_, text) => {
    expect(problemsOf({ 'push.title.liquid': text })).toEqual([expect.stringMatching(/limit exceeded/)]);
  });

  it.each([
    'constructor',
    '__proto__',
    'toString',
    'title.constructor',
    'facts.__proto__',
    'links.push',
    'sections.concat',
  ])('see nothing of JavaScript: %s', (name) => {
    expect(problemsOf({ 'push.title.liquid': `{{ ${name} }}` })).toEqual([
      expect.stringContaining('undefined variable'),
    ]);
  });

  it('cannot make markup, more lines or an endless subject', () => {
    const message = templates({
      'push.title.liquid':
        '<b>a</b>\n<!channel> {{ "x" | append: "\r\nBcc: all@example.com" }} {% for i in (1..300) %}long {% endfor %}',
    }).reword(sample);
    expect(message.title).not.toMatch(/[\r\n]/);
    expect(message.title.length).toBeLessThanOrEqual(maxTitleChars);
    expect(mailHtml(message)).toContain('&lt;b&gt;a&lt;/b&gt;');
    expect(JSON.stringify(slackBlocks(message))).toContain('&lt;!channel&gt;');
  });

  it('that fail at run time leave the message unchanged, and report it', () => {
    const problems: string[] = [];
    const some = templates({ 'push.title.liquid': '{% if about.tag == "hostile" %}{{ nothing }}{% endif %}' });
    const message: Message = { ...sample, about: { tag: 'hostile' } };
    expect(some.reword(message, (problem) => problems.push(problem)).title).toBe(sample.title);
    expect(problems).toEqual(['push.title.liquid:1: undefined variable: nothing']);
  });

  it('never evaluate text of an image as a template', () => {
    const hostile: Message = { ...sample, about: { repository: '{{ title }}{% if %}' } };
    expect(templates({ 'push.title.liquid': '{{ about.repository }}' }).reword(hostile).title).toBe(
      '{{ title }}{% if %}',
    );
  });
});
