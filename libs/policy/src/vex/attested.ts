import { type AttestedVex, TidewaiterError } from '@tidewaiter/domain';

import { readVex } from './read-vex.js';
import type { VexStatement } from './statement.js';

/**
 * Reads the VEX documents that trusted signers attached to an image. An unreadable document only
 * costs a warning.
 */
export function attestedStatements(documents: readonly AttestedVex[]): {
  statements: VexStatement[];
  warnings: { code: string; path: null; message: string }[];
} {
  const statements: VexStatement[] = [];
  const warnings: { code: string; path: null; message: string }[] = [];
  for (const { signer, document } of documents) {
    try {
      statements.push(...readVex(JSON.stringify(document ?? null), `attestation of ${signer.name}`));
    } catch (error) {
      if (!(error instanceof TidewaiterError)) throw error;
      warnings.push({ code: error.code, path: null, message: error.message });
    }
  }
  return { statements, warnings };
}
