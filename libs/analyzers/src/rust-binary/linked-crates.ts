/** Folder of Cargo with sources: `registry/src/REGISTRY-HASH/NAME-VERSION/`. */
const sources = 'registry/src/';
/** Registry, crate and file; names have no dots, so the version begins at the first one. */
const place =
  /^[\w.-]{1,128}\/([A-Za-z][\w-]{0,63}?)-(\d{1,9}\.\d{1,9}\.\d{1,9}(?:[-+][\w.+-]{1,64})?)\/[\w./-]{1,256}?\.rs/;
const placeBytes = 600;

/**
 * Crates by the source files that code names where it may panic: the compiler writes these paths
 * itself, so the code of each crate is linked. Crates without such code are not found.
 */
export function* linkedCrates(content: Buffer): Generator<{ name: string; version: string | undefined }> {
  const seen = new Set<string>();
  for (let at = content.indexOf(sources); at !== -1; at = content.indexOf(sources, at)) {
    at += sources.length;
    const [, name, version] = place.exec(content.toString('latin1', at, at + placeBytes)) ?? [];
    if (name === undefined || seen.has(`${name}@${version}`)) continue;
    seen.add(`${name}@${version}`);
    yield { name, version };
  }
}
