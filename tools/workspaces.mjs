// The one list of workspaces: package.json names their folders, and each package.json its kind.
import { globSync, readFileSync } from 'node:fs';

const json = (path) => JSON.parse(readFileSync(new URL(`../${path}`, import.meta.url), 'utf8'));

/**
 * `kind`, from `tidewaiter.kind` of the package.json: `pure` (values in, values out), `adapter`
 * (one outside thing each), `tests` (the product must not import it), `service`, `web` (runs in
 * browsers) or `cli`.
 */
export const workspaces = json('package.json')
  .workspaces.flatMap((pattern) => globSync(pattern, { cwd: new URL('..', import.meta.url) }))
  .toSorted()
  .map((folder) => ({ folder, kind: json(`${folder}/package.json`).tidewaiter?.kind }));

/** Names of the libs of some kinds: `domain`, `versions`. */
export function libsOf(...kinds) {
  return workspaces.flatMap(({ folder, kind }) =>
    folder.startsWith('libs/') && kinds.includes(kind) ? [folder.slice('libs/'.length)] : [],
  );
}
