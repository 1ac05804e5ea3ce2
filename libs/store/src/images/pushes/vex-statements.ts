import { Injectable } from '@nestjs/common';
import type { AttestedVex, Digest } from '@tidewaiter/domain';
import { attestedStatements, vexProductTexts, type VexStatement } from '@tidewaiter/policy';

import { Store } from '../../core/store.js';
import { EvaluationRules } from './verdicts.js';

/** A statement of a VEX document about a vulnerability. */
export interface FleetVexStatement extends Pick<
  VexStatement,
  'status' | 'justification' | 'reason' | 'author' | 'source'
> {
  /** Null if the document has no time. */
  at: Date | null;
  products: string[];
  /** Products beyond the first ones. */
  moreProducts: number;
  /** Image to which a signer attached the document; null of a document of the settings. */
  image: { repository: string; digest: Digest } | null;
}

interface AttachedVex {
  digest: Digest;
  repository: string;
  attested: AttestedVex;
}

/** Attached documents that are read for one vulnerability. */
const maxAttached = 200;
const maxProducts = 50;

/** Statements of VEX documents of the settings, and of those that trusted signers attached. */
@Injectable()
export class VexStatements {
  constructor(
    private readonly store: Store,
    private readonly evaluation: EvaluationRules,
  ) {}

  /**
   * Statements about a vulnerability, newest first.
   * @param asked id or alias
   * @param withSettings whether with documents of the settings, which hold for the whole fleet
   */
  async about(asked: string, withSettings: boolean): Promise<FleetVexStatement[]> {
    const names = await this.#namesOf(asked);
    const isAbout = ({ vulnerabilities }: VexStatement) =>
      vulnerabilities.some((each) => names.has(each.toUpperCase()));
    const attached = (await this.#attached([...names])).flatMap(({ digest, repository, attested }) =>
      attestedStatements([attested])
        .statements.filter(isAbout)
        .map((each) => describe(each, { repository, digest })),
    );
    const own = withSettings ? this.evaluation.rules.statements.filter(isAbout) : [];
    return [...own.map((each) => describe(each, null)), ...attached].toSorted(
      (one, other) => (other.at?.getTime() ?? 0) - (one.at?.getTime() ?? 0),
    );
  }

  /** Id and aliases in capitals. */
  async #namesOf(asked: string): Promise<ReadonlySet<string>> {
    const known = await this.store.aggregate<{ names: string[] }>(
      `SELECT aliases || id AS names FROM fleet_vulnerability
       WHERE id = ANY($1) OR aliases && $1::text[]`,
      [[asked, asked.toUpperCase()]],
    );
    return new Set([asked, ...known.flatMap(({ names }) => names)].map((name) => name.toUpperCase()));
  }

  /** Documents in which one of the names stands. */
  async #attached(names: readonly string[]): Promise<AttachedVex[]> {
    return this.store.aggregate<AttachedVex>(
      `SELECT image_digest AS digest, repository, attested
       FROM image_provenance CROSS JOIN LATERAL jsonb_array_elements(vex) AS attested
       WHERE vex <> '[]' AND EXISTS (
         SELECT FROM unnest($1::text[]) AS name WHERE strpos(upper(attested::text), name) > 0)
       ORDER BY checked_at DESC, image_digest, repository LIMIT ${maxAttached}`,
      [names],
    );
  }
}

function describe(
  { status, justification, reason, author, source, at, products }: VexStatement,
  image: FleetVexStatement['image'],
): FleetVexStatement {
  const texts = [...new Set(products.flatMap(vexProductTexts))];
  const [shown, more] = [texts.slice(0, maxProducts), Math.max(0, texts.length - maxProducts)];
  const time = at === 0 ? null : new Date(at);
  return { status, justification, reason, author, source, at: time, products: shown, moreProducts: more, image };
}
