import { setTimeout as sleep } from 'node:timers/promises';

import { createLogger } from './logger.js';
import { repeat } from './repeat.js';

const logger = createLogger('test', 'silent');

describe('repeat', () => {
  it('continues after a failure, and waits for a run in progress when it is stopped', async () => {
    let begun = 0;
    let ended = 0;
    const second = Promise.withResolvers<void>();
    const work = async () => {
      begun += 1;
      if (begun === 1) throw new Error('no');
      second.resolve();
      await sleep(50);
      ended += 1;
    };
    const repetition = repeat(work, 10, logger);
    await second.promise;
    await repetition.stop();
    expect({ begun, ended }).toEqual({ begun: 2, ended: 1 });
    await sleep(50);
    expect(begun).toBe(2);
  });

  it('stops during its pause', async () => {
    const repetition = repeat(() => Promise.resolve(), 60_000, logger);
    await sleep(10);
    await repetition.stop();
  });
});
