import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { inspect } from 'node:util';

import { InvalidInput, Secret } from '@tidewaiter/domain';
import { channelReaders, parseUnreadRouting } from '@tidewaiter/receivers';
import { describeWith, sharedData } from '@tidewaiter/testkit';

import { documentedLabels } from '../matching/labels.js';
import { parseRouting } from './routing.js';

const noFile = (): string => {
  throw new Error('ENOENT: s3cret');
};

function problemsOf(text: string, readFile = noFile): string[] {
  try {
    parseRouting(text, { channels: channelReaders, readFile });
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidInput);
    expect(error).toHaveProperty('code', 'ROUTING_INVALID');
    return (error as InvalidInput).message.split('\n');
  }
  return [];
}

describe('problems', () => {
  it('names all of them at once, each with its path and none with a value', () => {
    const problems = problemsOf(`
global:
  slack_api_url: s3cret-no-url
  slack_api_url_file: /run/secrets/hook
  smtp_smarthost: s3cret
  opsgenie_api_key: s3cret
  wechat_api_url: s3cret
  smpt_from: s3cret
templates: [s3cret]
inhibit_rules: []
route:
  receiver: a
  matchers: [a=s3cret]
  group_by: [x, x, '...']
  group_wait: s3cret
  mute_time_intervals: [nights]
  routes:
    - receiver: nobody
      matchers: ['ok = "s3cret"', 's3cret', 'b =~ "s3cret("']
      group_interval: 0s
      repeat_interval: 0
      continue: s3cret
      routes: [{match_re: {ok: }, match: {'no-label': s3cret}, labels: {a: s3cret}, s3cret: s3cret}]
    - s3cret
receivers:
  - name: a
    pagerduty_configs: [{routing_key: s3cret}]
    slack_configs: [{text: s3cret, channel: '{{ .s3cret }}', http_config: {proxy_url: s3cret}}]
    email_configs: [{to: '', html: s3cret, headers: {Subject: '{{ s3cret }}', 'a b': s3cret}, tls_config: {cert_file: s3cret}, auth_username: s3cret}]
  - name: a
    webhook_configs: [{url_file: /s3cret, max_alerts: -1, payload: s3cret, signing_secret: s3cret, http_config: {authorization: {type: Basic}, basic_auth: {}}}, s3cret]
  - webhook_configs: s3cret
`);
    // The one `s3cret` that may show is a key.
    expect(problems.filter((problem) => problem.includes('s3cret'))).toEqual([
      'unknown key: route.routes[0].routes[0].s3cret',
    ]);
    expect(problems).toEqual([
      'global.slack_api_url: and slack_api_url_file are both given; keep one',
      'global.slack_api_url: expected an http or https URL without templates',
      'global.smtp_smarthost: expected host:port',
      'global.wechat_api_url: expected an http or https URL without templates',
      'unknown key: global.smpt_from',
      'receivers[0].slack_configs[0].http_config.proxy_url: expected the address of an http or https proxy',
      'not supported: receivers[0].slack_configs[0].channel (templates: Tidewaiter renders the message itself)',
      'receivers[0].slack_configs[0].api_url: is required, or app_token, or one of them in global',
      'receivers[0].email_configs[0].to: needs at least one address',
      'receivers[0].email_configs[0].auth_password: is required with auth_username, or auth_secret',
      'receivers[0].email_configs[0].tls_config.cert_file: the file cannot be read',
      'receivers[0].email_configs[0].headers: "a b" has characters that a header\'s name cannot have',
      'receivers[0].email_configs[0].from: is required, or global.smtp_from',
      'receivers[0].email_configs[0].smarthost: is required, or global.smtp_smarthost',
      'receivers[1].name: another receiver has this name',
      'receivers[1].webhook_configs[1]: expected a map',
      'receivers[1].webhook_configs[0].http_config.authorization.type: use basic_auth for this scheme',
      'receivers[1].webhook_configs[0].http_config.authorization.credentials: or credentials_file is required',
      'receivers[1].webhook_configs[0].http_config.basic_auth.username: is required',
      'receivers[1].webhook_configs[0].http_config.basic_auth.password: or password_file is required',
      'receivers[1].webhook_configs[0].url_file: the file cannot be read',
      'receivers[1].webhook_configs[0].max_alerts: expected a whole number',
      'receivers[1].webhook_configs[0].signing_secret: expected whsec_ and the base64 of 24 to 64 bytes',
      'receivers[1].webhook_configs[0].url: or url_file is required',
      'receivers[2].name: is required',
      'receivers[2].webhook_configs: expected a list',
      'route.matchers: the root route takes every alert and cannot have this',
      'route.mute_time_intervals: the root route takes every alert and cannot have this',
      'route.group_by: a label is named twice',
      'route.group_by: ... stands for every label and must be alone',
      'route.group_wait: expected a duration such as 250ms, 30s, 1h30m or 7d',
      'route.mute_time_intervals[0]: no time interval "nights"',
      'route.routes[1]: expected a map',
      'route.routes[0].matchers[1]: expected one of = != =~ !~ at the end',
      'route.routes[0].matchers[2]: not an RE2 expression: missing closing )',
      'route.routes[0].receiver: no receiver "nobody"',
      'route.routes[0].group_interval: must not be zero',
      'route.routes[0].repeat_interval: must not be zero',
      'route.routes[0].continue: expected true or false',
      'route.routes[0].routes[0].match: a name is not a classic label name; use matchers',
      'route.routes[0].routes[0].match_re: expected a text under ok',
      'unknown key: route.routes[0].routes[0].s3cret',
    ]);
  });
});

