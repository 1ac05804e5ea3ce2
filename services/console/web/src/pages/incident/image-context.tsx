import { Link } from '@tanstack/react-router';

import type { IncidentDetail } from '../../api/types.js';
import { SeverityCounts, SeverityMark } from '../../parts/marks.js';
import { Moment } from '../../parts/moment.js';
import { Section } from '../../parts/page.js';
import { dotted, nameOf } from '../../parts/words.js';
import { FindingId } from '../image/finding-id.js';

type Known = NonNullable<IncidentDetail['imageFacts']>;

/** Findings of the image that are shown beside the incident. */
const maxFindings = 5;

/** Facts about the image that the incident was judged with. */
export function ImageContext({ incident: { factsUsed, imageFacts } }: { incident: IncidentDetail }) {
  return (
    <Section title="Image">
      <ul className="lines">
        {factsUsed.map((fact) => (
          <li key={fact}>{fact}</li>
        ))}
        {imageFacts === null ? (
          <li>This image has not been analyzed: its content is unknown.</li>
        ) : (
          <KnownImage image={imageFacts} />
        )}
      </ul>
    </Section>
  );
}

function KnownImage({ image }: { image: Known }) {
  const { digest, push, counts, findings, isEvaluated } = image;
  return (
    <>
      <li>
        Pushed as{' '}
        <Link to="/images/$digest" params={{ digest }} search={{ push: push.id }}>
          {nameOf(push)}
        </Link>
        {push.pushedBy !== null && ` by ${push.pushedBy}`} <Moment at={push.pushedAt ?? push.receivedAt} />{' '}
        <small className="quiet">{originText(image)}</small>
      </li>
      <li>
        {!isEvaluated && 'Not everything could be evaluated. '}Findings: <SeverityCounts counts={counts} />
      </li>
      {findings.slice(0, maxFindings).map((finding) => (
        <li key={finding.fingerprint} className="below">
          <SeverityMark severity={finding.severity} /> <FindingId finding={finding} />{' '}
          <small className="quiet">
            {dotted(
              finding.packageName !== null && `${finding.packageName} ${finding.installedVersion ?? ''}`.trim(),
              finding.inUse && 'in use',
              finding.kev && 'exploited in the wild',
              finding.fix.version !== null && `fixed in ${finding.fix.version}`,
            )}
          </small>
        </li>
      ))}
    </>
  );
}

function originText({ provenance: { isSigned, signers, builder, source, revision } }: Known): string {
  const signed =
    isSigned === null ? 'signatures are not required' : isSigned ? `signed by ${signers.join(', ')}` : 'not signed';
  return dotted(signed, builder !== null && `built by ${builder}`, source !== null && `from ${source}`, revision);
}
