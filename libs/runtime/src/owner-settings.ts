import { z } from 'zod';

/** Limit on the length of an owner's name. */
export const maxOwnerCharacters = 100;

const rule = z
  .strictObject({
    /** `shop/app`, without the registry; `*` stands for anything. */
    repository: z.string().min(1).optional(),
    namespace: z.string().min(1).optional(),
    owner: z.string().min(1).max(maxOwnerCharacters),
  })
  .refine(({ repository, namespace }) => repository ?? namespace, 'names neither a repository nor a namespace');

/** Owners of repositories and namespaces; the first rule that matches counts. */
export const ownerRules = z.array(rule).max(10_000).default([]);

/** Labels of images that name an owner, when `dev.tidewaiter.owner` does not. */
export const ownerLabels = z.array(z.string().min(1).max(256)).max(16).default([]);

/** Settings `owners` and `ownerLabels`. */
export interface OwnerSettings {
  rules: z.output<typeof ownerRules>;
  labels: string[];
}
