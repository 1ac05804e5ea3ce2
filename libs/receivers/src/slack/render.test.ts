import type { Message, MessageItem } from '@tidewaiter/messages';

import { type Block, slackBlocks, slackLimits, slackText } from './render.js';

const message: Message = {
  kind: 'push',
  status: 'firing',
  severity: 'critical',
  title: 'Critical · shop/checkout:1.4 brings 2 new critical or high vulnerabilities',
  summary: '2 critical new since the previous push.',
  facts: [
    { label: 'Image', value: 'registry.example.com/shop/checkout:1.4' },
    { label: 'Upgrade', value: '3.0.11-1~deb12u2' },
  ],
  sections: [
    {
      title: 'Upgrade to fix',
      items: [item('upgrade openssl 3.0.11-1~deb12u2 → 3.0.17: 2 findings', 'CVE-1 and CVE-2')],
      omitted: 3,
    },
  ],
  links: [{ text: 'Open image', url: 'https://tidewaiter.example.com/images/sha256:4f?a=1&b=<|>' }],
  footer: 'Tidewaiter · shop/checkout',
};

function item(text: string, detail: string | null = null): MessageItem {
  return { severity: 'critical', text, detail, isNew: true };
}

/** Every text of every block, with its kind. */
function textsOf(blocks: Block[]): { type: string; text: string }[] {
  return blocks.flatMap((block) => {
    if (block.type === 'context') return block.elements;
    if (block.type === 'actions') return block.elements.map(({ text }) => text);
    return 'fields' in block ? block.fields : [block.text];
  });
}

