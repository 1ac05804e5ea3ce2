import { InvalidInput, Unavailable } from '@tidewaiter/domain';

import { ChannelCircuitBreaker } from './channel-circuit-breaker.js';

let now: number;
let guard: ChannelCircuitBreaker;
beforeEach(() => {
  now = 0;
  guard = new ChannelCircuitBreaker(() => now);
});

const ok = async () => 'sent';
const down = async () => Promise.reject(new Unavailable('DOWN', 'no answer'));
const codeOf = async (channel: string, call: () => Promise<unknown>) =>
  guard.run(channel, call).then(
    (result) => result,
    (error: { code: string }) => error.code,
  );
const failures = async (count: number) => {
  for (let index = 0; index < count; index += 1) await codeOf('a', down);
};

describe('ChannelGuard', () => {
  it('leaves a channel alone that fails again and again, and no other', async () => {
    await failures(4);
    await expect(codeOf('a', ok)).resolves.toBe('sent');
    await failures(5);
    await expect(codeOf('a', ok)).resolves.toBe('CHANNEL_CIRCUIT_OPEN');
    await expect(codeOf('b', ok)).resolves.toBe('sent');
  });

  it('tries one message when the rest is over, and rests longer when that fails', async () => {
    await failures(5);
    now = 30_000;
    let finish: (value: string) => void = () => undefined;
    const probe = codeOf('a', () => new Promise((resolve) => (finish = resolve)));
    await expect(codeOf('a', ok)).resolves.toBe('CHANNEL_CIRCUIT_OPEN');
    finish('sent');
    await expect(probe).resolves.toBe('sent');
    await expect(codeOf('a', ok)).resolves.toBe('sent');

    await failures(5);
    now += 30_000;
    await expect(codeOf('a', down)).resolves.toBe('DOWN');
    now += 30_000;
    await expect(codeOf('a', ok)).resolves.toBe('CHANNEL_CIRCUIT_OPEN');
    now += 30_000;
    await expect(codeOf('a', ok)).resolves.toBe('sent');
  });

  it('does not extend the pause for attempts that began before it', async () => {
    const cuts: ((error: Error) => void)[] = [];
    const calls = Array.from({ length: 64 }, () => codeOf('a', () => new Promise((_, cut) => cuts.push(cut))));
    await new Promise(setImmediate);
    for (const cut of cuts) cut(new Unavailable('DOWN', 'no answer'));
    await Promise.all(calls);
    await expect(guard.run('a', ok)).rejects.toMatchObject({ code: 'CHANNEL_CIRCUIT_OPEN', retryAfterMs: 30_000 });
  });

  it('rests as long as the channel asks', async () => {
    await failures(4);
    await codeOf('a', async () => Promise.reject(new Unavailable('BUSY', 'later', { retryAfterMs: 120_000 })));
    now = 119_000;
    await expect(guard.run('a', ok)).rejects.toMatchObject({ code: 'CHANNEL_CIRCUIT_OPEN', retryAfterMs: 1_000 });
    now = 120_000;
    await expect(codeOf('a', ok)).resolves.toBe('sent');
  });

  it('takes an answer for one, also where it is a refusal', async () => {
    await failures(4);
    await codeOf('a', async () => Promise.reject(new InvalidInput('REFUSED', 'too long')));
    await failures(4);
    await expect(codeOf('a', ok)).resolves.toBe('sent');
  });

  it('does not let hanging attempts take every place', async () => {
    const hang = () => new Promise<string>(() => undefined);
    for (let index = 0; index < 4; index += 1) void guard.run('a', hang);
    await expect(codeOf('a', ok)).resolves.toBe('sent');
    now = 2_001;
    await expect(codeOf('a', ok)).resolves.toBe('CHANNEL_SLOW');
    await expect(codeOf('b', ok)).resolves.toBe('sent');
  });
});
