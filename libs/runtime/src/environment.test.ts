import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { commonSettings, httpPort, readConfig } from './environment.js';

const settings = { ...commonSettings, httpPort: httpPort(7070) };

const good = { TIDEWAITER_DATABASE_URL: 'postgres://u:hunter2@db/x', TIDEWAITER_NATS_URL: 'nats://n:4222' };

describe('databaseUrl', () => {
  it('reads variables and fills in defaults', () => {
    const config = readConfig(settings, good);
    expect(config.databaseUrl.reveal()).toBe('postgres://u:hunter2@db/x');
    expect(config).toMatchObject({ logLevel: 'info', httpPort: 7070 });
  });

  it('prefers the _FILE variant', () => {
    const folder = mkdtempSync(join(tmpdir(), 'environment-'));
    const file = join(folder, 'url');
    writeFileSync(file, 'postgres://from-file/x\n');
    const config = readConfig(settings, { ...good, TIDEWAITER_DATABASE_URL_FILE: file });
    rmSync(folder, { recursive: true });
    expect(config.databaseUrl.reveal()).toBe('postgres://from-file/x');
  });

  it('names every wrong variable and never a value', () => {
    const environment = {
      TIDEWAITER_DATABASE_URL: 'mysql://u:hunter2@db',
      TIDEWAITER_NATS_URL: '',
      TIDEWAITER_HTTP_PORT: '70700',
      TIDEWAITER_LOG_LEVEL_FILE: '/not/there',
    };
    const message = [
      'bad configuration:',
      'TIDEWAITER_DATABASE_URL: is not a postgres: or postgresql: URL',
      'TIDEWAITER_NATS_URL: is required',
      'TIDEWAITER_LOG_LEVEL_FILE: cannot read the file',
      'TIDEWAITER_HTTP_PORT: is not a port',
    ].join('\n');
    expect(() => readConfig(settings, environment)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message }),
    );
  });
});
