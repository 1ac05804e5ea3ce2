import { useState } from 'react';
import { Button } from 'react-aria-components/Button';

const shownMs = 1_500;

/** A command, file or secret with a button that copies it. */
export function Copyable({ label, children }: { label: string; children: string }) {
  const [shown, setShown] = useState('Copy');
  const copy = async () => {
    try {
      // Browsers lend the clipboard only to pages that came over TLS or from this machine.
      await navigator.clipboard.writeText(children);
      setShown('Copied');
    } catch {
      setShown('Select it by hand');
    }
    setTimeout(() => setShown('Copy'), shownMs);
  };
  return (
    <div className="copyable">
      <pre className="sample" tabIndex={0} aria-label={label}>
        {children}
      </pre>
      <Button className="button" aria-label={`${shown}: ${label}`} onPress={() => void copy()}>
        {shown}
      </Button>
    </div>
  );
}
