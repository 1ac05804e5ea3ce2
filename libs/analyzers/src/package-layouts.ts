import type { PackageType } from '@tidewaiter/domain';

/** Folder into which a package manager unpacked one package. */
export interface PackageFolder {
  type: PackageType;
  /** From the image's root, with a slash at its end. */
  folder: string;
  /** Name in the layout: of npm and Composer the package's, elsewhere often with the version. */
  name: string;
  /** Files that the package manager puts there for this package; one of them must exist. */
  manifests: readonly string[];
}

/** Convention of a package manager for where it unpacks packages. */
interface Layout {
  type: PackageType;
  /** Groups: the part above, and the name. Greedy, so that the innermost folder matches. */
  folder: RegExp;
  manifests: (above: string, name: string, folder: string) => string[];
}

const layouts: readonly Layout[] = [
  {
    type: 'npm',
    folder: /^(.*\/|)node_modules\/((?:@[^/]{1,255}\/)?[^/@.][^/]{0,255})\//,
    manifests: (_, __, folder) => [`${folder}package.json`],
  },
  {
    type: 'gem',
    folder: /^(.*\/|)gems\/([^/]{1,200}-\d[^/]{0,100})\//,
    manifests: (above, name) => [`${above}specifications/${name}.gemspec`],
  },
  {
    type: 'composer',
    folder: /^(.*\/|)vendor\/([^/.]{1,128}\/[^/]{1,128})\//,
    manifests: (above) => [`${above}vendor/composer/installed.json`],
  },
  {
    // The domain in front makes it a path of Go; `!` stands for a capital letter.
    type: 'golang',
    folder: /^(.*\/|)pkg\/mod\/([^/@.]{1,64}\.[^@]{1,255}@v\d[^/]{0,100})\//,
    manifests: (above, name) => {
      const [path = '', version = ''] = name.split('@');
      return ['ziphash', 'zip', 'info'].map((kind) => `${above}pkg/mod/cache/download/${path}/@v/${version}.${kind}`);
    },
  },
  {
    type: 'golang',
    folder: /^(.*\/|)vendor\/([a-z0-9-]{1,64}\.[a-z.]{2,64}\/[^/]{1,128}(?:\/[^/]{1,128})?)\//,
    manifests: (above) => [`${above}vendor/modules.txt`],
  },
  {
    type: 'cargo',
    folder: /^(.*\/|)registry\/src\/[^/]{1,128}\/([^/]{1,200}-\d[^/]{0,100})\//,
    manifests: (_, __, folder) => [`${folder}.cargo-ok`],
  },
  {
    type: 'nuget',
    folder: /^(.*\/|)\.nuget\/packages\/([^/]{1,200}\/\d[^/]{0,100})\//,
    manifests: (_, __, folder) => [`${folder}.nupkg.metadata`],
  },
  {
    // Maven writes the checksum beside what it downloads, not beside what it builds.
    type: 'maven',
    folder: /^(.*\/|)\.m2\/repository\/(.{1,400}\/\d[^/]{0,100}\/[^/]{1,200}\.jar)!\//,
    manifests: (above, name) => [`${above}.m2/repository/${name}.sha1`],
  },
  { type: 'pypi', folder: /^(.*\/|)(?:site|dist)-packages\/([^/]{1,200})\//, manifests: () => [] },
  { type: 'pypi', folder: /^(.*\/|)(?:site|dist)-packages\/([^/]{1,200})\.py$/, manifests: () => [] },
];

/** Folders of packages that contain a path, the innermost first. */
export function packageFoldersOf(path: string): PackageFolder[] {
  const found: PackageFolder[] = [];
  for (const layout of layouts) {
    for (let rest = path; ;) {
      const [folder, above = '', name] = layout.folder.exec(rest) ?? [];
      if (folder === undefined || name === undefined) break;
      found.push({ type: layout.type, folder, name, manifests: layout.manifests(above, name, folder) });
      rest = above;
    }
  }
  return found.toSorted((a, b) => b.folder.length - a.folder.length);
}

/**
 * Paths that npm leaves out of every package.
 * @see https://docs.npmjs.com/cli/configuring-npm/package-json "files"
 */
const neverPacked = /(?:^|\/)(?:\.npmrc|\.git|\.svn|\.hg|CVS|\.DS_Store|npm-debug\.log|[^/]{1,255}\.orig)(?:\/|$)/;

/** Whether a package manager never publishes a file of this path, so that the user put it there. */
export function isNeverPublished({ type, folder }: PackageFolder, path: string): boolean {
  return type === 'npm' && neverPacked.test(path.slice(folder.length));
}
