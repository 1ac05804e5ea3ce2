import type { Message, MessageItem } from '@tidewaiter/messages';

import { jiraDocument, jiraLimits, jiraMarkup, type JiraNode } from './render.js';

const item = (text: string, more: Partial<MessageItem> = {}): MessageItem => ({
  severity: 'critical',
  text,
  detail: null,
  isNew: true,
  ...more,
});
const message: Message = {
  kind: 'push',
  status: 'firing',
  severity: 'critical',
  title: 'Critical · shop/checkout:1.4 brings 2 new vulnerabilities',
  summary: '2 critical new since the previous push.',
  facts: [{ label: 'Image', value: 'registry.example.com/shop/checkout:1.4' }],
  sections: [
    {
      title: 'Upgrade to fix',
      items: [
        item('upgrade openssl 3.0.11-1~deb12u2 → 3.0.17', { detail: 'CVE-1 and CVE-2' }),
        item('CVE-3 in zlib', { severity: null, url: 'https://tidewaiter.example.com/#vulnerabilities/CVE-3' }),
      ],
      omitted: 3,
    },
  ],
  links: [{ text: 'Open image', url: 'https://tidewaiter.example.com/#images/[a|b]' }],
  footer: 'Tidewaiter · shop/checkout',
};

const hostile =
  '{code}x{code} *b* _i_ [evil|https://evil.example] !https://evil.example/i.png! \\\\ &#123; ??q?? |a| -s- ~admin';
const long = '\u{1f6a2}"\\{漢'.repeat(4_000);
const huge: Message = {
  ...message,
  summary: long,
  facts: Array.from({ length: 60 }, (_, n) => ({ label: `Fact ${n} ${long}`, value: long })),
  sections: Array.from({ length: 30 }, (_, n) => ({
    title: `Findings ${n}`,
    items: Array.from({ length: 12 }, () => item(long.slice(0, 300), { detail: long.slice(0, 300) })),
    omitted: 10_000,
  })),
};

/** Every node of a document. */
function nodesOf(node: JiraNode): JiraNode[] {
  return [node, ...(node.content ?? []).flatMap(nodesOf)];
}

describe('markup', () => {
  it('says everything', () => {
    expect(jiraMarkup(message)).toBe(
      [
        '2 critical new since the previous push.',
        '',
        'h3. Upgrade to fix',
        String.raw`* *Critical* upgrade openssl 3.0.11-1\~deb12u2 → 3.0.17\\CVE-1 and CVE-2`,
        '* [CVE-3 in zlib|https://tidewaiter.example.com/#vulnerabilities/CVE-3]',
        '* +3 more',
        '',
        '* *Image*: registry.example.com/shop/checkout:1.4',
        '',
        '[Open image|https://tidewaiter.example.com/#images/%5Ba%7Cb%5D]',
        '',
        '_Tidewaiter · shop/checkout_',
      ].join('\n'),
    );
  });

  it('formats, links and embeds nothing that others wrote', () => {
    const [summary = ''] = jiraMarkup({ ...message, summary: hostile }).split('\n');
    expect(summary).toBe(
      String.raw`\{code\}x\{code\} \*b\* \_i\_ \[evil\|https://evil.example\] \!https://evil.example/i.png\! &#92;&#92; &amp;#123; \?\?q\?\? \|a\| \-s\- \~admin`,
    );
  });
});

describe('a document', () => {
  it('says everything', () => {
    const { content } = jiraDocument(message);
    expect(jiraDocument(message)).toMatchObject({ type: 'doc', version: 1 });
    expect(content?.map(({ type }) => type)).toEqual([
      'paragraph',
      'heading',
      'bulletList',
      'bulletList',
      'paragraph',
      'paragraph',
    ]);
    const words = nodesOf(jiraDocument(message)).flatMap(({ text }) => text ?? []);
    expect(words.join('\n')).toBe(
      [
        '2 critical new since the previous push.',
        'Upgrade to fix',
        'Critical',
        ' ',
        'upgrade openssl 3.0.11-1~deb12u2 → 3.0.17',
        'CVE-1 and CVE-2',
        'CVE-3 in zlib',
        '+3 more',
        'Image',
        ': registry.example.com/shop/checkout:1.4',
        'Open image',
        'Tidewaiter · shop/checkout',
      ].join('\n'),
    );
  });

  it('links into our own console alone', () => {
    const marks = nodesOf(jiraDocument({ ...message, summary: hostile })).flatMap(({ marks: some }) => some ?? []);
    const hrefs = marks.flatMap(({ attrs }) => attrs?.href ?? []);
    expect(hrefs).toEqual([
      'https://tidewaiter.example.com/#vulnerabilities/CVE-3',
      'https://tidewaiter.example.com/#images/[a|b]',
    ]);
  });

  it('has no text without characters and no list without items, which Jira refuses', () => {
    const empty: Message = {
      ...message,
      summary: '',
      footer: '',
      facts: [],
      sections: [{ title: '', items: [], omitted: 0 }],
      links: [],
    };
    const nodes = nodesOf(jiraDocument(empty));
    expect(nodes.filter(({ text }) => text === '')).toEqual([]);
    expect(nodes.filter(({ type }) => type === 'bulletList')).toEqual([]);
  });
});

it('fits any message, and counts left-out items', () => {
  expect(jiraMarkup(huge).length).toBeLessThanOrEqual(jiraLimits.descriptionChars);
  expect(jiraMarkup(huge)).toMatch(/\* \+100\d\d more/);
  const json = JSON.stringify(jiraDocument(huge));
  expect(json.length).toBeLessThanOrEqual(jiraLimits.descriptionChars);
  expect(json).toMatch(/\+100\d\d more/);
});
