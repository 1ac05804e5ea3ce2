import { Link } from '@tanstack/react-router';

import { type WorkloadPlace, workloadParams } from './workload-place.js';

/** A place of which parts may be unknown. */
type KnownPlace = { readonly [Part in keyof WorkloadPlace]: WorkloadPlace[Part] | null };

/** `shop/Deployment/web` with its cluster, as a link to its page where all of it is known. */
export function WorkloadLink({ place: { cluster, namespace, kind, name } }: { place: KnownPlace }) {
  const text = [namespace, kind, name].filter(Boolean).join('/');
  return (
    <>
      {!namespace || !kind || !name ? (
        text
      ) : (
        <Link
          to="/workloads/$cluster/$namespace/$kind/$name"
          params={workloadParams({ cluster, namespace, kind, name })}
        >
          {text}
        </Link>
      )}{' '}
      <small className="quiet">{cluster}</small>
    </>
  );
}
