import { setTimeout as sleep } from 'node:timers/promises';

import { Module } from '@nestjs/common';

import { Every, startEvery } from './every.js';
import { createLogger, type Logger } from './logger.js';
import { startService } from './service.js';

class Sweeps {
  runs: string[] = [];
  isAborted = false;

  @Every(5)
  async often(): Promise<void> {
    this.runs.push('often');
  }

  @Every(60_000)
  async seldom(signal: AbortSignal): Promise<void> {
    this.runs.push('seldom');
    await sleep(60_000, undefined, { signal }).catch(() => undefined);
    this.isAborted = signal.aborted;
  }

  async never(): Promise<void> {
    this.runs.push('never');
  }
}

class Failing {
  runs = 0;

  @Every(1)
  async sweep(): Promise<void> {
    this.runs += 1;
    throw new Error('no');
  }
}

@Module({ providers: [Sweeps, { provide: 'alias', useExisting: Sweeps }] })
class SweepsModule {}

const count = ({ runs }: Sweeps, name: string) => runs.filter((each) => each === name).length;

describe('Every', () => {
  it('runs the methods of providers from the start of a service to its stop', async () => {
    let sweeps: Sweeps | undefined;
    const service = await startService({
      name: 'test',
      module: { module: SweepsModule },
      config: { httpHost: '127.0.0.1', httpPort: 0, logLevel: 'silent' },
      configure: (app) => void (sweeps = app.get(Sweeps)),
    });
    while (count(sweeps!, 'often') < 3) await sleep(5);
    await service.stop();
    expect([count(sweeps!, 'seldom'), count(sweeps!, 'never'), sweeps!.isAborted]).toEqual([1, 0, true]);
    const runs = count(sweeps!, 'often');
    await sleep(30);
    expect(count(sweeps!, 'often')).toBe(runs);
  });
});

describe('startEvery', () => {
  it('logs an error with the name of the method and runs it again', async () => {
    const logged: unknown[] = [];
    const logger: Logger = Object.assign(createLogger('test', 'silent'), {
      warn: (fields: Record<string, unknown>) => logged.push(fields['task']),
    });
    const failing = new Failing();
    const running = startEvery(failing, logger);
    while (failing.runs < 2) await sleep(1);
    await running.stop();
    expect(logged).toEqual(expect.arrayContaining(['Failing.sweep', 'Failing.sweep']));
  });
});
