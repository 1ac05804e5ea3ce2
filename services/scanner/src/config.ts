import { isEcosystemName, readSources } from '@tidewaiter/advisory-sync';
import { InvalidInput, Secret } from '@tidewaiter/domain';
import { commonSettings, configOf, entryKey, httpPort, redisSettings, setting } from '@tidewaiter/runtime';
import { limitSettings } from '@tidewaiter/sandbox';
import { minKeyCharacters } from '@tidewaiter/secrets';
import { z } from 'zod';

function limit({ variable, min, max }: (typeof limitSettings)[keyof typeof limitSettings]) {
  return setting(variable, z.coerce.number().int().min(min).max(max).optional());
}

const concurrency = z.coerce.number().int().min(1).max(64);

const fingerprintKey = z
  .string()
  .min(minKeyCharacters, `must have at least ${minKeyCharacters} characters`)
  .transform((value) => new Secret(value))
  .optional();

const unitMs = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `0` means never. */
const interval = z
  .string()
  .regex(/^(0|[1-9]\d{0,3}[mhd])$/, 'is neither 0 nor a duration such as 30m, 6h or 1d')
  .transform((text) => (text === '0' ? 0 : Number(text.slice(0, -1)) * unitMs[text.at(-1) as keyof typeof unitMs]));

const ecosystems = z
  .string()
  .transform((text) => text.split(',').map((name) => name.trim()))
  .refine((names) => names.every(isEcosystemName), 'is no list of ecosystems such as Debian,npm');

/** `amazon,oracle=https://mirror.example/oval.xml.bz2` */
const sources = z.string().transform((text, context) => {
  try {
    return readSources(text.split(',').map((each) => each.trim()));
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    context.addIssue({ code: 'custom', message: 'is no list of sources such as osv,amazon=https://mirror.example' });
    return z.NEVER;
  }
});

const probability = z.coerce.number().gt(0).max(1);

const place = z.url({ protocol: /^https?$/ }).optional();

const artifactPlace = z.string().startsWith('oci://', 'is no oci://REGISTRY/REPOSITORY[:TAG]');

/** Configuration of the scanner from its environment. */
export class ScannerConfig extends configOf({
  ...commonSettings,
  entryKey,
  ...redisSettings,
  httpPort: httpPort(7071),
  /**
   * Key of the fingerprints of secrets: the same secret has the same fingerprint everywhere.
   * Without it, secrets are not searched.
   */
  fingerprintKey: setting('TIDEWAITER_FINGERPRINT_KEY', fingerprintKey),
  /**
   * Interval between advisory syncs; 0 (never) by default, because a sync connects to external
   * servers.
   */
  advisoriesInterval: setting('TIDEWAITER_ADVISORIES_INTERVAL', interval.default(0)),
  /**
   * URLs of a bucket in OSV's layout, of CISA's catalog, and of FIRST's scores. Once one is set,
   * only those that are set are fetched.
   */
  advisoriesUrl: setting('TIDEWAITER_ADVISORIES_URL', place),
  kevUrl: setting('TIDEWAITER_KEV_URL', place),
  epssUrl: setting('TIDEWAITER_EPSS_URL', place),
  /**
   * Sources to fetch, each with a URL unless it is the public one: `osv`, `amazon`, `oracle=URL`.
   * Once one is set, here or by its URL, only those that are set are fetched.
   */
  advisoriesSources: setting('TIDEWAITER_ADVISORIES_SOURCES', sources.optional()),
  /**
   * Artifact that is taken in place of the sources, its signers, and the folder in which a copy
   * stays, so that the next sync transfers only changes.
   */
  advisoriesFrom: setting('TIDEWAITER_ADVISORIES_FROM', artifactPlace.optional()),
  advisoriesKey: setting('TIDEWAITER_ADVISORIES_KEY', z.string().optional()),
  advisoriesIdentity: setting('TIDEWAITER_ADVISORIES_IDENTITY', z.string().optional()),
  advisoriesIssuer: setting('TIDEWAITER_ADVISORIES_ISSUER', z.string().optional()),
  advisoriesTrustedRoot: setting('TIDEWAITER_ADVISORIES_TRUSTED_ROOT', z.string().optional()),
  advisoriesFolder: setting('TIDEWAITER_ADVISORIES_FOLDER', z.string().optional()),
  /** Ecosystems to fetch; all of the bucket's by default. */
  advisoriesEcosystems: setting('TIDEWAITER_ADVISORIES_ECOSYSTEMS', ecosystems.optional()),
  /**
   * A known vulnerability is announced again when its EPSS score reaches the first threshold, or
   * grows by the second between two loads.
   */
  epssAlertScore: setting('TIDEWAITER_EPSS_ALERT_SCORE', probability.default(0.5)),
  epssAlertRise: setting('TIDEWAITER_EPSS_ALERT_RISE', probability.default(0.3)),
  /**
   * Seconds for which one layer may be read, with its download; a layer that takes longer is not
   * analyzed, which is a finding.
   */
  maxLayerSeconds: setting('TIDEWAITER_MAX_LAYER_SECONDS', z.coerce.number().int().min(1).max(86_400).default(900)),
  /**
   * Least throughput of a registry, averaged over 30 seconds; a slower response is cut and asked
   * for again later. 0 switches it off.
   */
  minBytesPerSecond: setting(
    'TIDEWAITER_MIN_BYTES_PER_SECOND',
    z.coerce.number().int().min(0).max(1_000_000_000).default(65_536),
  ),
  /**
   * Limits for one layer, and on the facts of an image; exceeding one is a finding or a warning.
   * The defaults are `layerLimits`, `processLimits` and `factLimits`.
   */
  maxUncompressedBytes: limit(limitSettings.maxUncompressedBytes),
  maxSparseBytes: limit(limitSettings.maxSparseBytes),
  maxEntries: limit(limitSettings.maxEntries),
  maxImageEntries: limit(limitSettings.maxImageEntries),
  maxHeapMegabytes: limit(limitSettings.maxHeapMegabytes),
  maxMemoryMegabytes: limit(limitSettings.maxMemoryMegabytes),
  maxPackages: limit(limitSettings.maxPackages),
  maxSecrets: limit(limitSettings.maxSecrets),
  maxOwnedFiles: limit(limitSettings.maxOwnedFiles),
  maxLicenseCharacters: limit(limitSettings.maxLicenseCharacters),
  /**
   * Limit on matches stored for one image in one run: thousands of packages of one source make
   * millions.
   */
  maxMatches: setting('TIDEWAITER_MAX_MATCHES', z.coerce.number().int().min(1_000).max(10_000_000).default(200_000)),
  /** Layers that one process reads at once; each may use a whole core. */
  layerConcurrency: setting('TIDEWAITER_LAYER_CONCURRENCY', concurrency.default(2)),
  /**
   * Pushes that one process resolves and evaluates at once; they mostly wait for the registry and
   * for PostgreSQL.
   */
  pushConcurrency: setting('TIDEWAITER_PUSH_CONCURRENCY', concurrency.default(8)),
}) {}
