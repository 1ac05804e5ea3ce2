import { useLayoutEffect } from 'react';
import { Dialog } from 'react-aria-components/Dialog';
import { Heading } from 'react-aria-components/Heading';
import { Modal, ModalOverlay } from 'react-aria-components/Modal';

import type { ImageFinding } from '../../api/types.js';
import { pauseKeys } from '../../frame/keys.js';
import { EntryForm } from '../entries/entry-form.js';
import { acceptedName } from './finding-remarks.js';

interface Props {
  finding: ImageFinding;
  repository: string;
  close: () => void;
}

/** Accepts a finding: an exception of its repository, with reason, owner and end. */
export function AcceptDialog({ finding, repository, close }: Props) {
  useLayoutEffect(() => {
    pauseKeys(true);
    return () => pauseKeys(false);
  }, []);
  const name = acceptedName(finding);
  return (
    <ModalOverlay isOpen isDismissable className="overlay" onOpenChange={(isOpen) => !isOpen && close()}>
      <Modal className="modal">
        <Dialog>
          <Heading slot="title">Accept {finding.id}</Heading>
          <p className="quiet">It stays in the report and no longer counts until its last day.</p>
          {name !== finding.id && (
            <p className="quiet">
              The fingerprint accepts this finding alone; <code>{finding.id}</code> all of the rule, also future ones.
            </p>
          )}
          <EntryForm kind="exceptions" entry={null} start={{ finding: name, repository }} done={close} />
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}
