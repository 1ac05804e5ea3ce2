import { createHash } from 'node:crypto';

import type { JsonObject } from '@tidewaiter/domain';

import type { ObjectOwner } from '../kubernetes/watchers.js';

/** Label by which the agent finds its own reports; the value is {@link managerName}. */
export const managerLabel = 'app.kubernetes.io/managed-by';
export const managerName = 'tidewaiter-agent';
/** Annotation with a hash of what the report says, so that only changes are written. */
export const revisionKey = 'tidewaiter.dev/revision';
/** Annotation with the number of results that a report leaves out. */
export const omittedKey = 'tidewaiter.dev/omitted-results';

/** A report without what is the same in all. */
export interface ReportDraft {
  apiVersion: string;
  kind: string;
  /** Distinguishes the reports of one workload; null where there is one. */
  part: string | null;
  labels: Record<string, string>;
  /** Results that the report leaves out. */
  omitted: number;
  body: JsonObject;
  /** Members that do not make another revision: times of the report. */
  times: JsonObject;
}

/** An object that the agent applies. */
export interface ReportObject {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace: string; annotations: Record<string, string> } & JsonObject;
  [key: string]: unknown;
}

/** The object of a report: the cluster deletes it with its workload. */
export function reportObject(owner: ObjectOwner, draft: ReportDraft): ReportObject {
  const { apiVersion, kind, part, labels, omitted, body, times } = draft;
  const revision = createHash('sha256')
    .update(JSON.stringify([owner.uid, labels, omitted, body]))
    .digest('hex')
    .slice(0, 16);
  return {
    apiVersion,
    kind,
    metadata: {
      name: reportName([owner.kind, owner.name, ...(part === null ? [] : [part])]),
      namespace: owner.namespace,
      labels: { [managerLabel]: managerName, ...labels },
      annotations: { [revisionKey]: revision, ...(omitted > 0 && { [omittedKey]: String(omitted) }) },
      ownerReferences: [{ apiVersion: owner.apiVersion, kind: owner.kind, name: owner.name, uid: owner.uid }],
    },
    ...body,
    ...times,
  };
}

const maxNameChars = 253;
const maxLabelChars = 63;

/** A name of an object, as RFC 1123 wants it; a long one ends with its hash. */
export function reportName(parts: readonly string[]): string {
  const text = parts.join('-');
  const name = trimmed(text.toLowerCase().replaceAll(/[^a-z0-9.-]/g, '-'));
  return name === text.toLowerCase() && name.length <= maxNameChars ? name : shortened(name, text, maxNameChars);
}

/** Value of a label that names an object; a long one ends with its hash. */
export function labelValue(text: string): string {
  const value = trimmed(text.replaceAll(/[^A-Za-z0-9._-]/g, '-'));
  return value === text && value.length <= maxLabelChars ? value : shortened(value, text, maxLabelChars);
}

function shortened(name: string, text: string, maxChars: number): string {
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 10);
  const kept = trimmed(name.slice(0, maxChars - hash.length - 1));
  return kept === '' ? hash : `${kept}-${hash}`;
}

/** The part from the first to the last letter or digit. */
function trimmed(text: string): string {
  const isInner = (at: number) => /[A-Za-z0-9]/.test(text.charAt(at));
  let [start, end] = [0, text.length];
  while (start < end && !isInner(start)) start += 1;
  while (end > start && !isInner(end - 1)) end -= 1;
  return text.slice(start, end);
}
