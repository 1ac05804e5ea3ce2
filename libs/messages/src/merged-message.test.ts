import { slackBlocks } from '@tidewaiter/receivers';

import { mergedMessage } from './merged-message.js';
import type { Message } from './message.js';

function about(name: string, more: Partial<Message> = {}): Message {
  const severity = more.severity ?? 'high';
  const word = severity === 'critical' ? 'Critical' : 'High';
  return {
    ...{ kind: 'push', status: 'firing', severity, title: `${word} · ${name}`, summary: `About ${name}.` },
    ...{ facts: [], sections: [], footer: `Tidewaiter · ${name}` },
    links: [{ text: 'Open image', url: `https://t.example/#${encodeURIComponent(name)}` }],
    ...more,
  };
}

const pushes = (some: number) => Array.from({ length: some }, (_, index) => about(`shop/app-${index}:1 brings 1`));
const linesOf = (message: Message) => message.sections.flatMap(({ items }) => items.map(({ text }) => text));

describe('mergedMessage', () => {
  it('names every image and incident, the worst first and incidents before pushes', () => {
    const incident = about('Miner in shop/api', { kind: 'incident', severity: 'critical' });
    const exploited = about('shop/db:1 brings 2', { severity: 'critical' });
    const merged = mergedMessage([...pushes(30), exploited, incident]);
    expect(merged).toMatchObject({
      title: '32 alerts · Critical · Miner in shop/api',
      footer: 'Tidewaiter · 32 alerts in one message',
      sections: [{ title: 'Firing', omitted: 0 }],
    });
    expect(linesOf(merged).slice(0, 3)).toEqual(['Miner in shop/api', 'shop/db:1 brings 2', 'shop/app-0:1 brings 1']);
    expect(linesOf(merged)).toHaveLength(32);
  });

  it('gives each line its details where there are few', () => {
    expect(mergedMessage(pushes(2)).sections[0]!.items[0]).toMatchObject({ detail: 'About shop/app-0:1 brings 1.' });
    expect(mergedMessage(pushes(13)).sections[0]!.items[0]).toMatchObject({ detail: null });
  });

  it('links to the worst, as each line has its own page', () => {
    expect(mergedMessage(pushes(3)).links).toEqual([expect.objectContaining({ text: 'Open image' })]);
  });

  it('counts lines that read the same instead of repeating them', () => {
    expect(linesOf(mergedMessage([about('a'), about('b'), about('a')]))).toEqual(['a (2 times)', 'b']);
    const miners = Array.from({ length: 20 }, (_, index) => about('Miner in shop/api', { summary: `Pod ${index}.` }));
    expect(linesOf(mergedMessage(miners))).toEqual(['Miner in shop/api (20 times)']);
  });

  it('counts lines beyond 100', () => {
    expect(mergedMessage(pushes(5_000)).sections[0]).toMatchObject({ omitted: 4_900 });
  });

  it('names as many in Slack as its blocks take and counts the rest', () => {
    const texts = slackBlocks(mergedMessage(pushes(150))).flatMap((block) =>
      block.type === 'section' && 'text' in block && block.text ? [block.text.text] : [],
    );
    const named = texts.join('\n').match(/shop\/app-\d+:1 brings 1/g)!;
    expect(named).toHaveLength(100);
    expect(texts.filter((text) => text.endsWith('+50 more'))).toHaveLength(1);
    for (const text of texts) expect(text.length).toBeLessThanOrEqual(3_000);
  });
});