describe('warnings', () => {
  const warningsOf = (receiver: string) =>
    parseUnreadRouting(`route: {receiver: a}\nreceivers: [{name: a, ${receiver}}]`).warnings;
  const jira = "api_url: 'https://example.com/rest/api/3', project: SEC, issue_type: Bug";
  const chat = "api_url: 'https://chat.example.com', token: t, token_id: i, channel: c";

  it.each([
    ['slack_configs: [{api_url: "https://hooks.example.com/1", text: x}]', 'slack_configs[0].text (Tidewaiter renders'],
    [
      'slack_configs: [{api_url: "https://hooks.example.com/1", username: "{{ x }}"}]',
      'slack_configs[0].username (temp',
    ],
    [
      'pagerduty_configs: [{routing_key: k, details: {a: "{{ x }}", b: c}}]',
      'pagerduty_configs[0].details under a (temp',
    ],
    ['pagerduty_configs: [{routing_key: k, severity: "{{ x }}"}]', 'pagerduty_configs[0].severity (templates'],
    ['victorops_configs: [{api_key: k, routing_key: r, state_message: x}]', 'victorops_configs[0].state_message (Tide'],
    [`rocketchat_configs: [{${chat}, title: x}]`, 'rocketchat_configs[0].title (Tidewaiter renders'],
    [`jira_configs: [{${jira}, summary: '{{ x }}'}]`, 'jira_configs[0].summary (templates'],
    [`jira_configs: [{${jira}, description: x}]`, 'jira_configs[0].description (Tidewaiter renders'],
    [
      `jira_configs: [{${jira}, description: {template: x}}]`,
      'jira_configs[0].description.template (Tidewaiter renders',
    ],
    [`jira_configs: [{${jira}, labels: [a, '{{ x }}']}]`, 'jira_configs[0].labels (templates'],
    [`jira_configs: [{${jira}, fields: {a: [{b: '{{ x }}'}], c: 1}}]`, 'jira_configs[0].fields (templates'],
    ['webhook_configs: [{url: "https://hooks.example.com/1"}], signl4_configs: [{}]', 'signl4_configs'],
  ])('name the ignored keys of %s', (receiver, warning) => {
    expect(warningsOf(receiver)).toEqual([expect.stringContaining(`ignored: receivers[0].${warning}`)]);
  });

  it('leave out templated values and keep the rest', () => {
    const { receivers } = parseUnreadRouting(
      `route: {receiver: a}\nreceivers: [{name: a, jira_configs: [{${jira}, labels: [a, '{{ x }}'], fields: {b: '{{ x }}', c: 1}}]}]`,
    );
    expect(receivers.get('a')?.integrations[0]?.config).toMatchObject({ labels: ['a'], fields: { c: 1 } });
  });
});

