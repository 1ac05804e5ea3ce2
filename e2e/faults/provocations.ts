/** Makes the platform visit failpoints that it visits seldom by itself. */
import { setTimeout as sleep } from 'node:timers/promises';

import type { FailpointName } from '@tidewaiter/runtime';

import { actAsPeople, redriveLetters, redriveRefused } from './people.ts';
import type { FaultyPlatform } from './platform.ts';

/** @param since beginning of the schedules that are checked together */
type Provoke = (platform: FaultyPlatform, since: Date) => Promise<unknown>;

export interface Provocation {
  /** Before the process starts that is to be stopped: what it looks at when it starts. */
  before?: Provoke;
  /** While that process runs. */
  during?: Provoke;
}

const databaseAwayMs = 4_000;

const job =
  (queue: string, key: string): Provoke =>
  async (platform) =>
    platform.queue(queue, key);

/** One image of the last pushes was read by older analyzers of its config. */
const ageImage: Provoke = async (platform) =>
  platform.query(
    `UPDATE image SET config_version = 'older' WHERE digest = (
       SELECT digest FROM push WHERE state = 'analyzed' AND repository = 'shop/new' ORDER BY received_at DESC LIMIT 1)`,
  );

const agePackage: Provoke = async (platform) =>
  platform.query(`UPDATE package SET matched_by = 0 WHERE id = (SELECT id FROM package ORDER BY id LIMIT 1)`);

/** The layer that a registry denied is tried again, as after an upgrade. */
const ageVerdict: Provoke = async (platform) => {
  await platform.query(`UPDATE layer_failure SET reader = 'older' WHERE repository = 'odd/sealed'`);
  await platform.query(
    `INSERT INTO job (id, queue, key, class, swept_at)
     SELECT gen_random_uuid(), 'reevaluate', id::text, 'bulk', now() - interval '1 minute' FROM push
     WHERE state = 'analyzed' AND repository = 'odd/sealed' ORDER BY received_at DESC LIMIT 1 ON CONFLICT DO NOTHING`,
  );
};

/** A signature or a report of a pipeline arrived after its image. */
const attach: Provoke = async (platform) =>
  platform.query(
    `INSERT INTO job (id, queue, key, class, swept_at)
     SELECT gen_random_uuid(), 'attached', id || ' ' || digest, 'interactive', now() - interval '1 minute' FROM push
     WHERE state = 'analyzed' AND repository = 'shop/new' ORDER BY received_at DESC LIMIT 1 ON CONFLICT DO NOTHING`,
  );

const orderReport: Provoke = async (platform) =>
  platform.query(
    `INSERT INTO report_run (id, report, schedule, period, state)
     VALUES (gen_random_uuid(), 'rig', 'rig', clock_timestamp()::text, 'due')`,
  );

const databaseAway: Provoke = async ({ servers }) => {
  await servers.postgres.kill();
  await sleep(databaseAwayMs);
  await servers.postgres.restart();
};

/** A partition whose readers have crashed notes each message before it evaluates it. */
const crashedReaders: Provoke = async (platform) => platform.query('UPDATE detector_lease SET crashes = 9');

const syncs: Provoke = async (platform) => {
  for (let tries = 0; tries < 4; tries += 1) {
    await platform.queue('sync-osv', 'all');
    await sleep(3_000);
  }
};

const refusedWithinMs = 60_000;

/** The load has one message that is refused: until it is, there is none to try again. */
const refusal: Provoke = async (platform) => {
  const deadline = Date.now() + refusedWithinMs;
  const isRefused = async () =>
    (await platform.query(`SELECT FROM delivery WHERE receiver = 'refusing' AND state = 'failed' LIMIT 1`)).length > 0;
  while (!(await isRefused()) && Date.now() < deadline) await sleep(300);
};

const redrives =
  (redrive: (platform: FaultyPlatform) => Promise<void>): Provoke =>
  async (platform) => {
    for (let tries = 0; tries < 10; tries += 1) {
      await redrive(platform);
      await sleep(1_000);
    }
  };

/** The load has these requests once, maybe before the process has started that is to be stopped. */
const people = {
  during: async (platform: FaultyPlatform, since: Date) => actAsPeople(platform, `again-${Date.now()}`, since),
};

const sync = { during: job('sync-osv', 'all') };

export const provocations: Partial<Record<FailpointName, Provocation>> = {
  'advisories.put': sync,
  // The feed lacks an advisory every second time.
  'advisories.retired': { during: syncs },
  'advisories.feed-noted': sync,
  'advisories.synced': sync,
  'rematch.applied': { during: syncs },
  'rematch.some-matched': { before: agePackage },
  'exploited.announced': { during: job('announce-exploited', 'rig') },
  'config.refreshed': { before: ageImage },
  'push.corrected': { before: ageImage },
  'push.reexamined': { during: attach },
  'reports.made': { before: orderReport },
  'layer.failed-again': { during: ageVerdict },
  'pipelines.stored': people,
  'slack.acknowledged': people,
  'slack.silenced': people,
  'deliveries.one-redriven': people,
  'console.incident-changed': people,
  'console.silence-added': people,
  'console.silence-expired': people,
  'deliveries.some-redriven': { before: refusal, during: redrives(redriveRefused) },
  'dead-letters.some-redriven': { before: refusal, during: redrives(redriveLetters) },
  'bus.stream-made': { during: async ({ servers }) => servers.nats.wipe() },
  'dead-letters.saved': { during: async (platform) => platform.publishGarbage() },
  'partition.attempt-noted': { before: crashedReaders },
  'spool.hook-appended': { during: databaseAway },
  'spool.hooks-stored': { during: databaseAway },
};
