// Folders of dependencies: lock files in them belong to their developers, and the locked packages
// are not installed.
const dependencyFolder =
  /(?:^|\/)(?:node_modules|vendor|deps|gems|_build|\.build|\.pub-cache|site-packages|dist-packages|pkg\/mod)\//;

/**
 * Whether the file at the path has this name and belongs to an application, not to a dependency.
 */
export function isLockFile(path: string, name: string): boolean {
  if (!path.endsWith(name)) return false;
  const isNamed = path.length === name.length || path.at(-name.length - 1) === '/';
  return isNamed && !dependencyFolder.test(path);
}
