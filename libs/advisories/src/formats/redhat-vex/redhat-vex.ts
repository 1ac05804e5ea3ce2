import type { Severity } from '@tidewaiter/domain';

import type { AffectedPackage, EntryStatus } from '../../affected-package.js';
import type { AffectedConditions } from '../../conditions.js';
import { readRedHatRelease } from '../../releases.js';
import { severityOf } from '../../severity.js';
import { type FixPlan, plansOf, type VexDocument, vexFormat, vexRanges } from '../csaf-vex.js';
import { type RepositoryPackage, readProducts } from './products.js';

/**
 * Statements of Red Hat about one vulnerability in each of its products, in CSAF VEX. The old feed
 * names every binary package; the new one names source packages only.
 */
export const redHatVex = vexFormat({
  name: 'redhat-vex',
  ecosystem: 'Red Hat',
  namespace: 'https://www.redhat.com',
  prefix: 'REDHAT',
  code: 'REDHAT_VEX_INVALID',
  entriesOf,
});

const statuses: readonly (readonly [name: string, EntryStatus])[] = [
  ['fixed', 'fixed'],
  ['known_affected', 'affected'],
  ['known_not_affected', 'not-affected'],
  ['under_investigation', 'investigating'],
];

/** Erratum and rating of each product. */
interface Remedies {
  erratum: ReadonlyMap<string, string>;
  severity: ReadonlyMap<string, Severity>;
}

function remediesOf({ remediations, threats }: VexDocument['statements']): Remedies {
  const erratum = new Map<string, string>();
  const severity = new Map<string, Severity>();
  for (const { category, details, url, product_ids: ids } of remediations) {
    const [id] = /RH[SBE]A-\d{4}:\d{4,6}/.exec(`${url} ${details.slice(0, 1_000)}`) ?? [];
    if (category === 'vendor_fix' && id !== undefined) for (const product of ids) erratum.set(product, id);
  }
  for (const { category, details, product_ids: ids } of threats) {
    const word = category === 'impact' ? severityOf([], [details], null) : null;
    if (word !== null) for (const product of ids) severity.set(product, word);
  }
  return { erratum, severity };
}

type Entry = AffectedPackage & { conditions: AffectedConditions & { cpes: string[] } };

/** One entry for all architectures and repositories with the same statement. */
function entriesOf({ statements, tree }: VexDocument): AffectedPackage[] {
  const products = readProducts(tree);
  const remedies = remediesOf(statements);
  const plans = plansOf(statements);
  const isBySource = !products.values().some(({ component }) => !component.isSource);
  const entries = new Map<string, Entry>();
  for (const [key, status] of statuses) {
    for (const id of statements.product_status[key] ?? []) {
      const product = products.get(id);
      // The old feed also lists the source of the binaries, which it names one by one.
      if (!product || (product.component.isSource && !isBySource)) continue;
      add(entries, product, status, {
        erratum: remedies.erratum.get(id),
        plan: plans.get(id),
        severity: remedies.severity.get(id) ?? null,
      });
    }
  }
  return [...entries.values()];
}

interface Remedy {
  erratum: string | undefined;
  plan: FixPlan | undefined;
  severity: Severity | null;
}

function add(
  entries: Map<string, Entry>,
  { component, cpe }: RepositoryPackage,
  status: EntryStatus,
  remedy: Remedy,
): void {
  const { release } = readRedHatRelease(cpe.replace(/^cpe:\/[ao]:redhat:/, ''));
  if (release === null || !/^\d{1,2}$/.test(release)) return;
  const { name, module, arch, isSource, isModuleBuild } = component;
  const { erratum, plan, severity } = remedy;
  const fixed = status === 'fixed' ? component.version : undefined;
  const key = [release, name, module, status, fixed, erratum, plan?.text, severity, isSource].join('\n');
  const known = entries.get(key);
  if (known) {
    include(known.conditions.cpes, cpe);
    if (known.conditions.architectures && arch !== undefined) include(known.conditions.architectures, arch);
    return;
  }
  entries.set(key, {
    ...{ ecosystem: 'Red Hat', release, name, versions: [], severity, status },
    // The number of a build of a module cannot be compared with versions of its packages.
    ...vexRanges(status, isModuleBuild ? undefined : component.version),
    ...(module !== undefined && { module }),
    ...(isSource && { namesSource: true as const }),
    conditions: { cpes: [cpe], ...(arch !== undefined && !isSource && { architectures: [arch] }) },
    ...(erratum !== undefined && { erratum }),
    ...(plan && { stateNote: plan.text }),
    unfixed: plan?.isGivenUp === true ? 'wont-fix' : 'not-fixed',
  });
}

function include(list: string[], item: string): void {
  if (!list.includes(item)) list.push(item);
}
