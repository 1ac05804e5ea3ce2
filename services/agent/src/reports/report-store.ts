import { setTimeout as sleep } from 'node:timers/promises';

import { Injectable } from '@nestjs/common';
import type { JsonObject } from '@tidewaiter/domain';

import { KubernetesApi, KubernetesRefusal } from '../kubernetes/kubernetes-api.js';
import { managerLabel, managerName, type ReportObject, revisionKey } from './report-object.js';

/** A kind of reports that the API server has. */
export interface ReportResource {
  apiVersion: string;
  kind: string;
  plural: string;
}

/** A report in the cluster. */
export interface WrittenReport {
  namespace: string;
  name: string;
  revision: string | null;
}

const maxAnswerBytes = 8 * 2 ** 20;
/** Changes come at five a second at most: reports of a whole cluster must not crowd out others. */
const pauseMs = 200;
const metadataOnly = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';

/** Reports of this agent in the cluster. */
@Injectable()
export class ReportStore {
  constructor(private readonly api: KubernetesApi) {}

  /** Filters kinds by whether they are installed. @throws KubernetesRefusal; Unavailable */
  async installed(wanted: readonly ReportResource[], signal: AbortSignal): Promise<ReportResource[]> {
    const found: ReportResource[] = [];
    for (const resource of wanted) {
      try {
        const response = await this.api.request(`/apis/${resource.apiVersion}`, { signal });
        const { resources = [] } = (await response.json(maxAnswerBytes)) as { resources?: { name: string }[] };
        if (resources.some(({ name }) => name === resource.plural)) found.push(resource);
      } catch (error) {
        if (!(error instanceof KubernetesRefusal) || error.status !== 404) throw error;
      }
    }
    return found;
  }

  /** Metadata of the reports that this agent wrote. @throws KubernetesRefusal; Unavailable */
  async written({ apiVersion, plural }: ReportResource, signal: AbortSignal): Promise<WrittenReport[]> {
    const options = { accept: metadataOnly, labelSelector: `${managerLabel}=${managerName}` };
    const found: WrittenReport[] = [];
    for (let next: string | null = null; ;) {
      const page = await this.api.list(`/apis/${apiVersion}/${plural}`, next, signal, options);
      found.push(...page.items.map(writtenOf));
      next = page.next;
      if (next === null) return found;
    }
  }

  /** Creates or replaces a report, by server-side apply. @throws KubernetesRefusal; Unavailable */
  async apply({ plural }: ReportResource, report: ReportObject, signal: AbortSignal): Promise<void> {
    const { apiVersion, metadata } = report;
    const path = pathOf(apiVersion, plural, metadata);
    const response = await this.api.request(`${path}?fieldManager=${managerName}&force=true`, {
      method: 'PATCH',
      // JSON is YAML, which is the only format of an apply that old API servers accept.
      headers: { 'content-type': 'application/apply-patch+yaml' },
      body: JSON.stringify(report),
      signal,
    });
    await response.discard();
    await pause(signal);
  }

  /** Deletes a report that is no longer wanted. @throws KubernetesRefusal; Unavailable */
  async remove({ apiVersion, plural }: ReportResource, report: WrittenReport, signal: AbortSignal): Promise<void> {
    try {
      const response = await this.api.request(pathOf(apiVersion, plural, report), { method: 'DELETE', signal });
      await response.discard();
    } catch (error) {
      // The cluster has deleted it with its workload.
      if (!(error instanceof KubernetesRefusal) || error.status !== 404) throw error;
    }
    await pause(signal);
  }
}

async function pause(signal: AbortSignal): Promise<void> {
  await sleep(pauseMs, undefined, { signal });
}

function pathOf(apiVersion: string, plural: string, { namespace, name }: { namespace: string; name: string }): string {
  return `/apis/${apiVersion}/namespaces/${encodeURIComponent(namespace)}/${plural}/${encodeURIComponent(name)}`;
}

function writtenOf({ metadata }: JsonObject): WrittenReport {
  const { namespace, name, annotations } = metadata as {
    namespace: string;
    name: string;
    annotations?: Record<string, string>;
  };
  return { namespace, name, revision: annotations?.[revisionKey] ?? null };
}
