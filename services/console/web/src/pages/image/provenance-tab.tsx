import { Link } from '@tanstack/react-router';

import type { Image, Images } from '../../api/types.js';
import { Stamp } from '../../parts/marks.js';
import { Moment } from '../../parts/moment.js';
import { Section } from '../../parts/page.js';
import { EmptyState } from '../../parts/states.js';
import { dotted } from '../../parts/words.js';

type Provenance = Image['provenance'][number];
type Signature = Provenance['signatures'][number];

/** Signatures, attestations and what the pipeline reported. */
export function ProvenanceTab({ images, pipeline }: { images: readonly Image[]; pipeline: Images['pipeline'] }) {
  const all = images.flatMap(({ platform, provenance }) => provenance.map((each) => ({ platform, ...each })));
  if (all.length === 0 && pipeline === null)
    return (
      <EmptyState title="No signature or attestation is known">
        <p>
          <Link to="/policies/signers">Add a signer</Link>, or have the pipeline report to its hook: see
          docs/provenance.md.
        </p>
      </EmptyState>
    );
  return (
    <>
      {all.map((each) => (
        <Section
          key={`${each.platform} ${each.connection} ${each.repository}`}
          title={each.repository}
          note={each.platform}
        >
          <SignatureList provenance={each} />
        </Section>
      ))}
      {pipeline !== null && <Pipeline pipeline={pipeline} />}
    </>
  );
}

function SignatureList({ provenance: { signatures, attestations, checkedAt } }: { provenance: Provenance }) {
  return (
    <>
      <ul className="lines">
        {signatures.map((signature) => (
          <li key={signature.artifact}>
            <Verified signature={signature} /> signature <small className="quiet">{signerText(signature)}</small>
          </li>
        ))}
        {attestations.map((attestation) => (
          <li key={`${attestation.artifact} ${attestation.predicateType}`}>
            <Verified signature={attestation} /> {attestation.kind}{' '}
            <small className="quiet">
              {dotted(
                signerText(attestation),
                attestation.builder && `built by ${attestation.builder}`,
                attestation.source,
                attestation.revision,
              )}
            </small>
          </li>
        ))}
        {signatures.length + attestations.length === 0 && <li>Not signed.</li>}
      </ul>
      <p className="quiet">
        Checked <Moment at={checkedAt} />
      </p>
    </>
  );
}

function Verified({ signature: { verified } }: { signature: Signature }) {
  return <Stamp kind={verified ? 'good' : 'bad'}>{verified ? 'verified' : 'not verified'}</Stamp>;
}

function signerText({ signer, code, reason }: Signature): string {
  return dotted(signer && `by ${signer.name}`, signer?.identity, signer?.issuer, code, reason);
}

function Pipeline({ pipeline: { run, reports } }: { pipeline: NonNullable<Images['pipeline']> }) {
  return (
    <Section title="Pipeline" note={reports.length}>
      {run !== null && <p>{dotted(run.workflow, run.actor && `by ${run.actor}`, run.source, run.ref, run.revision)}</p>}
      <ul className="lines">
        {reports.map(({ id, kind, format, version, verified, connection, receivedAt }) => (
          <li key={id}>
            {kind} <small className="quiet">{dotted(format, version, connection, verified && 'signed')}</small>{' '}
            <Moment at={receivedAt} />
          </li>
        ))}
      </ul>
    </Section>
  );
}
