/** Judgment of a soak: growth, the rules that end it, and memory that a burst keeps. */

/** Usage of one process, or of the layer readers that it has started. */
export interface ProcessUsage {
  residentMiB: number;
  /** V8's heap in use, where the process has `/metrics`. */
  heapMiB: number | null;
  openFiles: number;
}

/** Rows, messages, keys or files of one place, and their bytes where they are known. */
export interface StoreUsage {
  count: number;
  bytes: number | null;
}

export interface Sample {
  /** Since the start of the load. */
  atMs: number;
  processes: Record<string, ProcessUsage>;
  /** Tables, streams, key patterns of Redis and folders, by name: `table push`. */
  stores: Record<string, StoreUsage>;
  outbox: { unconfirmed: number; oldestSeconds: number };
  /** Age of the oldest push without an end. */
  oldestPushSeconds: number;
}

/** End of a store's growth; `isPermanent` promises that there is little to keep. */
export interface GrowthRule {
  text: string;
  isPermanent: boolean;
}

export interface SoakLimits {
  slopeMiBPerMinute: number;
  unconfirmedSeconds: number;
  /** Memory of all processes that a burst may leave in use when it has settled. */
  keptByBurstMiB: number;
  /** Rows or keys that a store without a rule may gain while it is measured. */
  gainWithoutRule: number;
}

export const soakLimits: SoakLimits = {
  slopeMiBPerMinute: 0.5,
  unconfirmedSeconds: 300,
  keptByBurstMiB: 150,
  gainWithoutRule: 20,
};

/** Time of the burst, and when its memory should be back. */
export interface Burst {
  fromMs: number;
  settledMs: number;
}

export interface SoakRun {
  /** Every sample, in order. */
  samples: readonly Sample[];
  warmUpMs: number;
  burst: Burst | null;
  rules: Readonly<Record<string, GrowthRule>>;
  /** Processes that ended by themselves. */
  crashes: readonly string[];
}

export interface ProcessGrowth extends BurstMemory {
  name: string;
  slopeMiBPerMinute: number;
  heapSlopeMiBPerMinute: number | null;
  firstMiB: number;
  lastMiB: number;
  maxMiB: number;
  lastOpenFiles: number;
}

/** Null where there was no burst. */
interface BurstMemory {
  beforeMiB: number | null;
  peakMiB: number | null;
  afterMiB: number | null;
}

export interface StoreGrowth {
  name: string;
  first: number;
  last: number;
  perMinute: number;
  lastBytes: number | null;
  bytesPerMinute: number | null;
  rule: GrowthRule | null;
}

export interface SoakJudgment {
  processes: ProcessGrowth[];
  /** Sum over all processes. */
  burst: BurstMemory;
  stores: StoreGrowth[];
  maxUnconfirmed: number;
  oldestUnconfirmedSeconds: number;
  violations: string[];
}

interface Point {
  atMs: number;
  value: number;
}

/** Samples whose median stands for the memory before and after a burst. */
const settledSamples = 6;
/** Most time between collections of a whole heap under a steady load: 16 minutes were seen. */
const collectionMs = 20 * 60_000;

export function judgeSoak(run: SoakRun, limits = soakLimits): SoakJudgment {
  const { samples, rules, crashes } = run;
  const names = [...new Set(samples.flatMap(({ processes }) => Object.keys(processes)))];
  const processes = names.map((name) => processGrowth(name, run));
  const places = [...new Set(samples.flatMap(({ stores }) => Object.keys(stores)))].toSorted();
  const stores = places.map((name) => storeGrowth(name, run, rules[name] ?? null));
  const burst = burstMemory(run, ({ processes: all }) =>
    Object.values(all).reduce((sum, { residentMiB }) => sum + residentMiB, 0),
  );
  const oldestUnconfirmedSeconds = Math.max(0, ...samples.map(({ outbox }) => outbox.oldestSeconds));
  const violations = crashes.map((crash) => `a process ended by itself: ${crash}`);
  for (const { name, slopeMiBPerMinute: slope } of processes) {
    if (slope > limits.slopeMiBPerMinute)
      violations.push(`${name} grows by ${slope.toFixed(2)} MiB a minute (limit ${limits.slopeMiBPerMinute})`);
  }
  for (const { name, first, last, perMinute, rule } of stores) {
    const isGrowing = perMinute > 0 && last - first > limits.gainWithoutRule;
    if (isGrowing && (rule === null || rule.isPermanent))
      violations.push(`${name} grows from ${first} to ${last} without a rule that ends it`);
  }
  if (oldestUnconfirmedSeconds > limits.unconfirmedSeconds)
    violations.push(`an event of the outbox was unconfirmed for ${Math.round(oldestUnconfirmedSeconds)} s`);
  const oldestPush = Math.max(0, ...samples.map(({ oldestPushSeconds }) => oldestPushSeconds));
  if (oldestPush > limits.unconfirmedSeconds) violations.push(`a push had no end for ${Math.round(oldestPush)} s`);
  const kept = (burst.afterMiB ?? 0) - (burst.beforeMiB ?? 0);
  if (kept > limits.keptByBurstMiB)
    violations.push(`the burst keeps ${Math.round(kept)} MiB (limit ${limits.keptByBurstMiB})`);
  const maxUnconfirmed = Math.max(0, ...samples.map(({ outbox }) => outbox.unconfirmed));
  return { processes, burst, stores, maxUnconfirmed, oldestUnconfirmedSeconds, violations };
}

