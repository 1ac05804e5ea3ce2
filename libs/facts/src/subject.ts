import type { Digest, Observation } from '@tidewaiter/domain';
import type { WorkloadRef } from '@tidewaiter/workloads';

import type { FactContext } from './context.js';
import type { ImageFacts, SecretView, VulnerabilityView, ManifestFile, PreviousImage, WorkloadFacts } from './facts.js';
import { accessKeyOf } from './identity.js';
import { absolutePath } from './paths.js';

/** Subject of an observation: image, workload, file and secret, looked up on first use. */
export class ObservationSubject {
  // Undefined before the first look-up. A map of answers would take longer than most of the
  // look-ups.
  #digest: Digest | null | undefined;
  #image: ImageFacts | null | undefined;
  #workloadRef: WorkloadRef | null | undefined;
  #workload: WorkloadFacts | null | undefined;
  #path: string | null | undefined;
  #file: { found: ManifestFile | null | undefined } | undefined;
  #keySecret: { digest: Digest; secret: SecretView } | null | undefined;

  constructor(
    readonly observation: Observation,
    readonly context: FactContext,
  ) {}

  /** Image of the container; for a call signed with a key found in an image, that image. */
  get digest(): Digest | null {
    if (this.#digest === undefined) {
      this.#digest = this.context.digestOf(this.observation) ?? this.keySecret?.digest ?? null;
    }
    return this.#digest;
  }

  get image(): ImageFacts | null {
    if (this.#image === undefined) this.#image = this.digest === null ? null : this.context.facts.image(this.digest);
    return this.#image;
  }

  get previous(): PreviousImage | null {
    return this.image?.previous[0] ?? null;
  }

  get workloadRef(): WorkloadRef | null {
    if (this.#workloadRef === undefined) this.#workloadRef = this.context.workloadOf(this.observation);
    return this.#workloadRef;
  }

  get workload(): WorkloadFacts | null {
    if (this.#workload === undefined) {
      this.#workload = this.workloadRef === null ? null : this.context.workload(this.workloadRef);
    }
    return this.#workload;
  }

  get namespace(): string | null {
    const { pod, request } = this.observation;
    return pod?.namespace ?? this.workloadRef?.namespace ?? request?.namespace ?? null;
  }

  /** Name of the workload in policies. */
  get workloadName(): string | null {
    const { workloadRef: ref, namespace } = this;
    const name = ref?.name ?? this.observation.pod?.workload;
    return namespace && name ? `${namespace}/${name}` : null;
  }

  /** Path of the started executable, else of the accessed file. */
  get path(): string | null {
    if (this.#path === undefined) this.#path = pathOf(this.observation);
    return this.#path;
  }

  /** Undefined if the image or the path is unknown. */
  get file(): ManifestFile | null | undefined {
    this.#file ??= { found: this.image && this.path !== null ? this.image.files.get(this.path) : undefined };
    return this.#file.found;
  }

  get packageVulnerabilities(): readonly VulnerabilityView[] | undefined {
    const { file, image, path } = this;
    if (!file || !image || path === null) return undefined;
    // Archives and programs contain packages of their own, which are listed under the path of the
    // file.
    const inside = image.vulnerabilities.get(path);
    if (file.package === null) return inside;
    return [...(image.vulnerabilities.get(file.package) ?? []), ...(inside ?? [])];
  }

  get flagged(): { kind: 'integrity' | 'malware'; id: string } | undefined {
    return this.path === null ? undefined : this.image?.flagged.get(this.path);
  }

  /** Secret of an image in use: by its key, or at its path. */
  get secret(): SecretView | undefined {
    return this.keySecret?.secret ?? this.secretAtPath;
  }

  get keySecret(): { digest: Digest; secret: SecretView } | null {
    const key = accessKeyOf(this.observation);
    if (this.#keySecret === undefined) this.#keySecret = key ? this.context.facts.secretOfKey(key) : null;
    return this.#keySecret;
  }

  get secretAtPath(): SecretView | undefined {
    const { file } = this.observation;
    return file === null
      ? undefined
      : this.image?.secrets.find(({ path }) => path !== null && absolutePath(path, '/') === this.path);
  }
}

function pathOf({ activity, process, file }: Observation): string | null {
  const path = activity === 'exec' || file === null ? process?.executable : file.path;
  return path ? absolutePath(path, process?.workingDirectory ?? null) : null;
}

/** Cached subject of the last event, whose fields are computed one after the other. */
let last: ObservationSubject | undefined;

/** Returns the subject of an observation. */
export function subjectOf(observation: Observation, context: FactContext): ObservationSubject {
  if (last?.observation !== observation || last.context !== context)
    last = new ObservationSubject(observation, context);
  return last;
}
