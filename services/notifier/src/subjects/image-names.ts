/**
 * The repository and tag of an image as a container names it:
 * `registry.example.com:5000/shop/app:1` is `shop/app` and `1`, as pushes call it.
 */
export function imageNames(image: string | null): { repository: string | null; tag: string | null } {
  const [, repository, tag] = /^(.*?)(?::([^:/]+))?$/s.exec(image ?? '') ?? [];
  return { repository: repository ? withoutHost(repository) : null, tag: tag ?? null };
}

function withoutHost(repository: string): string {
  const [first = '', ...rest] = repository.split('/');
  const isHost = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  return isHost ? rest.join('/') : repository;
}
