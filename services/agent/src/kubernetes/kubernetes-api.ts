import { readFile } from 'node:fs/promises';

import { Injectable } from '@nestjs/common';
import { type JsonObject, Secret, TidewaiterError, Unavailable } from '@tidewaiter/domain';
import { Egress, type EgressRequest, type EgressResponse } from '@tidewaiter/egress';

import { AgentConfig } from '../config.js';

/** Answer of the API server other than the wanted one. */
export class KubernetesRefusal extends TidewaiterError {
  constructor(
    readonly status: number,
    readonly retryAfterMs: number,
  ) {
    super('KUBERNETES_REFUSED', `the API server answers ${status}`, { retryable: true });
  }
}

/** A page of a list. */
export interface ListPage {
  items: JsonObject[];
  resourceVersion: string;
  /** Token of the next page; null for the last one. */
  next: string | null;
}

interface ListOptions {
  labelSelector?: string;
  /** Media type: only the metadata of objects, for one. */
  accept?: string;
}

const pageSize = 500;
const maxPageBytes = 256 * 2 ** 20;
/** The API server ends a watch after some minutes; jitter keeps the watches apart. */
const watchSeconds = 300;
/** Bookmarks come once a minute: without a byte for longer the connection is dead. */
const idleTimeoutMs = 150_000;

/**
 * Client of the API server with the service account of the pod. The library of Kubernetes would add
 * 83 MB to the image and 85 MiB to the memory for these few requests (decision 37).
 */
@Injectable()
export class KubernetesApi {
  constructor(
    private readonly config: AgentConfig,
    private readonly egress: Egress,
  ) {}

  /** One page of a list. @throws KubernetesRefusal; Unavailable */
  async list(
    path: string,
    page: string | null,
    signal: AbortSignal,
    { labelSelector, accept }: ListOptions = {},
  ): Promise<ListPage> {
    const query = new URLSearchParams({
      limit: String(pageSize),
      ...(page !== null && { continue: page }),
      ...(labelSelector !== undefined && { labelSelector }),
    });
    const response = await this.request(`${path}?${query.toString()}`, {
      ...(accept !== undefined && { headers: { accept } }),
      signal,
    });
    const list = (await response.json(maxPageBytes)) as { items?: JsonObject[] | null; metadata?: JsonObject };
    const { resourceVersion, continue: next } = list.metadata ?? {};
    if (typeof resourceVersion !== 'string') throw new Unavailable('KUBERNETES_REFUSED', 'the list has no version');
    return { items: list.items ?? [], resourceVersion, next: typeof next === 'string' && next !== '' ? next : null };
  }

  /** Bytes of a watch: one event a line. @throws KubernetesRefusal; Unavailable */
  async watch(path: string, resourceVersion: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const timeoutSeconds = String(Math.round(watchSeconds * (1 + Math.random() / 5)));
    const query = new URLSearchParams({ watch: '1', allowWatchBookmarks: 'true', resourceVersion, timeoutSeconds });
    const options = { signal, bodyIdleTimeoutMs: idleTimeoutMs };
    return (await this.request(`${path}?${query.toString()}`, options)).body;
  }

  /** A request whose answer is a success. @throws KubernetesRefusal; Unavailable */
  async request(path: string, request: EgressRequest): Promise<EgressResponse> {
    const { kubernetesUrl, kubernetesCaFile, kubernetesTokenFile } = this.config;
    // The kubelet replaces both files from time to time.
    const [ca, token] = await Promise.all([textOf(kubernetesCaFile), textOf(kubernetesTokenFile)]);
    const response = await this.egress.request(`${kubernetesUrl}${path}`, {
      ...request,
      allowPrivate: true,
      ...(ca !== null && { tls: { ca, onlyCa: true } }),
      ...(token !== null && { credentials: { authorization: new Secret(`Bearer ${token.trim()}`) } }),
    });
    if (response.status >= 200 && response.status < 300) return response;
    await response.discard();
    const seconds = Number(response.headers['retry-after']);
    throw new KubernetesRefusal(response.status, seconds > 0 ? Math.min(seconds, 60) * 1_000 : 0);
  }
}

/** Null for a file that is not there: clusters for tests have neither. */
async function textOf(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if ((cause as { code?: unknown }).code === 'ENOENT') return null;
    throw new Unavailable('KUBERNETES_REFUSED', `cannot read ${path}`, { cause });
  }
}
