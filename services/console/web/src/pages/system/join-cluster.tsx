import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useId, useState } from 'react';
import { Button } from 'react-aria-components/Button';

import { inviteCluster } from '../../api/changes.js';
import { registryKinds } from '../../api/queries.js';
import type { JoinToken } from '../../api/types.js';
import { Copyable } from '../../parts/copyable.js';
import { Moment } from '../../parts/moment.js';

/** Makes a join token, and shows it once. */
export function JoinForm() {
  const id = useId();
  const client = useQueryClient();
  const [name, setName] = useState('');
  const join = useMutation({
    mutationFn: () => inviteCluster(name),
    onSuccess: () => client.invalidateQueries({ queryKey: ['clusters'] }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    join.mutate();
  };
  if (join.data) return <Token token={join.data} done={() => join.reset()} />;
  return (
    <details className="form">
      <summary>Join a cluster</summary>
      <form onSubmit={submit}>
        <label htmlFor={`${id}name`}>Name of the cluster, as alerts show it</label>
        <input
          id={`${id}name`}
          required
          maxLength={63}
          value={name}
          onChange={({ target }) => setName(target.value)}
          aria-describedby={`${id}note`}
        />
        <p id={`${id}note`} className="quiet">
          For a cluster that has joined before, its agent works until another one uses the new token.
        </p>
        <div className="actions">
          <Button type="submit" className="primary" isPending={join.isPending}>
            Make a join token
          </Button>
        </div>
        <p role="alert">{join.error?.message}</p>
      </form>
    </details>
  );
}

/** The token in the command that starts the agent; the hub keeps its hash alone. */
function Token({ token: { name, token, expiresAt }, done }: { token: JoinToken; done: () => void }) {
  const { data: guide } = useQuery(registryKinds);
  const hubUrl = guide?.ingestUrl ?? 'INGEST_URL';
  return (
    <section className="form" aria-label={`Join token of ${name}`}>
      <p role="status">
        <strong>Copy it now, it is not shown again.</strong> The token of {name} is valid once, until{' '}
        <Moment at={expiresAt} />.
      </p>
      <Copyable label="Command that starts the agent">
        {`helm install tidewaiter-agent deploy/helm/tidewaiter -n tidewaiter --create-namespace \\
  --set topology=agent,agent.hubUrl=${hubUrl},agent.joinToken=${token}`}
      </Copyable>
      <div className="actions">
        <Button className="plain" onPress={done}>
          Done
        </Button>
      </div>
    </section>
  );
}
