import type { Analyzer } from '../analyzer.js';
import { readSbom } from '../sbom-packages.js';

const bitnami = /^opt\/bitnami\/(?:[^/]{1,255}\/){0,8}\.spdx-[^/]{1,255}\.spdx$/;
const folders = ['var/lib/db/sbom/', 'usr/share/sbom/', 'usr/local/share/sbom/', 'sbom/'];
/** Folders of wheels (PEP 770) and of unpacked Java programs (Spring Boot). */
const packageFolders = /\.dist-info\/sboms\/[^/]{1,255}$|(?:^|\/)META-INF\/sbom\/[^/]{1,255}$/;
const names = ['.spdx.json', '.cdx.json', '/bom.json', '/sbom.json'];

/**
 * Packages of an SBOM in the image: of Bitnami's programs, of apko's packages, of wheels and of
 * Java programs. An SBOM at any other path is a user's file that is not about the image.
 */
export const embeddedSbom: Analyzer = {
  name: 'embedded-sbom',
  maxBytes: Infinity,
  version: 4,
  wants: (path) => (path.endsWith('.spdx') ? bitnami.test(path) : path.endsWith('.json') && isInPlace(path)),
  analyze: ({ path, content }) => readSbom(content, path),
};

function isInPlace(path: string): boolean {
  return (
    names.some((name) => path.endsWith(name)) &&
    (folders.some((folder) => path.startsWith(folder)) || packageFolders.test(path))
  );
}
