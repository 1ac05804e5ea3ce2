import type { IncomingMessage, ServerResponse } from 'node:http';

import { startHttpServer } from './http-server.js';

/** An object of the API, reduced to what a watch needs. */
export interface StandInObject {
  metadata: { uid: string; name: string; namespace?: string; resourceVersion?: string; creationTimestamp?: string };
  [member: string]: unknown;
}

/** Lists and watches of an API server, over plain HTTP and without authentication. */
export interface KubernetesStandIn {
  url: string;
  /** Paths of all requests with their queries. */
  requests: string[];
  /** Adds or changes an object below a path such as `/api/v1/pods`. */
  put(path: string, object: StandInObject): void;
  delete(path: string, uid: string): void;
  /** Forgets earlier changes, as etcd does: a watch behind them is answered with 410. */
  compact(): void;
  /** Breaks all connections, and answers with this status until it is called with null. */
  refuse(status: number | null): void;
  /** Sends a bookmark to every watch. */
  bookmark(): void;
  stop(): Promise<void>;
}

interface Change {
  path: string;
  type: string;
  object: StandInObject;
  version: number;
}

interface Watch {
  path: string;
  response: ServerResponse;
}

export async function kubernetesStandIn(): Promise<KubernetesStandIn> {
  const objects = new Map<string, Map<string, StandInObject>>();
  const watches = new Set<Watch>();
  const requests: string[] = [];
  let changes: Change[] = [];
  let version = 1;
  let compactedTo = 0;
  let refusal: number | null = null;

  const write = (response: ServerResponse, type: string, object: object) =>
    response.write(`${JSON.stringify({ type, object })}\n`);

  const change = (path: string, type: string, object: StandInObject) => {
    const changed = { path, type, object, version };
    changes.push(changed);
    for (const watch of watches) if (watch.path === path) write(watch.response, type, object);
  };

  const list = (path: string, query: URLSearchParams, response: ServerResponse) => {
    const all = [...(objects.get(path)?.values() ?? [])];
    const from = Number(query.get('continue') ?? 0);
    const limit = Number(query.get('limit') ?? all.length);
    const next = from + limit < all.length ? String(from + limit) : undefined;
    const metadata = { resourceVersion: String(version), continue: next };
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ kind: 'List', metadata, items: all.slice(from, from + limit) }));
  };

  const watch = (path: string, query: URLSearchParams, response: ServerResponse) => {
    const from = Number(query.get('resourceVersion'));
    response.writeHead(200, { 'content-type': 'application/json' });
    if (from < compactedTo) {
      write(response, 'ERROR', { kind: 'Status', code: 410, reason: 'Expired' });
      response.end();
      return;
    }
    response.flushHeaders();
    for (const each of changes) if (each.path === path && each.version > from) write(response, each.type, each.object);
    const opened = { path, response };
    watches.add(opened);
    response.on('close', () => watches.delete(opened));
  };

  const answer = (request: IncomingMessage, response: ServerResponse) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://stand.in');
    requests.push(request.url ?? '');
    if (refusal !== null) response.writeHead(refusal).end();
    else if (searchParams.has('watch')) watch(pathname, searchParams, response);
    else list(pathname, searchParams, response);
  };

  const { port, server, stop } = await startHttpServer(answer);
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    put(path, object) {
      version += 1;
      const known = objects.get(path) ?? new Map<string, StandInObject>();
      objects.set(path, known);
      const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } };
      const type = known.has(object.metadata.uid) ? 'MODIFIED' : 'ADDED';
      known.set(object.metadata.uid, stored);
      change(path, type, stored);
    },
    delete(path, uid) {
      version += 1;
      const object = objects.get(path)?.get(uid);
      objects.get(path)?.delete(uid);
      if (object)
        change(path, 'DELETED', { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } });
    },
    compact() {
      compactedTo = version;
      changes = [];
    },
    refuse(status) {
      refusal = status;
      server.closeAllConnections();
    },
    bookmark() {
      for (const { response } of watches)
        write(response, 'BOOKMARK', { metadata: { resourceVersion: String(version) } });
    },
    stop,
  };
}
