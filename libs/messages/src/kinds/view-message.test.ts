import { viewAlert, viewMessage, type ViewNews } from './view-message.js';

const now = new Date('2026-11-30T08:00:00Z');
const news: ViewNews = {
  ...{ id: 'v', name: 'failed <!channel>', list: 'pushes', query: 'verdict=fail', owner: 'ann', limits: null },
  rows: [
    { title: 'shop/app:1', severity: 'high' },
    { title: 'shop/web:2\n', severity: null },
  ],
};

describe('viewMessage', () => {
  it('has the new rows with their severity, and whose view it is', () => {
    const message = viewMessage(news, 'https://t.example', now);
    expect(message).toMatchObject({
      severity: 'high',
      title: 'View failed <!channel> · 2 new rows',
      links: [{ url: 'https://t.example/views' }],
    });
    expect(message.sections[0]!.items).toMatchObject([
      { text: 'shop/app:1', severity: 'high' },
      { text: 'shop/web:2', severity: null },
    ]);
    expect(message.facts).toContainEqual({ label: 'Saved by', value: 'ann' });
  });

  it('shows some of many rows, and counts the others', () => {
    const rows = Array.from({ length: 5_000 }, (_, index) => ({ title: `shop/app-${index}`, severity: null }));
    const [section] = viewMessage({ ...news, rows, limits: 'repositories shop/*' }, 'https://t.example', now).sections;
    expect(section!.items.length + section!.omitted).toBe(5_000);
    expect(section!.items.length).toBeLessThan(100);
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
