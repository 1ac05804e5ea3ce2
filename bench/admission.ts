/**
 * Latency of Kubernetes admission answers about images of 400 packages and 100 findings. See
 * README.md.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHistogram, performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';

import { start } from '@tidewaiter/console';
import { Secret } from '@tidewaiter/domain';
import type { RunningService } from '@tidewaiter/runtime';
import { connect } from '@tidewaiter/store';
import { throwAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';

import { report } from './ceilings.ts';

const targetMs = 50;
const { values } = parseArgs({
  options: {
    images: { type: 'string', default: '300' },
    requests: { type: 'string', default: '5000' },
    connections: { type: 'string', default: '4' },
  },
});
const [images, requests, connections] = [values.images, values.requests, values.connections].map(Number) as [
  number,
  number,
  number,
];
const settings = `
policies: [ { name: no-kev-in-production, mode: warn }, { name: no-old-critical, mode: enforce }, { name: no-secrets, mode: enforce } ]
exceptions: [ { repository: "shop/*", finding: CVE-2026-1, reason: r, owner: o, until: 2999-01-31 } ]
admission: { mode: enforce, unknown: deny, allowUnauthenticated: true }
`;

const folder = await mkdtemp(join(tmpdir(), 'tidewaiter-bench-'));
const servers = await throwAwayServers({ postgres: true, nats: true }, { fsync: true });
let service: RunningService | undefined;
let dataSource: DataSource | undefined;
try {
  const url = await servers.postgres.createDatabase();
  await writeFile(join(folder, 'tidewaiter.yaml'), settings);
  service = await start({
    TIDEWAITER_DATABASE_URL: url,
    TIDEWAITER_NATS_URL: servers.nats.url,
    TIDEWAITER_CONFIG: join(folder, 'tidewaiter.yaml'),
    TIDEWAITER_HTTP_PORT: '0',
    TIDEWAITER_LOG_LEVEL: 'silent',
  });
  dataSource = await connect({ url: new Secret(url), poolSize: 2, name: 'bench' });
  await seed(dataSource);
  await measure(
    'each image for the first time',
    Array.from({ length: images }, (_, index) => index),
  );
  await measure(
    'images that were asked about just now',
    Array.from({ length: requests }, (_, index) => index % images),
  );
} finally {
  await service?.stop();
  await dataSource?.destroy();
  await servers.stop();
  await rm(folder, { recursive: true, force: true });
}

/** Packages and advisories that all images share, as with a common base. */
async function seed(db: DataSource): Promise<void> {
  await db.query(`
    INSERT INTO package (id, purl, type, name, version, source_name, source_version, licenses)
    SELECT n, 'pkg:deb/debian/p' || n || '@1', 'deb', 'p' || n, '1', 'p' || n, '1', '{MIT}' FROM generate_series(1, 400) n;
    INSERT INTO advisory (id, vulnerability_id, aliases, title, severity, modified, published, change)
    SELECT 'CVE-2026-' || n, 'CVE-2026-' || n, '{}', 'a hole', 'medium', now(), now(), 1 FROM generate_series(1, 100) n;
    INSERT INTO package_match (package_id, advisory_id, state, fix_state, evidence)
    SELECT n, 'CVE-2026-' || n, 'affected', 'fixed', '{}' FROM generate_series(1, 100) n`);
  await db.query(
    `INSERT INTO image (digest, media_type, config_digest, platform, labels)
     SELECT 'sha256:' || lpad(to_hex(n), 64, '0'), 'm', 'sha256:0', 'linux/amd64', '{}' FROM generate_series(1, $1::int) n`,
    [images],
  );
  await db.query(`
    INSERT INTO image_package (image_digest, package_id, layer, state, found_in)
    SELECT digest, package.id, 0, 'present', 'var/lib/dpkg/status' FROM image, package;
    INSERT INTO push (id, connection, repository, tag, digest, registry_host, artifact, state, verdict)
    SELECT gen_random_uuid(), 'main', 'shop/app' || row_number() OVER (ORDER BY digest), '1', digest, 'r.example.com', 'image', 'analyzed', 'pass' FROM image;
    INSERT INTO push_image (push_id, image_digest) SELECT id, digest FROM push;`);
  await db.query('VACUUM ANALYZE');
}

async function measure(what: string, order: readonly number[]): Promise<void> {
  const latencyUs = createHistogram();
  const waiting = order[Symbol.iterator]();
  let refused = 0;
  const lane = async () => {
    for (const index of waiting) {
      const began = performance.now();
      if (!(await isAllowed(index))) refused += 1;
      latencyUs.record(Math.max(1, Math.round((performance.now() - began) * 1_000)));
    }
  };
  await Promise.all(Array.from({ length: connections }, lane));
  console.log(`${what}: ${order.length} requests, ${connections} at once, ${refused} refused`);
  for (const percentile of [50, 95, 99])
    report(
      `  p${percentile}${percentile === 99 ? ` (target ${targetMs} ms)` : ''}`,
      latencyUs.percentile(percentile) / 1_000,
      ' ms',
    );
  if (refused > 0) process.exitCode = 1;
}

async function isAllowed(index: number): Promise<boolean> {
  const containers = [{ name: 'app', image: `r.example.com/shop/app${index + 1}:1` }];
  const request = { uid: String(index), operation: 'CREATE', namespace: 'shop', object: { spec: { containers } } };
  const answer = await fetch(`${service!.url}/admission/validate`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request }),
  });
  return ((await answer.json()) as { response: { allowed: boolean } }).response.allowed;
}
