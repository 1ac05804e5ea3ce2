import { useState } from 'react';
import { Button } from 'react-aria-components/Button';

import { shortDigest } from './words.js';

const shownMs = 1_500;

/** First digits of a digest; a click copies all of it. */
export function Digest({ digest }: { digest: string }) {
  const [shown, setShown] = useState(`@${shortDigest(digest)}`);
  const copy = async () => {
    try {
      // Browsers lend the clipboard only to pages that came over TLS or from this machine.
      await navigator.clipboard.writeText(digest);
      setShown('copied');
      setTimeout(() => setShown(`@${shortDigest(digest)}`), shownMs);
    } catch {
      setShown(digest);
    }
  };
  return (
    <Button className="digest" aria-label={`${shown}, copy ${digest}`} onPress={() => void copy()}>
      {shown}
    </Button>
  );
}
