import type { CiKind } from './ci-kind.js';
import { github } from './github.js';
import { gitlab } from './gitlab.js';
import { oidc } from './oidc.js';

/** Every CI whose tokens are understood. */
export const ciKinds: readonly CiKind[] = [github, gitlab, oidc];

export function ciKind(name: string): CiKind | undefined {
  return ciKinds.find(({ ci }) => ci === name);
}
