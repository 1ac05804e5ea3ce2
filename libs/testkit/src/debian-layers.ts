import { tarArchive } from './tar-writer.js';

/** Layer with the os-release of Debian 12. */
export const osRelease = tarArchive([
  { path: 'etc/os-release', content: 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian 12"\n' },
]);

/** Record of an installed package in version 1-1. */
export function stanza(name: string, source?: string): string {
  const ofSource = source === undefined ? '' : `Source: ${source}\n`;
  return `Package: ${name}\n${ofSource}Status: install ok installed\nArchitecture: amd64\nVersion: 1-1\n`;
}

/** Layer with a package database of one package. */
export function dpkg(name: string, source?: string): Buffer {
  return tarArchive([{ path: 'var/lib/dpkg/status', content: stanza(name, source) }]);
}
