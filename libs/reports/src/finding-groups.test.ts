import { sampleReport } from '../samples/sample-report.js';
import { byRisk, groupFindings } from './finding-groups.js';

describe('groupFindings', () => {
  it('puts every finding into one group', () => {
    const { upgrades, unfixed, hidden, secrets, tampering, misconfiguration } = groupFindings(sampleReport);
    const grouped = [...upgrades, ...unfixed, ...hidden].flatMap(({ findings }) => findings);
    const all = [...grouped, ...secrets, ...tampering, ...misconfiguration];
    expect(all.toSorted(byRisk)).toEqual(sampleReport.findings.toSorted(byRisk));
  });

  it('names the version that fixes all findings, and the source package of several packages', () => {
    const { upgrades } = groupFindings(sampleReport);
    expect(upgrades.map(({ name, packages, upgrade, findings }) => [name, packages, upgrade, findings.length])).toEqual(
      [
        ['openssl', ['libssl3', 'openssl'], '3.0.17-1~deb12u2', 3],
        ['express', ['express'], '4.19.2', 1],
      ],
    );
  });

  it('separates packages of one name by ecosystem and version', () => {
    const [finding] = sampleReport.findings.filter(({ packageName }) => packageName === 'express');
    const findings = [
      finding!,
      { ...finding!, purl: 'pkg:pypi/express@4.17.1' },
      { ...finding!, purl: 'pkg:npm/express@3.0.0', installedVersion: '3.0.0' },
    ];
    expect(groupFindings({ ...sampleReport, findings }).upgrades).toHaveLength(3);
  });

  it('ranks present and exploited findings above severe ones', () => {
    const [finding] = sampleReport.findings;
    const severe = { ...finding!, kev: false, epss: null };
    const exploited = { ...finding!, severity: 'low' as const };
    const hidden = { ...finding!, state: 'shadowed' as const };
    const likely = { ...severe, epss: 0.5 };
    expect([hidden, severe, likely, exploited].toSorted(byRisk)).toEqual([exploited, likely, severe, hidden]);
  });
});
