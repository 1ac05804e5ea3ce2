import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { Controller, Get, Inject, Module } from '@nestjs/common';
import { InvalidInput } from '@tidewaiter/domain';

import { type RunningService, startReloadable } from './service.js';

let folder: string;
let file: string;
let running: RunningService;
/** Resolves a request that waits in `/slow`. */
let release: () => void;

@Controller()
class WordController {
  constructor(@Inject('word') private readonly word: string) {}

  @Get('word')
  get(): string {
    return this.word;
  }

  @Get('slow')
  async slow(): Promise<string> {
    await new Promise<void>((resolve) => (release = resolve));
    return this.word;
  }
}

@Module({})
class WordModule {}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidewaiter-reload-'));
  file = join(folder, 'word');
  await writeFile(file, 'first');
  running = await startReloadable((files) => {
    const word = files.text(file);
    if (word.startsWith('!')) throw new InvalidInput('SETTINGS_INVALID', 'the word is wrong');
    return {
      name: 'test',
      module: { module: WordModule, controllers: [WordController], providers: [{ provide: 'word', useValue: word }] },
      config: { httpHost: '127.0.0.1', httpPort: 0, logLevel: 'silent' },
    };
  });
});

afterEach(async () => {
  await running.stop();
  await rm(folder, { recursive: true });
});

const get = async (path: string) => (await fetch(`${running.url}/${path}`)).text();

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(50);
}

describe('startReloadable', () => {
  it('reloads a replaced file under the same address without refusing a request', async () => {
    const answers: string[] = [];
    const stop = new AbortController();
    const asking = (async () => {
      while (!stop.signal.aborted) answers.push(await get('word'));
    })();
    await writeFile(`${file}.new`, 'second');
    await rename(`${file}.new`, file);
    await until(async () => (await get('word')) === 'second');
    stop.abort();
    await asking;
    expect([...new Set(answers)].toSorted()).toEqual(['first', 'second']);
  });

  it('answers a request in progress with the configuration under which it began', async () => {
    const slow = get('slow');
    await until(async () => release !== undefined);
    await writeFile(file, 'second');
    const reloaded = running.reload();
    await until(async () => (await get('word')) === 'second');
    release();
    await reloaded;
    expect(await slow).toBe('first');
  });

  it('keeps the last good configuration and reports the error of the new one', async () => {
    await writeFile(file, '!');
    await running.reload();
    expect(await get('word')).toBe('first');
    expect(JSON.parse(await get('readyz'))).toEqual({ status: 'ok', problems: {}, configuration: 'SETTINGS_INVALID' });
    expect(await get('metrics')).toContain('tidewaiter_config_last_reload_successful{service="test"} 0');
    await writeFile(file, 'second');
    await running.reload();
    expect(await get('word')).toBe('second');
    expect(JSON.parse(await get('readyz'))).toMatchObject({ configuration: 'ok' });
    expect(await get('metrics')).toContain('tidewaiter_config_last_reload_successful{service="test"} 1');
  });
});
