import { type WorkloadPlace, workloadParams } from '../workloads/workload-place.js';

/** Kinds of references of a comparison. */
export type ReferenceKind = 'tag' | 'image' | 'running';

/** An image that can be compared, as a choice. */
export interface ReferenceChoice {
  kind: ReferenceKind;
  /** Text that the API resolves. */
  reference: string;
  /** Description beside the reference. */
  note: string;
}

interface Pushed {
  readonly registryHost: string | null;
  readonly connection: string;
  readonly repository: string;
  readonly tag: string | null;
  readonly digest: string | null;
}

/** `registry.example.com/shop/app:1`: what a tag points to at the time of the comparison. */
export function tagReference({ registryHost, connection, repository, tag }: Pushed): string | null {
  return tag === null ? null : `${registryHost ?? connection}/${repository}:${tag}`;
}

/** Reference of the images that a workload runs now. */
export function runningReference(place: WorkloadPlace): string {
  const { cluster, namespace, kind, name } = workloadParams(place);
  return `running:${cluster}/${namespace}/${kind}/${name}`;
}

const digestStart = /^(?:[^@]*@)?(sha256:[0-9a-f]*)$/;
/** A host has a dot, a port, or is this machine: `docker.io/`, `registry:5000/`, `localhost/`. */
const host = /^(?:localhost|[^/.:]*[.:][^/]*)\//;

/** Query of pushes whose tag or digest has the typed text; every push without a text. */
export function pushQuery(typed: string): string {
  const text = typed.trim();
  if (text === '' || text.startsWith('running:')) return '';
  const [, digest] = digestStart.exec(text) ?? [];
  if (digest !== undefined) return `digest=${digest}*`;
  return `image=${quoted(`*${text.replace(host, '')}*`)}`;
}

/** Query of workloads whose name, namespace or image has the typed text; all without one. */
export function workloadQuery(typed: string): string {
  const text = typed.trim();
  // The last part of a reference is the most exact.
  const word = text.startsWith('running:') ? text.slice(text.lastIndexOf('/') + 1).replace('running:', '') : text;
  return word === '' ? '' : quoted(word);
}

/** Whether a choice has the typed text in its reference or note. */
export function hasText({ reference, note }: Pick<ReferenceChoice, 'reference' | 'note'>, typed: string): boolean {
  return `${reference} ${note}`.toLowerCase().includes(typed.trim().toLowerCase());
}

function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}
