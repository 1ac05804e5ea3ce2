/** Subject of the events of a push: `shop/app:1.4`, or the repository alone for an untagged push. */
export function pushSubject({ repository, tag }: { repository: string; tag: string | null }): string {
  return tag === null ? repository : `${repository}:${tag}`;
}
