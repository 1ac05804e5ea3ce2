import { sampleReport } from '../samples/sample-report.js';
import { byRisk, groupFindings } from './finding-groups.js';

describe('byRisk', () => {
  it('puts every finding into one group', () => {
    const { upgrades, unfixed, hidden, secrets, tampering, misconfiguration } = groupFindings(sampleReport);
    const grouped = [...upgrades, ...unfixed, ...hidden].flatMap(({ findings }) => findings);
    const all = [...grouped, ...secrets, ...tampering, ...misconfiguration];
    expect(all.toSorted(byRisk)).toEqual(sampleReport.findings.toSorted(byRisk));
  });

  it('names the version that closes every hole, and the source package where several packages share it', () => {
    const { upgrades } = groupFindings(sampleReport);
    expect(upgrades.map(({ name, packages, upgrade, findings }) => [name, packages, upgrade, findings.length])).toEqual(
      [
        ['openssl', ['libssl3', 'openssl'], '3.0.17-1~deb12u2', 3],
        ['express', ['express'], '4.19.2', 1],
      ],
    );
  });

  it('keeps packages of one name but of different ecosystems or versions apart', () => {
    const [finding] = sampleReport.findings.filter(({ packageName }) => packageName === 'express');
    const findings = [
      finding!,
      { ...finding!, purl: 'pkg:pypi/express@4.17.1' },
      { ...finding!, purl: 'pkg:npm/express@3.0.0', installedVersion: '3.0.0' },
    ];
    expect(groupFindings({ ...sampleReport, findings }).upgrades).toHaveLength(3);
  });

  it('looks at what runs and is exploited before what is merely severe', () => {
    const [finding] = sampleReport.findings;
    const severe = { ...finding!, kev: false, epss: null };
    const exploited = { ...finding!, severity: 'low' as const };
    const hidden = { ...finding!, state: 'shadowed' as const };
    const likely = { ...severe, epss: 0.5 };
    expect([hidden, severe, likely, exploited].toSorted(byRisk)).toEqual([exploited, likely, severe, hidden]);
  });
});
