import { viewAlert, viewMessage, type ViewNews } from './view-message.js';

const now = new Date('2026-11-30T08:00:00Z');
const news: ViewNews = {
  ...{ id: 'v', name: 'failed <!channel>', list: 'pushes', query: 'verdict=fail', owner: 'ann', limits: null },
  rows: [
    { key: 'a', title: 'shop/app:1', severity: 'high' },
    { key: 'b', title: 'shop/web:2\n', severity: null },
  ],
};

describe('viewMessage', () => {
  it('has the new rows with their severity, and whose view it is', () => {
    const message = viewMessage(news, 'https://t.example', now);
    expect(message).toMatchObject({
      severity: 'high',
      title: 'View failed <!channel> · 2 new rows',
      links: [{ text: 'Open the view', url: 'https://t.example/images?q=verdict%3Dfail' }],
    });
    expect(message.sections[0]!.items).toMatchObject([
      { text: 'shop/app:1', severity: 'high' },
      { text: 'shop/web:2', severity: null },
    ]);
    expect(message.facts).toContainEqual({ label: 'Saved by', value: 'ann' });
  });

  it('shows some of many rows, and counts the others', () => {
    const rows = Array.from({ length: 5_000 }, (_, index) => ({
      key: `${index}`,
      title: `shop/app-${index}`,
      severity: null,
    }));
    const [section] = viewMessage({ ...news, rows, limits: 'repositories shop/*' }, 'https://t.example', now).sections;
    expect(section!.items.length + section!.omitted).toBe(5_000);
    expect(section!.items.length).toBeLessThan(100);
  });
});

describe('links of viewMessage', () => {
  const row = (key: string) => ({ key, title: 'shop/app:1', severity: null });
  const links = (more: Partial<ViewNews>) =>
    viewMessage({ ...news, ...more }, 'https://t.example/tide', now).links.map(({ url }) =>
      url.replace('https://t.example/tide', ''),
    );

  it.each([
    ['the page of the only row', { rows: [row('0198')] }, ['/pushes/0198', '/images?q=verdict%3Dfail']],
    [
      'the page of a vulnerability, beside the order of the view',
      { list: 'vulnerabilities', query: 'kev', rows: [row('CVE-2024-1/2')] },
      ['/vulnerabilities/CVE-2024-1%2F2', '/vulnerabilities?q=kev'],
    ],
    [
      'the only incident',
      { list: 'incidents', query: 'state=open', rows: [row('7')] },
      ['/incidents?state=all&q=number%3D7'],
    ],
    ['the view of several', { list: 'incidents', query: '', rows: [row('7'), row('8')] }, ['/incidents?state=all']],
    [
      'entries below a page',
      { list: 'exceptions', query: 'state=expired', rows: [row('a')] },
      ['/policies/exceptions?q=state%3Dexpired'],
    ],
    ['all views where no page shows the list', { list: 'containment', query: '', rows: [row('1')] }, ['/views']],
  ] as const)('lead to %s', (_, more, expected) => {
    expect(links(more)).toEqual(expected);
  });
});

describe('viewAlert', () => {
  it('names the view and the number of rows', () => {
    expect(viewAlert(news, now)).toMatchObject({
      labels: { kind: 'view', list: 'pushes', owner: 'ann' },
      annotations: { total: '2' },
    });
  });
});