/**
 * Slope by Theil and Sen: the median of the slopes between two points, which outliers do not move.
 * Only points of the same group make a pair, so that a step between groups is no slope.
 */
export function theilSen(groups: readonly (readonly Point[])[]): number {
  const slopes: number[] = [];
  for (const points of groups) {
    for (const [index, { atMs, value }] of points.entries()) {
      for (const other of points.slice(index + 1)) {
        if (other.atMs > atMs) slopes.push((other.value - value) / (other.atMs - atMs));
      }
    }
  }
  return slopes.length === 0 ? 0 : median(slopes);
}

/**
 * Highest values of some minutes before each point: memory rises between two collections of the
 * heap, which is no growth.
 */
function peaks(points: readonly Point[]): Point[] {
  if (points.length === 0) return [];
  const { atMs: begin } = points[0]!;
  const spanMs = Math.min(collectionMs, (points.at(-1)!.atMs - begin) / 3);
  return points
    .filter(({ atMs }) => atMs - begin >= spanMs)
    .map(({ atMs }) => {
      const recent = points.filter((point) => point.atMs <= atMs && atMs - point.atMs <= spanMs);
      return { atMs, value: Math.max(...recent.map(({ value }) => value)) };
    });
}

function processGrowth(name: string, run: SoakRun): ProcessGrowth {
  const resident = ({ processes }: Sample) => processes[name]?.residentMiB ?? 0;
  const groups = measured(run);
  const heaps = groups.map((group) =>
    group.flatMap(({ atMs, processes }) => {
      const value = processes[name]?.heapMiB ?? null;
      return value === null ? [] : [{ atMs, value }];
    }),
  );
  const warm = groups.flat();
  return {
    name,
    slopeMiBPerMinute: theilSen(groups.map((group) => peaks(pointsOf(group, resident)))) * 60_000,
    heapSlopeMiBPerMinute: heaps.flat().length === 0 ? null : theilSen(heaps.map(peaks)) * 60_000,
    firstMiB: warm[0] ? resident(warm[0]) : 0,
    lastMiB: resident(run.samples.at(-1)!),
    maxMiB: Math.max(...run.samples.map(resident)),
    lastOpenFiles: run.samples.at(-1)!.processes[name]?.openFiles ?? 0,
    ...burstMemory(run, resident),
  };
}

function storeGrowth(name: string, run: SoakRun, rule: GrowthRule | null): StoreGrowth {
  const count = ({ stores }: Sample) => stores[name]?.count ?? 0;
  const bytes = ({ stores }: Sample) => stores[name]?.bytes ?? 0;
  // A store is not moved by a burst as memory is: one group.
  const warm = measured(run).flat();
  const lastBytes = run.samples.at(-1)!.stores[name]?.bytes ?? null;
  return {
    name,
    first: warm[0] ? count(warm[0]) : 0,
    last: count(run.samples.at(-1)!),
    perMinute: theilSen([pointsOf(warm, count)]) * 60_000,
    lastBytes,
    bytesPerMinute: lastBytes === null ? null : theilSen([pointsOf(warm, bytes)]) * 60_000,
    rule,
  };
}

function pointsOf(samples: readonly Sample[], of: (sample: Sample) => number): Point[] {
  return samples.map((sample) => ({ atMs: sample.atMs, value: of(sample) }));
}

/** Samples after the warm-up: those before the burst, and those after it has settled. */
function measured({ samples, warmUpMs, burst }: SoakRun): Sample[][] {
  const warm = samples.filter(({ atMs }) => atMs >= warmUpMs);
  if (burst === null) return [warm];
  const { fromMs, settledMs } = burst;
  return [warm.filter(({ atMs }) => atMs < fromMs), warm.filter(({ atMs }) => atMs >= settledMs)];
}

function burstMemory({ samples, burst }: SoakRun, of: (sample: Sample) => number): BurstMemory {
  if (burst === null) return { beforeMiB: null, peakMiB: null, afterMiB: null };
  const { fromMs, settledMs } = burst;
  const before = samples.filter(({ atMs }) => atMs < fromMs).slice(-settledSamples);
  const during = samples.filter(({ atMs }) => atMs >= fromMs && atMs < settledMs);
  const after = samples.filter(({ atMs }) => atMs >= settledMs).slice(0, settledSamples);
  return {
    beforeMiB: median(before.map(of)),
    peakMiB: Math.max(0, ...during.map(of)),
    afterMiB: median(after.map(of)),
  };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
