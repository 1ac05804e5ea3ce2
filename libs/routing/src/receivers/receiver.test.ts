import { inspect } from 'node:util';

import { InvalidInput } from '@tidewaiter/domain';

import { parseRouting } from '../routing.js';
import type { ReceiverConfig } from './receiver.js';

const files = new Map([
  ['/run/secrets/hook', 'https://hooks.slack.example/services/T0/B0/file\n'],
  ['/run/secrets/password', '  from a file\n'],
  ['/run/secrets/empty', '\n'],
  ['/etc/ca.pem', '-----BEGIN CERTIFICATE-----\n'],
]);

const environment: Record<string, string> = {};

/** One receiver `a` with these integrations, and a route to it. */
function load(integrations: string, global = '{}'): ReceiverConfig['integrations'] {
  const text = `global: ${global}\nroute: {receiver: a}\nreceivers:\n  - name: a\n    ${integrations}\n`;
  return parseRouting(text, (path) => files.get(path) ?? '', environment).receivers.get('a')?.integrations ?? [];
}

function configOf(integrations: string, global?: string): ReceiverConfig['integrations'][number]['config'] | undefined {
  return load(integrations, global)[0]?.config;
}

function secretAt(value: unknown, ...path: string[]): unknown {
  let found = value;
  for (const name of path) found = (found as Record<string, unknown> | undefined)?.[name];
  return (found as { reveal(): string } | undefined)?.reveal();
}

function problemsOf(integrations: string): string[] {
  try {
    load(integrations);
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidInput);
    return (error as InvalidInput).message.split('\n');
  }
  return [];
}

