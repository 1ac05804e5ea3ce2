import { type Finding, type ImagePackage, TidewaiterError } from '@tidewaiter/domain';
import { satisfiesVers } from '@tidewaiter/versions';

import { type ImageIdentity, isProduct } from '../evaluated-image.js';
import { matchesPurl, type PurlPattern, readPurl } from '../purl-pattern.js';
import type { ProductNames, VexProduct, VexStatement } from './statement.js';

/** Finds the VEX statements that apply to the vulnerabilities of one image. */
export class VexEvaluation {
  readonly #byVulnerability = new Map<string, OrderedStatement[]>();
  readonly #isOfImage = new Map<VexProduct, boolean>();
  readonly #isInImage = new Map<VexProduct, boolean>();
  readonly #packages: PurlPattern[];

  constructor(
    statements: readonly VexStatement[],
    private readonly image: ImageIdentity,
    packages: readonly Pick<ImagePackage, 'purl'>[],
  ) {
    for (const [order, statement] of statements.entries()) {
      for (const id of new Set(statement.vulnerabilities.map((each) => each.toUpperCase()))) {
        const others = this.#byVulnerability.get(id);
        if (others) others.push({ statement, order });
        else this.#byVulnerability.set(id, [{ statement, order }]);
      }
    }
    this.#packages = statements.length === 0 ? [] : packages.flatMap(({ purl }) => readPurl(purl) ?? []);
  }

  /**
   * Returns the newest statement about a finding that applies to its package in this image; of two
   * with the same time the one read later.
   */
  of({ kind, id, aliases, purl }: Finding): VexStatement | undefined {
    const named = purl === null || kind !== 'vulnerability' ? undefined : readPurl(purl);
    if (!named) return undefined;
    let newest: OrderedStatement | undefined;
    for (const name of new Set([id, ...aliases])) {
      for (const each of this.#byVulnerability.get(name.toUpperCase()) ?? []) {
        const isNewer = newest === undefined || isAfter(each, newest);
        if (isNewer && each.statement.products.some((product) => this.#means(product, named))) newest = each;
      }
    }
    return newest?.statement;
  }

  /** Whether a product applies to a package: the product must be the image or in it. */
  #means(product: VexProduct, named: PurlPattern): boolean {
    if (product.range !== undefined && !isInRange(named.version, product.range)) return false;
    const isPart = product.parts.some((part) => isNamed(part, named));
    if (product.parts.length > 0 && !isPart) return false;
    if (known(this.#isOfImage, product, () => product.is.texts.some((text) => isProduct(text, this.image))))
      return true;
    if (product.parts.length === 0) return isNamed(product.is, named);
    return known(this.#isInImage, product, () => this.#packages.some((each) => isNamed(product.is, each)));
  }
}

/** Statement with its position in reading order. */
interface OrderedStatement {
  statement: VexStatement;
  order: number;
}

function isAfter(one: OrderedStatement, other: OrderedStatement): boolean {
  return one.statement.at > other.statement.at || (one.statement.at === other.statement.at && one.order > other.order);
}

/** Whether a version is in a range; a range that cannot be compared contains nothing. */
function isInRange(version: string | undefined, range: string): boolean {
  try {
    return version !== undefined && satisfiesVers(version, range);
  } catch (error) {
    if (error instanceof TidewaiterError) return false;
    throw error;
  }
}

function isNamed({ purls }: ProductNames, purl: PurlPattern): boolean {
  return purls.some((pattern) => matchesPurl(pattern, purl));
}

function known(answers: Map<VexProduct, boolean>, product: VexProduct, ask: () => boolean): boolean {
  const answer = answers.get(product) ?? ask();
  answers.set(product, answer);
  return answer;
}
