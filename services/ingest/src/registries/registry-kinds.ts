import { distribution } from './distribution/distribution.js';
import { github } from './github/github.js';
import { harbor } from './harbor/harbor.js';
import type { RegistryKind } from './registry-kind.js';

/** Every kind of registry whose notifications we read. */
export const registryKinds: readonly RegistryKind[] = [distribution, harbor, github];

/** The kind by its name or an alias. */
export function registryKind(name: string): RegistryKind | undefined {
  return registryKinds.find(({ kind, aliases }) => kind === name || aliases.includes(name));
}
