import { Link } from '@tanstack/react-router';

import type { Entry } from '../../api/types.js';
import { Copyable } from '../../parts/copyable.js';
import { useMe } from '../../parts/use-me.js';
import { NeedsRole, Step } from './step.js';

/** Step 5: the line with which a pipeline asks this platform, and one that needs none. */
export function CiStep({ entry }: { entry: Entry | undefined }) {
  const { may } = useMe();
  const host = URL.parse(String(entry?.document['url']))?.host ?? 'registry.example.com';
  const image = `${host}/shop/app:1`;
  const server = document.baseURI.replace(/\/$/, '');
  return (
    <Step number={5} title="Stop a bad image in CI" state="open">
      <p>After the push, ask this platform. Exit code 1 stops the pipeline:</p>
      <Copyable label="Gate of the platform">
        {`tidewaiter gate ${image} --server ${server} --token-file token --wait 5m --fail-on new:high`}
      </Copyable>
      {may('admin') ? (
        <p>
          The file <code>token</code> has a token of a service account with the role <code>gate</code>:{' '}
          <Link to="/system/tokens">make one</Link>. Jobs of GitHub and GitLab can do with their own OIDC token (
          <code>access.ci</code>).
        </p>
      ) : (
        <NeedsRole role="admin">
          The file <code>token</code> has a token of a service account with the role <code>gate</code>.
        </NeedsRole>
      )}
      <p>Before the push, without a platform:</p>
      <Copyable label="Scan">{`tidewaiter scan ${image} --fail-on high`}</Copyable>
      <p>
        As a step of GitHub Actions, with the repository and commit of your copy of Tidewaiter (<code>action.yml</code>
        ):
      </p>
      <Copyable label="GitHub Actions">
        {`- uses: OWNER/tidewaiter@FULL_COMMIT_SHA\n  with: { image-ref: '${image}', severity: 'CRITICAL,HIGH', exit-code: '1' }`}
      </Copyable>
    </Step>
  );
}