describe('YAML', () => {
  const rest = 'route: {receiver: a}\nreceivers: [{name: a}]\n';

  it('resolves anchors and merge keys', () => {
    const { route } = parseRouting(
      `route:\n  receiver: a\n  routes:\n    - &team {receiver: b, group_by: [owner], group_wait: 1m}\n    - {<<: *team, group_wait: 2m}\nreceivers: [{name: a}, {name: b}]`,
      { channels: channelReaders, readFile: noFile },
    );
    expect(route.routes[1]?.options).toMatchObject({ receiver: 'b', groupBy: ['owner'], groupWaitMs: 120_000 });
  });

  it('keeps the text of scalars as written', () => {
    const { route } = parseRouting(
      `route: {receiver: 1.50, routes: [{match: {a: 0x10, b: yes, c: ""}}]}\nreceivers: [{name: 1.50}]`,
      { channels: channelReaders, readFile: noFile },
    );
    expect(route.options.receiver).toBe('1.50');
    expect(route.routes[0]?.options.key).toBe('{}/{a="0x10",b="yes",c=""}');
  });

  it.each<[string, string, string[]]>([
    ['no text', '', ['expected a map with route and receivers']],
    ['a list', '- a', ['expected a map with route and receivers']],
    ['no keys', '{}', ['route.receiver: the root route needs a receiver']],
    ['the same key twice', `${rest}route: {}\n`, ['line 3: duplicate key route']],
    ['two documents', `${rest}---\n${rest}`, ['line 3: not valid YAML (MULTIPLE_DOCS)']],
    [
      'broken YAML',
      `${rest}global: {smtp_auth_password: "s3cret\n`,
      ['line 4: not valid YAML (MISSING_CHAR)', 'line 4: not valid YAML (BAD_INDENT)'],
    ],
    ['a tag', `${rest}global: !!set {s3cret}`, ['line 3: this YAML tag is not supported']],
    ['an unknown tag', `${rest}global: !s3cret {}`, ['line 3: not valid YAML (TAG_RESOLVE_FAILED)']],
    ['a key that is no text', `${rest}? [a]\n: b`, ['line 3: a key must be plain text']],
    ['an alias to nothing', `${rest}global: *s3cret`, ['line 3: an alias has no anchor above it']],
    ['a circle', `${rest}global: &a {x: *a}`, ['line 3: an alias has no anchor above it']],
    ['a merge of a text', `${rest}global: {<<: s3cret}`, ['line 3: << takes a map or a list of maps']],
    [
      'names of Object.prototype',
      `${rest}__proto__: {route: s3cret}\nconstructor: s3cret`,
      ['unknown key: __proto__', 'unknown key: constructor'],
    ],
    ['a key that would move the cursor', `${rest}"a\\e[2Jb\\n\\u202e": s3cret`, ['unknown key: ["a\\u001b[2Jb\\n?"]']],
    ['a long key', `${rest}${'k'.repeat(500)}: s3cret`, [`unknown key: ["${'k'.repeat(64)}"]`]],
  ])('refuses %s', (_, text, expected) => {
    expect(problemsOf(text)).toEqual(expected);
  });

  const bomb = Array.from(
    { length: 20 },
    (_, n) =>
      `x${n}: &x${n} [${Array(9)
        .fill(n === 0 ? 'a' : `*x${n - 1}`)
        .join(', ')}]`,
  );

  it.each([
    ['a million bytes and more', `${rest}#${'x'.repeat(1024 * 1024)}`, 'the file is larger than 1048576 bytes'],
    ['an alias bomb', bomb.join('\n'), 'more than 100000 values, aliases counted'],
    ['many values', `a: [${'a,'.repeat(100_001)}]`, 'more than 100000 values, aliases counted'],
    [
      '10,000 nested routes',
      `route: ${'{receiver: a, routes: ['.repeat(10_000)}${']}'.repeat(10_000)}`,
      'nested deeper than 100 levels',
    ],
    [
      '60 nested routes',
      `route: ${'{receiver: a, routes: ['.repeat(60)}${']}'.repeat(60)}`,
      'nested deeper than 100 levels',
    ],
    ['compact nested lists', '- '.repeat(20_000), 'nested deeper than 100 levels'],
  ])('refuses %s', (_, text, problem) => {
    expect(problemsOf(text)[0]).toBe(problem);
  });

  it('finds a duplicate among very many keys', () => {
    const keys = Array.from({ length: 40_000 }, (_, n) => `k${n}: v`);
    expect(problemsOf([...keys, 'k7: v'].join('\n'))).toEqual(['line 40001: duplicate key k7']);
  });
});

