import { Secret } from '@tidewaiter/domain';
import { type Message, type MessageItem, plainText } from '@tidewaiter/messages';
import { plainHttp } from '@tidewaiter/routing';

import { postableAlert } from './alertmanager/alertmanager.js';
import { discordLimits, discordMessage } from './discord/discord.js';
import { dedupKey } from './http-channel.js';
import { incidentioPayload, maxIncidentioBytes } from './incidentio/incidentio.js';
import { mattermostMessage, maxMattermostChars } from './mattermost/mattermost.js';
import { cardMessage, maxCardBytes } from './msteamsv2/msteamsv2.js';
import { alertOf, opsgenieLimits } from './opsgenie/opsgenie.js';
import { olderPagerDutyEvent, pagerDutyEvent, pagerDutyLimits } from './pagerduty/pagerduty.js';
import { pushoverLimits, pushoverMessage } from './pushover/pushover.js';
import type { Configs, OutgoingMessage } from './receiver.js';
import { maxRocketChatChars, rocketChatMessage } from './rocketchat/rocketchat.js';
import { maxMessageChars, telegramMessage } from './telegram/telegram.js';
import { victorOpsEvent, victorOpsLimits } from './victorops/victorops.js';
import { maxWebexBytes, webexText } from './webex/webex.js';

const item = (text: string): MessageItem => ({ severity: 'high', text, detail: 'fixed in 2', isNew: true });
const message = (more: Partial<Message> = {}): Message => ({
  kind: 'push',
  status: 'firing',
  severity: 'critical',
  title: 'Critical · shop/app:1 brings 2 findings',
  summary: 'Pushed by ci a minute ago.',
  facts: [{ label: 'Image', value: 'shop/app:1' }],
  sections: [{ title: 'New', items: [item('CVE-1 in openssl'), item('CVE-2 in zlib')], omitted: 3 }],
  links: [{ text: 'Open', url: 'https://tidewaiter.example.com/#pushes/1' }],
  footer: 'Tidewaiter',
  ...more,
});
const delivery = (about: Message): OutgoingMessage => ({
  id: 'd1',
  groupKey: '{}:{repository="shop/app"}',
  groupLabels: { repository: 'shop/app' },
  edition: null,
  alerts: [],
  message: about,
  attempt: 1,
  reached: [],
  receiver: 'team',
  externalUrl: 'https://tidewaiter.example.com',
});

const hostile = '@everyone <!channel> <b>&amp;</b> [x](https://evil.example) *_~`# \\ |> "quoted"';
const long = '\u{1f6a2}"\\<&'.repeat(4_000);
const huge = message({
  title: long,
  summary: long,
  facts: Array.from({ length: 60 }, (_, index) => ({ label: `Fact ${index}`, value: long.slice(0, 300) })),
  sections: Array.from({ length: 8 }, () => ({
    title: 'Findings',
    items: Array.from({ length: 12 }, () => item(long.slice(0, 300))),
    omitted: 10_000,
  })),
});

const timing = { http: plainHttp, timeoutMs: 0, sendResolved: true };
const pagerduty: Configs['pagerduty'] = {
  ...timing,
  api: 'v2',
  key: new Secret('key'),
  url: 'https://events.example.com',
  severity: undefined,
  class: undefined,
  component: undefined,
  group: undefined,
  source: undefined,
  client: undefined,
  clientUrl: undefined,
  details: [['runbook', 'https://runbooks.example.com']],
};
const opsgenie: Configs['opsgenie'] = {
  ...timing,
  apiKey: new Secret('key'),
  apiUrl: 'https://api.example.com/',
  responders: [{ type: 'team', name: 'shop' }],
  tags: Array.from({ length: 30 }, (_, index) => `tag-${index}`),
  priority: undefined,
  entity: undefined,
  source: undefined,
  note: undefined,
  details: [],
};
const look = { username: undefined, avatarUrl: undefined };
const chat = { chatId: '1', threadId: undefined, isSilent: false };

