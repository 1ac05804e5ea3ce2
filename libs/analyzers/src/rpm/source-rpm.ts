import { isToken } from '../package-database.js';

/**
 * Source package of a file name like `bash-4.4-19.6.1.src.rpm`. Such a name has no epoch; the
 * package's epoch, which is nearly always the same, is used, because without it every version would
 * seem older than the fixed one.
 */
export function readSourceRpm(fileName: string, epoch: string): { name: string; version: string } | undefined {
  const stem = fileName.replace(/\.(no)?src\.rpm$/, '');
  const release = stem.lastIndexOf('-');
  const version = stem.lastIndexOf('-', release - 1);
  if (stem === fileName || version < 1 || release - version < 2 || !isToken(stem)) return undefined;
  const full = stem.slice(version + 1);
  return { name: stem.slice(0, version), version: epoch === '0' ? full : `${epoch}:${full}` };
}
