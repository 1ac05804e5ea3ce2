import { api, element, quiet, severity } from './parts.js';

/** Findings that a page shows at most, the worst, of those that are read. */
const maxShown = 100;
const pageSize = 200;
const maxPages = 5;

/** Open misconfigurations of the workloads that a query means, a list for each workload; nothing where there are none. */
export async function workloadFindings(query) {
  const { findings, isWhole } = await readFindings(query);
  const worst = findings.toSorted(bySeverity);
  const byWorkload = Map.groupBy(worst.slice(0, maxShown), ({ workload }) => nameOf(workload));
  const groups = [...byWorkload].map(([name, some]) =>
    element(
      'div',
      { class: 'group' },
      element('h2', {}, `Misconfiguration of ${name}`),
      element('ul', {}, ...some.map(line)),
    ),
  );
  const hidden = worst.length - maxShown;
  if (hidden <= 0) return groups;
  return [
    ...groups,
    element('p', {}, `${hidden}${isWhole ? '' : ' or more'} milder findings of workloads: ask the API`),
  ];
}

async function readFindings(query) {
  const findings = [];
  let after = null;
  for (let page = 0; page < maxPages; page += 1) {
    const asked = new URLSearchParams({ ...query, limit: pageSize, ...(after !== null && { after }) });
    const { items, next } = await api(`workloads/findings?${asked}`);
    findings.push(...items);
    after = next;
    if (after === null) break;
  }
  return { findings, isWhole: after === null };
}

const severities = ['critical', 'high', 'medium', 'low', 'negligible', 'unknown'];

function bySeverity(a, b) {
  return severities.indexOf(a.severity) - severities.indexOf(b.severity);
}

function nameOf({ cluster, namespace, kind, name }) {
  return [`${kind} ${namespace}/${name}`, cluster].filter(Boolean).join(' in ');
}

function line({ check, severity: name, title, field, fix }) {
  const where = field === null ? [] : [element('code', {}, field), ' '];
  return element('li', {}, severity(name), ` ${title} `, ...where, quiet([check, fix].filter(Boolean).join(' · ')));
}
