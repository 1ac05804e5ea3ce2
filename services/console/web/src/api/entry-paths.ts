import type { EntryKind } from '@tidewaiter/domain';

/** Paths of a kind of entries: all have the methods, and so the type, of exceptions. */
export function entryPaths(kind: EntryKind) {
  return {
    list: `/api/v1/${kind}` as '/api/v1/exceptions',
    one: `/api/v1/${kind}/{name}` as '/api/v1/exceptions/{name}',
    versions: `/api/v1/${kind}/{name}/versions` as '/api/v1/exceptions/{name}/versions',
    undo: `/api/v1/${kind}/{name}/undo` as '/api/v1/exceptions/{name}/undo',
    validate: `/api/v1/${kind}/validate` as '/api/v1/exceptions/validate',
  };
}
