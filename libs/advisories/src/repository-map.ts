import { InvalidInput } from '@tidewaiter/domain';
import { z } from 'zod';

import { jsonOf } from './exploitation.js';

/** A repository of Red Hat, and the products that it belongs to. */
export interface RepositoryCpes {
  /** Id in content manifests and configurations of dnf: `rhel-9-for-x86_64-appstream-rpms`. */
  repository: string;
  cpes: string[];
}

/** CPEs of a repository by its id; undefined for an unknown one. */
export type CpeLookup = (repository: string) => readonly string[] | undefined;

/** Red Hat's map of its repositories. */
export interface RepositoryMap {
  /** ISO 8601. */
  updatedAt: string;
  repositories: RepositoryCpes[];
  /** Repositories that could not be read. */
  rejected: number;
}

/** The map has some 8,500 repositories with up to 26 CPEs. */
const maxRepositories = 200_000;
const maxCpes = 1_000;

const mapSchema = z.object({
  last_updated: z.iso.datetime({ offset: true }),
  data: z.record(z.string(), z.unknown()).refine((data) => {
    const count = Object.keys(data).length;
    return count > 0 && count <= maxRepositories;
  }),
});
const repositorySchema = z.object({
  cpes: z
    .array(z.string().regex(/^cpe:\/[aoh]:[^\s,]{1,300}$/))
    .min(1)
    .max(maxCpes),
});

/**
 * Reads Red Hat's map from repositories to CPEs.
 * @throws InvalidInput `REPOSITORY_MAP_FORMAT`
 * @see https://security.access.redhat.com/data/meta/v1/repository-to-cpe.json
 */
export function readRepositoryMap(bytes: Uint8Array): RepositoryMap {
  const map = mapSchema.safeParse(jsonOf(bytes));
  if (!map.success) throw new InvalidInput('REPOSITORY_MAP_FORMAT', "not Red Hat's map of repositories in JSON");
  const { last_updated: at, data } = map.data;
  const entries = Object.entries(data);
  const repositories = entries.flatMap(([repository, entry]) => {
    const read = repositorySchema.safeParse(entry);
    return read.success && /^[\w.+-]{1,200}$/.test(repository) ? [{ repository, cpes: read.data.cpes }] : [];
  });
  return {
    updatedAt: new Date(at).toISOString(),
    repositories,
    rejected: entries.length - repositories.length,
  };
}
