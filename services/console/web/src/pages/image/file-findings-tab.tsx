import type { Image, ImageFinding } from '../../api/types.js';
import { SeverityMark } from '../../parts/marks.js';
import { EmptyState } from '../../parts/states.js';
import { dotted } from '../../parts/words.js';
import { placeOf, suppressionText } from './finding-remarks.js';

interface Props {
  findings: readonly ImageFinding[];
  kinds: readonly ImageFinding['kind'][];
  images: readonly Image[];
}

/** Findings in files and the configuration: place, masked evidence and further places. */
export function FileFindingsTab({ findings, kinds, images }: Props) {
  const some = findings.filter(({ kind }) => kinds.includes(kind));
  const missing = kinds.filter((kind) => images.some(({ notEvaluated }) => notEvaluated.includes(kind)));
  if (some.length === 0)
    return <EmptyState title={missing.length > 0 ? `Not evaluated: ${missing.join(', ')}` : 'None found'} />;
  return (
    <>
      {missing.length > 0 && <p>Not everything was evaluated: {missing.join(', ')}.</p>}
      <ul className="lines">
        {some.map((finding) => (
          <FileFinding key={`${finding.fingerprint} ${finding.imageDigest} ${finding.path}`} finding={finding} />
        ))}
      </ul>
    </>
  );
}

function FileFinding({ finding }: { finding: ImageFinding }) {
  const { id, severity, title, layer, state, packageName, evidence, confidence, platform } = finding;
  const { masked, removedInLayer } = evidence as { masked?: unknown; removedInLayer?: unknown };
  return (
    <li>
      <SeverityMark severity={severity} /> {title} <code>{placeOf(finding)}</code>{' '}
      <small className="quiet">
        {dotted(
          packageName !== null && `of package ${packageName}`,
          layer !== null && `layer ${layer}`,
          state === 'shadowed' && `${deletedText(removedInLayer)}, recoverable`,
          typeof masked === 'string' && masked,
          confidence !== 'certain' && confidence,
          id,
          platform,
          suppressionText(finding),
        )}
      </small>
      <OtherPlaces finding={finding} />
    </li>
  );
}

function OtherPlaces({ finding: { locations = [], moreLocations = 0 } }: { finding: ImageFinding }) {
  const others = locations.slice(1);
  const count = others.length + moreLocations;
  if (count === 0) return null;
  return (
    <details>
      <summary>
        and {count} more {count === 1 ? 'place' : 'places'}
      </summary>
      <ul>
        {others.map((location) => (
          <li key={JSON.stringify(location)}>
            {dotted(
              placeOf({ path: location.path, evidence: { ...location } }),
              location.layer !== null && `layer ${location.layer}`,
              location.state === 'shadowed' && deletedText(location.removedInLayer),
            )}
          </li>
        ))}
        {moreLocations > 0 && <li>{moreLocations} more</li>}
      </ul>
    </details>
  );
}

function deletedText(removedInLayer: unknown): string {
  return typeof removedInLayer === 'number' ? `deleted in layer ${removedInLayer}` : 'deleted by a later layer';
}