describe('plain text', () => {
  it('says everything there is room for, and counts the rest', () => {
    expect(plainText(message(), 1_000)).toBe(
      [
        'Pushed by ci a minute ago.',
        'Image: shop/app:1',
        '',
        'New',
        '- [High] CVE-1 in openssl',
        '  fixed in 2',
        '- [High] CVE-2 in zlib',
        '  fixed in 2',
        '+3 more',
        '',
        'Open: https://tidewaiter.example.com/#pushes/1',
      ].join('\n'),
    );
    const two = message({ sections: [...message().sections, { title: 'Gone', items: [item('CVE-3')], omitted: 0 }] });
    expect(plainText(two, 1_000)).toContain('  fixed in 2\n\nGone\n- [High] CVE-3\n');
    expect(plainText(message(), 160)).toContain('+4 more');
    expect(plainText(huge, 5_000).length).toBeLessThanOrEqual(5_000);
    expect(plainText(huge, 5_000).isWellFormed()).toBe(true);
  });
});

describe('PagerDuty', () => {
  it('opens an event, and ends it by the same key', () => {
    expect(pagerDutyEvent(pagerduty, delivery(message()))).toEqual({
      routing_key: 'key',
      dedup_key: dedupKey(delivery(message())),
      event_action: 'trigger',
      client: 'Tidewaiter',
      client_url: 'https://tidewaiter.example.com',
      payload: {
        summary: 'Critical · shop/app:1 brings 2 findings',
        source: 'shop/app',
        severity: 'critical',
        class: 'push',
        custom_details: {
          Image: 'shop/app:1',
          text: plainText(message(), 1_000),
          runbook: 'https://runbooks.example.com',
        },
      },
      links: [{ href: 'https://tidewaiter.example.com/#pushes/1', text: 'Open' }],
    });
    expect(pagerDutyEvent(pagerduty, delivery(message({ status: 'resolved' })))).toEqual({
      routing_key: 'key',
      dedup_key: dedupKey(delivery(message())),
      event_action: 'resolve',
    });
  });

  it('opens and ends an event of the older API', () => {
    const common = { service_key: 'key', incident_key: dedupKey(delivery(message())) };
    expect(olderPagerDutyEvent(pagerduty, delivery(message()))).toEqual({
      ...common,
      event_type: 'trigger',
      description: 'Critical · shop/app:1 brings 2 findings',
      client: 'Tidewaiter',
      client_url: 'https://tidewaiter.example.com',
      details: {
        severity: 'critical',
        Image: 'shop/app:1',
        text: plainText(message(), 1_000),
        runbook: 'https://runbooks.example.com',
      },
      contexts: [{ type: 'link', href: 'https://tidewaiter.example.com/#pushes/1', text: 'Open' }],
    });
    expect(olderPagerDutyEvent(pagerduty, delivery(message({ status: 'resolved', title: 'Resolved' })))).toEqual({
      ...common,
      event_type: 'resolve',
      description: 'Resolved',
    });
  });

  it('stays within its limits', () => {
    expect(Buffer.byteLength(JSON.stringify(olderPagerDutyEvent(pagerduty, delivery(huge))))).toBeLessThan(
      pagerDutyLimits.eventBytes,
    );
    const event = pagerDutyEvent(pagerduty, delivery(huge)) as { payload: { summary: string } };
    expect(event.payload.summary.length).toBeLessThanOrEqual(pagerDutyLimits.summaryChars);
    expect(Buffer.byteLength(JSON.stringify(event))).toBeLessThan(pagerDutyLimits.eventBytes);
  });
});

it('has one key for an incident until it is over, and one for a group of anything else', () => {
  const incident = (identity: string, groupKey: string) =>
    dedupKey({
      ...delivery(message({ kind: 'incident' })),
      groupKey,
      alerts: [{ identity, labels: {}, annotations: {}, status: 'firing', startsAt: '', endsAt: null }],
    });
  expect(incident('a', 'g1')).toBe(incident('a', 'g2'));
  expect(incident('a', 'g1')).not.toBe(incident('b', 'g1'));
});

it('keeps Opsgenie’s limits', () => {
  const alert = alertOf(opsgenie, delivery(huge)) as { message: string; description: string; tags: string[] };
  expect(alert.message.length).toBeLessThanOrEqual(opsgenieLimits.messageChars);
  expect(alert.description.length).toBeLessThanOrEqual(opsgenieLimits.descriptionChars);
  expect(alert.tags).toHaveLength(opsgenieLimits.tags);
  expect(alertOf(opsgenie, delivery(message()))).toMatchObject({
    priority: 'P1',
    responders: [{ type: 'team', name: 'shop' }],
    details: { repository: 'shop/app' },
  });
});

