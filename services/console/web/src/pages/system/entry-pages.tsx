import { EntriesPage } from '../entries/entries-page.js';
import { SystemTabs } from './system-tabs.js';

export const RegistriesPage = () => <EntriesPage kind="registries" tabs={<SystemTabs />} />;
export const SensorsPage = () => <EntriesPage kind="sensors" tabs={<SystemTabs />} />;
