/** ATT&CK technique with its tactics. */
export interface Technique {
  id: string;
  name: string;
  tactics: readonly string[];
}

/**
 * Techniques of the ATT&CK matrix for containers.
 * @see https://attack.mitre.org/matrices/enterprise/containers/ version 18.1
 */
export const containersMatrix: readonly Technique[] = (
  [
    ['T1036', 'Masquerading', ['defense-evasion']],
    ['T1036.005', 'Match Legitimate Resource Name or Location', ['defense-evasion']],
    ['T1036.010', 'Masquerade Account Name', ['defense-evasion']],
    ['T1046', 'Network Service Discovery', ['discovery']],
    ['T1053', 'Scheduled Task/Job', ['execution', 'persistence', 'privilege-escalation']],
    ['T1053.007', 'Container Orchestration Job', ['execution', 'persistence', 'privilege-escalation']],
    ['T1059.013', 'Container CLI/API', ['execution']],
    ['T1068', 'Exploitation for Privilege Escalation', ['privilege-escalation']],
    ['T1069', 'Permission Groups Discovery', ['discovery']],
    ['T1070', 'Indicator Removal', ['defense-evasion']],
    ['T1078', 'Valid Accounts', ['defense-evasion', 'persistence', 'privilege-escalation', 'initial-access']],
    ['T1078.001', 'Default Accounts', ['defense-evasion', 'persistence', 'privilege-escalation', 'initial-access']],
    ['T1078.003', 'Local Accounts', ['defense-evasion', 'persistence', 'privilege-escalation', 'initial-access']],
    ['T1098', 'Account Manipulation', ['persistence', 'privilege-escalation']],
    ['T1098.006', 'Additional Container Cluster Roles', ['persistence', 'privilege-escalation']],
    ['T1110', 'Brute Force', ['credential-access']],
    ['T1110.001', 'Password Guessing', ['credential-access']],
    ['T1110.003', 'Password Spraying', ['credential-access']],
    ['T1110.004', 'Credential Stuffing', ['credential-access']],
    ['T1133', 'External Remote Services', ['persistence', 'initial-access']],
    ['T1136', 'Create Account', ['persistence']],
    ['T1136.001', 'Local Account', ['persistence']],
    ['T1190', 'Exploit Public-Facing Application', ['initial-access']],
    ['T1204', 'User Execution', ['execution']],
    ['T1204.003', 'Malicious Image', ['execution']],
    ['T1485', 'Data Destruction', ['impact']],
    ['T1490', 'Inhibit System Recovery', ['impact']],
    ['T1496', 'Resource Hijacking', ['impact']],
    ['T1496.001', 'Compute Hijacking', ['impact']],
    ['T1496.002', 'Bandwidth Hijacking', ['impact']],
    ['T1498', 'Network Denial of Service', ['impact']],
    ['T1499', 'Endpoint Denial of Service', ['impact']],
    ['T1525', 'Implant Internal Image', ['persistence']],
    ['T1528', 'Steal Application Access Token', ['credential-access']],
    ['T1543', 'Create or Modify System Process', ['persistence', 'privilege-escalation']],
    ['T1543.005', 'Container Service', ['persistence', 'privilege-escalation']],
    ['T1550', 'Use Alternate Authentication Material', ['defense-evasion', 'lateral-movement']],
    ['T1550.001', 'Application Access Token', ['defense-evasion', 'lateral-movement']],
    ['T1552', 'Unsecured Credentials', ['credential-access']],
    ['T1552.001', 'Credentials In Files', ['credential-access']],
    ['T1552.007', 'Container API', ['credential-access']],
    ['T1562', 'Impair Defenses', ['defense-evasion']],
    ['T1562.001', 'Disable or Modify Tools', ['defense-evasion']],
    ['T1609', 'Container Administration Command', ['execution']],
    ['T1610', 'Deploy Container', ['defense-evasion', 'execution']],
    ['T1611', 'Escape to Host', ['privilege-escalation']],
    ['T1612', 'Build Image on Host', ['defense-evasion']],
    ['T1613', 'Container and Resource Discovery', ['discovery']],
  ] as const
).map(([id, name, tactics]) => ({ id, name, tactics }));