describe('Teams', () => {
  it('formats nothing that others wrote', () => {
    const text = JSON.stringify(cardMessage(message({ title: hostile, summary: hostile })));
    expect(text).not.toContain('[x](https');
    expect(text).not.toContain('<b>');
  });

  it('fits, whatever there is to say', () => {
    expect(Buffer.byteLength(JSON.stringify(cardMessage(huge)))).toBeLessThanOrEqual(maxCardBytes);
  });
});

describe('Discord', () => {
  it('pings nobody and formats nothing that others wrote', () => {
    const body = discordMessage(look, message({ title: hostile, summary: hostile }));
    expect(body).toMatchObject({ allowed_mentions: { parse: [] } });
    expect(JSON.stringify(body)).not.toMatch(/[^\\]@everyone|[^\\]\[x\]/);
  });

  it('stays within its limits', () => {
    const { embeds } = discordMessage(look, huge) as {
      embeds: [
        { title: string; description: string; fields: { name: string; value: string }[]; footer: { text: string } },
      ];
    };
    const [{ title, description, fields, footer }] = embeds;
    expect(title.length).toBeLessThanOrEqual(discordLimits.titleChars);
    expect(description.length).toBeLessThanOrEqual(discordLimits.descriptionChars);
    const all = title + description + footer.text + fields.map(({ name, value }) => name + value).join('');
    expect(all.length).toBeLessThanOrEqual(discordLimits.allChars);
  });
});

it('keeps Telegram’s limit, and gives it no tag that others wrote', () => {
  const { text } = telegramMessage(chat, message({ title: hostile })) as { text: string };
  expect(text.replaceAll(/<\/?b>/g, '')).not.toMatch(/[<>]/);
  const whole = (telegramMessage(chat, huge) as { text: string }).text;
  const read = whole.replaceAll(/<\/?b>/g, '').replaceAll(/&(?:amp|lt|gt|quot);/g, '.');
  expect(read.length).toBeLessThanOrEqual(maxMessageChars);
});

describe('Splunk On-Call', () => {
  const config: Configs['victorops'] = {
    ...timing,
    apiUrl: 'https://alert.example.com/',
    apiKey: new Secret('key'),
    routingKey: 'team',
    messageType: undefined,
    monitoringTool: undefined,
    customFields: [['runbook', 'https://runbooks.example.com']],
  };

  it('opens an incident, and ends it by the same key', () => {
    expect(victorOpsEvent(config, delivery(message()))).toEqual({
      runbook: 'https://runbooks.example.com',
      message_type: 'CRITICAL',
      entity_id: dedupKey(delivery(message())),
      entity_display_name: 'Critical · shop/app:1 brings 2 findings',
      state_message: plainText(message(), 1_000),
      monitoring_tool: 'Tidewaiter',
    });
    expect(victorOpsEvent(config, delivery(message({ status: 'resolved' })))).toMatchObject({
      message_type: 'RECOVERY',
      entity_id: dedupKey(delivery(message())),
    });
    expect(victorOpsEvent({ ...config, messageType: 'INFO' }, delivery(message()))).toMatchObject({
      message_type: 'INFO',
    });
  });

  it('stays within its limits', () => {
    const event = victorOpsEvent(config, delivery(huge)) as { state_message: string; entity_display_name: string };
    expect(event.state_message.length).toBeLessThanOrEqual(victorOpsLimits.stateMessageChars);
    expect(event.entity_display_name.length).toBeLessThanOrEqual(victorOpsLimits.displayNameChars);
  });
});

describe('Pushover', () => {
  const config: Configs['pushover'] = {
    ...timing,
    url: 'https://api.example.com',
    token: new Secret('app'),
    userKey: new Secret('user'),
    device: undefined,
    sound: 'siren',
    priority: undefined,
    retrySeconds: 60,
    expireSeconds: 3600,
    ttlSeconds: 0,
    isMonospace: false,
  };

  it('rings for what is critical until somebody says that he heard it', () => {
    expect(pushoverMessage(config, message())).toEqual({
      token: 'app',
      user: 'user',
      title: 'Critical · shop/app:1 brings 2 findings',
      message: plainText(message({ links: [] }), 1_000),
      url: 'https://tidewaiter.example.com/#pushes/1',
      url_title: 'Open',
      priority: 2,
      retry: 60,
      expire: 3600,
      sound: 'siren',
    });
  });

  it.each([
    ['high', 'firing', 1],
    ['low', 'firing', -1],
    ['unknown', 'firing', 0],
    ['critical', 'resolved', 0],
  ] as const)('says what is %s and %s with priority %i', (severity, status, priority) => {
    const told = pushoverMessage(config, message({ severity, status }));
    expect(told).toMatchObject({ priority });
    expect(told).not.toHaveProperty('retry');
  });

  it('stays within its limits', () => {
    const told = pushoverMessage(config, huge) as { title: string; message: string };
    expect(told.title.length).toBeLessThanOrEqual(pushoverLimits.titleChars);
    expect(told.message.length).toBeLessThanOrEqual(pushoverLimits.messageChars);
  });
});