/** Values of all secrets below a value of a configuration. */
function secretsIn(value: unknown): string[] {
  if (value instanceof Secret) return [value.reveal()];
  if (value instanceof Map) return [...value.values()].flatMap(secretsIn);
  return value !== null && typeof value === 'object' ? Object.values(value).flatMap(secretsIn) : [];
}

describe('the redacted text', () => {
  const redacted = (receiver: string, global = '{}'): string =>
    parseRouting(`global: ${global}\nroute: {receiver: a}\nreceivers:\n  - name: a\n    ${receiver}\n`, {
      channels: channelReaders,
      readFile: () => 'https://hooks.example.com/from-a-file',
    }).redacted();

  it('has the keys in the order of the file, one to a line', () => {
    const text = [
      'route: {receiver: a, group_wait: 1m, routes: [{matchers: [severity="high", "x=~\'a b\'"], receiver: a}]}',
      "receivers: [{name: a, slack_configs: [{channel: '#ops', api_url_file: /run/secrets/hook}]}]",
    ].join('\n');
    expect(parseUnreadRouting(text).redacted()).toBe(`route:
  receiver: a
  group_wait: 1m
  routes:
    - matchers:
        - severity="high"
        - x=~'a b'
      receiver: a
receivers:
  - name: a
    slack_configs:
      - channel: "#ops"
        api_url_file: /run/secrets/hook
`);
  });

  it('reads as the same routing', () => {
    const text = `route: {receiver: a, routes: [{match: {a: 0x10, b: yes, c: "", d: 'null'}, mute_time_intervals: [n]}]}
time_intervals: [{name: n, time_intervals: [{weekdays: [saturday], location: Europe/Rome}]}]
inhibit_rules: [{source_matchers: [severity="high"], target_matchers: ['a="\\n"'], equal: [b]}]
receivers: [{name: a, jira_configs: [{api_url: 'https://j.example', project: A, issue_type: Bug, fields: {f: [{id: '1'}]}}]}]`;
    const config = parseUnreadRouting(text);
    const shown = (value: unknown) => inspect(value, { depth: 20 });
    expect(shown(parseUnreadRouting(config.redacted()))).toBe(shown(config));
  });

  it.each<[receiver: string, global?: string]>([
    ["slack_configs: [{api_url: 'https://s3cret/'}, {channel: c}]", '{slack_app_token: s3cret}'],
    ["webhook_configs: [{url: 'https://a/?s3cret'}]", "{http_config: {proxy_url: 'http://u:s3cret@proxy'}}"],
    ['webhook_configs: [{url_file: f, http_config: {http_headers: {X: {values: [s3cret], secrets: [s3cret]}}}}]'],
    ["webhook_configs: [{url_file: f, http_config: {proxy_url: 'http://p', proxy_connect_header: {X: [s3cret]}}}]"],
    [
      "webhook_configs: [{url_file: f, http_config: {oauth2: {client_id: c, client_secret: s3cret, token_url: 'https://a', endpoint_params: {password: s3cret}}}}]",
    ],
    ['webhook_configs: [{url_file: f, payload: {a: s3cret}}]'],
    ["alertmanager_configs: [{url: 'https://alertmanager.example/hook/Zs3cret/?token=s3cret'}]"],
    ['slack_configs: [{api_url_file: f}]\n    signl4_configs: [{team_secret: s3cret}]'],
  ])('has no secret of %s', (...given) => {
    const text = redacted(...given);
    expect(text).not.toContain('s3cret');
    expect(text).not.toContain('from-a-file');
  });

  it('keeps the address of a proxy without a user', () => {
    const text = redacted("webhook_configs: [{url: 'https://a/', http_config: {proxy_url: 'http://proxy:3128'}}]");
    expect(text).toContain('url: "[redacted]"\n        http_config:\n          proxy_url: http://proxy:3128\n');
  });
});

