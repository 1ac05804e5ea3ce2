import { linesOf } from '../package-database.js';

/** Main attributes of a manifest by their names in lower case. */
export type JarManifest = ReadonlyMap<string, string>;

/** Long enough for lists of imported packages, which are not used. */
const maxValueLength = 64 * 1024;

/**
 * Parses the main section of a `MANIFEST.MF`, without sections of single files and damaged lines.
 * @see https://docs.oracle.com/en/java/javase/21/docs/specs/jar/jar.html "JAR Manifest"
 */
export function readManifest(text: string): JarManifest {
  const attributes = new Map<string, string>();
  let name = '';
  for (const raw of linesOf(text)) {
    const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
    if (line === '') break;
    if (line.startsWith(' ')) {
      const value = attributes.get(name);
      if (value !== undefined && value.length < maxValueLength) attributes.set(name, value + line.slice(1));
      continue;
    }
    const colon = line.indexOf(':');
    name = line.slice(0, Math.max(colon, 0)).toLowerCase();
    if (name !== '') attributes.set(name, line.slice(colon + 1).trimStart());
  }
  return attributes;
}

const shortName = /^[A-Za-z0-9][A-Za-z0-9.+-]{1,63}$/;
const url = /^https?:\/\/[!-~]{1,512}$/;
const link = /;\s{0,8}link="?(https?:\/\/[!-~]{1,512}?)"?\s{0,8}(?:;|$)/;

/**
 * Licenses of a manifest: short names and addresses; long names are replaced by their link.
 * @see
 * https://docs.osgi.org/specification/osgi.core/8.0.0/framework.module.html#framework.module.bundle-license
 */
export function licensesOf(manifest: JarManifest): string[] {
  const field = manifest.get('bundle-license')?.slice(0, 4096) ?? '';
  const found: string[] = [];
  for (const clause of field.match(/(?:"[^"]{0,1024}"|[^",]){1,4096}/g) ?? []) {
    const name = (clause.split(';', 1)[0] ?? '').trim().replaceAll('"', '');
    const license = shortName.test(name) || url.test(name) ? name : link.exec(clause)?.[1];
    if (license !== undefined && !found.includes(license)) found.push(license);
  }
  return found;
}
