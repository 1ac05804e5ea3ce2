import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';

import type { ImageTabId } from './image-tab-ids.js';

/** Link to another tab of the same image. */
export function TabLink({ tab, children }: { tab: ImageTabId; children: ReactNode }) {
  return (
    <Link to="." search={((before: object) => ({ ...before, tab })) as never}>
      {children}
    </Link>
  );
}
