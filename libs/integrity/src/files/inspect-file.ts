import { alternativeChoices } from '../checks/alternatives.js';
import { diversions } from '../checks/diversions.js';
import { libraryPathSigns } from '../checks/library-paths.js';
import { pythonStartupSigns } from '../checks/python-startup.js';
import { statOverrides } from '../checks/stat-overrides.js';
import { accountSigns } from './account-signs.js';
import type { FileSign, InspectedFile, Inspector } from './file-sign.js';
import { indicatorSigns } from './indicator-signs.js';
import { packedSigns } from './packed-signs.js';
import { scriptSigns } from './script-signs.js';

/**
 * Stored with every analyzed layer: raise it when the same bytes give other signs, hosts or texts.
 */
export const integrityVersion = 5;

/** Every family of signs. */
const inspectors: readonly Inspector[] = [
  accountSigns,
  alternativeChoices,
  diversions,
  indicatorSigns,
  libraryPathSigns,
  packedSigns,
  pythonStartupSigns,
  scriptSigns,
  statOverrides,
];

/** Whether a file's content is inspected, by its path and first 512 bytes. */
export function wantsInspection(path: string, head: Uint8Array): boolean {
  return inspectors.some((inspector) => inspector.wants(path, head));
}

/** Returns the signs in one file's content. Never throws: unreadable content gives no sign. */
export function inspectFile(file: InspectedFile): FileSign[] {
  const head = file.content.subarray(0, 512);
  return inspectors.filter(({ wants }) => wants(file.path, head)).flatMap(({ inspect }) => inspect(file));
}
