/**
 * Resolves a path, without `.`, `..` and doubled slashes; null if it is no file system path
 * (`memfd:x`).
 */
export function absolutePath(path: string, workingDirectory: string | null): string | null {
  if (path.startsWith('/') && !mayBeIndirect.test(path)) return path;
  if (!path.startsWith('/') && (workingDirectory === null || path.includes(':'))) return null;
  const kept: string[] = [];
  for (const part of (path.startsWith('/') ? path : `${workingDirectory}/${path}`).split('/')) {
    if (part === '..') kept.pop();
    else if (part !== '' && part !== '.') kept.push(part);
  }
  return `/${kept.join('/')}`;
}

const mayBeIndirect = /\/(?:\.{0,2}(?:\/|$))/;
