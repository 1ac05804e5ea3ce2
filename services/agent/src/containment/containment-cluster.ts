import { Injectable } from '@nestjs/common';
import {
  actions,
  collectionPath,
  type ContainmentEvidence,
  type ContainmentOrder,
  evidenceOf,
  type KubernetesCall,
  type KubernetesObject,
  type LabelSelector,
  type Observed,
  pathOf,
  selectorText,
} from '@tidewaiter/containment';

import { KubernetesApi, KubernetesRefusal } from '../kubernetes/kubernetes-api.js';

const maxAnswerBytes = 32 * 2 ** 20;

/** Requests of containment to the API server. */
@Injectable()
export class ContainmentCluster {
  constructor(private readonly api: KubernetesApi) {}

  /** Reads what an action needs. */
  async observe({ action, subject }: ContainmentOrder, signal: AbortSignal): Promise<Observed> {
    const lists = Object.entries(actions[action].reads(subject)).map(
      async ([name, path]) => [name, await this.#list(path, signal)] as const,
    );
    return { subject: await this.#get(pathOf(subject), signal), ...Object.fromEntries(await Promise.all(lists)) };
  }

  /** Collects what the action may remove, as far as the agent may read it. */
  async evidence(
    { subject }: ContainmentOrder,
    object: KubernetesObject,
    signal: AbortSignal,
  ): Promise<ContainmentEvidence> {
    const { namespace } = subject;
    const selector = object.spec?.['selector'] as LabelSelector | undefined;
    const pods =
      namespace === null || selector === undefined
        ? []
        : await this.#listIfAllowed(
            collectionPath({ kind: 'Pod', namespace }),
            { labelSelector: selectorText(selector) },
            signal,
          );
    // Events about a node are in the namespace `default`.
    const events = `/api/v1/namespaces/${namespace ?? 'default'}/events`;
    const about = [object, ...pods]
      .slice(0, 5)
      .map(async ({ metadata }) =>
        this.#listIfAllowed(events, { fieldSelector: `involvedObject.uid=${metadata.uid}` }, signal),
      );
    return evidenceOf(object, pods, (await Promise.all(about)).flat());
  }

  /** @throws KubernetesRefusal for an answer that does not mean that the call has taken effect */
  async call({ method, path, body, accepts }: KubernetesCall, signal: AbortSignal): Promise<void> {
    const type = method === 'PATCH' ? 'application/json-patch+json' : 'application/json';
    try {
      const response = await this.api.request(path, {
        ...{
          method,
          body: JSON.stringify(body),
          signal,
          headers: { 'content-type': type, accept: 'application/json' },
        },
      });
      await response.discard();
    } catch (error) {
      if (!(error instanceof KubernetesRefusal) || !accepts.includes(error.status)) throw error;
    }
  }

  async #get(path: string, signal: AbortSignal): Promise<KubernetesObject | null> {
    try {
      return (await (await this.api.request(path, { signal })).json(maxAnswerBytes)) as KubernetesObject;
    } catch (error) {
      if (error instanceof KubernetesRefusal && error.status === 404) return null;
      throw error;
    }
  }

  async #list(path: string, signal: AbortSignal): Promise<KubernetesObject[]> {
    const list = (await (await this.api.request(path, { signal })).json(maxAnswerBytes)) as {
      items?: KubernetesObject[] | null;
    };
    return list.items ?? [];
  }

  async #listIfAllowed(path: string, query: Record<string, string>, signal: AbortSignal): Promise<KubernetesObject[]> {
    try {
      return await this.#list(`${path}?${new URLSearchParams(query).toString()}`, signal);
    } catch (error) {
      if (error instanceof KubernetesRefusal && error.status === 403) return [];
      throw error;
    }
  }
}
