/** Subject of the events of a push: `shop/app:1.4`, or only the repository for an untagged push. */
export function pushSubject({ repository, tag }: { repository: string; tag: string | null }): string {
  return tag === null ? repository : `${repository}:${tag}`;
}