it('tells incident.io as many alerts as it takes, and counts the rest', () => {
  const alert = {
    identity: 'x',
    labels: { rule: long },
    annotations: {},
    status: 'firing' as const,
    startsAt: '',
    endsAt: null,
  };
  const told = { ...delivery(message()), alerts: Array.from({ length: 100 }, () => alert) };
  const payload = incidentioPayload(told, 0) as { alerts: unknown[]; truncatedAlerts: number };
  expect(Buffer.byteLength(JSON.stringify(payload))).toBeLessThanOrEqual(maxIncidentioBytes);
  expect(payload).toMatchObject({ version: '1', groupKey: told.groupKey, status: 'firing' });
  expect(payload.alerts.length).toBeGreaterThan(0);
  expect(payload.alerts.length + payload.truncatedAlerts).toBe(100);
  expect(incidentioPayload(told, 2)).toMatchObject({ truncatedAlerts: 98 });
});

it('keeps Webex’s limit in bytes', () => {
  expect(webexText(message())).toBe(`Critical · shop/app:1 brings 2 findings\n\n${plainText(message(), 1_000)}`);
  expect(Buffer.byteLength(webexText(huge))).toBeLessThanOrEqual(maxWebexBytes);
  expect(Buffer.byteLength(webexText(huge))).toBeGreaterThan(maxWebexBytes / 2);
  expect(webexText(huge).isWellFormed()).toBe(true);
});

describe.each([
  [
    'Rocket.Chat',
    (about: Message) => rocketChatMessage({ channel: '#a', emoji: undefined, iconUrl: undefined }, about),
    maxRocketChatChars,
  ],
  [
    'Mattermost',
    (about: Message) =>
      mattermostMessage({ channel: undefined, username: undefined, iconUrl: undefined, iconEmoji: undefined }, about),
    maxMattermostChars,
  ],
])('%s', (_, render, maxChars) => {
  const attachment = (about: Message) =>
    (render(about) as { attachments: [{ title: string; text: string; title_link: string }] }).attachments[0];

  it('says everything', () => {
    expect(attachment(message())).toMatchObject({
      title: expect.stringContaining('shop/app:1 brings 2 findings'),
      title_link: 'https://tidewaiter.example.com/#pushes/1',
      text: expect.stringContaining('- \\[High\\] CVE-1 in openssl\n  fixed in 2'),
    });
  });

  it('calls nobody, and formats nothing that others wrote', () => {
    const { text } = attachment(message({ summary: hostile }));
    expect(text).not.toContain('@everyone');
    expect(text).not.toMatch(/[^\\](?:\[x\]|<b>|\*_~)/);
  });

  it('stays within its limits', () => {
    expect(attachment(huge).text.length).toBeLessThanOrEqual(maxChars);
  });
});

it('tells Alertmanager an alert by labels that stay, until further notice', () => {
  const now = new Date('2026-01-02T00:00:00Z');
  const alert = {
    identity: 'x',
    labels: { rule: 'CVE-1', severity: 'high', new: 'true', repository: 'shop/app' },
    annotations: { summary: 'CVE-1 in openssl' },
    status: 'firing' as const,
    startsAt: '2026-01-01T00:00:00Z',
    endsAt: null,
  };
  const posted = {
    labels: { alertname: 'CVE-1', rule: 'CVE-1', severity: 'high', repository: 'shop/app' },
    annotations: { summary: 'CVE-1 in openssl', new: 'true' },
    startsAt: '2026-01-01T00:00:00Z',
    endsAt: '2026-02-01T00:00:00.000Z',
    generatorURL: 'https://tidewaiter.example.com/#pushes/1',
  };
  expect(postableAlert(alert, delivery(message()), now)).toEqual(posted);
  const ended = { ...alert, status: 'resolved' as const, endsAt: '2026-01-01T12:00:00Z' };
  expect(postableAlert(ended, delivery(message()), now)).toEqual({ ...posted, endsAt: '2026-01-01T12:00:00Z' });
});
