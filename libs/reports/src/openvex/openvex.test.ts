import { emptyReport, sampleReport } from '../../samples/sample-report.js';
import type { Report } from '../report.js';
import { openvex } from './openvex.js';

interface Statement {
  vulnerability: { name: string };
  products: { '@id': string; subcomponents?: { '@id': string }[] }[];
  status: string;
  justification?: string;
  impact_statement?: string;
  action_statement?: string;
}

const render = (report: Report) => openvex.render(report, { width: 80, isColored: false, toolVersion: '0.1.0' });
const statementsOf = (report: Report) => (JSON.parse(render(report)) as { statements: Statement[] }).statements;
const [vulnerable] = sampleReport.findings.filter(({ kind }) => kind === 'vulnerability');
const found = { ...vulnerable!, id: 'CVE-2026-1', state: 'present' as const, match: 'affected' as const };
const by = {
  kind: 'exception' as const,
  source: 'tidewaiter.yaml:4',
  author: 'shop',
  reason: 'behind a proxy',
  justification: null,
  until: '2027-01-01',
};

describe('openvex', () => {
  it('states every vulnerability of the packages in the image', () => {
    const ids = sampleReport.findings
      .filter(({ kind, state }) => kind === 'vulnerability' && state === 'present')
      .map(({ id }) => id);
    const stated = statementsOf(sampleReport).map(({ vulnerability }) => vulnerability.name);
    expect(stated).toEqual(expect.arrayContaining(ids));
    for (const { status, action_statement: action, justification, impact_statement: impact } of statementsOf(
      sampleReport,
    )) {
      if (status === 'affected') expect(action).toMatch(/\S/);
      if (status === 'not_affected') expect(justification ?? impact).toMatch(/\S/);
    }
  });

  it('names the image by digest, and the packages as its parts', () => {
    const twice = [found, { ...found, purl: 'pkg:deb/debian/other@1' }];
    expect(statementsOf({ ...sampleReport, findings: twice, suppressed: [] })).toMatchObject([
      {
        products: [
          {
            '@id': `pkg:oci/api@sha256%3A${'a'.repeat(64)}?repository_url=registry.example.com%2Fshop%2Fapi`,
            subcomponents: [{ '@id': found.purl }, { '@id': 'pkg:deb/debian/other@1' }],
          },
        ],
      },
    ]);
  });

  it('never turns an accepted risk into an image that is not affected', () => {
    const [statement] = statementsOf({ ...sampleReport, findings: [], suppressed: [{ ...found, by }] });
    expect(statement).toMatchObject({
      status: 'affected',
      action_statement: 'accepted by shop until 2027-01-01: behind a proxy',
    });
  });

  it('passes on the justification of a VEX document', () => {
    const vex = { ...by, kind: 'vex' as const, reason: null, justification: 'vulnerable_code_not_present' };
    const [statement] = statementsOf({ ...sampleReport, findings: [], suppressed: [{ ...found, by: vex }] });
    expect(statement).toMatchObject({ status: 'not_affected', justification: 'vulnerable_code_not_present' });
    const [bare] = statementsOf({
      ...sampleReport,
      findings: [],
      suppressed: [{ ...found, by: { ...vex, justification: null } }],
    });
    expect(bare).toMatchObject({ status: 'not_affected', impact_statement: 'stated without a reason' });
  });

  it('says under_investigation where the version cannot be compared', () => {
    const findings = [{ ...found, match: 'unknown' as const }];
    expect(statementsOf({ ...sampleReport, findings, suppressed: [] })).toMatchObject([
      { status: 'under_investigation' },
    ]);
  });

  it('names a target without a digest by its reference', () => {
    expect(statementsOf({ ...emptyReport, findings: [found] })[0]?.products[0]?.['@id']).toBe('rootfs:/srv/empty');
  });
});
