import type { Alert } from '@tidewaiter/domain';

import { mergedMessage } from '../merged-message.js';
import type { Message } from '../message.js';
import { reminderMessage, type StillFiring } from './reminder-message.js';

const sent: Message = {
  kind: 'push',
  status: 'firing',
  severity: 'critical',
  title: 'Critical · shop/app:1 brings 9 new findings',
  summary: 'x',
  facts: [{ label: 'Pushed by', value: 'jane' }],
  sections: [],
  links: [{ text: 'Open image', url: 'https://tidewaiter.example.com/#images/x' }],
  footer: 'x',
};
const now = new Date('2026-11-25T12:00:00Z');
const [hour, day] = [3_600_000, 86_400_000];

const still = (rule: string, { labels = {}, annotations = {}, ...more }: Partial<Alert> = {}, ageMs = 3 * day) =>
  ({
    alert: {
      identity: rule,
      labels: { kind: 'vulnerability', severity: 'high', repository: 'shop/app', tag: '1', ...labels },
      annotations: { summary: `${rule} in openssl`, ...annotations },
      status: 'firing',
      startsAt: '',
      endsAt: null,
      ...more,
    },
    since: new Date(now.getTime() - ageMs),
    message: sent,
  }) satisfies StillFiring;

const words = (...all: StillFiring[]) => reminderMessage(all, { now, everyMs: day });

describe('reminderMessage', () => {
  it('lists the remaining alerts with their age, marked as not new', () => {
    const fixable = { labels: { severity: 'critical', fixable: 'true' }, annotations: { fixedVersion: '3.0.15' } };
    const message = words(still('CVE-1'), still('CVE-2', fixable, 5 * hour));
    expect(message).toMatchObject({
      isReminder: true,
      status: 'firing',
      severity: 'critical',
      title: 'Critical · Still there for 3 days · 2 alerts · shop/app:1',
      summary: 'Nothing new: 2 alerts (1 critical, 1 high) still fire. An upgrade closes 1.',
      facts: [
        { label: 'Images', value: 'shop/app:1' },
        { label: 'Since', value: '2026-11-22 12:00 UTC' },
      ],
      footer: 'Tidewaiter · reminder, every 24 hours while it lasts',
      tally: { fresh: 0, still: 2 },
    });
    expect(message.sections[0]!.items.map(({ text, isNew }) => [text, isNew])).toEqual([
      ['CVE-2 in openssl', false],
      ['CVE-1 in openssl', false],
    ]);
    expect(message.sections[0]!.items[0]!.detail).toBe('shop/app:1 · fixed in 3.0.15 · since 2026-11-25 07:00 UTC');
  });

  it.each([
    ['one hole of one image', [still('CVE-1')], 'CVE-1 in openssl · shop/app:1'],
    ['one hole of several', [still('CVE-1'), still('CVE-1', { labels: { tag: '2' } })], 'CVE-1 in openssl · 2 images'],
    ['what has no image', [still('x', { labels: { repository: '', tag: '' } })], 'x in openssl'],
  ])('names %s', (_, all, name) => {
    expect(words(...all).title).toBe(`High · Still there for 3 days · ${name}`);
  });

  it('keeps the timeline of an incident, and the title of an earlier reminder', () => {
    const incident = {
      ...still('x'),
      message: { ...sent, kind: 'incident' as const, title: 'Critical · Miner (INC-3)' },
    };
    const again = words(incident);
    expect(again).toMatchObject({ title: 'Critical · Still open for 3 days · Miner (INC-3)', facts: [{}, {}] });
    const sensor = still('s', { annotations: { summary: 'Sensor s is silent' } });
    const first = words({ ...sensor, message: { ...sent, kind: 'sensor', severity: 'high' } });
    expect(words({ ...sensor, message: first }).title).toBe(first.title);
    expect(first.title).toBe('High · Still there for 3 days · Sensor s is silent');
  });

  it('is listed apart from news in a merged message', () => {
    const merged = mergedMessage([words(still('CVE-1')), sent]);
    expect(merged.isReminder).toBe(false);
    expect(merged.sections.map(({ title }) => title)).toEqual(['Firing', 'Still there']);
    expect(mergedMessage([words(still('CVE-1')), words(still('CVE-2'))])).toMatchObject({
      status: 'firing',
      isReminder: true,
    });
  });
});
