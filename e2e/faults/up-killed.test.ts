import { spawn } from 'node:child_process';
import { once } from 'node:events';

import type { FailpointName } from '@tidewaiter/runtime';

import { collect, launcher, makeHome, removeFolders, startTidewaiter } from '../tidewaiter.js';

const points: FailpointName[] = ['up.servers-started', 'up.service-started', 'up.run-recorded'];

describe('tidewaiter up that was killed', () => {
  afterAll(removeFolders);

  it.each(points)(
    'starts again after %s',
    async (point) => {
      const home = makeHome({});
      const killed = spawn(launcher, ['up', '--port-ingest', '0', '--port-console', '0'], {
        env: { ...process.env, TIDEWAITER_HOME: home, TIDEWAITER_FAILPOINT: `${point}:kill` },
      });
      const output = collect(killed);
      const [code, signal] = (await once(killed, 'exit')) as [number | null, string | null];
      expect({ signal, output: signal === 'SIGKILL' ? '' : `${code}: ${output()}` }).toEqual({
        signal: 'SIGKILL',
        output: '',
      });
      const up = await startTidewaiter(home, 0);
      expect(await up.api('/pushes')).toMatchObject({ items: [] });
      await up.stop();
    },
    240_000,
  );
});
