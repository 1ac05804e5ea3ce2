import type { Message } from '@tidewaiter/messages';

import { mailHtml } from './mail-html.js';
import { mailText } from './mail-text.js';
import { markup } from './markup.js';

const message: Message = {
  kind: 'push',
  status: 'firing',
  severity: 'high',
  title: 'High · shop/checkout:1.4 brings 2 new critical or high vulnerabilities',
  summary: '2 high new since the previous push.',
  facts: [
    { label: 'Image', value: 'registry.example.com/shop/checkout:1.4' },
    { label: 'Platforms', value: 'linux/amd64' },
  ],
  sections: [
    {
      title: 'Upgrade to fix',
      items: [
        {
          severity: 'high',
          text: 'upgrade openssl 3.0.11 → 3.0.17: 2 findings',
          detail: 'CVE-1 and CVE-2',
          isNew: true,
        },
      ],
      omitted: 3,
    },
    {
      title: 'Could not be read',
      items: [{ severity: null, text: 'layer 3', detail: null, isNew: false }],
      omitted: 0,
    },
  ],
  links: [{ text: 'Open image', url: 'https://tidewaiter.example.com/images/sha256:4f?a=1&b=2' }],
  footer: 'Tidewaiter · shop/checkout',
};

/** Visible text of an HTML mail, with white space collapsed. */
function seen(page: string): string {
  const body = page.replace(/^[^]*<body/, '<body').replaceAll(/<[^>]*>/g, ' ');
  return body
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')
    .replaceAll(/\s+/g, ' ');
}

describe('mailText', () => {
  it('renders the whole message', () => {
    expect(mailText(message)).toBe(`High · shop/checkout:1.4 brings 2 new critical or high vulnerabilities

2 high new since the previous push.

Upgrade to fix
  [High] upgrade openssl 3.0.11 → 3.0.17: 2 findings
      CVE-1 and CVE-2
  +3 more

Could not be read
  layer 3

Image:     registry.example.com/shop/checkout:1.4
Platforms: linux/amd64

Open image: https://tidewaiter.example.com/images/sha256:4f?a=1&b=2

-- \nTidewaiter · shop/checkout
`);
  });
});

describe('mailHtml', () => {
  it('has the content of the text, in the same order', () => {
    const shown = seen(mailHtml(message));
    let from = 0;
    for (const words of mailText(message)
      .split(/\s+/)
      .filter((word) => !/^(\[|--$|.*:$|https:)/.test(word))) {
      const at = shown.indexOf(words, from);
      expect({ words, found: at >= 0 }).toEqual({ words, found: true });
      from = at + words.length;
    }
  });

  it('fetches nothing, runs nothing, and is ready for the dark', () => {
    const page = mailHtml(message);
    expect(page).not.toMatch(/<(img|script|link|iframe|form|svg)|url\(|@import|src=|\son\w+=/i);
    expect(page.match(/https?:[^"\s]+/g)).toEqual(['https://tidewaiter.example.com/images/sha256:4f?a=1&amp;b=2']);
    expect(page).toContain('<meta name="color-scheme" content="light dark">');
    expect(page).toContain('max-width: 600px');
  });

  it.each([
    '<script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='x",
    '&lt;b&gt;',
    '${7*7}',
    '😀 \u2028',
  ])('shows %j as text', (attack) => {
    const hostile: Message = {
      ...message,
      title: attack,
      summary: attack,
      footer: attack,
      facts: [{ label: attack, value: attack }],
      sections: [
        { title: attack, items: [{ severity: 'low', text: attack, detail: attack, isNew: false }], omitted: 0 },
      ],
      links: [{ text: attack, url: `https://tidewaiter.example.com/${attack}` }],
    };
    const page = mailHtml(hostile);
    expect(seen(page).split(attack.replaceAll(/\s+/g, ' ').trim()).length - 1).toBe(9);
    expect([...page.matchAll(/<([a-z0-9]+)/g)].map(([, name]) => name)).toEqual(
      [...mailHtml({ ...hostile, ...plainTexts }).matchAll(/<([a-z0-9]+)/g)].map(([, name]) => name),
    );
  });
});

/** Harmless counterpart of the hostile message above: its markup must have the same elements. */
const plainTexts: Partial<Message> = {
  title: 'x',
  summary: 'x',
  footer: 'x',
  facts: [{ label: 'x', value: 'x' }],
  sections: [{ title: 'x', items: [{ severity: 'low', text: 'x', detail: 'x', isNew: false }], omitted: 0 }],
  links: [{ text: 'x', url: 'x' }],
};

it('escapes inserted values, and none twice', () => {
  const made = markup`<b title="${'"'}">${'<&'}${markup`<i>${"'"}</i>`}${[markup`<u>`, markup`</u>`]}</b>`;
  expect(made.html).toBe('<b title="&quot;">&lt;&amp;<i>&#39;</i><u></u></b>');
});
