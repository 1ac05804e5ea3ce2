import { InvalidInput, LimitExceeded } from '@tidewaiter/domain';

import type { AffectedPackage } from '../../affected-package.js';
import type { BuildFlavor } from '../../conditions.js';
import type { OsvAdvisory } from '../../osv-record.js';
import { severityOf } from '../../severity.js';
import { aliasesOf, vulnerabilityIdOf } from '../../vulnerability-id.js';
import type { AdvisoryFormat, AdvisoryItem, FeedDocument } from '../format.js';
import { childOf, childrenOf, type XmlElement, xmlElements } from '../xml.js';

/** `ELSA-2018-1196`, `ELSA-2018-1196-1`. */
const idPattern = /^ELSA-\d{4}-\d{1,6}(?:-\d{1,3})?$/;
/** Limit on the alternatives of one definition; a kernel's update has some 200. */
const maxAlternatives = 20_000;

/**
 * Advisories of Oracle Linux, as OVAL definitions. Their tests only repeat the comments of the
 * criteria, and come after all definitions; so the comments are read.
 * @see https://linux.oracle.com/security/
 */
export const oracleOval: AdvisoryFormat = {
  name: 'oracle-oval',
  ecosystem: 'Oracle Linux',
  recognizes: (head) => /<oval_definitions[\s>]/.test(head) && head.includes('oval:com.oracle.elsa:'),
  owns: (id) => idPattern.test(id),
  read: readDefinitions,
};

async function* readDefinitions({ name, bytes }: FeedDocument): AsyncGenerator<AdvisoryItem> {
  for await (const definition of xmlElements(bytes, new Set(['definition']))) {
    const own = definition.attributes.get('id') ?? name;
    try {
      yield { name: own, advisory: advisoryOf(definition), sizeBytes: definition.length };
    } catch (error) {
      if (!(error instanceof InvalidInput || error instanceof LimitExceeded)) throw error;
      yield { name: own.slice(0, 200), error };
    }
  }
}

function advisoryOf(definition: XmlElement): OsvAdvisory {
  const metadata = childOf(definition, 'metadata');
  const advisory = childOf(metadata, 'advisory');
  const [, id = '', title = ''] =
    /^(\S{1,60}):\s{0,20}([^\n]{0,500})/.exec(childOf(metadata, 'title')?.text ?? '') ?? [];
  if (!idPattern.test(id)) throw invalid('a definition without an id of Oracle in its title');
  const issued = issuedAt(childOf(advisory, 'issued')?.attributes.get('date') ?? '', id);
  const cves = childrenOf(advisory, 'cve').map(({ text }) => text);
  const references = childrenOf(metadata, 'reference').flatMap(({ attributes }) =>
    attributes.get('source') === 'CVE' ? [attributes.get('ref_id') ?? ''] : [],
  );
  const criteria = childOf(definition, 'criteria');
  if (!criteria) throw invalid(`${id} has no criteria`);
  const ids = { id, aliases: [], upstream: [...new Set([...cves, ...references])] };
  return {
    id,
    vulnerabilityId: vulnerabilityIdOf(ids),
    aliases: aliasesOf(ids),
    // Definitions are corrected without a date of that; their version is the same for all.
    modified: issued,
    published: issued,
    withdrawn: null,
    title: title.replace(/\s{0,20}\([A-Z]{1,12}\)\s{0,20}$/, '').slice(0, 200) || id,
    severity: severityOf([], [childOf(advisory, 'severity')?.text], null) ?? 'unknown',
    cvss: null,
    affected: entriesOf(alternativesOf(criteria), id),
    dropped: [],
  };
}

/** Date of the issue; the start of the year of the id where a definition has none. */
function issuedAt(day: string, id: string): string {
  const date = new Date(`${/^\d{4}-\d{2}-\d{2}$/.test(day) ? day : `${id.slice(5, 9)}-01-01`}T00:00Z`);
  if (Number.isNaN(date.getTime())) throw invalid(`${id} has an impossible date`);
  return date.toISOString();
}

function invalid(reason: string): InvalidInput {
  return new InvalidInput('OVAL_INVALID', reason);
}

/** Facts that must hold together; `package` is absent if the alternative names none. */
interface Alternative {
  release?: string;
  arch?: string;
  module?: string;
  flavor?: BuildFlavor;
  package?: { name: string; fixed: string };
}

