import { mailHtml, mailText } from '@tidewaiter/receivers';

import { mergedMessage } from '../merged-message.js';
import type { Message } from '../message.js';
import { summaryMessage } from './summary-message.js';

const consoleUrl = 'https://tidewaiter.example.com/';
const tally = { fresh: 0, exploited: 0, still: 0, fixed: 0 };

const about = (title: string, more: Partial<Message> = {}): Message => ({
  kind: 'push',
  status: 'firing',
  severity: 'high',
  title,
  summary: `About ${title}.`,
  facts: [],
  sections: [],
  links: [{ text: 'Open image', url: `${consoleUrl}#${encodeURIComponent(title)}` }],
  footer: 'x',
  ...more,
});
const summarize = (...messages: Message[]) => summaryMessage(messages, { consoleUrl })!;
const contents = ({ sections }: Message) =>
  sections.map(({ title, items }) => [title, ...items.map(({ text }) => text)]);

describe('summaryMessage', () => {
  it('gives the state in one sentence, with urgent, new and fixed items', () => {
    const message = summarize(
      about('High · web:2 brings 3 new', { tally: { ...tally, fresh: 3, fixed: 4 } }),
      about('Critical · shop:1 brings 2 new', { severity: 'critical', tally: { ...tally, fresh: 2, still: 9 } }),
      about('High · CVE-1 (exploited) hits curl', { kind: 'finding', tally: { ...tally, fresh: 1, exploited: 1 } }),
      about('High · Miner in shop (INC-3)', { kind: 'incident' }),
      about('Resolved · Shell in web (INC-2)', { kind: 'incident', status: 'resolved' }),
    );
    expect(message.title).toBe(
      'Summary · 3 to act on now, 1 incident open, 1 incident resolved, 6 new findings (1 exploited), 4 fixed and 9 still there',
    );
    expect(message.summary).toMatch(
      /^Since the last summary: 1 incident open, .*still there\. 3 of them need attention today\.$/,
    );
    expect(contents(message)).toEqual([
      ['Act now', 'Miner in shop (INC-3)', 'CVE-1 (exploited) hits curl', 'shop:1 brings 2 new'],
      ['New', 'web:2 brings 3 new'],
      ['Fixed', 'web:2 brings 3 new', 'Shell in web (INC-2)'],
    ]);
    expect(message.sections[2]!.items[0]!.detail).toBe('4 findings of the previous push');
  });

  it('adds ending exceptions and failing parts of Tidewaiter', () => {
    const ending = {
      finding: 'CVE-1',
      until: new Date('2026-11-30T00:00:00Z'),
      reason: null,
      owner: 'team-shop',
      source: 'exceptions[0]',
    };
    const notes = { ending: [ending], health: ['Sensor a is silent'] };
    const { sections } = summaryMessage([about('High · web:2')], { consoleUrl }, notes)!;
    expect(sections.slice(-2)).toMatchObject([
      {
        title: 'Exceptions that end soon',
        items: [{ text: 'CVE-1', detail: 'until 2026-11-30 00:00 UTC · team-shop · exceptions[0]' }],
      },
      { title: 'Tidewaiter health', items: [{ text: 'Sensor a is silent', isNew: false }] },
    ]);
    // They are no reason for a summary of their own.
    expect(summaryMessage([], { consoleUrl }, notes)).toBeNull();
  });

  it('lists remaining alerts apart from new ones', () => {
    const message = summarize(
      about('High · web:2'),
      about('High · Still there for 3 days · shop:1', { isReminder: true }),
    );
    expect(contents(message)).toEqual([
      ['New', 'web:2'],
      ['Still there', 'Still there for 3 days · shop:1'],
    ]);
  });

  it('asks for no more than five things today', () => {
    const many = Array.from({ length: 30 }, (_, index) => about(`Critical · ${index}`, { severity: 'critical' }));
    const [now, others] = summarize(...many).sections;
    expect(now!.items).toHaveLength(5);
    expect(others!.items.length + others!.omitted).toBe(25);
  });

  it('is not sent where nothing is new', () => {
    expect(summaryMessage([], { consoleUrl })).toBeNull();
  });

  it('links each line to its page, in both forms of a mail', () => {
    const message = summarize(about('High · <b>a&b'));
    expect(mailHtml(message)).toContain(`href="${consoleUrl}#High%20%C2%B7%20%3Cb%3Ea%26b"`);
    expect(mailHtml(message)).toContain('&lt;b&gt;a&amp;b</a>');
    expect(mailText(message)).toContain(`      ${consoleUrl}#High%20`);
  });

  it('gives the severity of each of several once', () => {
    expect(contents(mergedMessage([about('High · a'), about('Critical · b', { severity: 'critical' })]))).toEqual([
      ['Firing', 'b', 'a'],
    ]);
  });
});
