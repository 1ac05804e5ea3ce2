import { printStderr } from '../context.js';

/**
 * Settles when somebody asks us to stop: Ctrl-C, SIGTERM, or the `up` that started us is gone. The
 * second time we end at once.
 */
export async function stopRequest(): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    const ask = (): void => {
      // The kernel ends our servers with us.
      if (asked) process.exit(130);
      asked = true;
      printStderr('stopping; once more to end at once');
      resolve();
    };
    process.on('SIGINT', ask).on('SIGTERM', ask);
    process.once('disconnect', () => !asked && ask());
  });
}

/**
 * On SIGHUP does `reload`. Where it comes from a terminal that was closed, it is a request to stop,
 * as for every program.
 */
export function onHangup(reload: () => Promise<void>): void {
  process.on('SIGHUP', () => {
    if (process.stdin.isTTY) process.kill(process.pid, 'SIGTERM');
    else void reload();
  });
}
