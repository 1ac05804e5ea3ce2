import { EntriesPage } from '../entries/entries-page.js';
import { PolicyTabs } from './policy-tabs.js';

export const ExceptionsPage = () => <EntriesPage kind="exceptions" tabs={<PolicyTabs />} />;
export const GatesPage = () => <EntriesPage kind="policies" tabs={<PolicyTabs />} />;
export const ReportsPage = () => <EntriesPage kind="reports" tabs={<PolicyTabs />} />;
export const SignersPage = () => <EntriesPage kind="signers" tabs={<PolicyTabs />} />;