describe('receivers', () => {
  it('reads a Slack incoming webhook', () => {
    const config = configOf(
      `slack_configs: [{api_url: 'https://hooks.slack.example/services/T0/B0/X', channel: '#security', username: tidewaiter, icon_emoji: ':anchor:', icon_url: 'https://example.com/i.png', timeout: 5s}]`,
    );
    expect(config).toMatchObject({
      target: { mode: 'webhook', channel: '#security' },
      username: 'tidewaiter',
      iconEmoji: ':anchor:',
      iconUrl: 'https://example.com/i.png',
      timeoutMs: 5_000,
      sendResolved: false,
    });
    expect(secretAt(config, 'target', 'url')).toBe('https://hooks.slack.example/services/T0/B0/X');
  });

  it.each([
    [
      "{slack_api_url: 'https://hooks.slack.example/services/T0/B0/G'}",
      '{}',
      'https://hooks.slack.example/services/T0/B0/G',
    ],
    ['{slack_api_url_file: /run/secrets/hook}', '{}', 'https://hooks.slack.example/services/T0/B0/file'],
    [
      '{slack_app_token: xoxb-1}',
      '{api_url_file: /run/secrets/hook}',
      'https://hooks.slack.example/services/T0/B0/file',
    ],
  ])('finds the webhook of global %s and own %s', (global, own, url) => {
    expect(secretAt(configOf(`slack_configs: [${own}]`, global), 'target', 'url')).toBe(url);
  });

  it.each([
    ['{slack_app_token: xoxb-1}', "{channel: '#a'}", 'https://slack.com/api/chat.postMessage', 'xoxb-1'],
    [
      "{slack_app_token: xoxb-1, slack_api_url: 'https://hooks.slack.example/x'}",
      "{channel: '#a'}",
      'https://slack.com/api/chat.postMessage',
      'xoxb-1',
    ],
    [
      '{slack_app_token: xoxb-1}',
      "{channel: '#a', app_token: xoxb-2}",
      'https://slack.com/api/chat.postMessage',
      'xoxb-2',
    ],
    [
      "{slack_app_token: xoxb-1, slack_app_url: 'http://127.0.0.1:9/api/'}",
      "{channel: '#a'}",
      'http://127.0.0.1:9/api/',
      'xoxb-1',
    ],
    [
      '{slack_app_token: xoxb-1}',
      "{channel: '#a', app_url: 'http://127.0.0.1:9/api/'}",
      'http://127.0.0.1:9/api/',
      'xoxb-1',
    ],
    // Bot configuration from before app tokens.
    [
      "{slack_app_token: xoxb-1, slack_api_url: 'https://slack.com/api/chat.postMessage'}",
      "{channel: '#a', http_config: {authorization: {credentials: xoxb-3}}}",
      'https://slack.com/api/chat.postMessage',
      'xoxb-3',
    ],
  ])('finds the bot of global %s and own %s', (global, own, url, token) => {
    const config = configOf(`slack_configs: [${own}]`, global);
    expect(config).toMatchObject({ target: { mode: 'bot', channel: '#a', url } });
    expect(secretAt(config, 'target', 'token')).toBe(token);
  });

  it('reads an e-mail receiver of its own', () => {
    const config = configOf(
      `email_configs: [{to: ['a@example.org', '"Doe, Jane" <jane@example.org>'], from: Tidewaiter <t@example.org>, smarthost: '[::1]:2525', hello: tide, auth_username: u, auth_password_file: /run/secrets/password, require_tls: no, tls_config: {insecure_skip_verify: true, ca_file: /etc/ca.pem, server_name: mail}, headers: {X-Team: security}, send_resolved: true}]`,
    );
    expect(config).toMatchObject({
      to: ['a@example.org', '"Doe, Jane" <jane@example.org>'],
      from: 'Tidewaiter <t@example.org>',
      smarthost: { host: '::1', port: 2525 },
      hello: 'tide',
      auth: { username: 'u' },
      requireTls: false,
      tls: { insecureSkipVerify: true, ca: '-----BEGIN CERTIFICATE-----\n', serverName: 'mail' },
      headers: new Map([['X-Team', 'security']]),
      sendResolved: true,
    });
    expect(secretAt(config, 'auth', 'password')).toBe('from a file');
  });

  it('takes the mail settings of global', () => {
    const config = configOf(
      `email_configs: [{to: 'a@example.org, "Doe, Jane" <jane@example.org>,'}]`,
      `{smtp_smarthost: 'mail.example.org:587', smtp_from: t@example.org, smtp_hello: h, smtp_auth_username: u, smtp_auth_password: "two\\nlines", smtp_tls_config: {server_name: mail}}`,
    );
    expect(config).toMatchObject({
      to: ['a@example.org', '"Doe, Jane" <jane@example.org>'],
      from: 't@example.org',
      smarthost: { host: 'mail.example.org', port: 587 },
      hello: 'h',
      requireTls: true,
      tls: { insecureSkipVerify: false, ca: undefined, serverName: 'mail' },
      sendResolved: false,
    });
    expect(secretAt(config, 'auth', 'password')).toBe('two\nlines');
  });

  it.each([
    ['{auth_username: u, auth_secret: s}', 's', true],
    ['{auth_username: u, auth_password: p, auth_secret: s}', 'p', false],
    ['{auth_username: u}', 'global password', false],
  ])('logs in with %s', (own, proof, isCramMd5) => {
    const config = configOf(
      `email_configs: [{to: a@example.org, ${own.slice(1, -1)}}]`,
      `{smtp_smarthost: 'mail:25', smtp_from: t@example.org, smtp_auth_password: global password, smtp_auth_secret: global secret}`,
    );
    expect(config).toMatchObject({ auth: { username: 'u', isCramMd5 } });
    expect(secretAt(config, 'auth', 'password')).toBe(proof);
  });

  it.each([
    ['', '', undefined],
    ['auth_identity: u', '', undefined],
    ['auth_identity: team', '', 'team'],
    ['', 'smtp_auth_identity: team', 'team'],
  ])('logs in for whom %j and global %j name: %s', (own, global, identity) => {
    const config = configOf(
      `email_configs: [{to: a@example.org, auth_username: u, auth_password: p${own && `, ${own}`}}]`,
      `{smtp_smarthost: 'mail:25', smtp_from: t@example.org${global && `, ${global}`}}`,
    );
    expect(config).toMatchObject({ auth: { username: 'u', identity } });
  });

  it.each([
    ['', '', undefined],
    ['force_implicit_tls: true', '', true],
    ['', 'smtp_force_implicit_tls: true', true],
    ['force_implicit_tls: false', 'smtp_force_implicit_tls: true', false],
  ])('knows that TLS comes first of %j and global %j: %s', (own, global, implicitTls) => {
    const config = configOf(
      `email_configs: [{to: a@example.org${own && `, ${own}`}}]`,
      `{smtp_smarthost: 'mail:2465', smtp_from: t@example.org${global && `, ${global}`}}`,
    );
    expect(config).toHaveProperty('implicitTls', implicitTls);
  });

  it('reads a webhook', () => {
    const signing = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
    const config = configOf(
      `webhook_configs: [{url: 'http://127.0.0.1:9/x', max_alerts: 50, timeout: 1m30s, signing_secret: ${signing}, http_config: {basic_auth: {username: u, password_file: /run/secrets/password}}}]`,
    );
    expect(config).toMatchObject({
      maxAlerts: 50,
      timeoutMs: 90_000,
      http: { auth: { type: 'basic', username: 'u' } },
      sendResolved: true,
    });
    expect([
      secretAt(config, 'url'),
      secretAt(config, 'http', 'auth', 'password'),
      secretAt(config, 'signingSecret'),
    ]).toEqual(['http://127.0.0.1:9/x', 'from a file', signing]);
    const bearer = configOf(`webhook_configs: [{url: 'http://a/', http_config: {authorization: {credentials: c}}}]`);
    expect(bearer).toMatchObject({
      maxAlerts: 0,
      timeoutMs: 0,
      http: { auth: { type: 'authorization', scheme: 'Bearer' } },
      signingSecret: undefined,
    });
  });

  it('waits no longer than a timer can count', () => {
    expect(configOf(`webhook_configs: [{url: 'http://a/', timeout: 30d}]`)).toMatchObject({ timeoutMs: 2 ** 31 - 1 });
  });

  it.each(['http://user@hook.example/', 'http://:s3cret@hook.example/', 'http://user:s3cret@hook.example/'])(
    'refuses the URL %s, to which nothing would ever be sent',
    (url) => {
      expect(problemsOf(`webhook_configs: [{url: '${url}'}]`)).toContain(
        'receivers[0].webhook_configs[0].url: user and password do not belong in a URL; use http_config.basic_auth',
      );
    },
  );

  it('numbers integrations within their kind', () => {
    const integrations = load(
      `webhook_configs: [{url: 'http://a/'}, {url: 'http://b/'}]\n    slack_configs: [{api_url: 'http://c/'}]`,
    );
    expect(integrations.map(({ kind, index }) => `${kind}[${index}]`)).toEqual([
      'slack[0]',
      'webhook[0]',
      'webhook[1]',
    ]);
  });

  it('prints no secret', () => {
    const config = load(
      `slack_configs: [{api_url: 'http://s3cret/'}, {app_token: s3cret, channel: a}]\n    email_configs: [{to: a@b.c, auth_username: u, auth_password: s3cret}]\n    webhook_configs: [{url: 'http://s3cret/', http_config: {authorization: {credentials: s3cret}}}, {url: 'http://s3cret/', http_config: {basic_auth: {username: u, password: s3cret}}}]`,
      '{smtp_from: a@b.c, smtp_smarthost: "a:25"}',
    );
    expect(inspect(config, { depth: 20 })).not.toContain('s3cret');
    expect(JSON.stringify(config)).not.toContain('s3cret');
  });
});

