import { channelConfig, channelProblems, secretAt } from '../../samples/channel-config.js';

describe('readEmail', () => {
  it('reads every key of an entry', () => {
    const config = channelConfig(
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

  it('falls back to the settings of global', () => {
    const config = channelConfig(`email_configs: [{to: 'a@example.org, "Doe, Jane" <jane@example.org>,'}]`, {
      global: `{smtp_smarthost: 'mail.example.org:587', smtp_from: t@example.org, smtp_hello: h, smtp_auth_username: u, smtp_auth_password: "two\\nlines", smtp_tls_config: {server_name: mail}}`,
    });
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
  ])('authenticates with %s', (own, proof, isCramMd5) => {
    const config = channelConfig(`email_configs: [{to: a@example.org, ${own.slice(1, -1)}}]`, {
      global: `{smtp_smarthost: 'mail:25', smtp_from: t@example.org, smtp_auth_password: global password, smtp_auth_secret: global secret}`,
    });
    expect(config).toMatchObject({ auth: { username: 'u', isCramMd5 } });
    expect(secretAt(config, 'auth', 'password')).toBe(proof);
  });

  it.each([
    ['', '', undefined],
    ['auth_identity: u', '', undefined],
    ['auth_identity: team', '', 'team'],
    ['', 'smtp_auth_identity: team', 'team'],
  ])('uses the authorization identity of %j and global %j: %s', (own, global, identity) => {
    const config = channelConfig(
      `email_configs: [{to: a@example.org, auth_username: u, auth_password: p${own && `, ${own}`}}]`,
      { global: `{smtp_smarthost: 'mail:25', smtp_from: t@example.org${global && `, ${global}`}}` },
    );
    expect(config).toMatchObject({ auth: { username: 'u', identity } });
  });

  it.each([
    ['', '', undefined],
    ['force_implicit_tls: true', '', true],
    ['', 'smtp_force_implicit_tls: true', true],
    ['force_implicit_tls: false', 'smtp_force_implicit_tls: true', false],
  ])('reads implicit TLS from %j and global %j: %s', (own, global, implicitTls) => {
    const config = channelConfig(`email_configs: [{to: a@example.org${own && `, ${own}`}}]`, {
      global: `{smtp_smarthost: 'mail:2465', smtp_from: t@example.org${global && `, ${global}`}}`,
    });
    expect(config).toHaveProperty('implicitTls', implicitTls);
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
  ])('rejects the address "%s"', (to) => {
    expect(channelProblems(`email_configs: [{to: ["${to}"], from: a@b.c, smarthost: 'a:25'}]`)).toEqual([
      expect.stringMatching(/^receivers\[0\]\.email_configs\[0\]\.to: expected addresses/),
    ]);
  });

  it.each(['a', 'a:', ':25', 'a:0', 'a:65536', 'a:b', 'a b:25', '::1:25', '[a]:25'])(
    'rejects the mail host %j',
    (host) => {
      expect(channelProblems(`email_configs: [{to: a@b.c, from: a@b.c, smarthost: '${host}'}]`)).toContain(
        'receivers[0].email_configs[0].smarthost: expected host:port',
      );
    },
  );
});