/** Criteria as alternatives: an OR of ANDs. @see https://oval.mitre.org, "CriteriaType" */
function alternativesOf(criteria: XmlElement): Alternative[] {
  if (criteria.attributes.get('negate') === 'true') throw invalid('negated criteria');
  const operator = criteria.attributes.get('operator') ?? 'AND';
  const parts = criteria.children.flatMap((child) => {
    if (child.name === 'criteria') return [alternativesOf(child)];
    return child.name === 'criterion' ? [[factOf(child)]] : [];
  });
  if (operator === 'OR') return checked(parts.flat());
  if (operator !== 'AND') throw invalid(`criteria with ${operator.slice(0, 20)}`);
  let joined: Alternative[] = [{}];
  for (const alternatives of parts) {
    checked({ length: joined.length * alternatives.length });
    joined = joined.flatMap((one) => alternatives.flatMap((other) => bothOf(one, other) ?? []));
  }
  return joined;
}

function checked<T extends { length: number }>(alternatives: T): T {
  if (alternatives.length > maxAlternatives) {
    throw new LimitExceeded('maxAlternatives', `criteria with more than ${maxAlternatives} alternatives`);
  }
  return alternatives;
}

/** Both alternatives together; undefined if they contradict each other. */
function bothOf(one: Alternative, other: Alternative): Alternative | undefined {
  for (const key of ['release', 'arch', 'module', 'flavor'] as const) {
    if (one[key] !== undefined && other[key] !== undefined && one[key] !== other[key]) return undefined;
  }
  if (one.package && other.package) throw invalid('criteria about two packages at once');
  return { ...one, ...other };
}

const criteria: readonly (readonly [RegExp, (match: RegExpExecArray) => Alternative])[] = [
  [/^Oracle Linux (\d{1,3}) is installed$/, ([, release]) => ({ release: release! })],
  [/^Oracle Linux arch is (\w{1,20})$/, ([, arch]) => ({ arch: arch! })],
  [/^Module ([\w.+-]{1,100}:[\w.+-]{1,100}) is enabled$/, ([, module]) => ({ module: module! })],
  [
    /^(\S{1,200}) is earlier than (?:0:)?(\S{1,200})$/,
    ([, name, fixed]) => ({ package: { name: name!, fixed: fixed! } }),
  ],
  [/^\S{1,200} is ksplice-based$/, () => ({ flavor: 'ksplice' })],
  [/^\S{1,200} is fips patched$/, () => ({ flavor: 'fips' })],
  // Packages of other signers are third-party ones, which are not compared at all.
  [/^\S{1,200} is signed with the Oracle Linux \d{1,3} key$/, () => ({})],
];

function factOf({ attributes }: XmlElement): Alternative {
  const comment = attributes.get('comment') ?? '';
  if (attributes.get('negate') === 'true') throw invalid('a negated criterion');
  for (const [pattern, read] of criteria) {
    const match = pattern.exec(comment);
    if (match) return read(match);
  }
  throw invalid(`unknown criterion "${comment.slice(0, 100)}"`);
}

/** One entry for all architectures of otherwise equal alternatives. */
function entriesOf(alternatives: readonly Alternative[], id: string): AffectedPackage[] {
  const entries: AffectedPackage[] = [];
  const keyOf = ({ release, module, flavor, package: named }: Alternative) =>
    [release, module, flavor, named?.name, named?.fixed].join('\n');
  for (const same of Map.groupBy(alternatives, keyOf).values()) {
    const { release, module, flavor, package: named } = same[0]!;
    if (!named || release === undefined) throw invalid(`${id} names a fix without package or release`);
    const isOfAny = same.some(({ arch }) => arch === undefined);
    const architectures = [...new Set(same.flatMap(({ arch }) => arch ?? []))];
    const conditions = { ...(!isOfAny && { architectures }), ...(flavor && { flavor }) };
    entries.push({
      ...{ ecosystem: 'Oracle Linux', release, name: named.name, versions: [], severity: null },
      ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: named.fixed }] }],
      ...(module !== undefined && { module }),
      ...(Object.keys(conditions).length > 0 && { conditions }),
      ...{ unfixed: 'not-fixed', isIncomplete: false },
    });
  }
  return entries;
}