const repository = resolve(import.meta.dirname, '../../../..');
const alertmanagers = sharedData('fixtures/alertmanager');

describeWith(alertmanagers)('configurations of real Alertmanagers', () => {
  const load = (name: string) =>
    problemsOf(readFileSync(resolve(alertmanagers.path, name), 'utf8'), () => 'from a file');

  it.each<[string, string[]]>([
    ['conf.group-by-all.yml', []],
    ['conf.routing.yml', ['templates']],
    ['conf.slack-default-app-token.yml', [0, 1, 2, 3].map((index) => `receivers[0].slack_configs[${index}].text`)],
    ['conf.smtp-password-global-and-local.yml', []],
    ['conf.opsgenie-default-apikey.yml', []],
    ['conf.sns-topic-arn.yml', []],
    ['simple.yml', ['templates', 'tracing']],
    ['route_labels.yml', ['route.routes[0].labels', 'route.routes[1].labels', 'route.labels', 'templates']],
    ['time-intervals-and-inhibit.yml', ['receivers[1].pagerduty_configs[0].severity']],
    ['conf.good.yml', ['receivers[8].slack_configs[0].image_url', 'templates']],
    [
      'capture-config.yml',
      [
        ...['title', 'actions', 'fields'].map((key) => `receivers[0].slack_configs[0].${key}`),
        'receivers[0].email_configs[0].headers',
        'receivers[0].msteams_configs',
      ],
    ],
  ])('loads %s and warns of the ignored keys alone', (name, ignored) => {
    const { warnings } = parseUnreadRouting(readFileSync(resolve(alertmanagers.path, name), 'utf8'));
    expect(warnings.map((warning) => warning.replace(/ (under|\().*$/, ''))).toEqual(
      ignored.map((path) => `ignored: ${path}`),
    );
  });

  it('have no secret in their redacted text', () => {
    const texts = readdirSync(alertmanagers.path)
      .filter((name) => name.endsWith('.yml'))
      .map((name) => readFileSync(resolve(alertmanagers.path, name), 'utf8'))
      .filter((text) => problemsOf(text, () => 'https://hooks.example.com/').length === 0);
    const secrets = texts.flatMap((text) => {
      const { receivers, redacted } = parseUnreadRouting(text);
      const inFile = secretsIn(receivers).filter((secret) => text.includes(secret));
      const scalars = redacted()
        .split(/\n|: |- /)
        .map((part) => part.replaceAll('"', ''));
      expect(scalars.filter((scalar) => inFile.includes(scalar))).toEqual([]);
      return inFile;
    });
    expect(secrets.length).toBeGreaterThan(20);
  });

  it.each([
    ['conf.nil-match_re-route.yml', 'route.routes[0].match_re: expected a text under invalid_label'],
    ['conf.slack-both-file-and-url.yml', 'global.slack_api_url: and slack_api_url_file are both given; keep one'],
    [
      'conf.slack-no-api-url-or-token.yml',
      'receivers[0].slack_configs[0].api_url: is required, or app_token, or one of them in global',
    ],
  ])('refuses invalid/%s', (name, problem) => {
    expect(load(`invalid/${name}`)).toContain(problem);
  });
});

describe('docs/routing.md', () => {
  const page = readFileSync(resolve(repository, 'docs/routing.md'), 'utf8');

  it('lists every label with its meaning', () => {
    for (const [name, meaning] of Object.entries(documentedLabels))
      expect(page).toContain(`| \`${name}\` | ${meaning.replaceAll('|', '\\|')} |`);
  });

  it('shows a configuration that loads', () => {
    const example = /```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
    const config = parseRouting(example, {
      channels: channelReaders,
      readFile: () => 'https://hooks.slack.example/services/T0/B0/X',
    });
    expect(config.route.routes.length).toBeGreaterThan(0);
  });
});
