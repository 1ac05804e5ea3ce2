import { acr } from './acr/acr.js';
import { aliyun } from './aliyun-acr/aliyun-acr.js';
import { distribution } from './distribution/distribution.js';
import { dockerHub } from './dockerhub/dockerhub.js';
import { ecr } from './ecr/ecr.js';
import { gar } from './gar/gar.js';
import { generic } from './generic/generic.js';
import { ghcr } from './ghcr/ghcr.js';
import { gitea } from './gitea/gitea.js';
import { gitlab } from './gitlab/gitlab.js';
import { harbor } from './harbor/harbor.js';
import { jfrog } from './jfrog/jfrog.js';
import { nexus } from './nexus/nexus.js';
import { quay } from './quay/quay.js';
import type { RegistryKind } from './registry-kind.js';
import { zot } from './zot/zot.js';

/** Every kind of registry whose notifications we read. */
export const registryKinds: readonly RegistryKind[] = [
  distribution,
  dockerHub,
  harbor,
  quay,
  ghcr,
  gitlab,
  ecr,
  gar,
  acr,
  jfrog,
  nexus,
  gitea,
  zot,
  aliyun,
  generic,
];

/** Values of `kind:` in the configuration: the name of each kind and its aliases. */
export const registryKindNames: readonly string[] = registryKinds.flatMap(({ kind, aliases }) => [kind, ...aliases]);

/** The kind by its name or an alias. */
export function registryKind(name: string): RegistryKind | undefined {
  return registryKinds.find(({ kind, aliases }) => kind === name || aliases.includes(name));
}
