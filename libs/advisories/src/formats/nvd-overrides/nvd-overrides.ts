import { InvalidInput, LimitExceeded } from '@tidewaiter/domain';
import { z } from 'zod';

import { anything } from '../../osv-parts.js';
import type { OsvAdvisory } from '../../osv-record.js';
import { overrideStream, programEcosystem } from '../../programs/programs.js';
import type { AdvisoryFormat, AdvisoryItem, FeedDocument } from '../format.js';
import { entriesOf } from '../nvd/configurations.js';

const idPattern = /^NVDFIX-CVE-\d{4}-\d{4,19}$/;
/** The largest files have some 200 KB. */
const maxBytes = 16 * 1024 * 1024;

/**
 * Corrections of NVD's configurations, one CVE in a file, which precede NVD's own.
 * @see https://github.com/anchore/nvd-data-overrides
 */
export const nvdOverrides: AdvisoryFormat = {
  name: 'nvd-overrides',
  ecosystem: programEcosystem,
  recognizes: (head) => /"_annotation"\s*:/.test(head) && /"cve_id"\s*:\s*"CVE-/.test(head),
  owns: (id) => idPattern.test(id),
  read: readDocument,
};

async function* readDocument({ name, bytes, changedAt }: FeedDocument): AsyncGenerator<AdvisoryItem> {
  const parts: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const part of bytes) {
    parts.push(part);
    sizeBytes += part.length;
    if (sizeBytes > maxBytes) throw new LimitExceeded('maxBytes', `a correction has more than ${maxBytes} bytes`);
  }
  try {
    const advisory = readOverride(JSON.parse(Buffer.concat(parts).toString('utf8')), changedAt);
    if (advisory) yield { name: advisory.id, advisory, sizeBytes };
  } catch (error) {
    if (error instanceof InvalidInput || error instanceof LimitExceeded) yield { name, error };
    else if (error instanceof SyntaxError) yield { name, error: new InvalidInput('NVD_RECORD', 'not JSON') };
    else throw error;
  }
}

const overrideSchema = z.object({
  _annotation: z.object({
    cve_id: z.string().regex(/^CVE-\d{4}-\d{4,19}$/),
    modified: z.iso.datetime({ offset: true }).optional().catch(undefined),
  }),
  cve: z.object({ configurations: anything }),
});

/** Most corrections have no date. */
const undated = '2024-01-01T00:00:00Z';

/**
 * Reads a correction; null if it is about no recognized program.
 * @throws InvalidInput `NVD_RECORD`
 * @throws LimitExceeded
 */
export function readOverride(json: unknown, changedAt = undated): OsvAdvisory | null {
  const parsed = overrideSchema.safeParse(json);
  if (!parsed.success) throw new InvalidInput('NVD_RECORD', 'not a correction of a record of NVD');
  const { cve_id: id, modified } = parsed.data._annotation;
  const dropped: string[] = [];
  const affected = entriesOf(parsed.data.cve.configurations, dropped);
  if (affected.length === 0) return null;
  return {
    ...{
      id: `NVDFIX-${id}`,
      vulnerabilityId: id,
      aliases: [id],
      published: null,
      withdrawn: null,
      cvss: null,
      dropped,
    },
    modified: modified ?? changedAt,
    title: id,
    severity: 'unknown',
    affected: affected.map((entry) => ({ ...entry, stream: overrideStream })),
  };
}
