import { Secret } from '@tidewaiter/domain';
import { busPermissions, busServices } from '@tidewaiter/events';
import { type LocalServers, serviceUrl } from '@tidewaiter/servers';

/** Services that queue jobs, and the prefix of all keys of BullMQ. */
const redisServices = ['notifier', 'scanner'];
const redisKeyPrefix = 'tidewaiter';

/** Users of the services in NATS and Redis. */
export function serverUsers() {
  return {
    nats: busServices.map((name) => ({ name, ...busPermissions(name) })),
    redis: redisServices.map((name) => ({ name, keyPrefix: redisKeyPrefix })),
  };
}

/** Migrates the database that was started here, and makes the roles of the services in it. */
export async function prepareDatabaseOf({ servers, urls }: LocalServers): Promise<void> {
  if (!servers.some(({ name }) => name === 'postgres')) return;
  const { prepareDatabase } = await import('@tidewaiter/store');
  const passwordOf = (role: string) => new Secret(new URL(serviceUrl(urls.database, role)).password);
  await prepareDatabase({ url: new Secret(urls.database), poolSize: 2, name: 'up' }, passwordOf);
}