describe('slackBlocks', () => {
  it('lays a push out', () => {
    const [header, summary, title, list, facts, links, footer, ...rest] = slackBlocks(message);
    expect(header).toEqual({ type: 'header', text: { type: 'plain_text', text: `🔴 ${message.title}`, emoji: false } });
    expect(summary).toMatchObject({ type: 'section', text: { type: 'plain_text', text: message.summary } });
    expect(facts).toEqual({
      type: 'section',
      fields: [
        { type: 'mrkdwn', text: '*Image*\nregistry.example.com/shop/checkout:1.4', verbatim: true },
        { type: 'mrkdwn', text: '*Upgrade*\n`3.0.11-1~deb12u2`', verbatim: true },
      ],
    });
    expect(title).toMatchObject({ text: { type: 'mrkdwn', text: '*Upgrade to fix*' } });
    expect(list).toMatchObject({
      text: {
        type: 'plain_text',
        text: '🔴 upgrade openssl 3.0.11-1~deb12u2 → 3.0.17: 2 findings\n\u2003\u2002CVE-1 and CVE-2\n+3 more',
      },
    });
    expect(links).toMatchObject({
      text: {
        type: 'mrkdwn',
        text: '<https://tidewaiter.example.com/images/sha256:4f?a=1&amp;b=&lt;%7C&gt;|Open image>',
      },
    });
    expect(footer).toMatchObject({
      type: 'context',
      elements: [{ type: 'plain_text', text: 'Tidewaiter · shop/checkout' }],
    });
    expect(rest).toEqual([]);
  });

  it('marks a resolved message', () => {
    expect(slackBlocks({ ...message, status: 'resolved' })[0]).toMatchObject({
      text: { text: expect.stringMatching(/^🟢 /) },
    });
  });

  const attacks = [
    '<!channel>',
    '<!here|x>',
    '<@U123>',
    '<https://evil.example|click>',
    '*bold*',
    '_it_ ~no~',
    '`code` *b*',
    '```',
    ':tada:',
    '> quote',
    '& &amp; &lt;!channel&gt;',
    '😀<script>',
  ];

  it.each(attacks)('lets %j format nothing, wherever it stands', (attack) => {
    const hostile: Message = {
      ...message,
      title: attack,
      summary: attack,
      footer: attack,
      facts: [{ label: 'Tag', value: attack }],
      sections: [{ title: 'Upgrade to fix', items: [item(attack, attack)], omitted: 0 }],
      links: [{ text: 'Open image', url: 'https://tidewaiter.example.com/' }],
    };
    for (const { type, text } of textsOf(slackBlocks(hostile))) {
      const ours = text
        .replace(/^\*(Tag|Upgrade to fix)\*\n?/, '')
        .replace('<https://tidewaiter.example.com/|Open image>', '');
      expect(ours).not.toMatch(/[<>]|&(?!(amp|lt|gt);)/);
      // In mrkdwn nothing that formats stands outside of one code span.
      if (type === 'mrkdwn') expect(ours.replace(/^`[^`]*`$/, '')).not.toMatch(/[*_~`]|:\w+:|^&gt;/);
    }
    expect(slackText(hostile)).not.toMatch(/[<>]/);
  });

  it.each(['word', '&', '<', '😀', '`*', 'é'])(
    'keeps within every limit of Slack when all is as long as can be, of %j',
    (unit) => {
      const long = (chars: number) => unit.repeat(chars).slice(0, chars);
      const items = Array.from({ length: 12 }, () => item(long(300), long(300)));
      const huge: Message = {
        ...message,
        title: long(140),
        summary: long(600),
        footer: long(300),
        facts: Array.from({ length: 12 }, (_, index) => ({ label: `Label ${index}`, value: long(300) })),
        sections: Array.from({ length: 7 }, (_, index) => ({ title: `Section ${index}`, items, omitted: 9_988 })),
      };
      const blocks = slackBlocks(huge);
      expect(blocks.length).toBeLessThanOrEqual(slackLimits.blocks);
      expect(JSON.stringify(blocks).length).toBeLessThanOrEqual(slackLimits.allChars);
      for (const block of blocks) {
        if (block.type === 'header') expect(block.text.text.length).toBeLessThanOrEqual(slackLimits.headerChars);
        if ('fields' in block) expect(block.fields.length).toBeLessThanOrEqual(slackLimits.fields);
      }
      for (const { text } of textsOf(blocks)) {
        expect(text.length).toBeGreaterThan(0);
        expect(text.length).toBeLessThanOrEqual(2000);
        expect(text.isWellFormed()).toBe(true);
        expect(text).not.toMatch(/&(?!(amp|lt|gt);)/);
      }
      const counts = textsOf(blocks).flatMap(({ text }) => /\+(\d+) more$/.exec(text)?.[1] ?? []);
      expect(counts).toHaveLength(7);
      for (const more of counts) expect(Number(more)).toBeGreaterThan(9_988);
    },
  );

  it('has no empty blocks', () => {
    const bare = { ...message, facts: [], sections: [], links: [] };
    expect(slackBlocks(bare).map(({ type }) => type)).toEqual(['header', 'section', 'context']);
  });
});

describe('buttons', () => {
  const links = [{ text: 'Open incident', url: 'https://tidewaiter.example.com/#incidents/1' }];
  const buttonsOf = (blocks: Block[]) => blocks.flatMap((block) => (block.type === 'actions' ? block.elements : []));

  it('replace links where an endpoint receives them', () => {
    const some = slackBlocks({ ...message, links }, { acknowledge: 'id-1', silence: '{"matchers":[]}' });
    expect(buttonsOf(some).map(({ action_id: id, text, value, url }) => [id, text.text, value ?? url])).toEqual([
      ['tidewaiter_acknowledge', 'Acknowledge', 'id-1'],
      ['tidewaiter_silence', 'Silence 24 h', '{"matchers":[]}'],
      ['tidewaiter_open_0', 'Open incident', links[0]!.url],
    ]);
    expect(buttonsOf(slackBlocks({ ...message, links }))).toEqual([]);
  });

  it('are left out where there is nothing to do, or more than Slack takes', () => {
    const some = slackBlocks({ ...message, links }, { acknowledge: null, silence: 'x'.repeat(2_001) });
    expect(buttonsOf(some).map(({ action_id: id }) => id)).toEqual(['tidewaiter_open_0']);
  });
});
