import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useLayoutEffect } from 'react';
import { Button } from 'react-aria-components/Button';
import { Dialog } from 'react-aria-components/Dialog';
import { Heading } from 'react-aria-components/Heading';
import { Modal, ModalOverlay } from 'react-aria-components/Modal';

import { removeCluster } from '../../api/changes.js';
import { pauseKeys } from '../../frame/keys.js';
import { notify } from '../../parts/toasts.js';

/** Asks before the credential of a cluster's agent is revoked. */
export function RemoveClusterDialog({ name, close }: { name: string; close: () => void }) {
  const client = useQueryClient();
  useLayoutEffect(() => {
    pauseKeys(true);
    return () => pauseKeys(false);
  }, []);
  const remove = useMutation({
    mutationFn: () => removeCluster(name),
    onSuccess: async () => {
      close();
      notify(`${name} is removed`);
      await client.invalidateQueries({ queryKey: ['clusters'] });
    },
    onError: (error) => notify(error.message, true),
  });
  return (
    <ModalOverlay isOpen isDismissable className="overlay" onOpenChange={(isOpen) => !isOpen && close()}>
      <Modal className="modal">
        <Dialog role="alertdialog">
          <Heading slot="title">Remove {name}</Heading>
          <ul>
            <li>Its agent is refused from now on, and carries out no more orders.</li>
            <li>Events that wait at the agent stay there until it joins again.</li>
            <li>What it has sent stays until its retention ends; Storage deletes it before.</li>
          </ul>
          <div className="actions">
            <Button className="primary" isPending={remove.isPending} onPress={() => remove.mutate()}>
              Remove
            </Button>
            <Button className="plain" autoFocus onPress={close}>
              Cancel
            </Button>
          </div>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}
