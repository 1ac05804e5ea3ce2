import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { channelReaders } from '@tidewaiter/receivers';
import { parseRouting } from '@tidewaiter/routing';
import { parseSettings } from '@tidewaiter/runtime';

import { routingSample, settingsSample, writeSamples } from './samples.js';

const noFile = (path: string): string => {
  throw new Error(`a sample must not need ${path}`);
};
const deployed = async (name: string): Promise<string> =>
  readFile(resolve(__dirname, '../../../deploy/config', name), 'utf8');

describe('routingSample', () => {
  it('are settings that a first start accepts, with secrets of its own', () => {
    const [first, second] = [parseSettings(settingsSample(), noFile), parseSettings(settingsSample(), noFile)];
    expect(first.registries).toMatchObject([{ name: 'main', kind: { kind: 'distribution' }, allowPrivate: true }]);
    expect(first.sensors).toMatchObject([{ name: 'falco', kind: 'falco', cluster: 'local' }]);
    const secrets = [first, second].flatMap(({ registries, sensors }) => [
      registries[0]?.webhookSecret?.reveal(),
      sensors[0]?.token?.reveal(),
    ]);
    expect(new Set(secrets).size).toBe(4);
    for (const secret of secrets) expect(secret).toMatch(/^[A-Za-z0-9_-]{32}$/);
  });

  it('send no message', () => {
    expect([
      ...parseRouting(routingSample, { channels: channelReaders, readFile: noFile }).receivers.values(),
    ]).toMatchObject([{ name: 'nobody', integrations: [] }]);
  });

  it('show receivers that work once they are switched on', () => {
    const text = routingSample.replaceAll(/^ {2}# /gm, '  ');
    const { route, receivers } = parseRouting(text, {
      channels: channelReaders,
      readFile: () => 'https://hooks.slack.com/services/T/B/x',
    });
    expect(route.routes.map(({ options }) => options.receiver)).toEqual(['team']);
    expect(receivers.get('team')?.integrations).toHaveLength(2);
  });

  it('of docker compose are accepted as they are', async () => {
    expect(parseSettings(await deployed('tidewaiter.yaml'), noFile)).toMatchObject({ registries: [], sensors: [] });
    expect([
      ...parseRouting(await deployed('routing.yaml'), { channels: channelReaders, readFile: noFile }).receivers.keys(),
    ]).toEqual(['nobody']);
  });

  it('replace no file of the user, and are for the user alone', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'tidewaiter-samples-'));
    await writeFile(join(dir, 'routing.yaml'), 'mine');
    await writeSamples(dir);
    await writeSamples(dir);
    expect(await readFile(join(dir, 'routing.yaml'), 'utf8')).toBe('mine');
    expect((await stat(join(dir, 'tidewaiter.yaml'))).mode & 0o777).toBe(0o600);
    await rm(dir, { recursive: true });
  });
});
