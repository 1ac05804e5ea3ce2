import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { inspect } from 'node:util';

import { channelProblems, channels, receiverOf } from '../samples/channel-config.js';
import { receivers } from './receivers.js';

const kinds = Object.keys(receivers).toSorted();

describe('receivers', () => {
  it('lists every folder', () => {
    const folders = readdirSync(__dirname, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && entry.name !== '__snapshots__')
      .map(({ name }) => name);
    expect(kinds).toEqual(folders.toSorted());
    for (const [name, { kind }] of Object.entries(receivers)) expect(kind).toBe(name);
  });

  it.each(kinds)('holds the configuration, the sender and a test of %s in its folder', (kind) => {
    const files = readdirSync(join(__dirname, kind));
    expect(files).toEqual(expect.arrayContaining([`${kind}.ts`, 'config.ts', 'send.ts']));
    expect(files).toContainEqual(expect.stringMatching(/\.test\.ts$/));
  });

  it('has one row of docs/routing.md for each kind', () => {
    const page = readFileSync(resolve(__dirname, '../../../docs/routing.md'), 'utf8');
    const rows = [...page.matchAll(/^\| `([a-z0-9_]+)_configs`/gm)].map(([, kind]) => kind!);
    expect(rows.toSorted()).toEqual(kinds);
  });

  it.each(Object.entries(receivers))('loads the sender of %s', async (_, { sender }) => {
    expect(await sender()).toHaveProperty('send');
  });
});

describe('channelReaders', () => {
  it('numbers integrations within their kind', () => {
    const integrations = channels(
      `webhook_configs: [{url: 'http://a/'}, {url: 'http://b/'}]\n    slack_configs: [{api_url: 'http://c/'}]`,
    );
    expect(integrations.map(({ kind, index }) => `${kind}[${index}]`)).toEqual([
      'slack[0]',
      'webhook[0]',
      'webhook[1]',
    ]);
  });

  it('prints no secret of a configuration', () => {
    const config = channels(
      `slack_configs: [{api_url: 'http://s3cret/'}, {app_token: s3cret, channel: a}]\n    email_configs: [{to: a@b.c, auth_username: u, auth_password: s3cret}]\n    webhook_configs: [{url: 'http://s3cret/', http_config: {authorization: {credentials: s3cret}}}, {url: 'http://s3cret/', http_config: {basic_auth: {username: u, password: s3cret}}}]`,
      { global: '{smtp_from: a@b.c, smtp_smarthost: "a:25"}' },
    );
    expect(inspect(config, { depth: 20 })).not.toContain('s3cret');
    expect(JSON.stringify(config)).not.toContain('s3cret');
  });

  it('keeps channels for images apart from those of messages', () => {
    const { integrations, uploads } = receiverOf(
      `dependency_track_configs: [{url: 'http://a/', api_key: k}]\n    webhook_configs: [{url: 'http://b/'}]`,
    );
    expect([integrations, uploads].map((all) => all.map(({ kind }) => kind))).toEqual([
      ['webhook'],
      ['dependency_track'],
    ]);
  });

  it.each([
    ['msteams_configs: [{}]', 'not supported: receivers[0].msteams_configs (the connectors of Office 365'],
    ['signl4_configs: [{}]', 'not supported: receivers[0].signl4_configs'],
  ])('rejects a kind that is not supported: %s', (text, problem) => {
    expect(channelProblems(text).join('\n')).toContain(problem);
  });
});
