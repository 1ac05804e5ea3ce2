import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type AccessScope, scopeDimensions } from '@tidewaiter/domain';
import { type FormEvent, Fragment, useId, useLayoutEffect, useState } from 'react';
import { Button } from 'react-aria-components/Button';
import { Dialog } from 'react-aria-components/Dialog';
import { Heading } from 'react-aria-components/Heading';
import { Modal, ModalOverlay } from 'react-aria-components/Modal';

import { pauseKeys } from '../../frame/keys.js';
import { notify } from '../../parts/toasts.js';
import { scopesOf, textsOf } from './limit-texts.js';

export interface LimitedAccount {
  name: string;
  scopes: AccessScope[] | null;
  /** Remark about what a change does besides. */
  note?: string | undefined;
  /** Key of the query that a change makes stale. */
  list: 'users' | 'service-accounts';
  /** Null lifts the limits. */
  save: (scopes: AccessScope[] | null) => Promise<unknown>;
}

const labels = {
  repositories: 'Repositories',
  clusters: 'Clusters',
  namespaces: 'Namespaces',
  owners: 'Owners',
} as const;

/** Changes the parts of the fleet that an account sees. */
export function LimitsDialog({ account, close }: { account: LimitedAccount; close: () => void }) {
  useLayoutEffect(() => {
    pauseKeys(true);
    return () => pauseKeys(false);
  }, []);
  return (
    <ModalOverlay isOpen isDismissable className="overlay" onOpenChange={(isOpen) => !isOpen && close()}>
      <Modal className="modal">
        <Dialog>
          <Heading slot="title">Limits of {account.name}</Heading>
          <p className="quiet">
            One pattern on each line; <code>*</code> matches any characters. A part holds what fits a pattern of each
            field that has any. Without any pattern the account sees everything. {account.note}
          </p>
          <LimitsForm account={account} close={close} />
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

function LimitsForm({ account: { name, scopes, list, save }, close }: { account: LimitedAccount; close: () => void }) {
  const id = useId();
  const client = useQueryClient();
  const [parts, setParts] = useState(() => textsOf(scopes));
  const change = useMutation({
    mutationFn: () => save(scopesOf(parts)),
    onSuccess: async () => {
      notify(scopesOf(parts) === null ? `${name} sees everything` : `${name} is limited`);
      await Promise.all([list, 'sessions', 'tokens'].map((key) => client.invalidateQueries({ queryKey: [key] })));
      close();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    change.mutate();
  };
  return (
    <form className="form" onSubmit={submit}>
      {parts.map((part, index) => (
        <fieldset key={index}>
          <legend>{index === 0 ? 'Part of the fleet' : `Or part ${index + 1}`}</legend>
          {scopeDimensions.map((dimension) => (
            <Fragment key={dimension}>
              <label htmlFor={`${id}${index}${dimension}`}>{labels[dimension]}</label>
              <textarea
                id={`${id}${index}${dimension}`}
                rows={2}
                value={part[dimension]}
                onChange={({ target: { value } }) => setParts(parts.with(index, { ...part, [dimension]: value }))}
              />
            </Fragment>
          ))}
        </fieldset>
      ))}
      <div className="actions">
        <Button type="submit" className="primary" isPending={change.isPending}>
          Save
        </Button>
        <Button className="button" onPress={() => setParts([...parts, ...textsOf(null)])}>
          Another part
        </Button>
        <Button className="button" onPress={close}>
          Cancel
        </Button>
      </div>
      <p role="alert">{change.error?.message}</p>
    </form>
  );
}
