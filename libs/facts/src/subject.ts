import type { Digest, Observation } from '@tidewaiter/domain';
import type { WorkloadRef } from '@tidewaiter/workloads';

import type { FactContext } from './context.js';
import type {
  ImageFacts,
  KnownSecret,
  KnownVulnerability,
  ManifestFile,
  PreviousImage,
  WorkloadFacts,
} from './facts.js';
import { absolutePath } from './paths.js';

/** What an observation is about, found out when it is first asked for. */
export class Subject {
  readonly #known = new Map<string, unknown>();

  constructor(
    readonly observation: Observation,
    readonly context: FactContext,
  ) {}

  /** The image that the container runs; of a call that a key of an image signed, that image. */
  get digest(): Digest | null {
    return this.#once('digest', () => this.context.digestOf(this.observation) ?? this.keySecret?.digest ?? null);
  }

  get image(): ImageFacts | null {
    return this.#once('image', () => (this.digest === null ? null : this.context.facts.image(this.digest)));
  }

  get previous(): PreviousImage | null {
    return this.image?.previous[0] ?? null;
  }

  get workloadRef(): WorkloadRef | null {
    return this.#once('workloadRef', () => this.context.workloadOf(this.observation));
  }

  get workload(): WorkloadFacts | null {
    return this.#once('workload', () =>
      this.workloadRef === null ? null : this.context.facts.workload(this.workloadRef),
    );
  }

  get namespace(): string | null {
    const { pod, request } = this.observation;
    return pod?.namespace ?? this.workloadRef?.namespace ?? request?.namespace ?? null;
  }

  /** What a policy calls the workload. */
  get workloadName(): string | null {
    const { workloadRef: ref, namespace } = this;
    const name = ref?.name ?? this.observation.pod?.workload;
    return namespace && name ? `${namespace}/${name}` : null;
  }

  /** Of the executable that was started, else of the file that is touched. */
  get path(): string | null {
    return this.#once('path', () => {
      const { activity, process, file } = this.observation;
      const path = activity === 'exec' || file === null ? process?.executable : file.path;
      return path ? absolutePath(path, process?.workingDirectory ?? null) : null;
    });
  }

  /** Undefined where the image or the path is not known. */
  get file(): ManifestFile | null | undefined {
    return this.#once('file', () => (this.image && this.path !== null ? this.image.files.get(this.path) : undefined));
  }

  get packageVulnerabilities(): readonly KnownVulnerability[] | undefined {
    const { file, image, path } = this;
    if (!file || !image || path === null) return undefined;
    // Archives and programs hold packages of their own: those are known by the path of the file.
    const inside = image.vulnerabilities.get(path);
    if (file.package === null) return inside;
    return [...(image.vulnerabilities.get(file.package) ?? []), ...(inside ?? [])];
  }

  get flagged(): { kind: 'integrity' | 'malware'; id: string } | undefined {
    return this.path === null ? undefined : this.image?.flagged.get(this.path);
  }

  /** The secret of an image that is used: by its key, or at its path. */
  get secret(): KnownSecret | undefined {
    return this.keySecret?.secret ?? this.secretAtPath;
  }

  get keySecret(): { digest: Digest; secret: KnownSecret } | null {
    const key = this.observation.request?.accessKeyId;
    return key ? this.#once('keySecret', () => this.context.facts.secretOfKey(key)) : null;
  }

  get secretAtPath(): KnownSecret | undefined {
    const { file } = this.observation;
    return file === null
      ? undefined
      : this.image?.secrets.find(({ path }) => path !== null && absolutePath(path, '/') === this.path);
  }

  #once<Value>(name: string, find: () => Value): Value {
    if (!this.#known.has(name)) this.#known.set(name, find());
    return this.#known.get(name) as Value;
  }
}

const subjects = new WeakMap<Observation, Subject>();

/** The subject of an observation, which is asked for one field after the other. */
export function subjectOf(observation: Observation, context: FactContext): Subject {
  let subject = subjects.get(observation);
  if (subject?.context !== context) subjects.set(observation, (subject = new Subject(observation, context)));
  return subject;
}
