import { Injectable } from '@nestjs/common';
import { type AttestedVex, type Digest, InvalidInput } from '@tidewaiter/domain';
import { attestedStatements, vexProductTexts, type VexStatement } from '@tidewaiter/policy';

import type { Page, PageRequest } from '../../core/page.js';
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

/** Order of images with documents, by microseconds of the time at which they were read. */
type ImageKey = readonly [checkedAtUs: string, digest: Digest, connection: string, repository: string];

interface AttachedVex {
  key: ImageKey;
  vex: AttestedVex[];
}

/** Place of a statement in the list. */
interface Position {
  /** Null of a statement of the settings. */
  image: ImageKey | null;
  /** Among those of its image, or of the settings. */
  index: number;
}

/** Images that are read at once: a document may have megabytes. */
const batch = 20;
const maxProducts = 50;
const checkedAtUs = '(extract(epoch FROM checked_at) * 1000000)::bigint';

/** Statements of VEX documents of the settings, and of those that trusted signers attached. */
@Injectable()
export class VexStatements {
  constructor(
    private readonly store: Store,
    private readonly evaluation: EvaluationRules,
  ) {}

  /**
   * Statements about a vulnerability: those of the settings, newest first, then those of images,
   * by the time at which their documents were read.
   * @param asked id or alias
   * @param withSettings whether with documents of the settings, which hold for the whole fleet
   * @throws InvalidInput `CURSOR_INVALID`
   */
  async about(asked: string, { limit, after }: PageRequest, withSettings: boolean): Promise<Page<FleetVexStatement>> {
    const names = await this.#namesOf(asked);
    const items: FleetVexStatement[] = [];
    let last: Position | null = null;
    for await (const [position, statement] of this.#from(names, readPosition(after), withSettings)) {
      if (items.length === limit) return { items, next: formatPosition(last) };
      items.push(statement);
      last = position;
    }
    return { items, next: null };
  }

  /** Statements after a position; null is the beginning. */
  async *#from(
    names: ReadonlySet<string>,
    after: Position | null,
    withSettings: boolean,
  ): AsyncGenerator<[Position, FleetVexStatement]> {
    const isAbout = ({ vulnerabilities }: VexStatement) =>
      vulnerabilities.some((each) => names.has(each.toUpperCase()));
    const isNew = (position: Position) =>
      after === null || String(position.image) !== String(after.image) || position.index > after.index;
    if (withSettings && (after === null || after.image === null)) {
      const own = this.evaluation.rules.statements.filter(isAbout).toSorted((one, other) => other.at - one.at);
      for (const [index, statement] of own.entries())
        if (isNew({ image: null, index })) yield [{ image: null, index }, describe(statement, null)];
    }
    let images = await this.#attached([...names], after?.image ?? null, '<=');
    while (images.length > 0) {
      for (const { key, vex } of images) {
        const [, digest, , repository] = key;
        for (const [index, statement] of attestedStatements(vex).statements.filter(isAbout).entries())
          if (isNew({ image: key, index })) yield [{ image: key, index }, describe(statement, { repository, digest })];
      }
      images = await this.#attached([...names], images.at(-1)!.key, '<');
    }
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

  /** The next images with a document that names one of these; null begins with the newest. */
  async #attached(names: readonly string[], from: ImageKey | null, order: '<=' | '<'): Promise<AttachedVex[]> {
    return this.store.aggregate<AttachedVex>(
      `SELECT ARRAY[${checkedAtUs}::text, image_digest, connection, repository] AS key, vex
       FROM image_provenance WHERE vex <> '[]' AND vex_names(vex) && $1::text[]
         AND ($2::bigint IS NULL OR (${checkedAtUs}, image_digest, connection, repository) ${order} ($2, $3, $4, $5))
       ORDER BY ${checkedAtUs} DESC, image_digest DESC, connection DESC, repository DESC LIMIT ${batch}`,
      [names, ...(from ?? [null, null, null, null])],
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

function formatPosition(position: Position | null): string | null {
  return position && Buffer.from(JSON.stringify([position.index, position.image])).toString('base64url');
}

/** @throws InvalidInput `CURSOR_INVALID` */
function readPosition(text: string | undefined): Position | null {
  if (text === undefined) return null;
  const [index, image] = jsonList(Buffer.from(text, 'base64url').toString());
  if (typeof index !== 'number' || !Number.isSafeInteger(index) || !(image === null || isImageKey(image)))
    throw new InvalidInput('CURSOR_INVALID', 'not a cursor that this API gave out');
  return { index, image };
}

function isImageKey(value: unknown): value is ImageKey {
  if (!Array.isArray(value) || value.length !== 4) return false;
  return value.every((each) => typeof each === 'string') && /^\d{1,18}$/.test(value[0] ?? '');
}

function jsonList(text: string): unknown[] {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}
