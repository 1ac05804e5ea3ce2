import type { AffectedPackage, EntryStatus } from '../../affected-package.js';
import { readSuseRelease } from '../../releases.js';
import { plansOf, type ProductTree, type VexDocument, vexFormat, vexRanges } from '../csaf-vex.js';

/**
 * Statements of SUSE about one vulnerability in its distributions and openSUSE's, in CSAF VEX. A
 * fixed product is a binary package with its version; any other names a binary or source package.
 */
export const suseVex = vexFormat({
  name: 'suse-vex',
  ecosystem: 'SUSE',
  namespace: 'https://www.suse.com',
  prefix: 'SUSE',
  code: 'SUSE_VEX_INVALID',
  entriesOf,
});

/** The feed calls a fix `recommended` or `first_fixed`, and wrote names with blanks in 2023. */
const statuses: readonly (readonly [name: string, EntryStatus])[] = [
  ['recommended', 'fixed'],
  ['first_fixed', 'fixed'],
  ['fixed', 'fixed'],
  ['known_affected', 'affected'],
  ['known affected', 'affected'],
  ['known_not_affected', 'not-affected'],
  ['known not affected', 'not-affected'],
  ['under_investigation', 'investigating'],
  ['under investigation', 'investigating'],
];

/** Texts with which MITRE withdraws a CVE; CSAF has no field for it. */
const rejected = /do not use this (?:candidate number|cve record)|has been rejected or withdrawn|\*\* ?reject ?\*\*/i;

function entriesOf({ notes, statements, tree }: VexDocument): AffectedPackage[] | null {
  if (notes.some(({ category, text }) => category === 'description' && rejected.test(text))) return null;
  const plans = plansOf(statements);
  const stated = statuses.flatMap(([name, status]) =>
    (statements.product_status[name] ?? []).flatMap((id) => {
      const product = productOf(id, status, tree);
      return product ? [{ ...product, status, plan: plans.get(id) }] : [];
    }),
  );
  const concerned = new Set(stated.flatMap(({ name, status }) => (status === 'not-affected' ? [] : [name])));
  const fixedSources = new Set(
    stated.flatMap(({ source, ...each }) => (source === undefined ? [] : [placeOf({ ...each, name: source })])),
  );
  const entries = new Map<string, AffectedPackage>();
  for (const each of stated) {
    const { ecosystem, release, name, fixed, status, plan } = each;
    // No update says that a package is affected which never was.
    if (status === 'not-affected' && !concerned.has(name)) continue;
    const entry: AffectedPackage = {
      ...{ ecosystem, release, name, versions: [], severity: null, status },
      ...vexRanges(status, fixed),
      ...(plan && { stateNote: plan.text }),
      unfixed: plan?.isGivenUp === true ? 'wont-fix' : 'not-fixed',
    };
    const key = [placeOf(each), status, fixed, plan?.text].join('\n');
    entries.set(key, { ...entry, namesBinary: true });
    // The source of fixed packages stays in the list of what is affected.
    const isOfSource = status === 'affected' && (plan?.isGivenUp === true || !fixedSources.has(placeOf(each)));
    if (isOfSource) entries.set(`source\n${key}`, entry);
  }
  return [...entries.values()];
}

interface Platform {
  ecosystem: string;
  release: string | null;
}

interface Product extends Platform {
  name: string;
  fixed: string | undefined;
  /** Source package of a fixed one, if the document names it. */
  source: string | undefined;
}

const placeOf = ({ ecosystem, release, name }: Platform & { name: string }) => [ecosystem, release, name].join('\n');

function productOf(id: string, status: EntryStatus, { identifiers, relations }: ProductTree): Product | undefined {
  const { of, to } = relations.get(id) ?? {};
  const platform = to === undefined ? undefined : platformOf(to);
  if (of === undefined || !platform) return undefined;
  const component = of.startsWith(`${to}:`) ? of.slice(to!.length + 1) : of;
  if (status !== 'fixed') return { ...platform, name: component, fixed: undefined, source: undefined };
  const purl = identifiers.get(of)?.purl ?? '';
  const [, name, fixed] = /^(.{1,200})-([^-]{1,100}-[^-]{1,100})$/.exec(component.replace(architecture, '')) ?? [];
  return name === undefined ? undefined : { ...platform, name, fixed, source: sourceIn(purl) };
}

const architecture = /\.(?:aarch64(?:_ilp32)?|armv[67]hl|i[56]86|noarch|nosrc|ppc64(?:le)?|riscv64|s390x?|src|x86_64)$/;

/** `pcre` of `pkg:rpm/suse/libpcre1@8.45-8.7.1?upstream=pcre-8.45-8.7.1.src.rpm`. */
function sourceIn(purl: string): string | undefined {
  return /[?&]upstream=([^&#]{1,200})-[^-&#]{1,100}-[^-&#]{1,100}\.(?:no)?src\.rpm/.exec(purl)?.[1];
}

/**
 * `SUSE Linux Enterprise Server 15 SP1-LTSS`, `SUSE Linux Micro 6.0`, `openSUSE Leap 15.6`.
 * Long-term support continues the packages of its release; rebuilds for other hardware and vendors
 * do not.
 */
function platformOf(text: string): Platform | undefined {
  if (/teradata|raspberry/i.test(text)) return undefined;
  const [, edition] = /^SUSE (Linux (?:Enterprise|Micro)[ -].{1,200})$/.exec(text) ?? [];
  if (edition !== undefined) return { ecosystem: 'SUSE', ...readSuseRelease(edition) };
  const [, own] = /^openSUSE (Leap(?: Micro)? \d{1,3}\.\d{1,3}|Tumbleweed)$/.exec(text) ?? [];
  return own === undefined ? undefined : { ecosystem: 'openSUSE', release: own };
}