describe('refused receivers', () => {
  it.each([
    [
      "{app_token: x, channel: a, api_url: 'http://a/'}",
      'app_token: and api_url or http_config.authorization are both given; keep one',
    ],
    ['{app_token: x}', 'channel: is required for a bot'],
    ['{app_token: "x\\r\\nHost: y", channel: a}', 'app_token: has characters that a header cannot carry'],
    [
      "{api_url: 'https://slack.com/api/chat.postMessage', channel: a}",
      'app_token: is required with an api_url that ends in /chat.postMessage',
    ],
    [
      "{api_url: 'http://a/', http_config: {authorization: {credentials: x}}}",
      'http_config: authorization works with an api_url that ends in /chat.postMessage only',
    ],
    ["{api_url: 'ftp://a/'}", 'api_url: expected an http or https URL without templates'],
    ['{api_url_file: /run/secrets/empty}', 'api_url_file: the file is empty'],
  ])('refuses the Slack receiver %s', (own, problem) => {
    expect(problemsOf(`slack_configs: [${own}]`)).toContain(`receivers[0].slack_configs[0].${problem}`);
  });

  it.each([
    'a',
    'a@b@c',
    'a@b.c, d',
    '<a@b.c',
    'A <a@b.c>\\r\\nBcc: d@e.f',
    'a@b.c\\nBcc:d@e.f',
    '\\"A\\r\\nBcc: d@e.f\\" <a@b.c>',
    '{{.x}}@b.c',
    '<a@b.c> <d@e.f>',
  ])('refuses the address "%s"', (to) => {
    expect(problemsOf(`email_configs: [{to: ["${to}"], from: a@b.c, smarthost: 'a:25'}]`)).toEqual([
      expect.stringMatching(/^receivers\[0\]\.email_configs\[0\]\.to: expected addresses/),
    ]);
  });

  it.each(['a', 'a:', ':25', 'a:0', 'a:65536', 'a:b', 'a b:25', '::1:25', '[a]:25'])(
    'refuses the mail host %j',
    (host) => {
      expect(problemsOf(`email_configs: [{to: a@b.c, from: a@b.c, smarthost: '${host}'}]`)).toContain(
        'receivers[0].email_configs[0].smarthost: expected host:port',
      );
    },
  );
});

