// What lies here came from elsewhere: its lock files are those of its developers, and nobody installed what they ask for.
const dependencyFolder =
  /(?:^|\/)(?:node_modules|vendor|deps|gems|_build|\.build|\.pub-cache|site-packages|dist-packages)\//;

/** Whether the file at the path has the name and is an application's own. */
export function isLockFile(path: string, name: string): boolean {
  if (!path.endsWith(name)) return false;
  const isNamed = path.length === name.length || path.at(-name.length - 1) === '/';
  return isNamed && !dependencyFolder.test(path);
}
