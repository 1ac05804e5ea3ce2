import type { Digest, Observation } from '@tidewaiter/domain';
import {
  accessKeyOf,
  type FactContext,
  factContext,
  isJavaArchive,
  javaArchivesOf,
  type FactsView,
  Learned,
  type LearnedHabit,
  type RuntimePolicy,
} from '@tidewaiter/facts';
import type { StoredFacts, StoredImageDirectory, UsedArchive, UsedPackage } from '@tidewaiter/store';
import { ContainerLedger, persistedClaims, type ContainerView, type WorkloadView } from '@tidewaiter/workloads';

/** Facts that a replica has learned and others may need. */
export interface LearnedFacts {
  containers: ContainerView[];
  workloads: WorkloadView[];
  habits: LearnedHabit[];
  used: UsedPackage[];
  usedArchives: UsedArchive[];
}

/** Facts that replicas load from each other. */
export type PersistedFacts = Pick<LearnedFacts, 'containers' | 'workloads' | 'habits'>;

type How = UsedPackage['how'];

interface Use {
  firstMs: number;
  lastMs: number;
}

/** Uses by image and by path of the file. */
type Uses = Map<Digest, Map<string, Use>>;

/** Limit on uses between two flushes; a fleet starts fewer distinct files than that. */
const maxUses = 50_000;

/**
 * Facts that are not in the events, in the memory of this replica, so that rules wait for nothing.
 * The keys that an event needs are recorded when it arrives and fetched while it waits for earlier
 * ones.
 */
export class RuntimeFacts {
  readonly ledger: ContainerLedger;
  readonly context: FactContext;
  readonly #habits: Learned;
  readonly #wantedDigests = new Set<Digest>();
  readonly #wantedKeys = new Set<string>();
  readonly #wantedTags = new Map<string, { repository: string; tag: string }>();
  readonly #wantedManifests = new Set<Digest>();
  readonly #uses: Readonly<Record<How, Uses>> = { executed: new Map(), loaded: new Map() };
  /** Java archives, whose packages are not among the files of an image. */
  readonly #archives: Uses = new Map();
  #useCount = 0;

  constructor(
    private readonly stored: StoredFacts,
    private readonly directory: StoredImageDirectory,
    policy: RuntimePolicy,
    ledger: ContainerLedger,
  ) {
    this.ledger = ledger;
    this.#habits = new Learned({ learningMs: policy.learningMs });
    const facts: FactsView = {
      image: (digest) => stored.image(digest),
      // Only the ledger knows workloads, and the context reads it.
      workload: () => null,
      workloadsOf: (digest) => stored.workloadsOf(digest),
      secretOfKey: (key) => stored.secretOfKey(key),
    };
    this.context = factContext({ facts, policy, habits: this.#habits, lookup: ledger });
  }

  /** Learns from an observation, and records which facts to prefetch for it. */
  want(observation: Observation): void {
    this.ledger.observe(observation);
    this.wantImageOf(observation);
    this.place(observation);
    const key = accessKeyOf(observation)?.fingerprint;
    if (key) this.#wantedKeys.add(key);
    this.#habits.observe(observation, this.context);
  }

  /** Marks the image of the container for prefetching again: it may be known by now. */
  wantImageOf(observation: Observation): void {
    const container = this.ledger.find(observation);
    if (container) this.#wantImage(container);
    const digest = this.context.digestOf(observation);
    if (digest !== null) this.#wantedDigests.add(digest);
  }

  /** Records which files of its image a container uses, if the image is known. */
  place(observation: Observation): void {
    const digest = this.context.digestOf(observation);
    if (digest === null) return;
    const { activity, process, file, timeMs } = observation;
    if (activity === 'exec' && process?.executable) this.#note(this.#uses.executed, digest, process.executable, timeMs);
    if (activity === 'load' && file !== null) this.#note(this.#uses.loaded, digest, file.path, timeMs);
    const isArchiveRead =
      file !== null && isJavaArchive(file.path) && (file.access === 'read' || file.access === 'map');
    if (isArchiveRead) this.#note(this.#archives, digest, file.path, timeMs);
    if (process !== null) for (const path of javaArchivesOf(process)) this.#note(this.#archives, digest, path, timeMs);
  }

  /** Prefetches the wanted facts that are missing. */
  async fetchWanted(nowMs: number): Promise<void> {
    const digests = [...this.#wantedDigests].filter((digest) => this.stored.needs(digest, nowMs));
    const keys = [...this.#wantedKeys];
    const manifests = [...this.#wantedManifests];
    const tags = [...this.#wantedTags.values()];
    for (const wanted of [this.#wantedDigests, this.#wantedKeys, this.#wantedManifests, this.#wantedTags])
      wanted.clear();
    if (manifests.length > 0 || tags.length > 0) await this.directory.prefetch(manifests, tags, nowMs);
    if (digests.length > 0 || keys.length > 0) await this.stored.prefetch(digests, keys, nowMs);
  }

  /** Takes the facts learned since the last call. */
  takeLearned(): LearnedFacts {
    const used = [...this.#usedPackages('executed'), ...this.#usedPackages('loaded')];
    const usedArchives = [...this.#archives].flatMap(([imageDigest, ofImage]) =>
      [...ofImage].map(([archive, { firstMs, lastMs }]) => {
        return { imageDigest, archive, firstSeen: new Date(firstMs), lastSeen: new Date(lastMs) };
      }),
    );
    for (const uses of [...Object.values(this.#uses), this.#archives]) uses.clear();
    this.#useCount = 0;
    return {
      containers: this.ledger.takeChanged(),
      workloads: this.ledger.takeChangedWorkloads(),
      habits: this.#habits.takeChanged(),
      used,
      usedArchives,
    };
  }

  /** Loads facts that other replicas learned, or this one before a restart. */
  learn({ containers, workloads, habits }: PersistedFacts): void {
    for (const container of containers) this.ledger.add(persistedClaims(container));
    for (const workload of workloads) this.ledger.addPersisted(workload);
    this.#habits.load(habits);
  }

  /** Drops the cached facts of an image that changed. */
  forgetImage(digest: Digest): void {
    this.stored.forget(digest);
  }

  forgetImages(): void {
    this.stored.forgetAll();
  }

  #wantImage({ claimedDigests, repository, tag, digest }: ContainerView): void {
    if (digest === null) {
      if (repository !== null && tag !== null) this.#wantedTags.set(`${repository}:${tag}`, { repository, tag });
      for (const digest of claimedDigests) this.#wantedManifests.add(digest);
    }
  }

  #note(uses: Uses, digest: Digest, path: string, timeMs: number): void {
    const before = uses.get(digest)?.get(path);
    if (before) before.lastMs = Math.max(before.lastMs, timeMs);
    else if (this.#useCount < maxUses) {
      this.#useCount += 1;
      const ofImage = uses.get(digest) ?? new Map<string, Use>();
      uses.set(digest, ofImage.set(path, { firstMs: timeMs, lastMs: timeMs }));
    }
  }

  *#usedPackages(how: How): Generator<UsedPackage> {
    for (const [imageDigest, ofImage] of this.#uses[how]) {
      const files = this.stored.image(imageDigest)?.files;
      for (const [path, { firstMs, lastMs }] of ofImage) {
        const owner = files?.get(path)?.package;
        if (owner) yield { imageDigest, package: owner, how, firstSeen: new Date(firstMs), lastSeen: new Date(lastMs) };
      }
    }
  }
}
