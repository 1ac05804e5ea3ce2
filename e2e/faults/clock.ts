/** A wrong clock for a single process, where libfaketime is installed. */
import { globSync } from 'node:fs';

/** Library of libfaketime, which sets the clock of single processes; undefined without it. */
export const fakeClock: string | undefined = globSync('/usr/lib/*/faketime/libfaketime.so.1')[0];

/** Environment of a process whose clock is wrong. */
export function wrongClock(byMs: number): NodeJS.ProcessEnv {
  const seconds = Math.round(byMs / 1_000);
  return {
    LD_PRELOAD: fakeClock,
    FAKETIME: `${seconds < 0 ? '' : '+'}${seconds}s`,
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  };
}
