import type { ListedImage } from '../../api/types.js';

export interface Repository {
  key: string;
  connection: string;
  repository: string;
  tags: { tag: string | null; images: ListedImage[] }[];
}

/** Images by repository and tag, in the order in which they come: newest push first. */
export function repositoriesOf(images: readonly ListedImage[]): Repository[] {
  const byRepository = Map.groupBy(images, ({ connection, repository }) => `${connection}/${repository}`);
  return [...byRepository].map(([key, some]) => ({
    key,
    connection: some[0]!.connection,
    repository: some[0]!.repository,
    tags: [...Map.groupBy(some, ({ tag }) => tag)].map(([tag, ofTag]) => ({ tag, images: ofTag })),
  }));
}

/** Whether every word of a text is in the name of an image. */
export function isNamed(
  { repository, tag, connection }: { repository: string; tag: string | null; connection: string },
  text: string | undefined,
): boolean {
  const name = `${connection} ${repository}:${tag ?? ''}`.toLowerCase();
  return (text ?? '')
    .toLowerCase()
    .split(/\s+/)
    .every((word) => name.includes(word));
}
