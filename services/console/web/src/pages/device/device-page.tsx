import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { Button } from 'react-aria-components/Button';

import { approveDeviceLogin, refuseDeviceLogin } from '../../api/changes.js';
import { deviceLogin, me } from '../../api/queries.js';
import { ActionButton } from '../../parts/action-button.js';
import { Moment } from '../../parts/moment.js';
import { Facts, PageHead } from '../../parts/page.js';
import { EmptyState, Loaded } from '../../parts/states.js';

const page = getRouteApi('/device');

/** Approval of a command line that signs in by `tidewaiter login`. */
export function DevicePage() {
  const { code } = page.useSearch();
  return (
    <>
      <PageHead title="Sign in a command line" />
      {code === undefined ? <CodeForm /> : <WaitingLogin key={code} code={code} />}
    </>
  );
}

/** Asks for the code where the link was not opened. */
function CodeForm() {
  const navigate = page.useNavigate();
  const [code, setCode] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void navigate({ search: { code: code.trim() } });
  };
  return (
    <form className="form" onSubmit={submit}>
      <label htmlFor="code">Code that the command line shows</label>
      <input id="code" value={code} required autoComplete="off" onChange={({ target }) => setCode(target.value)} />
      <div className="actions">
        <Button type="submit" className="primary">
          Continue
        </Button>
      </div>
    </form>
  );
}

function WaitingLogin({ code }: { code: string }) {
  const [outcome, setOutcome] = useState<string>();
  const read = useQuery({ ...deviceLogin(code), enabled: outcome === undefined });
  const { data: user } = useQuery(me);
  if (outcome !== undefined) return <EmptyState title={outcome} />;
  return (
    <Loaded read={read}>
      {({ address, userAgent, createdAt }) => (
        <>
          <p>
            Approve only if you have just run <code>tidewaiter login</code> yourself, and it shows this code. It can
            then do everything that you may.
          </p>
          <Facts
            facts={[
              ['Code', <strong key="code">{code}</strong>],
              ['From', address],
              ['Program', userAgent],
              ['Since', <Moment key="since" at={createdAt} />],
              ['Signs in', user && `${user.name} (${user.role})`],
            ]}
          />
          <p className="actions">
            <ActionButton
              kind="primary"
              run={async () => {
                await approveDeviceLogin(code);
                setOutcome('The command line is signed in. You can close this page.');
              }}
              done="Signed in"
              changes={[]}
            >
              Approve
            </ActionButton>
            <ActionButton
              run={async () => {
                await refuseDeviceLogin(code);
                setOutcome('The sign-in is refused.');
              }}
              done="Refused"
              changes={[]}
            >
              Refuse
            </ActionButton>
          </p>
        </>
      )}
    </Loaded>
  );
}
