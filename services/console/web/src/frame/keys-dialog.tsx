import { useState } from 'react';
import { Button } from 'react-aria-components/Button';
import { Dialog } from 'react-aria-components/Dialog';
import { Heading } from 'react-aria-components/Heading';
import { Modal, ModalOverlay } from 'react-aria-components/Modal';

import { areKeysOn, setKeysOn } from './keys.js';

const keys = [
  ['/', 'Search everything'],
  ['?', 'This help'],
  ['j, k', 'Next and previous incident of the list'],
  ['Enter', 'Open the chosen incident'],
  ['x', 'Select the incident, for an action on several'],
  ['a', 'Acknowledge the incident, or all selected ones'],
  ['m', 'Assign it to me'],
  ['i', 'Assign it to a user'],
  ['s', 'Snooze it'],
  ['e', 'Resolve it with a reason'],
  ['c', 'Comment on it'],
  ['Esc', 'Close a dialog or the side panel'],
] as const;

export default function KeysDialog({ close }: { close: () => void }) {
  const [isOn, setOn] = useState(areKeysOn);
  return (
    <ModalOverlay isOpen isDismissable className="overlay" onOpenChange={(isOpen) => !isOpen && close()}>
      <Modal className="modal">
        <Dialog>
          <Heading slot="title">Keyboard</Heading>
          <dl className="keys">
            {keys.map(([key, text]) => (
              <div key={key}>
                <dt>
                  <kbd>{key}</kbd>
                </dt>
                <dd>{text}</dd>
              </div>
            ))}
          </dl>
          <label className="check">
            <input
              type="checkbox"
              checked={isOn}
              onChange={({ target }) => {
                setKeysOn(target.checked);
                setOn(target.checked);
              }}
            />
            Single keys are shortcuts
          </label>
          <Button className="primary" onPress={close}>
            Close
          </Button>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}
