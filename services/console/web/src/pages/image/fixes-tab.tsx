import type { ImageFinding } from '../../api/types.js';
import { SeverityMark } from '../../parts/marks.js';
import { Section } from '../../parts/page.js';
import { EmptyState } from '../../parts/states.js';
import { counted, dotted } from '../../parts/words.js';
import { BaseSection } from './base-section.js';
import { FindingId } from './finding-id.js';
import { findingRemarks } from './finding-remarks.js';
import { type Fix, fixesOf } from './fixes.js';

interface Props {
  digest: string;
  pushId: string | undefined;
  findings: readonly ImageFinding[];
}

/**
 * The base image, then one line for each upgrade, with the findings that it closes, then packages
 * that no upgrade helps.
 */
export function FixesTab({ digest, pushId, findings }: Props) {
  const fixes = fixesOf(findings);
  if (fixes.length === 0) return <EmptyState title="No package of this image has a finding that counts" />;
  return (
    <>
      <BaseSection digest={digest} pushId={pushId} />
      <FixList title="Upgrades" fixes={fixes.filter(({ isFixable }) => isFixable)} />
      <FixList title="Without a fix" fixes={fixes.filter(({ isFixable }) => !isFixable)} />
    </>
  );
}

function FixList({ title, fixes }: { title: string; fixes: readonly Fix[] }) {
  if (fixes.length === 0) return null;
  return (
    <Section title={title} note={fixes.length}>
      <ul className="fixes">
        {fixes.map((fix) => (
          <FixLine key={fix.key} fix={fix} />
        ))}
      </ul>
    </Section>
  );
}

function FixLine({ fix: { title, findings, worst, exploited, inUse, isFixable } }: { fix: Fix }) {
  return (
    <li>
      <details>
        <summary>
          <SeverityMark severity={worst} /> <b>{title}</b>{' '}
          <small className="quiet">
            {dotted(
              `${isFixable ? 'closes ' : ''}${counted(findings.length, 'finding')}`,
              exploited > 0 && `${exploited} exploited in the wild`,
              inUse && 'in use',
            )}
          </small>
        </summary>
        <ul className="lines">
          {findings.map((finding) => (
            <li key={`${finding.fingerprint} ${finding.path} ${finding.imageDigest}`}>
              <SeverityMark severity={finding.severity} /> <FindingId finding={finding} />{' '}
              <small className="quiet">{findingRemarks(finding)}</small>
            </li>
          ))}
        </ul>
      </details>
    </li>
  );
}
