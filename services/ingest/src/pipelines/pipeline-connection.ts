import type { CiRun } from '@tidewaiter/domain';
import { ciKind, type PublishedKeys, verifiedClaims } from '@tidewaiter/job-tokens';
import { readDocument, splitDocuments } from '@tidewaiter/pipeline-documents';
import type { PipelineSettings, TokenIssuer } from '@tidewaiter/runtime';
import type { NewPipelineReport } from '@tidewaiter/store';
import { authorizationEquals, type HookRequest } from '@tidewaiter/webhooks';

import { bindReport } from './bind-report.js';

/** Proof of a sender's identity. */
export interface Proof {
  /** Facts of the run from its token; empty for a sender with a secret. */
  run: Partial<CiRun>;
}

/** A configured pipeline. */
export interface PipelineConnection {
  family: 'pipeline';
  /** `pipeline/ci`, as in the URL. */
  id: string;
  name: string;
  kind: PipelineSettings['kind'];
  /** Always false: the settings refuse a pipeline without a proof. */
  isClosed: false;
  /**
   * Evaluated on the headers alone; null when they prove nothing.
   * @throws Unavailable when a key cannot be fetched now
   */
  prove(request: Pick<HookRequest, 'headers'>): Promise<Proof | null>;
  /** @throws InvalidInput, AccessDenied */
  read(request: HookRequest, proof: Proof): NewPipelineReport[];
}

export function pipelineConnection(settings: PipelineSettings, keys: PublishedKeys): PipelineConnection {
  const { name, kind, proof, repositories } = settings;
  return {
    family: 'pipeline',
    id: `pipeline/${name}`,
    name,
    kind,
    isClosed: false,
    async prove({ headers }) {
      if (!('token' in proof)) return proofOfJob(headers, proof, keys);
      return authorizationEquals({ headers }, proof.token) ? { run: {} } : null;
    },
    read({ body, query }, { run }) {
      const reporter = { connection: name, repositories, proven: run };
      return splitDocuments(body).flatMap((content) => bindReport(readDocument(content), query, reporter));
    },
  };
}

async function proofOfJob(
  { authorization = '' }: HookRequest['headers'],
  trusted: TokenIssuer,
  keys: PublishedKeys,
): Promise<Proof | null> {
  const [, token] = /^bearer +(\S+)$/i.exec(authorization) ?? [];
  const ci = ciKind(trusted.ci);
  const claims = token !== undefined && ci ? await verifiedClaims(token, ci, trusted, keys) : null;
  return claims && ci ? { run: ci.run(claims, trusted.issuer) } : null;
}
