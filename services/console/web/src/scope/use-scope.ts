import { useQuery } from '@tanstack/react-query';
import { useSearch } from '@tanstack/react-router';
import { useEffect, useSyncExternalStore } from 'react';

import { lists } from '../api/queries.js';
import type { View } from '../api/types.js';
import { fieldsOf, type Scope, type ScopedPart, scopedQuery, type ScopeField, scopeOf } from './scope.js';

/** Scope of the address. */
export function useScope(): Scope {
  return scopeOf(useSearch({ strict: false }));
}

export function useIsScoped(): boolean {
  return fieldsOf(useScope()).length > 0;
}

/**
 * The query of a list within the scope. What does not limit the list is shown in the scope bar.
 * @param name of the list on the page
 */
export function useScopedQuery(list: View['list'], q?: string, name: string = list): string | undefined {
  const scope = useScope();
  // The frame shows pages once it is read.
  const { data } = useQuery({ ...lists, enabled: false });
  const known = new Set(data?.items.find((each) => each.name === list)?.fields.map((field) => field.name));
  const scoped = scopedQuery(scope, known, q);
  useScopedPart(name, scoped.missing);
  return scoped.q;
}

/** Announces a part of the page that no query limits. */
export function useUnscoped(name: string): void {
  useScopedPart(name, fieldsOf(useScope()));
}

let parts: readonly ScopedPart[] = [];
const listeners = new Set<() => void>();

function change(next: readonly ScopedPart[]): void {
  parts = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function useScopedPart(name: string, missing: readonly ScopeField[]): void {
  const fields = missing.join(' ');
  useEffect(() => {
    const part = { name, missing: fields === '' ? [] : (fields.split(' ') as ScopeField[]) };
    change([...parts, part]);
    return () => change(parts.filter((each) => each !== part));
  }, [name, fields]);
}

/** Parts of the page that is shown. */
export function useScopedParts(): readonly ScopedPart[] {
  return useSyncExternalStore(subscribe, () => parts);
}
