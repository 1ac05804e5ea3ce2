import { coreRepository } from './conditions.js';

/** Repositories of Amazon Linux, by the ids in the configuration of yum and dnf. */
const amazonIds: readonly (readonly [pattern: RegExp, release: RegExp, repository?: string])[] = [
  [/^amzn-(?:main|updates)$/, /^1$/, coreRepository],
  [/^amzn2-core$/, /^2$/, coreRepository],
  [/^amzn2extra-([\w.+-]{1,100})$/, /^2$/],
  [/^amazonlinux$/, /^20\d{2}$/, coreRepository],
  [/^amazonlinux-([\w.+-]{1,100})$/, /^20\d{2}$/],
  [/^(kernel-livepatch)$/, /^20\d{2}$/],
];

/**
 * Repository of a package of Amazon Linux; one of another release is a repository that no advisory
 * of this release is about.
 */
export function amazonRepository(id: string, release: string | null): string | undefined {
  const binary = id.replace(/-(?:debuginfo|source)$/, '');
  for (const [pattern, releases, fixed] of amazonIds) {
    const [found, name] = pattern.exec(binary) ?? [];
    if (found === undefined) continue;
    if (!releases.test(release ?? '')) return `other/${binary}`;
    return fixed ?? (binary.startsWith('amzn2extra-') ? `extras/${name}` : name);
  }
  return undefined;
}
