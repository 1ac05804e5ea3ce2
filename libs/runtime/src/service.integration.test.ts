import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { Controller, Get, Inject, Module } from '@nestjs/common';
import { InvalidInput, Unavailable } from '@tidewaiter/domain';
import { freePort } from '@tidewaiter/servers';

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

const health = async (url: string, path: string): Promise<{ status: number; body: unknown }> => {
  const answer = await fetch(`${url}/${path}`);
  return { status: answer.status, body: await answer.json() };
};

describe('startReloadable', () => {
  it('answers before the servers of the service do, and names what it waits for', async () => {
    const port = await freePort();
    const there = Promise.withResolvers<null>();
    const starting = startReloadable(
      () => ({
        name: 'test',
        module: { module: WordModule, controllers: [WordController], providers: [{ provide: 'word', useValue: 'x' }] },
        config: { httpHost: '127.0.0.1', httpPort: port, logLevel: 'silent' },
      }),
      async (_log, waits) => {
        const wait = waits.begin('PostgreSQL');
        wait.failed(Object.assign(new Error('no'), { code: 'ECONNREFUSED' }));
        return there.promise.finally(() => wait.over());
      },
    );
    const url = `http://127.0.0.1:${port}`;
    await until(async () => fetch(url).then(Boolean, () => false));
    expect(await health(url, 'livez')).toMatchObject({ status: 200 });
    expect(await health(url, 'startupz')).toMatchObject({ status: 503 });
    expect(await health(url, 'readyz')).toMatchObject({
      status: 503,
      body: { status: 'starting', problems: { postgresql: 'ECONNREFUSED' } },
    });
    expect(await health(url, 'word')).toMatchObject({ status: 503, body: { code: 'SERVICE_NOT_READY' } });
    there.resolve(null);
    const service = await starting;
    expect(await health(url, 'startupz')).toMatchObject({ status: 200 });
    expect(await health(url, 'readyz')).toMatchObject({ status: 200, body: { status: 'ok' } });
    await service.stop();
  });

  it('waits for a server that goes away again while the application starts', async () => {
    const port = await freePort();
    const away = Promise.withResolvers<void>();
    let tries = 0;
    const connected = async () => {
      tries += 1;
      if (tries < 3) throw new Unavailable('STORE_UNAVAILABLE', 'PostgreSQL cannot be reached');
      await away.promise;
      return 'there';
    };
    const starting = startReloadable(() => ({
      name: 'test',
      module: {
        module: WordModule,
        controllers: [WordController],
        providers: [{ provide: 'word', useFactory: connected }],
      },
      config: { httpHost: '127.0.0.1', httpPort: port, logLevel: 'silent' },
    }));
    const url = `http://127.0.0.1:${port}`;
    await until(async () => tries === 3);
    expect(await health(url, 'readyz')).toMatchObject({
      status: 503,
      body: { status: 'starting', problems: { postgresql: 'STORE_UNAVAILABLE' } },
    });
    away.resolve();
    const service = await starting;
    expect(await (await fetch(`${url}/word`)).text()).toBe('there');
    expect(await health(url, 'readyz')).toMatchObject({ status: 200, body: { status: 'ok' } });
    await service.stop();
  });

  it('waits for a server that goes away before the notices of the start', async () => {
    let tries = 0;
    const service = await startReloadable(() => ({
      name: 'test',
      module: { module: WordModule, controllers: [WordController], providers: [{ provide: 'word', useValue: 'x' }] },
      config: { httpHost: '127.0.0.1', httpPort: 0, logLevel: 'silent' },
      notices: async () => {
        tries += 1;
        if (tries < 3) throw new Unavailable('STORE_UNAVAILABLE', 'PostgreSQL cannot be reached');
        return [`after ${tries} tries`];
      },
    }));
    expect(service.notices).toEqual(['after 3 tries']);
    await service.stop();
  });

  it('ends a start whose error is no outage', async () => {
    const port = await freePort();
    const starting = startReloadable(() => ({
      name: 'test',
      module: {
        module: WordModule,
        providers: [{ provide: 'word', useFactory: () => Promise.reject(new InvalidInput('SETTINGS_INVALID', 'no')) }],
      },
      config: { httpHost: '127.0.0.1', httpPort: port, logLevel: 'silent' },
    }));
    await expect(starting).rejects.toThrow(InvalidInput);
    await expect(fetch(`http://127.0.0.1:${port}`)).rejects.toThrow();
  });

  it('is not ready from the stop on, and answers the request that is under way', async () => {
    const slow = get('slow');
    await until(async () => release !== undefined);
    const stopping = running.stop();
    expect(await health(running.url, 'readyz')).toMatchObject({ status: 503, body: { status: 'stopping' } });
    expect(await health(running.url, 'livez')).toMatchObject({ status: 200 });
    expect(await health(running.url, 'word')).toMatchObject({ status: 503 });
    release();
    expect(await slow).toBe('first');
    await stopping;
    await expect(fetch(running.url)).rejects.toThrow();
  });

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
