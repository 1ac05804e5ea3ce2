import { type ReactNode, useLayoutEffect } from 'react';
import { Button } from 'react-aria-components/Button';
import { Dialog } from 'react-aria-components/Dialog';
import { Heading } from 'react-aria-components/Heading';
import { Modal, ModalOverlay } from 'react-aria-components/Modal';

import { pauseKeys } from '../frame/keys.js';

/** Question before an act that nothing takes back. */
export interface Confirmation {
  /** The act with its object: `Delete ci with its tokens`. */
  title: string;
  /** The act alone, on its button: `Delete`. */
  verb: string;
  /** Content that is gone afterwards, with its count. */
  effect: ReactNode;
}

interface Props extends Confirmation {
  confirm: () => void;
  close: () => void;
}

/** Asks before an act that nothing takes back; the first Enter cancels it. */
export function ConfirmDialog({ title, verb, effect, confirm, close }: Props) {
  useLayoutEffect(() => {
    pauseKeys(true);
    return () => pauseKeys(false);
  }, []);
  const finish = () => {
    close();
    confirm();
  };
  return (
    <ModalOverlay isOpen isDismissable className="overlay" onOpenChange={(isOpen) => !isOpen && close()}>
      <Modal className="modal">
        <Dialog role="alertdialog">
          <Heading slot="title">{title}</Heading>
          {effect}
          <div className="actions">
            <Button className="primary" onPress={finish}>
              {verb}
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
