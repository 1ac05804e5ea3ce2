import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

import { InvalidInput } from '@tidewaiter/domain';

import { configFiles } from '../service/services.js';

/**
 * Reads `tidewaiter.yaml` and `routing.yaml` as the services will, before any server is started.
 * @throws InvalidInput `SETTINGS_INVALID`, `ROUTING_INVALID`, naming every wrong key
 */
export async function checkFiles(): Promise<void> {
  const environment = configFiles();
  const { TIDEWAITER_CONFIG: settings, TIDEWAITER_ROUTING: routing } = environment;
  if (settings) {
    const { readSettings } = await import('@tidewaiter/runtime');
    readSettings(settings);
  }
  if (!routing) return;
  const [{ parseRouting }, { channelReaders }] = await Promise.all([
    import('@tidewaiter/routing'),
    import('@tidewaiter/receivers'),
  ]);
  const folder = dirname(resolve(routing));
  try {
    parseRouting(read(routing), {
      channels: channelReaders,
      readFile: (file) => read(resolve(folder, file)).trim(),
      environment,
    });
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    throw new InvalidInput(error.code, `${routing}:\n${error.message.replaceAll(/^/gm, '  ')}`, { cause: error });
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new InvalidInput('ROUTING_INVALID', 'cannot be read', { cause });
  }
}
