import type { OwnedFiles, PackageType } from '@tidewaiter/domain';
import type { LayerEntries } from '@tidewaiter/oci';

import type { FileSign } from '../files/file-sign.js';

/** Package database in a layer: `var/lib/dpkg/status`, `lib/apk/db/installed`. */
export interface PackageDatabase {
  path: string;
  type: PackageType;
  packages: readonly { name: string; version: string }[];
}

/** Facts of a layer that `evaluateIntegrity` needs. */
export interface IntegrityLayer {
  entries: LayerEntries;
  /**
   * Files that the databases of this layer assign to packages; `database` is the path of the
   * database file.
   */
  owned: readonly (OwnedFiles & { database: string })[];
  databases: readonly PackageDatabase[];
  signs: readonly FileSign[];
  createdBy?: string;
}