describe('the other channels', () => {
  it.each([
    [
      "pagerduty_configs: [{routing_key: k, severity: Warning, class: c, details: {runbook: r, empty: ''}}]",
      {
        api: 'v2',
        url: 'https://events.pagerduty.com/v2/enqueue',
        severity: 'warning',
        class: 'c',
        sendResolved: true,
      },
    ],
    [
      'pagerduty_configs: [{service_key_file: /run/secrets/password}]',
      { api: 'v1', url: 'https://events.pagerduty.com/generic/2010-04-15/create_event.json' },
    ],
    [
      "opsgenie_configs: [{api_key: k, api_url: 'https://api.example.com', tags: 'a, b,', priority: P1, responders: [{name: n, type: team}]}]",
      { apiUrl: 'https://api.example.com/', tags: ['a', 'b'], responders: [{ name: 'n', type: 'team' }] },
    ],
    ["msteamsv2_configs: [{webhook_url: 'https://flow.example.com/x?sig=y'}]", { timeoutMs: 0, sendResolved: true }],
    ["discord_configs: [{webhook_url: 'https://discord.example.com/x', username: t}]", { username: 't' }],
    [
      "telegram_configs: [{bot_token: '1:abc', chat_id: -100, message_thread_id: 7, disable_notifications: true}]",
      { apiUrl: 'https://api.telegram.org', chatId: '-100', threadId: 7, isSilent: true },
    ],
    [
      'sns_configs: [{topic_arn: "arn:aws:sns:us-east-2:123456789012:Alerts.fifo", sigv4: {access_key: a, secret_key: b}, subject: S, attributes: {severity: Sev2}}]',
      {
        apiUrl: 'https://sns.us-east-2.amazonaws.com',
        region: 'us-east-2',
        roleArn: undefined,
        target: { topicArn: 'arn:aws:sns:us-east-2:123456789012:Alerts.fifo' },
        subject: 'S',
        attributes: [['severity', 'Sev2']],
        sendResolved: true,
      },
    ],
    [
      'sns_configs: [{phone_number: "+15555550100", sigv4: {region: cn-north-1, access_key: a, secret_key: b, role_arn: "arn:aws-cn:iam::123456789012:role/path/tide"}}]',
      {
        apiUrl: 'https://sns.cn-north-1.amazonaws.com.cn',
        target: { phoneNumber: '+15555550100' },
        roleArn: 'arn:aws-cn:iam::123456789012:role/path/tide',
        stsUrl: 'https://sts.cn-north-1.amazonaws.com.cn',
      },
    ],
    [
      'victorops_configs: [{api_key_file: /run/secrets/password, routing_key: team, message_type: WARNING, monitoring_tool: t, custom_fields: {a: b}}]',
      {
        apiUrl: 'https://alert.victorops.com/integrations/generic/20131114/alert/',
        routingKey: 'team',
        messageType: 'WARNING',
        customFields: [['a', 'b']],
      },
    ],
    [
      'pushover_configs: [{token: t, user_key: u, priority: -1, retry: 2m, expire: 30m, ttl: 1h, device: d, monospace: true}]',
      { priority: -1, retrySeconds: 120, expireSeconds: 1800, ttlSeconds: 3600, device: 'd', isMonospace: true },
    ],
    ['pushover_configs: [{token: t, user_key: u}]', { priority: undefined, retrySeconds: 60, expireSeconds: 3600 }],
    [
      "incidentio_configs: [{url: 'https://api.example.com/x', alert_source_token: t, max_alerts: 5}]",
      { url: 'https://api.example.com/x', maxAlerts: 5, http: { auth: { scheme: 'Bearer' } } },
    ],
    [
      'wechat_configs: [{api_secret: s, corp_id: c, agent_id: 7, to_party: "1|2"}]',
      {
        apiUrl: 'https://qyapi.weixin.qq.com/cgi-bin/',
        corpId: 'c',
        agentId: '7',
        toParty: '1|2',
        sendResolved: false,
      },
    ],
    [
      'webex_configs: [{room_id: r, http_config: {authorization: {credentials: c}}}]',
      { url: 'https://webexapis.com/v1/messages', roomId: 'r', http: { auth: { type: 'authorization' } } },
    ],
    [
      "rocketchat_configs: [{api_url: 'https://chat.example.com/', token: t, token_id: i, channel: '#a', emoji: ':ship:'}]",
      { apiUrl: 'https://chat.example.com', channel: '#a', emoji: ':ship:', sendResolved: false },
    ],
    [
      "mattermost_configs: [{webhook_url: 'https://chat.example.com/hooks/x', channel: a, username: t, icon_emoji: ship}]",
      { channel: 'a', username: 't', iconEmoji: 'ship', sendResolved: true },
    ],
    [
      "jira_configs: [{api_url: 'https://example.atlassian.net/rest/api/3/', project: SEC, issue_type: Bug, labels: [a, b], priority: High, resolve_transition: Done, reopen_transition: Reopen, reopen_duration: 7d, wont_fix_resolution: 'Won''t Do', fields: {components: [{name: Web}], customfield_1: 5, customfield_2: {id: '10001'}}, http_config: {basic_auth: {username: u, password: p}}}]",
      {
        apiUrl: 'https://example.atlassian.net/rest/api/3',
        isCloud: true,
        takesDocuments: true,
        labels: ['a', 'b'],
        summary: undefined,
        kept: new Set(),
        reopenWithinMs: 7 * 86_400_000,
        wontFixResolution: "Won't Do",
        fields: { components: [{ name: 'Web' }], customfield_1: 5, customfield_2: { id: '10001' } },
        http: { auth: { type: 'basic', username: 'u' } },
      },
    ],
    [
      "jira_configs: [{api_url: 'https://jira.example.com/rest/api/2', project: SEC, issue_type: Bug, summary: {template: Images, enable_update: false}, description: {enable_update: false}, labels: {values: [a], enable_update: false}}]",
      {
        isCloud: false,
        takesDocuments: false,
        summary: 'Images',
        labels: ['a'],
        kept: new Set(['summary', 'description', 'labels']),
        http: { auth: undefined },
      },
    ],
    [
      "alertmanager_configs: [{url: 'http://127.0.0.1:9093/', http_config: {basic_auth: {username: u, password: p}}}]",
      { url: 'http://127.0.0.1:9093', http: { auth: { type: 'basic', username: 'u' } } },
    ],
  ])('are read: %s', (integrations, expected) => {
    expect(configOf(integrations)).toMatchObject(expected);
  });

  it('take keys from global, and from files', () => {
    const global = "{opsgenie_api_key: g, telegram_bot_token_file: /etc/bot, pagerduty_url: 'https://pd.example.com'}";
    files.set('/etc/bot', '1:fromfile\n');
    expect(secretAt(configOf('opsgenie_configs: [{}]', global), 'apiKey')).toBe('g');
    expect(secretAt(configOf('telegram_configs: [{chat_id: 1}]', global), 'token')).toBe('1:fromfile');
    expect(configOf('pagerduty_configs: [{routing_key_file: /run/secrets/hook}]', global)).toMatchObject({
      url: 'https://pd.example.com',
    });
  });

  it('take what Amazon’s own tools find in the environment', () => {
    Object.assign(environment, {
      AWS_ACCESS_KEY_ID: 'AKIA',
      AWS_SECRET_ACCESS_KEY: 'from the environment',
      AWS_SESSION_TOKEN: 'token',
      AWS_REGION: 'eu-west-1',
      AWS_ENDPOINT_URL_STS: 'https://sts.example.com',
    });
    const sns = (own: string) => configOf(`sns_configs: [{topic_arn: "arn:aws:sns:us-east-2:123456789012:A"${own}}]`);
    const [inherited, own] = [sns(''), sns(', sigv4: {region: us-east-2, access_key: a, secret_key: b}')];
    const asRole = sns(', sigv4: {role_arn: "arn:aws:iam::123456789012:role/tide"}');
    for (const name of Object.keys(environment)) delete environment[name];
    expect(inherited).toMatchObject({ region: 'eu-west-1', credentials: { accessKey: 'AKIA' } });
    expect(secretAt(inherited, 'credentials', 'secretKey')).toBe('from the environment');
    expect(secretAt(inherited, 'credentials', 'sessionToken')).toBe('token');
    expect(own).toMatchObject({ region: 'us-east-2', credentials: { accessKey: 'a', sessionToken: undefined } });
    expect(asRole).toMatchObject({ roleArn: 'arn:aws:iam::123456789012:role/tide', stsUrl: 'https://sts.example.com' });
  });

  it('take the identity of a Kubernetes workload that has no keys', () => {
    const given = { AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/pod', AWS_WEB_IDENTITY_TOKEN_FILE: '/var/run/token' };
    Object.assign(environment, given);
    const config = configOf(
      'sns_configs: [{topic_arn: "arn:aws:sns:us-east-2:123456789012:A", sigv4: {region: us-east-2}}]',
    );
    for (const name of Object.keys(environment)) delete environment[name];
    expect(config).toMatchObject({
      credentials: { roleArn: given.AWS_ROLE_ARN, tokenFile: '/var/run/token' },
      roleArn: undefined,
      stsUrl: 'https://sts.us-east-2.amazonaws.com',
    });
  });

  it.each([
    ['', 'https://example.atlassian.net/rest/api/2', true],
    ['', 'https://api.atlassian.com/ex/jira/1/rest/api/3', true],
    ['', 'https://jira.example.com/rest/api/3', true],
    ['', 'https://atlassian.net.example.com/rest/api/2', false],
    ['api_type: cloud, ', 'https://jira.example.com/rest/api/2', true],
    ['api_type: datacenter, ', 'https://example.atlassian.net/rest/api/latest', false],
  ])('know whose Jira it is: %s%s', (type, url, isCloud) => {
    const own = `jira_configs: [{${type}project: SEC, issue_type: Bug}]`;
    expect(configOf(own, `{jira_api_url: '${url}'}`)).toMatchObject({ isCloud });
  });

  it.each([
    ['https://example.atlassian.net', 'https://example.atlassian.net/rest/api/3', true],
    ['https://example.com/jira/', 'https://example.com/jira/rest/api/2', false],
  ])('complete the address %s of a Jira', (url, apiUrl, takesDocuments) => {
    const own = `jira_configs: [{api_url: '${url}', project: SEC, issue_type: Bug}]`;
    expect(configOf(own)).toMatchObject({ apiUrl, takesDocuments });
  });

  it('take the rest from global, too', () => {
    const keys =
      '{victorops_api_key: v, rocketchat_token: t, rocketchat_token_id_file: /run/secrets/password, mattermost_webhook_url: "https://chat.example.com/hooks/g", webex_api_url: "https://webex.example.com"}';
    expect(secretAt(configOf('victorops_configs: [{routing_key: r}]', keys), 'apiKey')).toBe('v');
    const rocket = configOf("rocketchat_configs: [{channel: '#a'}]", keys);
    expect([secretAt(rocket, 'token'), secretAt(rocket, 'tokenId')]).toEqual(['t', 'from a file']);
    expect(secretAt(configOf('mattermost_configs: [{}]', keys), 'url')).toBe('https://chat.example.com/hooks/g');
    expect(
      configOf('webex_configs: [{room_id: r, http_config: {authorization: {credentials: c}}}]', keys),
    ).toMatchObject({ url: 'https://webex.example.com' });
  });

  it.each([
    ['victorops_configs: [{routing_key: r}]', 'victorops_configs[0].api_key: or api_key_file is required'],
    ['victorops_configs: [{api_key: k}]', 'victorops_configs[0].routing_key: is required'],
    ['victorops_configs: [{message_type: LOUD}]', 'message_type: expected one of CRITICAL, WARNING, INFO'],
    ['victorops_configs: [{custom_fields: {entity_id: x}}]', 'custom_fields: entity_id is said by the message itself'],
    ['pushover_configs: [{}]', 'pushover_configs[0].user_key: or user_key_file is required'],
    ['pushover_configs: [{token: t, user_key: u, priority: 3}]', 'priority: expected a number from -2 to 2'],
    ['pushover_configs: [{token: t, user_key: u, retry: 10s}]', 'retry: must be 30s or more'],
    ['pushover_configs: [{token: t, user_key: u, expire: 1d}]', 'expire: must be 3h or less'],
    ['incidentio_configs: [{}]', 'incidentio_configs[0].url: or url_file is required'],
    ["incidentio_configs: [{url: 'https://a.example.com'}]", 'alert_source_token: or alert_source_token_file'],
    [
      "incidentio_configs: [{url: 'https://a.example.com', alert_source_token: t, http_config: {bearer_token: t}}]",
      'alert_source_token: and credentials in http_config are both given',
    ],
    ['webex_configs: [{room_id: r}]', 'webex_configs[0].http_config: needs an authorization'],
    ['webex_configs: [{}]', 'webex_configs[0].room_id: is required'],
    ['rocketchat_configs: [{}]', 'rocketchat_configs[0].token: or token_file is required'],
    ['rocketchat_configs: [{token: t, token_id: i}]', 'rocketchat_configs[0].channel: is required'],
    ['mattermost_configs: [{}]', 'mattermost_configs[0].webhook_url: or webhook_url_file is required'],
    ['wechat_configs: [{}]', 'wechat_configs[0].api_secret: or api_secret_file is required'],
    ['wechat_configs: [{api_secret: s, corp_id: c, agent_id: 1}]', 'to_user: or to_party or to_tag is required'],
    ['msteams_configs: [{}]', 'not supported: receivers[0].msteams_configs (the connectors of Office 365'],
    ['signl4_configs: [{}]', 'not supported: receivers[0].signl4_configs'],
    ['jira_configs: [{}]', 'jira_configs[0].api_url: is required, or global.jira_api_url'],
    ["jira_configs: [{api_url: 'https://example.com/rest/api/1'}]", 'api_url: expected a path such as /rest/api/3'],
    ['jira_configs: [{api_type: server}]', 'api_type: expected auto, cloud or datacenter'],
    ["jira_configs: [{project: 'a\" OR 1'}]", 'project: expected the key of a project'],
    ['jira_configs: [{}]', 'issue_type: is required'],
    ["jira_configs: [{labels: ['a b']}]", 'labels: a label has no white space'],
    ['jira_configs: [{fields: {labels: [x]}}]', 'fields: labels has a key of its own'],
    ['jira_configs: [{fields: x}]', 'fields: expected a map'],
    ['sns_configs: [{}]', 'sns_configs[0].topic_arn: or target_arn or phone_number is required, one of them'],
    ['sns_configs: [{topic_arn: a, phone_number: b}]', 'topic_arn: or target_arn or phone_number is required'],
    ['sns_configs: [{topic_arn: somewhere}]', 'topic_arn: expected arn:aws:sns:'],
    ['sns_configs: [{phone_number: 555}]', 'phone_number: expected the international form'],
    ['sns_configs: [{phone_number: "+15555550100"}]', 'sigv4.region: is required, or AWS_REGION'],
    [
      'sns_configs: [{topic_arn: "arn:aws:sns:us-east-2:123456789012:A"}]',
      'sigv4.access_key: and secret_key are required, or AWS_ACCESS_KEY_ID',
    ],
    ['sns_configs: [{sigv4: {access_key: a}}]', 'sns_configs[0].sigv4.secret_key: is missing'],
    ['sns_configs: [{sigv4: {region: "evil.example/"}}]', 'sigv4.region: expected a name such as'],
    ['sns_configs: [{sigv4: {role_arn: admin}}]', 'sigv4.role_arn: expected arn:aws:iam'],
    [
      'sns_configs: [{sigv4: {profile: work}}]',
      'not supported: receivers[0].sns_configs[0].sigv4.profile (give access_key',
    ],
    ['sns_configs: [{attributes: {"a b": c}}]', 'attributes: a name has characters'],
    ['pagerduty_configs: [{}]', 'pagerduty_configs[0].routing_key: or service_key is required'],
    ['pagerduty_configs: [{routing_key: k, service_key: k}]', 'routing_key: and service_key are both given; keep one'],
    [
      'pagerduty_configs: [{routing_key: k, severity: bad}]',
      'severity: expected one of critical, error, warning, info',
    ],
    ['opsgenie_configs: [{api_key: k, responders: [{type: dog}]}]', 'type: expected team, user'],
    ['opsgenie_configs: [{api_key: k, priority: high}]', 'priority: expected one of P1'],
    ['msteamsv2_configs: [{text: x}]', 'webhook_url: or webhook_url_file is required'],
    ["discord_configs: [{webhook_url: 'https://a:b@discord.example.com'}]", 'webhook_url: user and password'],
    ["telegram_configs: [{bot_token: 'no token', chat_id: 1}]", 'bot_token: is no token of a bot'],
    ["telegram_configs: [{bot_token: '1:a', chat_id: somebody}]", 'chat_id: expected a number'],
    ['alertmanager_configs: [{}]', 'alertmanager_configs[0].url: is required'],
    [
      "discord_configs: [{webhook_url: 'https://d.example.com', http_config: {authorization: {credentials: x}}}]",
      'http_config: has credentials, but the address says who we are',
    ],
  ])('are refused: %s', (integrations, problem) => {
    expect(problemsOf(integrations).join('\n')).toContain(problem);
  });
});
