import { field, readText } from '@tidewaiter/webhooks';

import type { CiKind } from './ci-kind.js';

/** @see https://docs.github.com/en/actions/reference/security/oidc */
export const github: CiKind = {
  ci: 'github',
  // Anyone who may propose a change can trigger these events with a workflow of their own.
  outsiders: { claim: 'event_name', values: ['pull_request', 'pull_request_target'] },
  run(claims, issuer) {
    const text = (name: string) => readText(field(claims, name));
    const [repository, id, attempt] = [text('repository'), text('run_id'), text('run_attempt')];
    const source = repository && `${serverOf(issuer)}/${repository}`;
    return {
      url: source && id && `${source}/actions/runs/${id}${attempt ? `/attempts/${attempt}` : ''}`,
      id,
      attempt,
      workflow: text('workflow'),
      actor: text('actor'),
      source,
      revision: text('sha'),
      ref: text('ref'),
    };
  },
};

/**
 * GitHub's tokens come from a host of their own, those of a self-hosted server from a path of it.
 */
function serverOf(issuer: string): string {
  const { protocol, host } = new URL(issuer);
  if (host === 'token.actions.githubusercontent.com') return 'https://github.com';
  return `${protocol}//${host.replace(/^token\.actions\./, '')}`;
}
